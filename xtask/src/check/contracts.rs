//! The contracts in `proto/`: their style, that nobody who uses them is broken, and that the
//! portal's generated code is of today.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::node::{self, PORTAL};
use crate::process::run;
use crate::workspace::Workspace;

/// Where `buf generate` writes, from the portal's source folder.
const GENERATED: &str = "src/gen";

/// The compiled contracts that others may rely on: those of the last release.
const BASELINE: &str = "proto/baseline.binpb";

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    node::install(workspace, PORTAL)?;
    let proto = workspace.path("proto");
    let buf = |subcommand: &str| {
        let mut buf = node::npm(workspace, PORTAL);
        buf.args(["exec", "--", "buf", subcommand]).arg(&proto);
        buf
    };
    run(&mut buf("lint"))?;
    run(buf("breaking")
        .arg("--against")
        .arg(workspace.path(BASELINE)))
    .with_context(|| format!("{BASELINE} has promised more; CONTRIBUTING.md says what to do"))?;
    // Beside the sources and not over them: a check changes nothing.
    let fresh = workspace.target_dir()?.join("xtask-generated");
    run(node::npm(workspace, PORTAL)
        .args(["run", "generate", "--", "--output"])
        .arg(&fresh))?;
    let kept = workspace.path(PORTAL).join(GENERATED);
    if read_tree(&fresh.join(GENERATED))? != read_tree(&kept)? {
        bail!("{PORTAL}/{GENERATED} is not what proto/ says: `npm run generate` in {PORTAL}");
    }
    Ok(())
}

/// All files below a folder, by their path from it.
fn read_tree(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            let read = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            files.insert(name, read);
        }
    }
    Ok(files)
}
