//! `cargo xtask test`: installs what the tests need, then runs them all.

mod browser;
mod debian;
mod tools;

use std::fs;

use anyhow::Context;

use crate::node::{self, PORTAL, npm};
use crate::process::{output, run as run_command};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Inputs that each fuzz target reads: less than a minute of it. No sanitizer: there is no unsafe
/// code to find anything in.
const FUZZ_INPUTS: u32 = 1_000_000;
/// Longest input, bytes: every parser is through with much less.
const FUZZ_INPUT_BYTES_MAX: usize = 512;

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
    // With the programs, which some tests start.
    steps.run("rust build", || {
        cargo("build --workspace --all-targets --locked")
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
        steps.run("fuzz targets", || fuzz(workspace))?;
        steps.run("browser tests", || browser::run(workspace))?;
    }
    steps.print();
    Ok(())
}

/// Runs every fuzz target on the stable compiler: cargo-fuzz needs flags that are unstable.
fn fuzz(workspace: &Workspace) -> anyhow::Result<()> {
    let fuzz = || {
        let mut fuzz = workspace.cargo();
        fuzz.arg("fuzz").env("RUSTC_BOOTSTRAP", "1");
        fuzz
    };
    // The fuzzer's flags make other artefacts of every dependency, so they are kept apart.
    let target_dir = workspace.target_dir()?.join("fuzz");
    let targets = output(fuzz().arg("list"))?;
    for target in targets.lines() {
        // The first folder collects what the fuzzer finds; the second has the first inputs.
        let corpus = workspace.path(&format!("fuzz/corpus/{target}"));
        fs::create_dir_all(&corpus).with_context(|| format!("make {}", corpus.display()))?;
        let seeds = workspace.path(&format!("fuzz/seeds/{target}"));
        let inputs = [Some(corpus), seeds.is_dir().then_some(seeds)];
        run_command(
            fuzz()
                .args(["run", "-s", "none", target, "--target-dir"])
                .arg(&target_dir)
                .args(inputs.into_iter().flatten())
                .args([
                    "--",
                    &format!("-runs={FUZZ_INPUTS}"),
                    &format!("-max_len={FUZZ_INPUT_BYTES_MAX}"),
                    "-verbosity=0",
                    "-print_final_stats=1",
                ]),
        )?;
    }
    Ok(())
}
