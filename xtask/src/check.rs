//! `cargo xtask check`: everything about the project that can be told without running it.

mod contracts;
mod laws;
mod links;
mod tidy;

use anyhow::bail;

use crate::node::{self, Node};
use crate::process::run as run_command;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// The cheap steps come first, so that a small slip is told at once.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.run("files", || none("files", tidy::complaints(workspace)?))?;
    steps.run("links", || none("links", links::complaints(workspace)?))?;
    steps.run("laws", || none("laws", laws::complaints(workspace)?))?;
    steps.run("format", || {
        run_command(workspace.cargo().args(["fmt", "--all", "--check"]))
    })?;
    match node::find()? {
        Node::Usable => {
            steps.run("contracts", || contracts::check(workspace))?;
        }
        Node::Unusable(why) => steps.skip("contracts", &why),
    }
    steps.run("lints", || {
        run_command(
            workspace
                .cargo()
                .args(["clippy", "--workspace", "--all-targets", "--locked"])
                .args(["--", "-D", "warnings"]),
        )
    })?;
    steps.print();
    Ok(())
}

fn none(what: &str, complaints: Vec<String>) -> anyhow::Result<()> {
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!("{} to mend in {what}", complaints.len());
    }
    Ok(())
}
