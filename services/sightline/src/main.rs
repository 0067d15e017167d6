//! `sightline`: the cloud.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    sightline::cli::run().await
}
