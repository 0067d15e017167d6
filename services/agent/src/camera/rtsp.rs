//! Cameras that speak RTSP (RFC 2326), by `retina`.

mod tracks;

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use retina::Timestamp;
use retina::client::{
    Credentials, Demuxed, Described, PlayOptions, Session, SessionOptions, SetupOptions, Transport,
};
use retina::codec::{CodecItem, FrameFormat};
use sightline_media::nal;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::{PullError, Sink};
use crate::config::{self, RtspUrl, Secret, shown};
use tracks::Selected;

/// Longest a camera may take for DESCRIBE, SETUP and PLAY together. Cheap ones take seconds.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// A camera that sends nothing for this long has failed, whatever its connection says.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// One stream of an RTSP camera.
#[derive(Clone)]
pub(crate) struct Rtsp {
    url: Url,
    login: Option<(String, Secret)>,
    transport: config::Transport,
    session_id: config::SessionIds,
    timestamps: config::Timestamps,
}

impl std::fmt::Display for Rtsp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&shown::address(&self.url))
    }
}

impl Rtsp {
    /// # Errors
    /// When the camera's password file cannot be read.
    pub(super) fn new(camera: &config::Camera, stream: &RtspUrl) -> std::io::Result<Self> {
        Ok(Self {
            url: stream.address().clone(),
            login: camera.login(stream)?,
            transport: camera.transport,
            session_id: camera.session_id,
            timestamps: camera.timestamps,
        })
    }

    /// What the library says of an error, without the camera's address.
    pub(super) fn cause(&self, error: &dyn std::error::Error) -> String {
        shown::cause(&error.to_string(), &self.url)
    }

    pub(super) async fn pull(&self, sink: &mut Sink<'_>) -> PullError {
        match timeout(OPEN_TIMEOUT, self.open()).await {
            Ok(Ok((session, selected))) => match forward(session, selected, sink).await {
                Ok(never) => match never {},
                Err(error) => error,
            },
            Ok(Err(error)) => error,
            Err(_) => PullError::Timeout,
        }
    }

    async fn open(&self) -> Result<(Demuxed, Selected), PullError> {
        let unreachable = |error| PullError::of_request(error, PullError::Unreachable);
        let broken = |error| PullError::of_request(error, PullError::Broken);
        let mut session = Session::describe(self.url.clone(), self.options())
            .await
            .map_err(unreachable)?;
        let selected = Selected::of(session.streams())?;
        self.set_up(&mut session, &selected).await.map_err(broken)?;
        let play = PlayOptions::default().initial_timestamp(self.timestamps.policy());
        let playing = session.play(play).await.map_err(broken)?;
        Ok((playing.demuxed().map_err(broken)?, selected))
    }

    async fn set_up(
        &self,
        session: &mut Session<Described>,
        selected: &Selected,
    ) -> Result<(), retina::Error> {
        for stream in selected.streams() {
            let transport = match self.transport {
                config::Transport::Tcp => Transport::Tcp(Default::default()),
                config::Transport::Udp => Transport::Udp(Default::default()),
            };
            let options = SetupOptions::default()
                .transport(transport)
                .frame_format(FrameFormat::MP4);
            session.setup(stream, options).await?;
        }
        Ok(())
    }

    fn options(&self) -> SessionOptions {
        let credentials = self.login.as_ref().map(|(user, password)| Credentials {
            username: user.clone(),
            password: password.reveal().to_owned(),
        });
        SessionOptions::default()
            .creds(credentials)
            .user_agent(concat!("sightline-agent/", env!("CARGO_PKG_VERSION")).to_owned())
            .session_id(self.session_id.policy())
    }
}

/// Passes frames on until the camera stops or sends what it must not.
async fn forward(
    mut session: Demuxed,
    selected: Selected,
    sink: &mut Sink<'_>,
) -> Result<Infallible, PullError> {
    let mut picture_due = Instant::now() + SILENCE_MAX;
    loop {
        let item = timeout_at(picture_due, session.next())
            .await
            .map_err(|_| PullError::Silent)?;
        match item.ok_or(PullError::Ended)?.map_err(PullError::Broken)? {
            CodecItem::VideoFrame(frame) => {
                picture_due = Instant::now() + SILENCE_MAX;
                if !sink.has_tracks() || frame.has_new_parameters() {
                    // Some cameras send the parameters with the first key frame only.
                    let Some(tracks) = selected.tracks(session.streams())? else {
                        continue;
                    };
                    sink.set_tracks(tracks);
                }
                let lost = frame.loss() > 0;
                if lost {
                    tracing::debug!(packets = frame.loss(), "lost before a picture");
                    sink.lose();
                }
                let source_us = micros(frame.timestamp());
                let data = Bytes::from(frame.into_data());
                // The library calls only IDR pictures so.
                let key = nal::is_random_access(&data, selected.video_codec());
                // What was lost may have been of the picture before, or the beginning of this one.
                if key && lost && !nal::has_first_slice(&data, selected.video_codec()) {
                    continue;
                }
                sink.push(tracks::VIDEO, key, source_us, data)?;
            }
            // A packet of sound that is lost is a click, and the next one is whole.
            CodecItem::AudioFrame(frame) if sink.has_tracks() => {
                let data = Bytes::copy_from_slice(frame.data());
                sink.push(tracks::AUDIO, true, micros(frame.timestamp()), data)?;
            }
            _ => {}
        }
    }
}

/// Time since the start of the session.
fn micros(timestamp: Timestamp) -> i64 {
    let us = i128::from(timestamp.elapsed()) * 1_000_000 / i128::from(timestamp.clock_rate().get());
    i64::try_from(us).unwrap_or(i64::MAX)
}
