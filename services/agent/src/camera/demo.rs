//! Built-in demo cameras as sources.

use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use sightline_base::clock::{Clock as _, SystemClock};
use sightline_media::{Frame, Tracks};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{PullError, Sink};
use crate::demo::{self, Camera, Error, Quality, SCENES};

/// Pictures, with their sound, that may wait between the encoder and the ring; then the encoder
/// waits, and leaves out pictures.
const BATCHES: usize = 2;
/// Priority of work that nobody waits for: the lowest.
const NICE: i32 = 19;

/// One of the demo cameras in one quality.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demo {
    pub(crate) scene: usize,
    pub(crate) quality: Quality,
}

enum Batch {
    Tracks(Tracks),
    Frames(Vec<Frame>),
}

impl Demo {
    pub(super) async fn pull(&self, sink: &mut Sink<'_>) -> PullError {
        let (frames, mut batches) = mpsc::channel(BATCHES);
        let demo = *self;
        // Drawing and encoding take milliseconds: not on the threads that serve the network. The
        // thread ends when `batches` is dropped.
        let thread = tokio::task::spawn_blocking(move || demo.run(&frames));
        while let Some(batch) = batches.recv().await {
            if let Err(error) = deliver(sink, batch) {
                return error;
            }
        }
        match thread.await {
            Ok(Err(error)) => error.into(),
            Ok(Ok(())) | Err(_) => PullError::DemoStopped,
        }
    }

    /// A JPEG of this moment, and its time, milliseconds since the Unix epoch.
    pub(crate) fn jpeg(self) -> Result<(Vec<u8>, i64), Error> {
        let now_ms = SystemClock.now_unix_ms();
        let zone = TimeZone::system();
        let jpeg = demo::snapshot(self.scene, self.quality, zone, now_ms * 1000)?;
        Ok((jpeg, now_ms))
    }

    fn run(self, frames: &mpsc::Sender<Batch>) -> Result<(), Error> {
        let mut camera = Camera::open(self.scene, self.quality, TimeZone::system())?;
        let interval_us = i64::try_from(camera.frame_interval().as_micros()).unwrap_or(i64::MAX);
        if frames
            .blocking_send(Batch::Tracks(camera.tracks().clone()))
            .is_err()
        {
            return Ok(());
        }
        loop {
            let now_us = SystemClock.now_unix_ms() * 1000;
            let batch = Batch::Frames(camera.next(now_us)?);
            if frames.blocking_send(batch).is_err() {
                return Ok(());
            }
            let now_us = SystemClock.now_unix_ms() * 1000;
            let rest_us = interval_us - now_us.rem_euclid(interval_us);
            thread::sleep(Duration::from_micros(rest_us.unsigned_abs()));
        }
    }
}

/// Prepares all demo cameras beside everything else, so that their first pictures are quick: the
/// small ones first, since a grid shows all of those.
pub(super) fn prepare(shutdown: CancellationToken) {
    let work = move || {
        // A priority is a thread's own, and that of the threads it starts, on Linux alone.
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::debug!(%error, "priority");
        }
        for quality in [Quality::Sub, Quality::Main] {
            for scene in 0..SCENES {
                if shutdown.is_cancelled() {
                    return Ok(());
                }
                demo::prepare(scene, quality)?;
            }
        }
        Ok::<_, Error>(())
    };
    let thread = thread::Builder::new().name("demo-prepare".to_owned());
    // Without it the first viewers wait.
    if let Err(error) = thread.spawn(work) {
        tracing::warn!(%error, "demo pictures are not prepared");
    }
}

fn deliver(sink: &mut Sink<'_>, batch: Batch) -> Result<(), PullError> {
    match batch {
        Batch::Tracks(tracks) => sink.set_tracks(tracks),
        Batch::Frames(frames) => {
            for frame in frames {
                sink.push(frame.track, frame.key, frame.pts_us, frame.data)?;
            }
        }
    }
    Ok(())
}
