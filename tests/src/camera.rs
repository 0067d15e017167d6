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
    /// Starts one on a free port.
    ///
    /// # Errors
    /// When the simulator does not start: `cargo xtask test` installs what it needs.
    pub async fn start() -> anyhow::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cameras/rtspd.py");
        let mut process = Command::new("/usr/bin/python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start the camera simulator")?;
        let stdout = process.stdout.take().context("its output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.unwrap_or_default();
        let port = line.strip_prefix("port ").and_then(|port| port.parse().ok());
        let port = port.with_context(|| {
            format!("the camera simulator said {line:?}; `cargo xtask test` installs its packages")
        })?;
        Ok(Self { port, _process: process })
    }

    /// Address of one of its mounts, such as `/h264aac`.
    #[must_use]
    pub fn url(&self, mount: &str) -> String {
        format!("rtsp://127.0.0.1:{}{mount}", self.port)
    }
}
