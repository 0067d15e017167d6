//! Checks by a program that is not ours.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use tokio::process::Command;

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Microseconds.
    pub pts_us: i64,
    /// MD5 of its pixels.
    pub md5: String,
}

/// A packet of a file, still encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Microseconds.
    pub pts_us: i64,
    /// Microseconds.
    pub dts_us: i64,
    /// MD5 of its data.
    pub md5: String,
}

/// Encodes a moving test picture with sound into a file: `arguments` choose the codecs. The sound
/// is noise, so that no part of it is like another.
///
/// # Errors
/// When ffmpeg cannot.
pub async fn encode(arguments: &[&str], file: &Path) -> anyhow::Result<()> {
    let status = command()
        .args([
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x360:rate=25:duration=20",
        ])
        .args([
            "-f",
            "lavfi",
            "-i",
            "anoisesrc=duration=20:seed=1:sample_rate=44100",
        ])
        .args(["-pix_fmt", "yuv420p"])
        .args(arguments)
        .arg(file)
        .status()
        .await
        .context("run ffmpeg; `cargo xtask test` installs it")?;
    anyhow::ensure!(
        status.success(),
        "ffmpeg could not encode {}",
        file.display()
    );
    Ok(())
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
    anyhow::ensure!(
        output.status.success(),
        "ffmpeg could not decode {}",
        file.display()
    );
    parse(&String::from_utf8(output.stdout)?)
}

/// The packets of one stream of a file (`v:0`, `a:0`), in the order of the file, as ffprobe says
/// them.
///
/// # Errors
/// When ffprobe cannot read it.
pub async fn packets(file: &Path, stream: &str) -> anyhow::Result<Vec<Packet>> {
    #[derive(serde::Deserialize)]
    struct Report {
        packets: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        pts_time: String,
        dts_time: String,
        data_hash: String,
    }
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", stream, "-show_packets"])
        .args(["-show_data_hash", "MD5", "-of", "json"])
        .arg(file)
        .output()
        .await
        .context("run ffprobe; `cargo xtask test` installs it")?;
    anyhow::ensure!(
        output.status.success(),
        "ffprobe could not read {}",
        file.display()
    );
    let report: Report = serde_json::from_slice(&output.stdout)?;
    let packet = |entry: Entry| {
        let md5 = entry.data_hash.strip_prefix("MD5:").context("no MD5")?;
        Ok(Packet {
            pts_us: micros(&entry.pts_time)?,
            dts_us: micros(&entry.dts_time)?,
            md5: md5.to_owned(),
        })
    };
    report.packets.into_iter().map(packet).collect()
}

/// MD5 of each access unit of AAC in an ADTS file, without the headers.
///
/// # Errors
/// When ffmpeg finds anything wrong with it.
pub async fn adts_units(file: &Path) -> anyhow::Result<Vec<String>> {
    let output = command()
        .args(["-xerror", "-i"])
        .arg(file)
        .args(["-c", "copy", "-bsf:a", "aac_adtstoasc"])
        .args(["-f", "framemd5", "-"])
        .stdout(Stdio::piped())
        .output()
        .await
        .context("run ffmpeg; `cargo xtask test` installs it")?;
    anyhow::ensure!(
        output.status.success(),
        "ffmpeg could not read {}",
        file.display()
    );
    let units = parse(&String::from_utf8(output.stdout)?)?;
    Ok(units.into_iter().map(|unit| unit.md5).collect())
}

/// The sound of a file as it is encoded, without anything around it; `format` is its name at
/// ffmpeg, such as `mulaw`.
///
/// # Errors
/// When ffmpeg cannot.
pub async fn raw_sound(file: &Path, format: &str) -> anyhow::Result<Vec<u8>> {
    let output = command()
        .arg("-i")
        .arg(file)
        .args(["-vn", "-c", "copy", "-f", format, "-"])
        .stdout(Stdio::piped())
        .output()
        .await
        .context("run ffmpeg; `cargo xtask test` installs it")?;
    anyhow::ensure!(
        output.status.success(),
        "ffmpeg could not read {}",
        file.display()
    );
    Ok(output.stdout)
}

/// Codec names of a file's streams, as ffprobe says them.
///
/// # Errors
/// When ffprobe cannot read it.
pub async fn codecs(file: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name",
            "-of",
            "csv=p=0",
        ])
        .arg(file)
        .output()
        .await
        .context("run ffprobe; `cargo xtask test` installs it")?;
    anyhow::ensure!(
        output.status.success(),
        "ffprobe could not read {}",
        file.display()
    );
    Ok(String::from_utf8(output.stdout)?
        .lines()
        .map(str::to_owned)
        .collect())
}

/// Seconds with a point, as ffprobe writes them.
fn micros(seconds: &str) -> anyhow::Result<i64> {
    let seconds: f64 = seconds.parse().context("read a time")?;
    Ok((seconds * 1e6).round() as i64)
}

/// Reads a `framemd5` report.
fn parse(report: &str) -> anyhow::Result<Vec<Picture>> {
    let time_base = report.lines().find_map(|line| line.strip_prefix("#tb 0: "));
    let (num, den) = time_base
        .and_then(|tb| tb.split_once('/'))
        .context("no time base")?;
    let (num, den): (i64, i64) = (num.parse()?, den.parse()?);
    let lines = report.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            // What the first packet of AAC tells besides stands behind.
            let [_, _, pts, _, _, md5, ..] = fields.as_slice() else {
                anyhow::bail!("unexpected line {line:?}");
            };
            let pts_us = pts.parse::<i64>()? * num * 1_000_000 / den;
            Ok(Picture {
                pts_us,
                md5: (*md5).to_owned(),
            })
        })
        .collect()
}

fn command() -> Command {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-nostdin", "-y"])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}
