//! One stream of a channel, pulled from its source while somebody watches.

use std::sync::Arc;
use std::time::Duration;

use sightline_media::ring::{Limits, Ring, ring};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::missing::Missing;
use super::state::{Reporter, StreamState};
use super::timeline::Timeline;
use super::{Sink, Source};
use crate::backoff::Backoff;

/// A stream goes on this long after its last viewer, so that changing the page or the edge does
/// not mean connecting to the camera anew.
const LINGER: Duration = Duration::from_secs(5);
/// First wait before a camera that failed is tried again.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// Longest such wait: a camera that was restarted is back within a minute.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// A pull that delivered for this long was a good one; the next failure is a first one.
const STABLE: Duration = Duration::from_secs(30);

/// Handle to a stream. Each pull has a ring of its own, so a new viewer never begins with what an
/// earlier pull left behind.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    viewers: watch::Sender<usize>,
    ring: watch::Sender<Option<Ring>>,
}

/// Somebody who watches: the stream is pulled for as long as this lives.
#[derive(Debug)]
pub(crate) struct Viewer {
    shared: Arc<Shared>,
    /// The ring of the pull that runs, if one does.
    pub(crate) ring: watch::Receiver<Option<Ring>>,
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.shared.viewers.send_modify(|count| *count -= 1);
    }
}

impl Stream {
    pub(super) fn new() -> Self {
        let shared = Shared {
            viewers: watch::Sender::new(0),
            ring: watch::Sender::new(None),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Begins to watch.
    pub(crate) fn watch(&self) -> Viewer {
        self.shared.viewers.send_modify(|count| *count += 1);
        Viewer {
            shared: Arc::clone(&self.shared),
            ring: self.shared.ring.subscribe(),
        }
    }

    /// Pulls while it is wanted, for ever.
    pub(super) async fn run(self, source: Source, report: Reporter, origin: Instant, always: bool) {
        let mut timeline = Timeline::new(origin);
        loop {
            wanted(self.shared.viewers.subscribe(), always).await;
            tokio::select! {
                () = self.pull(&source, &report, &mut timeline) => {}
                () = unwanted(self.shared.viewers.subscribe(), always) => {}
            }
            self.shared.ring.send_replace(None);
            report.stopped();
        }
    }

    /// Connects to the source again and again.
    async fn pull(&self, source: &Source, report: &Reporter, timeline: &mut Timeline) {
        let mut backoff = Backoff::new(RETRY_MIN, RETRY_MAX);
        let mut missing = Missing::default();
        // Numbered over all pulls, so that a viewer of the next one learns what it missed.
        let mut pictures = 0;
        loop {
            report.state(StreamState::Connecting);
            let (mut writer, ring) = ring(Limits::default());
            writer.gap(pictures);
            self.shared.ring.send_replace(Some(ring));
            let began = Instant::now();
            let mut sink = Sink::new(writer, timeline, &mut missing, report);
            let error = source.pull(&mut sink).await;
            let was_good = sink.streaming && began.elapsed() >= STABLE;
            pictures = sink.pictures();
            drop(sink);
            self.shared.ring.send_replace(None);
            if was_good {
                backoff.reset();
            }
            let wait = backoff.next();
            tracing::info!(
                %source,
                cause = source.cause(&error),
                retry_s = wait.as_secs_f32(),
                "{error}"
            );
            report.state(StreamState::Offline(error.to_string()));
            sleep(wait).await;
        }
    }
}

async fn wanted(mut viewers: watch::Receiver<usize>, always: bool) {
    if !always {
        // The sender lives as long as the caller.
        let _ = viewers.wait_for(|count| *count > 0).await;
    }
}

async fn unwanted(mut viewers: watch::Receiver<usize>, always: bool) {
    if always {
        return std::future::pending().await;
    }
    loop {
        let _ = viewers.wait_for(|count| *count == 0).await;
        tokio::select! {
            () = sleep(LINGER) => return,
            _ = viewers.wait_for(|count| *count > 0) => {}
        }
    }
}
