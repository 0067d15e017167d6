//! The commands of the project, for a person and for the CI alike: `cargo xtask demo`, `test`,
//! `check` and `bench`.
//!
//! It holds nothing of the product and reads no source of it other than as text. Where to start
//! reading: [`cli`] for the commands, then the module that is named like the command.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the terminal is the only output of these commands"
)]

mod bench;
mod check;
mod cli;
mod demo;
mod node;
mod process;
mod steps;
mod test;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
