//! The parts that are made with node: the portal and the browser tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, bail};

use crate::process::{answers, command, output, run};
use crate::workspace::Workspace;

/// Oldest node that the portal's bundler (Vite 8) runs on.
const NODE_VERSION_MIN: (u32, u32) = (20, 19);

/// The portal's source folder, from the root.
pub(crate) const PORTAL: &str = "services/portal/web";

/// What this machine has.
pub(crate) enum Node {
    Usable,
    /// Why not, as a sentence for a person.
    Unusable(String),
}

pub(crate) fn find() -> anyhow::Result<Node> {
    if !answers(command("node").arg("--version"))? || !answers(command("npm").arg("--version"))? {
        return Ok(Node::Unusable("node and npm are not installed".into()));
    }
    let printed = output(command("node").arg("--version"))?;
    let (major, minor) = NODE_VERSION_MIN;
    match parse_version(&printed) {
        Some(version) if version >= NODE_VERSION_MIN => Ok(Node::Usable),
        _ => Ok(Node::Unusable(format!(
            "node {} is older than {major}.{minor}",
            printed.trim()
        ))),
    }
}

/// Fails with what to do when node cannot be used.
pub(crate) fn require() -> anyhow::Result<()> {
    match find()? {
        Node::Usable => Ok(()),
        Node::Unusable(why) => {
            let (major, minor) = NODE_VERSION_MIN;
            bail!("{why}: install node {major}.{minor} or newer (https://nodejs.org)")
        }
    }
}

/// `npm` in a folder of the project.
pub(crate) fn npm(workspace: &Workspace, folder: &str) -> Command {
    let mut npm = command("npm");
    npm.current_dir(workspace.path(folder));
    npm
}

/// Installs a folder's packages, unless they are newer than its lock file.
pub(crate) fn install(workspace: &Workspace, folder: &str) -> anyhow::Result<()> {
    let folder_path = workspace.path(folder);
    // npm writes this file at the end of each install.
    let installed = modified(&folder_path.join("node_modules/.package-lock.json"));
    let locked = modified(&folder_path.join("package-lock.json"));
    if installed.is_some() && installed >= locked {
        return Ok(());
    }
    run(npm(workspace, folder).args(["ci", "--no-audit", "--no-fund"]))
}

/// Builds the portal's application, unless the built one is newer than all of its sources.
pub(crate) fn build_portal(workspace: &Workspace) -> anyhow::Result<()> {
    let web = workspace.path(PORTAL);
    let built = modified(&web.join("dist/index.html"));
    if built.is_some() && built >= newest_source(&web)? {
        println!("{PORTAL}/dist is up to date");
        return Ok(());
    }
    install(workspace, PORTAL)?;
    run(npm(workspace, PORTAL).args(["run", "build"]))
}

fn newest_source(web: &Path) -> anyhow::Result<Option<SystemTime>> {
    let mut newest = None;
    let mut folders = vec![web.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            let made = ["dist", "node_modules"]
                .iter()
                .any(|name| path.ends_with(name));
            if path.is_dir() && !made {
                folders.push(path);
            } else if path.is_file() {
                newest = newest.max(modified(&path));
            }
        }
    }
    Ok(newest)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .with_context(|| format!("list {}", folder.display()))
}

/// When a file changed last; `None` when it is not there.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}

/// Major and minor number of what `node --version` prints, such as `v20.19.1`.
fn parse_version(printed: &str) -> Option<(u32, u32)> {
    let mut numbers = printed.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_compare_by_number() {
        assert!(parse_version("v20.19.1\n") >= Some(NODE_VERSION_MIN));
        assert!(parse_version("v22.3.0") >= Some(NODE_VERSION_MIN));
        assert!(parse_version("v20.9.0") < Some(NODE_VERSION_MIN));
        assert!(parse_version("v9.99.0") < Some(NODE_VERSION_MIN));
        assert_eq!(parse_version("node: not found"), None);
    }
}
