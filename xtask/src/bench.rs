//! `cargo xtask bench`: measurements of optimised builds, printed as JSON lines.

use clap::Subcommand;

use crate::process::{become_program, command, run as run_command};
use crate::workspace::Workspace;

/// The profile that a cloud is built with.
const PROFILE: &str = "dist";

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// One stream to many viewers: server time, memory and delay against a raw floor
    #[command(disable_help_flag = true)]
    Fanout {
        /// Passed to `sightline-loadtest fanout`; `--help` shows them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// A share revoked, a session signed out: how soon 1,000 open streams are over
    #[command(disable_help_flag = true)]
    Revoke {
        /// Passed to `sightline-loadtest revoke`; `--help` shows them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

pub(crate) fn run(workspace: &Workspace, bench: &Bench) -> anyhow::Result<()> {
    let (name, args) = match bench {
        Bench::Fanout { args } => ("fanout", args),
        Bench::Revoke { args } => ("revoke", args),
    };
    run_command(
        workspace
            .cargo()
            .args(["build", "--profile", PROFILE, "--package", "sightline"])
            .args(["--package", "sightline-loadtest", "--bins"]),
    )?;
    let built = workspace.target_dir()?.join(PROFILE);
    become_program(
        command(built.join("sightline-loadtest"))
            .args([name, "--server-bin"])
            .arg(built.join("sightline"))
            .args(args)
            .current_dir(workspace.root()),
    )
}
