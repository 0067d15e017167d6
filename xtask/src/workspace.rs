//! Where the project is, and what cargo says about it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use crate::process::{command, output};

/// The checkout that `cargo xtask` was called in.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Cargo tells at run time. What it told at build time may be another checkout's, when two of
    /// them share a target directory.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
        let root = Path::new(&xtask)
            .parent()
            .context("find the folder above xtask")?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The cargo that runs this program, so that the toolchain is the same throughout.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        cargo
    }

    /// What `cargo metadata` says, without the dependencies' own dependencies.
    pub(crate) fn metadata(&self) -> anyhow::Result<Value> {
        let printed = output(self.cargo().args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--locked",
        ]))?;
        serde_json::from_str(&printed).context("read cargo's metadata")
    }

    /// Where cargo puts what it builds: the environment or cargo's configuration may move it.
    pub(crate) fn target_dir(&self) -> anyhow::Result<PathBuf> {
        let metadata = self.metadata()?;
        let dir = metadata["target_directory"]
            .as_str()
            .context("find the target directory")?;
        Ok(PathBuf::from(dir))
    }

    /// Paths, from the root, of all files that git knows or would add.
    pub(crate) fn files(&self) -> anyhow::Result<Vec<String>> {
        let printed = output(
            command("git")
                .args([
                    "ls-files",
                    "-z",
                    "--cached",
                    "--others",
                    "--exclude-standard",
                ])
                .current_dir(&self.root),
        )?;
        Ok(printed
            .split_terminator('\0')
            .filter(|path| self.root.join(path).is_file())
            .map(str::to_owned)
            .collect())
    }
}
