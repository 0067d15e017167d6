//! The command line.

mod show;
mod user;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Camera, RtspUrl};
use crate::users::Users;
use crate::{Agent, Config, status};

/// Connects cameras to a Sightline cloud.
///
/// Runs beside the cameras and dials out to the cloud: no port has to be opened. Give it a
/// configuration file, or the cloud and the cameras' addresses on the command line.
#[derive(Debug, Parser)]
#[command(name = "sightline-agent", version, after_long_help = EXAMPLES)]
struct Cli {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Directory of the device's key and users [default: /var/lib/sightline-agent]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  sightline-agent --config /etc/sightline/agent.toml
  sightline-agent run --cloud cloud.example.org --data-dir ./agent --rtsp rtsp://user:password@192.168.1.20/stream1
  sightline-agent run --cloud localhost:8444 --ca ca.pem --data-dir ./agent --demo
  sightline-agent status --data-dir ./agent
  sightline-agent user add anna --administrator --data-dir ./agent
  sightline-agent user add bob --data-dir ./agent < password.txt";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the agent (the default when --config is given)
    Run(Run),
    /// Show state, cloud ID, verification code and the QR code that holds both
    Status,
    /// Add, remove and list the users of the device, who sign in at the portal by device
    ///
    /// A user sees this device alone and needs no account in the cloud. Changes hold from the next
    /// sign-in on, whether the agent runs or not. A device has no users until one is added.
    #[command(subcommand)]
    User(user::Command),
}

#[derive(Debug, Default, clap::Args)]
struct Run {
    /// The cloud's address for devices; port 8444 by default
    #[arg(long, value_name = "HOST[:PORT]")]
    cloud: Option<String>,
    /// A camera's RTSP address, with user and password if it wants them; repeat for more cameras
    #[arg(long, value_name = "URL")]
    rtsp: Vec<String>,
    /// Serve four built-in demo cameras
    #[arg(long)]
    demo: bool,
    /// Authority of the cloud's certificate (PEM), for a cloud with an authority of its own
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Runs the command that the arguments name.
///
/// # Errors
/// What went wrong, for the person at the terminal.
pub fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let run = match &cli.command {
        Some(Command::Run(run)) => run,
        Some(Command::Status) => return runtime()?.block_on(show_status(&data_dir(&cli)?)),
        Some(Command::User(command)) => return user::run(command, &data_dir(&cli)?),
        None if cli.config.is_some() => &Run::default(),
        None => return Cli::command().print_long_help().context("print help"),
    };
    let config = config(&cli, run)?;
    // The RTSP library repeats what cameras answer, addresses with credentials among it.
    let filter = format!("retina=off,{}", config.log);
    sightline_base::telemetry::init_logs(config.log_format, &filter);
    runtime()?.block_on(run_agent(config))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Runtime::new().context("start the runtime")
}

/// The file's configuration with the command line's over it.
fn config(cli: &Cli, run: &Run) -> anyhow::Result<Config> {
    let mut config = match &cli.config {
        Some(path) => Config::load(path)?,
        None => Config::default(),
    };
    if let Some(data_dir) = &cli.data_dir {
        config.data_dir.clone_from(data_dir);
    }
    if let Some(cloud) = &run.cloud {
        config.cloud.clone_from(cloud);
    }
    if run.ca.is_some() {
        config.ca_file.clone_from(&run.ca);
    }
    config.demo |= run.demo;
    for url in &run.rtsp {
        let number = config.cameras.len() + 1;
        let url = RtspUrl::try_from(url.clone()).with_context(|| format!("camera {number}"))?;
        config
            .cameras
            .push(Camera::new(format!("Camera {number}"), url));
    }
    config.validate()?;
    Ok(config)
}

async fn run_agent(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("watch for SIGTERM")?;
    let agent = Agent::start(config)?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.context("watch for SIGINT")?,
    }
    tracing::info!("stopping");
    agent.shutdown().await;
    Ok(())
}

/// Where the agent that the arguments name keeps its files.
fn data_dir(cli: &Cli) -> anyhow::Result<PathBuf> {
    let config = cli.config.as_deref().map(Config::load).transpose()?;
    let configured = config.unwrap_or_default().data_dir;
    Ok(cli.data_dir.clone().unwrap_or(configured))
}

async fn show_status(data_dir: &Path) -> anyhow::Result<()> {
    let identity = crate::identity::Shown::read(data_dir)
        .context("this device has no key yet; run the agent once")?;
    let users = Users::read(data_dir)?;
    let report = status::ask(data_dir)
        .await
        .context("ask the running agent")?;
    let text = show::status(&identity, &users, report.as_ref())?;
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("write the status")
}
