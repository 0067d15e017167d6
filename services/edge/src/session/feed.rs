//! One stream that is being asked of the device, for all who watch it.

use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix::{AsyncContext as _, Context, Handler, Message, SpawnHandle};
use sightline_media::ring::{Ring, Writer, ring};
use sightline_rpc::device::v1 as device;
use sightline_rpc::device::v1::live_response::Event;
use sightline_rpc::live::v1::{EndReason, StreamKind};
use sightline_rpc::media::publish;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::{Session, Task};
use crate::error::End;
use crate::fanout::FanOut;
use crate::metrics::{Count, Entered, Level, Metrics, RingBytes};
use crate::uplink::{Live, Tunnel};

/// Longest from one frame of the device to the next. While a camera is away the call stays open and
/// silent: an agent tries it again after half a minute at most, and needs up to as long again for
/// an answer and a key frame. A camera that sends a picture every few seconds is far below it.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Which stream of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FeedKey {
    pub(super) channel: u32,
    pub(super) stream: StreamKind,
}

/// One run of a stream. Its viewers may stay a while after it has ended, when another one of the same
/// key may be running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) key: FeedKey,
    pub(super) number: u64,
}

/// A running stream: the ring that it fills, and its fan-out.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) fanout: Rc<FanOut>,
    pub(super) run: Run,
    pub(super) viewers: usize,
    /// Dropping it ends the device's call.
    _ingest: Task,
    linger: Option<SpawnHandle>,
    _counted: Entered,
}

impl Session {
    /// The feed of a stream with one viewer more; starts it when it is not running.
    pub(super) fn enter_feed(
        &mut self,
        key: FeedKey,
        ctx: &mut Context<Self>,
    ) -> (Run, Rc<FanOut>) {
        if !self.feeds.contains_key(&key) {
            let feed = self.start_feed(key, ctx);
            self.feeds.insert(key, feed);
        }
        let feed = self
            .feeds
            .get_mut(&key)
            .expect("the feed was just put there");
        feed.viewers += 1;
        if let Some(linger) = feed.linger.take() {
            ctx.cancel_future(linger);
        }
        (feed.run, Rc::clone(&feed.fanout))
    }

    /// One viewer less; the last one leaves the stream running for a while, so that a page that is
    /// loaded again finds it warm.
    pub(super) fn leave_feed(&mut self, run: Run, ctx: &mut Context<Self>) {
        let linger = self.edge.config.linger();
        let Some(feed) = self.feeds.get_mut(&run.key).filter(|f| f.run == run) else {
            return;
        };
        feed.viewers = feed.viewers.saturating_sub(1);
        if feed.viewers == 0 && feed.linger.is_none() {
            feed.linger = Some(ctx.run_later(linger, move |session, ctx| {
                let feed = session.feeds.get(&run.key);
                if feed.is_some_and(|feed| feed.viewers == 0) {
                    session.stop_feed(run.key, ctx);
                }
            }));
        }
    }

    fn start_feed(&mut self, key: FeedKey, ctx: &Context<Self>) -> Feed {
        let metrics = Arc::clone(&self.edge.metrics);
        let (writer, ring) = ring(self.edge.config.ring_limits());
        let filling = Filling {
            writer,
            held: RingBytes::none(Arc::clone(&metrics)),
            ring: ring.clone(),
            heard_at: Instant::now(),
            received: Arc::clone(&self.received),
            metrics: Arc::clone(&metrics),
        };
        let number = self.next_feed;
        self.next_feed += 1;
        let run = Run { key, number };
        let ingest = ingest(self.tunnel.clone(), key, filling);
        let session = ctx.address();
        let ingest = Task::start(ctx.address(), async move {
            let end = ingest.await;
            session.do_send(FeedEnded { run, end });
        });
        Feed {
            fanout: FanOut::new(ring, Arc::clone(&metrics)),
            run,
            viewers: 0,
            _ingest: ingest,
            linger: None,
            _counted: Level::enter(&metrics, |m| &m.feeds),
        }
    }

