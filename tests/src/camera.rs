//! A real RTSP camera: the simulator on gst-rtsp-server in a process of its own.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running camera; it ends with this.
#[derive(Debug)]
pub struct Camera {
    port: u16,
    mount: &'static str,
    arguments: Vec<OsString>,
    // The simulator ends when its standard input does.
    process: Child,
}

impl Camera {
    /// Starts one on a free port; its stream is this file (QuickTime or MP4), picture by picture.
    /// `codecs` says what is in it, such as `h264+aac`.
    ///
    /// # Errors
    /// When the simulator does not start: `cargo xtask test` installs what it needs.
    pub async fn playing(clip: &Path, codecs: &str) -> anyhow::Result<Self> {
        let arguments = [
            "--clip".into(),
            clip.into(),
            "--codecs".into(),
            codecs.into(),
        ];
        Self::start("clip", arguments.into()).await
    }

    /// Starts one that sends H.264 at a steady 2 Mbit/s, 15 pictures a second.
    ///
    /// # Errors
    /// When the simulator does not start.
    pub async fn steady() -> anyhow::Result<Self> {
        Self::start("noise", Vec::new()).await
    }

    async fn start(mount: &'static str, arguments: Vec<OsString>) -> anyhow::Result<Self> {
        let (process, port) = launch(0, &arguments).await?;
        Ok(Self {
            port,
            mount,
            arguments,
            process,
        })
    }

    /// Takes its power away, and gives it back on the same port.
    ///
    /// # Errors
    /// When the simulator does not start again.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.kill().await?;
        (self.process, self.port) = launch(self.port, &self.arguments).await?;
        Ok(())
    }

    /// Address of its stream.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/{}", self.port, self.mount)
    }
}

/// Starts the simulator; port 0 takes a free one.
async fn launch(port: u16, arguments: &[OsString]) -> anyhow::Result<(Child, u16)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cameras/rtspd.py");
    let mut process = Command::new("/usr/bin/python3")
        .arg(script)
        .args(["--port", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("start the camera simulator")?;
    let stdout = process.stdout.take().context("its output")?;
    let line = BufReader::new(stdout)
        .lines()
        .next_line()
        .await?
        .unwrap_or_default();
    let port = line
        .strip_prefix("port ")
        .and_then(|port| port.parse().ok());
    let port = port.with_context(|| {
        format!("the camera simulator said {line:?}; `cargo xtask test` installs its packages")
    })?;
    Ok((process, port))
}
