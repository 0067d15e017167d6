//! The fuzz targets: built together, then run, several at a time.

use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process::{run as run_command, run_aside};
use crate::workspace::Workspace;

const PACKAGE: &str = "sightline-fuzz";
/// Inputs that each target reads: less than a minute of it. No sanitizer: there is no unsafe code
/// to find anything in.
const INPUTS: u32 = 1_000_000;
/// Of the fuzzer's choices. The same code meets the same inputs again, so that a change is judged by
/// what it changes; whoever searches for more takes other seeds, as `fuzz/Cargo.toml` says.
const SEED: u32 = 1;

/// One target of `fuzz/Cargo.toml`.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    name: String,
    /// Longest input, bytes.
    input_bytes_max: u64,
}

/// Runs every target on the stable compiler: cargo-fuzz needs flags that are unstable.
pub(super) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let targets = read_targets(&workspace.metadata()?)?;
    let at_once = thread::available_parallelism()?.get().min(targets.len());
    // One after the other would leave the rest of the processors idle while one is compiled.
    run_command(&mut fuzz(workspace, "build")?)?;
    let waiting = Mutex::new(targets.iter());
    let next = || waiting.lock().ok()?.next();
    let work = || {
        while let Some(target) = next() {
            run_target(workspace, target)?;
        }
        anyhow::Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(outcome) => outcome?,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(())
    })
}

fn run_target(workspace: &Workspace, target: &Target) -> anyhow::Result<()> {
    // The first folder collects what the fuzzer finds; the second has the first inputs.
    let corpus = workspace.path(&format!("fuzz/corpus/{}", target.name));
    fs::create_dir_all(&corpus).with_context(|| format!("make {}", corpus.display()))?;
    let seeds = workspace.path(&format!("fuzz/seeds/{}", target.name));
    run_aside(
        fuzz(workspace, "run")?
            .arg(&target.name)
            .args([corpus, seeds])
            .args([
                "--",
                &format!("-runs={INPUTS}"),
                &format!("-seed={SEED}"),
                &format!("-max_len={}", target.input_bytes_max),
                "-verbosity=0",
            ]),
    )
}

fn fuzz(workspace: &Workspace, subcommand: &str) -> anyhow::Result<Command> {
    let mut fuzz = workspace.cargo();
    fuzz.args(["fuzz", subcommand, "-s", "none", "--target-dir"])
        // The fuzzer's flags make other artefacts of every dependency, so they are kept apart.
        .arg(workspace.target_dir()?.join("fuzz"))
        .env("RUSTC_BOOTSTRAP", "1");
    Ok(fuzz)
}

/// All targets; each has told its longest input.
fn read_targets(metadata: &Value) -> anyhow::Result<Vec<Target>> {
    let packages = metadata["packages"].as_array();
    let package = packages
        .and_then(|all| all.iter().find(|package| package["name"] == PACKAGE))
        .with_context(|| format!("find {PACKAGE}"))?;
    let longest = package["metadata"]["input_bytes_max"]
        .as_object()
        .context("find input_bytes_max")?;
    let binaries = package["targets"].as_array().context("find the targets")?;
    let named = |name: &str| binaries.iter().any(|binary| binary["name"] == name);
    if let Some(name) = longest.keys().find(|name| !named(name)) {
        bail!("input_bytes_max names {name}, which is no target");
    }
    binaries
        .iter()
        .map(|binary| {
            let name = binary["name"].as_str().context("find a target's name")?;
            Ok(Target {
                name: name.to_owned(),
                input_bytes_max: longest
                    .get(name)
                    .and_then(Value::as_u64)
                    .with_context(|| format!("input_bytes_max has no {name}"))?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(targets: &[&str], longest: &Value) -> Value {
        let targets: Vec<Value> = targets.iter().map(|name| json!({"name": name})).collect();
        let metadata = json!({"input_bytes_max": longest});
        json!({"packages": [
            {"name": "sightline-media", "targets": [], "metadata": null},
            {"name": PACKAGE, "targets": targets, "metadata": metadata},
        ]})
    }

    #[test]
    fn every_target_has_its_longest_input() {
        let two = metadata(&["ring", "texts"], &json!({"ring": 9, "texts": 7}));
        let target = |name: &str, input_bytes_max| Target {
            name: name.into(),
            input_bytes_max,
        };
        assert_eq!(
            read_targets(&two).unwrap(),
            [target("ring", 9), target("texts", 7)]
        );
        let forgotten = metadata(&["ring", "texts"], &json!({"ring": 9}));
        assert!(read_targets(&forgotten).is_err());
        let gone = metadata(&["ring"], &json!({"ring": 9, "texts": 7}));
        assert!(read_targets(&gone).is_err());
    }
}