    fn stop_feed(&mut self, key: FeedKey, ctx: &mut Context<Self>) {
        let linger = self.feeds.remove(&key).and_then(|feed| feed.linger);
        if let Some(linger) = linger {
            ctx.cancel_future(linger);
        }
    }
}

/// The device, or the edge for its sake, has ended a stream.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct FeedEnded {
    pub(super) run: Run,
    pub(super) end: End,
}

impl Handler<FeedEnded> for Session {
    type Result = ();

    fn handle(&mut self, ended: FeedEnded, ctx: &mut Context<Self>) {
        let FeedEnded { run, end } = ended;
        let key = run.key;
        if self.feeds.get(&key).is_none_or(|feed| feed.run != run) {
            // It was stopped meanwhile, and may have been started anew.
            return;
        }
        tracing::info!(
            device = %self.device, channel = key.channel, reason = end.name(),
            detail = %end.message, "stream ended"
        );
        if end.reason == EndReason::BadStream {
            self.edge.metrics.bad_streams.add(1);
        }
        self.stop_feed(key, ctx);
        self.end_viewers(&end, |watching| watching.run == run);
    }
}

/// Fills the ring from the device until one of the two gives up; says why.
async fn ingest(tunnel: Tunnel, key: FeedKey, filling: Filling) -> End {
    let request = device::LiveRequest {
        channel: key.channel,
        stream: key.stream.into(),
    };
    let filling = Arc::new(Mutex::new(filling));
    let fills = Arc::clone(&filling);
    let live = Live::open(&tunnel, &request, move |event| lock(&fills).take(event));
    let silent_at = lock(&filling).silent_at();
    let mut live = match timeout_at(silent_at, live).await {
        Ok(Ok(live)) => live,
        Ok(Err(status)) => return refusal(&status),
        Err(_) => return silence(),
    };
    loop {
        let silent_at = lock(&filling).silent_at();
        match timeout_at(silent_at, live.ended()).await {
            Ok(Ok(())) => return End::new(EndReason::ChannelUnavailable, "the device ended it"),
            Ok(Err(status)) => return refusal(&status),
            Err(_) if lock(&filling).silent_at() == silent_at => return silence(),
            Err(_) => {}
        }
    }
}

/// A ring from the device's side, and what is counted there.
struct Filling {
    writer: Writer,
    ring: Ring,
    held: RingBytes,
    /// When the newest frame came; before the first, when it was asked for.
    heard_at: Instant,
    /// Of the whole device.
    received: Arc<Count>,
    metrics: Arc<Metrics>,
}

impl Filling {
    fn take(&mut self, event: Event) -> Result<(), sightline_media::Error> {
        if let Event::Frame(frame) = &event {
            let bytes = frame.data.len() as u64;
            self.heard_at = Instant::now();
            self.metrics.frames_in.add(1);
            self.metrics.bytes_in.add(bytes);
            self.received.add(bytes);
        }
        publish(event, &mut self.writer)?;
        self.held.set(self.ring.bytes());
        Ok(())
    }

    fn silent_at(&self) -> Instant {
        self.heard_at + SILENCE_MAX
    }
}

/// Of the connection's task and the feed's, which run on one thread.
fn lock(filling: &Mutex<Filling>) -> MutexGuard<'_, Filling> {
    filling.lock().unwrap_or_else(PoisonError::into_inner)
}

fn silence() -> End {
    End::new(
        EndReason::ChannelUnavailable,
        "the device sent no frame for 60 s",
    )
}

fn refusal(status: &tonic::Status) -> End {
    let reason = match status.code() {
        // Longer than a frame may be, or not even a message.
        Code::OutOfRange | Code::Internal => EndReason::BadStream,
        Code::NotFound | Code::FailedPrecondition | Code::ResourceExhausted => {
            EndReason::ChannelUnavailable
        }
        _ => EndReason::DeviceOffline,
    };
    let message: String = status
        .message()
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    End::new(reason, message)
}
