//! What can be typed after `cargo xtask`.

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;
use crate::{bench, check, demo, test};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The commands of the project"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and run `sightline demo` with the given arguments
    #[command(disable_help_flag = true)]
    Demo {
        /// Passed to `sightline demo`; `--help` shows them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Install what the tests need, then run every test
    Test {
        /// Leave out the browser and the fuzz targets
        #[arg(long)]
        fast: bool,
    },
    /// Check format, lints, the laws between crates, generated files and links
    Check,
    /// Measure an optimised build (profile `dist`) and print JSON lines
    Bench {
        #[command(subcommand)]
        bench: bench::Bench,
    },
}

pub(crate) fn run() -> anyhow::Result<()> {
    let command = Cli::parse().command;
    let workspace = Workspace::find()?;
    match command {
        Command::Demo { args } => demo::run(&workspace, &args),
        Command::Test { fast } => test::run(&workspace, fast),
        Command::Check => check::run(&workspace),
        Command::Bench { bench } => bench::run(&workspace, &bench),
    }
}
