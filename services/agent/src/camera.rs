//! Cameras as channels of the device: each with one or two streams, pulled on demand.
//!
//! A [`Stream`] is pulled from its [`Source`] from its first viewer until a while after its last
//! one; each pull fills a ring of its own. What is known of all channels stands in one place,
//! [`state::Board`], where the cloud's view of the device comes from.

mod demo;
mod error;
mod missing;
mod rtsp;
mod sink;
pub(crate) mod state;
pub(crate) mod stream;
mod timeline;

#[cfg(test)]
mod tests;

use std::fmt;

use sightline_rpc::live::v1::StreamKind;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{self, Config, RtspUrl};
use crate::demo::Quality;
pub(crate) use demo::Demo;
pub(crate) use error::PullError;
pub(crate) use rtsp::Rtsp;
pub(crate) use sink::Sink;
use state::{Board, ChannelStatus, StreamStatus};
use stream::Stream;

/// Where the frames of a stream come from. Shown as an address without anything that may be a
/// credential.
#[derive(Clone)]
pub(crate) enum Source {
    Rtsp(Box<Rtsp>),
    Demo(Demo),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rtsp(rtsp) => rtsp.fmt(f),
            Self::Demo(demo) => write!(f, "demo camera {}", demo.scene + 1),
        }
    }
}

impl Source {
    /// What is behind an error, for the log.
    fn cause(&self, error: &PullError) -> Option<String> {
        let cause = std::error::Error::source(error)?;
        Some(match self {
            Self::Rtsp(rtsp) => rtsp.cause(cause),
            Self::Demo(_) => cause.to_string(),
        })
    }

    /// Delivers frames to the sink until something is wrong.
    async fn pull(&self, sink: &mut Sink<'_>) -> PullError {
        match self {
            Self::Rtsp(rtsp) => rtsp.pull(sink).await,
            Self::Demo(demo) => demo.pull(sink).await,
        }
    }
}

/// One input of the device.
#[derive(Debug)]
pub(crate) struct Channel {
    main: Stream,
    sub: Option<Stream>,
    /// The demo camera behind it, which can be asked for a picture directly.
    pub(crate) demo: Option<Demo>,
}

impl Channel {
    pub(crate) fn stream(&self, kind: StreamKind) -> Option<&Stream> {
        match kind {
            StreamKind::Unspecified | StreamKind::Main => Some(&self.main),
            StreamKind::Sub => self.sub.as_ref(),
        }
    }
}

/// What a channel is made of.
struct Plan {
    name: String,
    main: Source,
    sub: Option<Source>,
    always: bool,
}

/// Starts the task of every stream; the tasks end when `shutdown` is cancelled.
///
/// # Errors
/// When a camera's password file cannot be read.
pub(crate) fn start(
    config: &Config,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) -> Result<(Vec<Channel>, Board), config::Error> {
    let plans = plans(config)?;
    if config.demo {
        demo::prepare(shutdown.clone());
    }
    let board = Board::new(plans.iter().enumerate().map(status).collect());
    // Times of all streams count from here, so that those of one stream rise from pull to pull.
    let origin = Instant::now();
    let channels = plans.into_iter().enumerate().map(|(at, plan)| {
        let start = |stream: usize, source: Source, always: bool| {
            let handle = Stream::new();
            let report = board.reporter(at, stream);
            let task = handle.clone().run(source, report, origin, always);
            tasks.spawn(shutdown.clone().run_until_cancelled_owned(task));
            handle
        };
        let demo = match &plan.main {
            Source::Demo(demo) => Some(*demo),
            Source::Rtsp(_) => None,
        };
        let main = start(0, plan.main, plan.always);
        Channel {
            main,
            sub: plan.sub.map(|source| start(1, source, false)),
            demo,
        }
    });
    let channels = channels.collect();
    Ok((channels, board))
}

fn plans(config: &Config) -> Result<Vec<Plan>, config::Error> {
    let mut plans = Vec::new();
    if config.demo {
        plans.extend(
            crate::demo::scenes()
                .iter()
                .enumerate()
                .map(|(scene, info)| Plan {
                    name: info.name.to_owned(),
                    main: Source::Demo(Demo {
                        scene,
                        quality: Quality::Main,
                    }),
                    sub: Some(Source::Demo(Demo {
                        scene,
                        quality: Quality::Sub,
                    })),
                    always: false,
                }),
        );
    }
    for camera in &config.cameras {
        let source = |url: &RtspUrl| {
            Rtsp::new(camera, url)
                .map(|rtsp| Source::Rtsp(Box::new(rtsp)))
                .map_err(|source| {
                    let path = camera.password_file.clone().unwrap_or_default();
                    config::Error::Read { path, source }
                })
        };
        plans.push(Plan {
            name: camera.name.clone(),
            main: source(&camera.main)?,
            sub: camera.sub.as_ref().map(source).transpose()?,
            always: camera.always,
        });
    }
    Ok(plans)
}

fn status((at, plan): (usize, &Plan)) -> ChannelStatus {
    let mut streams = vec![StreamStatus::new(StreamKind::Main)];
    if plan.sub.is_some() {
        streams.push(StreamStatus::new(StreamKind::Sub));
    }
    let number = u32::try_from(at + 1).expect("there are a few dozen channels");
    ChannelStatus {
        number,
        name: plan.name.clone(),
        streams,
    }
}
