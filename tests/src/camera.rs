//! A real RTSP camera: the simulator on gst-rtsp-server in a process of its own.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running camera; it ends with this.
#[derive(Debug)]
pub struct Camera {
    port: u16,
    // The simulator ends when its standard input does.
    _process: Child,
}

impl Camera {
    /// Starts one on a free port; its stream is this file (QuickTime or MP4), picture by picture.
    /// `codecs` says what is in it, such as `h264+aac`.
    ///
    /// # Errors
    /// When the simulator does not start: `cargo xtask test` installs what it needs.
    pub async fn playing(clip: &Path, codecs: &str) -> anyhow::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cameras/rtspd.py");
        let mut process = Command::new("/usr/bin/python3")
            .arg(script)
            .arg("--clip")
            .arg(clip)
            .args(["--codecs", codecs])
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
        Ok(Self {
            port,
            _process: process,
        })
    }

    /// Address of its stream.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/clip", self.port)
    }
}
