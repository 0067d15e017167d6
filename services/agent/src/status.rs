//! How the agent does, for a person on the same machine.
//!
//! A running agent answers on a socket in its data directory, which only its owner can open:
//! whoever connects gets one JSON object. Nothing is read from the socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::camera::state::Board;
use crate::time_zone;

const SOCKET_FILE: &str = "agent.sock";
/// Longest answer that is read, bytes: 64 channels with long names.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// Longest that either side waits for the other.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Pause after the system refused to accept (mostly for want of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// State of the connection to the cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Uplink {
    /// Dialling, or waiting for the cloud to take the device on.
    Connecting,
    /// The cloud has claimed the connection.
    Connected {
        /// Name of the edge.
        edge: String,
    },
    /// The last attempt failed.
    Waiting {
        /// Why, for a person.
        reason: String,
        /// The next attempt follows within this many seconds of the failure.
        retry_s: u64,
    },
}

/// What `sightline-agent status` shows of a running agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) cloud: String,
    /// Where a person claims the device.
    pub(crate) portal: String,
    pub(crate) uplink: Uplink,
    /// IANA name; none while it is not known.
    pub(crate) time_zone: Option<String>,
    pub(crate) channels: Vec<ChannelLine>,
}

/// One channel of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelLine {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) detail: String,
}

/// Answers whoever asks; holds what the answer is made of.
pub(crate) struct Reporter {
    pub(crate) cloud: String,
    pub(crate) portal: String,
    pub(crate) uplink: watch::Receiver<Uplink>,
    /// The configured one.
    pub(crate) time_zone: Option<String>,
    pub(crate) board: Board,
}

impl Reporter {
    /// Binds the socket. One that an earlier agent left behind is replaced; the caller holds the
    /// lock of the directory, so nobody listens on it.
    pub(crate) fn bind(data_dir: &Path) -> io::Result<UnixListener> {
        let path = socket(data_dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => UnixListener::bind(path),
        }
    }

    pub(crate) async fn run(self, listener: UnixListener) {
        loop {
            match listener.accept().await {
                // One after the other: a client that does not read delays the next by seconds.
                Ok((client, _)) => {
                    let _ = timeout(TIMEOUT, self.answer(client)).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "status socket");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn answer(&self, mut client: UnixStream) -> io::Result<()> {
        let report = serde_json::to_vec(&self.report())?;
        client.write_all(&report).await?;
        client.shutdown().await
    }

    fn report(&self) -> Report {
        let channels = self.board.channels().into_iter().map(|channel| {
            let (state, detail) = channel.state();
            let state = state.as_str_name().trim_start_matches("CHANNEL_STATE_");
            let (number, name) = (channel.number, channel.name);
            ChannelLine {
                number,
                name,
                state: state.to_ascii_lowercase(),
                detail,
            }
        });
        Report {
            cloud: self.cloud.clone(),
            portal: self.portal.clone(),
            uplink: self.uplink.borrow().clone(),
            time_zone: time_zone::name(self.time_zone.as_deref()),
            channels: channels.collect(),
        }
    }
}

/// Asks the agent that runs on this directory; `None` when none does.
pub(crate) async fn ask(data_dir: &Path) -> io::Result<Option<Report>> {
    let asked = timeout(TIMEOUT, async {
        let socket = UnixStream::connect(socket(data_dir)).await?;
        let mut answer = Vec::new();
        socket
            .take(ANSWER_BYTES_MAX)
            .read_to_end(&mut answer)
            .await?;
        io::Result::Ok(serde_json::from_slice(&answer)?)
    });
    match asked.await? {
        Ok(report) => Ok(Some(report)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET_FILE)
}
