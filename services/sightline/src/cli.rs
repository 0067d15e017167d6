//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use sightline_base::telemetry;
use tokio::signal::unix::{SignalKind, signal};

use crate::admin::{self, Admin};
use crate::config::Config;
use crate::demo::{self, Demo};
use crate::node::{Node, Surroundings};

/// The open, self-hosted cloud for cameras and video recorders.
#[derive(Debug, Parser)]
#[command(name = "sightline", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the cloud on this machine.
    Serve(Serve),
    /// Run the cloud with a demo recorder that is already claimed by a demo account.
    Demo(Demo),
    /// The operator's commands, to the node that runs on this machine.
    Admin(Admin),
    /// Check a configuration file and say what is wrong with it.
    CheckConfig(Serve),
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// TOML file; without it the defaults and SIGHTLINE__… variables hold.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory for all durable state; overrides `data_dir`.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Serve {
    fn load(&self) -> anyhow::Result<Config> {
        let variables = std::env::vars();
        let mut config: Config = sightline_base::config::load(self.config.as_deref(), variables)?;
        if let Some(directory) = &self.data_dir {
            config.data_dir.clone_from(directory);
        }
        config.validate().map_err(anyhow::Error::msg)?;
        Ok(config)
    }
}

/// Runs the command of this process.
pub async fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => serve(&args).await,
        Command::Demo(args) => demo::run(args, interrupted).await,
        Command::Admin(args) => admin::run(args).await,
        Command::CheckConfig(args) => check(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("sightline: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: &Serve) -> anyhow::Result<()> {
    let config = args.load()?;
    telemetry::init_logs(config.log.format, &config.log.filter);
    let node = Node::start(config, Surroundings::default()).await?;
    let addresses = node.addresses();
    tracing::info!(
        https = %addresses.https, devices = %addresses.devices, metrics = %addresses.metrics,
        "serving"
    );
    interrupted().await?;
    tracing::info!("shutting down");
    node.shutdown().await;
    Ok(())
}

fn check(args: &Serve) -> anyhow::Result<()> {
    let config = args.load()?;
    sightline_identity::mail::sender(&config.identity.mail)?;
    for file in [&config.tls.certificate, &config.tls.key]
        .into_iter()
        .flatten()
    {
        std::fs::File::open(file).with_context(|| format!("open {}", file.display()))?;
    }
    say("the configuration is valid");
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
async fn interrupted() -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("listen for signals")?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// To the person at the terminal.
#[expect(clippy::print_stderr, reason = "the command line is for people")]
fn say(text: &str) {
    eprintln!("{text}");
}
