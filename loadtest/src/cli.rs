//! The command line.

use clap::{Parser, Subcommand};
use sightline_base::telemetry::{self, LogFormat};

use crate::{cloud, fanout, revoke};

/// Devices, viewers and measurements without cameras and screens.
#[derive(Debug, Parser)]
#[command(name = "sightline-loadtest", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One stream to many viewers: what it costs the server, against a raw floor.
    Fanout(fanout::Options),
    /// Access that ends: how soon the streams that live by it are over.
    Revoke(revoke::Options),
    /// The viewers of one measurement.
    #[command(hide = true)]
    Viewers,
    /// The floor of one measurement.
    #[command(hide = true)]
    Floor(fanout::FloorOptions),
    /// The device of one measurement.
    #[command(hide = true)]
    Device(cloud::DeviceOptions),
}

/// Runs the command of this process.
///
/// # Errors
/// When something could not be measured.
pub async fn run() -> anyhow::Result<()> {
    telemetry::init_logs(LogFormat::Text, "warn");
    match Cli::parse().command {
        Command::Fanout(options) => fanout::run(options).await,
        Command::Revoke(options) => revoke::run(options).await,
        Command::Viewers => fanout::viewers().await,
        Command::Floor(options) => fanout::floor(&options),
        Command::Device(options) => cloud::device(&options).await,
    }
}
