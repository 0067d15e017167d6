//! The simulated camera, `tests/cameras/rtspd.py`, as a process.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cameras/rtspd.py");

/// A running simulator; it ends with this.
pub(super) struct Rtspd {
    pub(super) port: u16,
    _child: Child,
}

impl Rtspd {
    pub(super) async fn start(arguments: &[&str]) -> Self {
        // Debian's own python: another one does not see Debian's GStreamer bindings.
        let mut child = Command::new("/usr/bin/python3")
            .arg(SCRIPT)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(Duration::from_secs(60), lines.next_line())
            .await
            .unwrap()
            .unwrap();
        let line = line.expect("the simulator starts; see its message above");
        let port = line.strip_prefix("port ").unwrap().parse().unwrap();
        Self {
            port,
            _child: child,
        }
    }

    /// Address of one of its mounts.
    pub(super) fn url(&self, mount: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{mount}", self.port)
    }
}
