//! `cargo xtask test`: installs what the tests need, then runs them all.

mod browser;
mod debian;
mod fuzz;
mod tools;

use crate::node::{self, PORTAL, npm};
use crate::process::run as run_command;
use crate::steps::Steps;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, fast: bool) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.run("Debian packages", || debian::install(fast))?;
    steps.run("node", node::require)?;
    steps.run("cargo-nextest", || tools::install_nextest(workspace))?;
    // First of all, since the binary that the tests run embeds it.
    steps.run("portal build", || node::build_portal(workspace))?;
    steps.run("portal types", || {
        node::install(workspace, PORTAL)?;
        run_command(npm(workspace, PORTAL).args(["run", "check"]))
    })?;
    steps.run("portal tests", || {
        run_command(npm(workspace, PORTAL).arg("test"))
    })?;
    let cargo = |arguments: &str| run_command(workspace.cargo().args(arguments.split(' ')));
    // With the programs, which some tests start. The fuzz targets are built below, in their way.
    steps.run("rust build", || {
        cargo("build --workspace --exclude sightline-fuzz --all-targets --locked")
    })?;
    steps.run("rust tests", || {
        cargo("nextest run --workspace --locked --no-fail-fast")
    })?;
    steps.run("doc tests", || {
        cargo("test --workspace --doc --locked --quiet")
    })?;
    if fast {
        steps.skip("fuzz targets", "--fast");
        steps.skip("browser tests", "--fast");
    } else {
        steps.run("cargo-fuzz", || tools::install_fuzz(workspace))?;
        steps.run("fuzz targets", || fuzz::run(workspace))?;
        steps.run("browser tests", || browser::run(workspace))?;
    }
    steps.print();
    Ok(())
}
