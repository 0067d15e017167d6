//! Checks by a program that is not ours.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, Command};

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Microseconds.
    pub pts_us: i64,
    /// MD5 of its pixels.
    pub md5: String,
}

/// Starts to decode a camera's stream for some seconds, straight from the camera.
///
/// # Errors
/// When ffmpeg does not start.
pub fn record(url: &str, length: Duration, into: &Path) -> anyhow::Result<Child> {
    command()
        .args(["-rtsp_transport", "tcp", "-i", url, "-t", &length.as_secs().to_string()])
        .args(["-an", "-vsync", "passthrough", "-f", "framemd5"])
        .arg(into)
        .spawn()
        .context("start ffmpeg; `cargo xtask test` installs it")
}

/// Decodes the pictures of a file.
///
/// # Errors
/// When ffmpeg finds anything wrong with it.
pub async fn pictures(file: &Path) -> anyhow::Result<Vec<Picture>> {
    let output = command()
        .args(["-xerror", "-i"])
        .arg(file)
        .args(["-an", "-vsync", "passthrough", "-f", "framemd5", "-"])
        .stdout(Stdio::piped())
        .output()
        .await
        .context("run ffmpeg; `cargo xtask test` installs it")?;
    anyhow::ensure!(output.status.success(), "ffmpeg could not decode {}", file.display());
    parse(&String::from_utf8(output.stdout)?)
}

/// Codec names of a file's streams, as ffprobe says them.
///
/// # Errors
/// When ffprobe cannot read it.
pub async fn codecs(file: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"])
        .arg(file)
        .output()
        .await
        .context("run ffprobe; `cargo xtask test` installs it")?;
    anyhow::ensure!(output.status.success(), "ffprobe could not read {}", file.display());
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

/// Reads a `framemd5` report.
///
/// # Errors
/// When it is none.
pub fn parse(report: &str) -> anyhow::Result<Vec<Picture>> {
    let time_base = report.lines().find_map(|line| line.strip_prefix("#tb 0: "));
    let (num, den) = time_base.and_then(|tb| tb.split_once('/')).context("no time base")?;
    let (num, den): (i64, i64) = (num.parse()?, den.parse()?);
    let lines = report.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let [_, _, pts, _, _, md5] = fields.as_slice() else {
                anyhow::bail!("unexpected line {line:?}");
            };
            let pts_us = pts.parse::<i64>()? * num * 1_000_000 / den;
            Ok(Picture { pts_us, md5: (*md5).to_owned() })
        })
        .collect()
}

fn command() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]).stdin(Stdio::null()).kill_on_drop(true);
    command
}
