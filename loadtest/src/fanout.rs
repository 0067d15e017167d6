//! One stream to many viewers: what it costs the server, against a floor measured in the same run.
//!
//! Server, device, viewers and floor are processes of their own, so that the processor time of one
//! is not taken for another's. Each measurement has a fresh server, so that memory that an earlier
//! one left behind is not counted, or hidden.

mod floor;
mod load;
mod report;
mod rounds;

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use crate::cloud::{Load, Running, Site};
use crate::helper::{self, Helper, say};
use crate::process::{allow_viewers, with_lateness};
use load::{Job, Measured};
use report::Report;

/// Longest measurement besides its window.
const MEASURE_TIMEOUT: Duration = Duration::from_secs(150);

/// How frames reach the viewers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Path {
    /// Raw TCP or TLS.
    Floor,
    /// fMP4 over WebSocket.
    Ws,
    /// `Live/Watch`.
    Grpc,
}

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Numbers of viewers.
    #[arg(long, value_delimiter = ',', default_value = "50,200,500")]
    viewers: Vec<usize>,
    /// Length of each window; when it is even, each holds as many key frames as any other.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=120))]
    seconds: u64,
    /// How often each measurement is made, in turn with those of its floor and the other paths. Printed is
    /// the one in the middle by processor time, with the delays and losses of all.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=9))]
    rounds: u8,
    /// Paths; the floor is measured in any case.
    #[arg(long, value_delimiter = ',', default_value = "floor,ws,grpc")]
    paths: Vec<Path>,
    /// Without TLS, with it, or both.
    #[arg(long, value_delimiter = ',', default_value = "false,true", action = clap::ArgAction::Set)]
    tls: Vec<bool>,
    /// The server to measure, built for release.
    #[arg(long, value_name = "FILE")]
    server_bin: PathBuf,
}

/// Measures everything that was asked for; a JSON line for each, on standard output.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let viewers = options.viewers.iter().copied().max().unwrap_or_default();
    allow_viewers(viewers)?;
    // The late ones come besides.
    let places = 2 * viewers;
    let settings =
        format!("[edge]\nviewers_per_device_max = {places}\nviewers_per_account_max = {places}\n");
    let directory = tempfile::tempdir().context("make a directory")?;
    let (server_bin, directory_path) = (&options.server_bin, directory.path());
    let site = Site::found(server_bin, directory_path, Load::FourMbit, &settings).await?;
    // The floor first: the others are compared with it.
    let mut paths = options.paths.clone();
    paths.retain(|path| *path != Path::Floor);
    paths.insert(0, Path::Floor);
    let seconds = options.seconds;
    let mut report = Report::default();
    for &tls in &options.tls {
        for &viewers in &options.viewers {
            let mut rounds: Vec<Vec<Measured>> = paths.iter().map(|_| Vec::new()).collect();
            for round in 1..=options.rounds {
                for (path, rounds) in paths.iter().zip(&mut rounds) {
                    let measured = match path {
                        Path::Floor => measure_floor(directory_path, tls, viewers, seconds).await,
                        _ => measure_cloud(&site, *path, tls, viewers, seconds).await,
                    };
                    let measured =
                        measured.with_context(|| format!("{path:?}, {viewers} viewers"))?;
                    if options.rounds > 1 {
                        let of = format!("round {round} of {}", options.rounds);
                        report::tell_round(&of, *path, tls, viewers, &measured)?;
                    }
                    rounds.push(measured);
                }
            }
            for (&path, rounds) in paths.iter().zip(rounds) {
                let measured = rounds::middle(rounds).context("no round")?;
                report.add(path, tls, viewers, &measured)?;
            }
        }
    }
    Ok(())
}

async fn measure_floor(
    directory: &std::path::Path,
    tls: bool,
    viewers: usize,
    seconds: u64,
) -> anyhow::Result<Measured> {
    let authority = tls.then(|| directory.join("floor"));
    let mut args = Vec::new();
    if let Some(directory) = &authority {
        std::fs::create_dir_all(directory)?;
        args.extend(["--authority".as_ref(), directory.as_os_str()]);
    }
    let (floor, port) = Helper::start("floor", args).await?;
    let job = Job {
        path: Path::Floor,
        port,
        authority: authority.map(|directory| directory.join("ca.pem")),
        viewers,
        seconds,
        server_pid: floor.pid()?,
        device: String::new(),
        token: String::new(),
    };
    measure(&job).await
}

async fn measure_cloud(
    site: &Site,
    path: Path,
    tls: bool,
    viewers: usize,
    seconds: u64,
) -> anyhow::Result<Measured> {
    let Running {
        cloud,
        device,
        token,
    } = site.start(tls).await?;
    let job = Job {
        path,
        port: cloud.port(),
        authority: cloud.authority(),
        viewers,
        seconds,
        server_pid: cloud.pid()?,
        device,
        token,
    };
    let measured = measure(&job).await?;
    cloud.stop().await?;
    Ok(measured)
}

/// Runs one job, and looks meanwhile how late this idle process is woken: delays of that size are
/// the machine's, not the server's.
async fn measure(job: &Job) -> anyhow::Result<Measured> {
    let time_max = MEASURE_TIMEOUT + Duration::from_secs(job.seconds);
    let (measured, late) = with_lateness(helper::run("viewers", job, time_max)).await;
    let mut measured: Measured = measured?;
    measured.machine_late_ms = late.as_secs_f64() * 1e3;
    Ok(measured)
}

/// The helper `viewers`: a job on standard input, what was measured on standard output.
pub(crate) async fn viewers() -> anyhow::Result<()> {
    let mut job = Vec::new();
    std::io::stdin().read_to_end(&mut job)?;
    let measured = load::measure(serde_json::from_slice(&job)?).await?;
    say(&measured)
}

/// Options of the helper `floor`.
#[derive(Debug, clap::Args)]
pub(crate) struct FloorOptions {
    /// Directory of an authority for TLS.
    #[arg(long)]
    authority: Option<PathBuf>,
}

/// The helper `floor`: says its port, and serves until standard input ends.
pub(crate) fn floor(options: &FloorOptions) -> anyhow::Result<()> {
    say(&floor::serve(options.authority.as_deref())?)?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
