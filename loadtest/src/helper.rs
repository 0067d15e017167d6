//! This program again, as a device, a floor, or a crowd of viewers beside the measurement.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longest until a helper says who it is.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A helper that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Helper(Child);

impl Helper {
    /// Starts a helper; returns it with the first line it says.
    pub(crate) async fn start<T: DeserializeOwned>(
        name: &str,
        args: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> anyhow::Result<(Self, T)> {
        let mut child = spawn(name, args)?;
        let output = child.stdout.take().context("a helper's output")?;
        let mut line = String::new();
        timeout(START_TIMEOUT, BufReader::new(output).read_line(&mut line))
            .await
            .with_context(|| format!("wait for the {name}"))??;
        let said = serde_json::from_str(&line).with_context(|| format!("start the {name}"))?;
        Ok((Self(child), said))
    }

    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.0.id().context("a helper has ended")
    }
}

/// Runs a helper to its end: tells it what to do, returns what it found.
pub(crate) async fn run<T: DeserializeOwned>(
    name: &str,
    job: &impl Serialize,
    time_max: Duration,
) -> anyhow::Result<T> {
    let mut child = spawn(name, [] as [&str; 0])?;
    let mut input = child.stdin.take().context("a helper's input")?;
    input.write_all(&serde_json::to_vec(job)?).await?;
    drop(input);
    let mut found = Vec::new();
    let mut output = child.stdout.take().context("a helper's output")?;
    timeout(time_max, output.read_to_end(&mut found))
        .await
        .with_context(|| format!("wait for the {name}"))??;
    ensure!(child.wait().await?.success(), "the {name} failed");
    serde_json::from_slice(&found).with_context(|| format!("read what the {name} found"))
}

fn spawn(name: &str, args: impl IntoIterator<Item: AsRef<OsStr>>) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("find this program")?;
    Command::new(program)
        .arg(name)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start the {name}"))
}

/// One JSON line on standard output.
pub(crate) fn say(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}
