//! Cargo's subcommands that the tests need, installed once per machine.

use crate::process::{answers, run};
use crate::workspace::Workspace;

/// Runs each test in a process of its own and ends those that hang.
const NEXTEST_VERSION: &str = "0.9.143";

/// Builds the fuzz targets with libFuzzer and runs them.
const FUZZ_VERSION: &str = "0.13.2";

pub(super) fn install_nextest(workspace: &Workspace) -> anyhow::Result<()> {
    install(workspace, "nextest", "cargo-nextest", NEXTEST_VERSION)
}

pub(super) fn install_fuzz(workspace: &Workspace) -> anyhow::Result<()> {
    install(workspace, "fuzz", "cargo-fuzz", FUZZ_VERSION)
}

/// Any version that is there already will do; a missing one is installed as it was tried.
fn install(
    workspace: &Workspace,
    subcommand: &str,
    package: &str,
    version: &str,
) -> anyhow::Result<()> {
    if answers(workspace.cargo().args([subcommand, "--version"]))? {
        println!("{package} is installed");
        return Ok(());
    }
    run(workspace
        .cargo()
        .args(["install", "--locked", package, "--version", version]))
}
