//! The streams of one round: many of the guest, one of the owner.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status};

use crate::connect::Target;
use crate::stream::Shape;
use crate::viewer::Event;
use crate::viewer::either::{Protocol, Viewer, lost_between};

/// Viewers that connect at once.
const CONNECTING_MAX: usize = 16;
/// Longest until the edge lets the guest in.
const ACCESS_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest until all streams deliver frames.
const GATHER_TIMEOUT: Duration = Duration::from_secs(60);
/// Frames of every stream after the last one has opened, before the crowd counts as watching: a
/// second, in which what opening them cost is over.
const SETTLED_FRAMES: u64 = 5;
/// Between two looks at how far the streams are. Rare enough not to delay what is timed.
const POLL: Duration = Duration::from_millis(20);
/// Frames that come later than this after the change are too late.
const LATE: Duration = Duration::from_secs(1);

/// Where and as whom to watch.
#[derive(Clone)]
pub(super) struct Entry {
    target: Target,
    device: String,
    token: String,
}

impl Entry {
    pub(super) fn new(target: &Target, device: &str, token: &str) -> Self {
        Self {
            target: target.clone(),
            device: device.to_owned(),
            token: token.to_owned(),
        }
    }

    async fn open(&self, protocol: Protocol) -> anyhow::Result<Viewer> {
        Viewer::open(&self.target, protocol, &self.device, &self.token).await
    }

    /// Waits until the edge has heard of the share, which it does a moment after the guest. It
    /// takes one stream, and gives it back.
    async fn await_access(&self) -> anyhow::Result<()> {
        let opened = async {
            loop {
                let Err(error) = self.open(Protocol::Grpc).await else {
                    return Ok(());
                };
                match error.downcast_ref::<Status>().map(Status::code) {
                    Some(Code::NotFound) => sleep(POLL).await,
                    _ => return Err(error),
                }
            }
        };
        let opened = timeout(ACCESS_TIMEOUT, opened).await;
        opened.context("get access in time")?
    }
}

/// What became of one stream of the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) protocol: Protocol,
    /// The reason in capitals, and how long after the change it came; none while it goes on.
    pub(super) end: Option<(String, Duration)>,
    /// Frames that came later than a second after the change.
    pub(super) late_frames: u64,
}

/// One stream, as its task sees it.
#[derive(Debug)]
pub(super) struct Stream {
    protocol: Protocol,
    frames: AtomicU64,
    late_frames: AtomicU64,
    lost: AtomicU64,
    end: OnceLock<(String, Instant)>,
}

impl Stream {
    fn new(protocol: Protocol) -> Arc<Self> {
        Arc::new(Self {
            protocol,
            frames: AtomicU64::new(0),
            late_frames: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            end: OnceLock::new(),
        })
    }

    /// Frames that were missing so far.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// An end is an error.
    fn goes_on(&self) -> anyhow::Result<()> {
        match self.end.get() {
            None => Ok(()),
            Some((reason, _)) => bail!("a stream ended too early: {reason}"),
        }
    }

    fn fate(&self, changed_at: Instant) -> Fate {
        let end = self.end.get().map(|(reason, at)| {
            let after = at.saturating_duration_since(changed_at);
            (reason.to_ascii_uppercase(), after)
        });
        Fate {
            protocol: self.protocol,
            end,
            late_frames: self.late_frames.load(Relaxed),
        }
    }

    /// Reads a stream until it is closed. The first end counts; frames behind it do too.
    async fn watch(&self, mut viewer: Viewer, changed_at: &OnceLock<Instant>) {
        let mut last = None;
        loop {
            let reason = match viewer.next().await {
                Ok(Some(Event::Frame(seen))) => {
                    self.frames.fetch_add(1, Relaxed);
                    if changed_at.get().is_some_and(|at| at.elapsed() > LATE) {
                        self.late_frames.fetch_add(1, Relaxed);
                    }
                    if let Some(last) = &last {
                        let lost = lost_between(last, &seen, Shape::THIN.interval());
                        self.lost.fetch_add(lost, Relaxed);
                    }
                    last = Some(seen);
                    continue;
                }
                Ok(Some(Event::Started { .. } | Event::Gap { .. })) => continue,
                Ok(Some(Event::Ended { reason, .. })) => {
                    let _ = self.end.set((reason, Instant::now()));
                    continue;
                }
                Ok(None) => "closed without a word".to_owned(),
                Err(error) => format!("{error:#}"),
            };
            // It may have told its reason before.
            let _ = self.end.set((reason, Instant::now()));
            return;
        }
    }
}

/// All streams of a round.
pub(super) struct Crowd {
    owner: Arc<Stream>,
    guests: Vec<Arc<Stream>>,
    changed_at: Arc<OnceLock<Instant>>,
    /// Ends the streams with the crowd.
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Crowd {
    /// Opens one stream of the owner and `viewers` of the guest; returns when all of them deliver
    /// frames.
    pub(super) async fn gather(owner: Entry, guest: Entry, viewers: usize) -> anyhow::Result<Self> {
        guest.await_access().await?;
        let protocols = [Protocol::Ws, Protocol::Grpc].into_iter().cycle();
        let mut crowd = Self {
            owner: Stream::new(Protocol::Ws),
            guests: protocols.take(viewers).map(Stream::new).collect(),
            changed_at: Arc::default(),
            tasks: JoinSet::new(),
        };
        let connecting = Arc::new(Semaphore::new(CONNECTING_MAX));
        crowd.open(&owner, &Arc::clone(&crowd.owner), &connecting);
        for stream in crowd.guests.clone() {
            crowd.open(&guest, &stream, &connecting);
        }
        let gathered = async {
            crowd.await_more_frames(1).await?;
            crowd.await_more_frames(SETTLED_FRAMES).await
        };
        timeout(GATHER_TIMEOUT, gathered)
            .await
            .context("open all streams in time")??;
        Ok(crowd)
    }

    fn open(&mut self, entry: &Entry, stream: &Arc<Stream>, connecting: &Arc<Semaphore>) {
        let (entry, stream, connecting) =
            (entry.clone(), Arc::clone(stream), Arc::clone(connecting));
        let changed_at = Arc::clone(&self.changed_at);
        self.tasks.spawn(async move {
            let permit = connecting.acquire().await?;
            let viewer = entry.open(stream.protocol).await?;
            drop(permit);
            stream.watch(viewer, &changed_at).await;
            Ok(())
        });
    }

    fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.guests.iter().chain([&self.owner])
    }

    /// Waits until every stream has this many frames more. A stream that ends is an error.
    async fn await_more_frames(&mut self, more: u64) -> anyhow::Result<()> {
        let seen = |stream: &Arc<Stream>| stream.frames.load(Relaxed);
        let wanted: Vec<u64> = self.streams().map(|stream| seen(stream) + more).collect();
        loop {
            if let Some(ended) = self.tasks.try_join_next() {
                ended?.context("open a stream")?;
            }
            self.streams().try_for_each(|stream| stream.goes_on())?;
            if self
                .streams()
                .zip(&wanted)
                .all(|(stream, wanted)| seen(stream) >= *wanted)
            {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }

    /// The owner's stream.
    pub(super) fn owner(&self) -> &Stream {
        &self.owner
    }

    /// Says that the change is made now; returns that moment.
    pub(super) fn expect_end(&self) -> Instant {
        *self.changed_at.get_or_init(Instant::now)
    }

    /// Waits until all streams of the guest are over, or for so long.
    pub(super) async fn await_ends(&self, until: Instant) {
        while Instant::now() < until && self.guests.iter().any(|s| s.end.get().is_none()) {
            sleep(POLL).await;
        }
    }

    /// An error when the owner's stream ended, or gets no frames any more.
    pub(super) async fn owner_still_watches(&self) -> anyhow::Result<()> {
        let before = self.owner.frames.load(Relaxed);
        sleep(Shape::THIN.interval() * 5).await;
        self.owner.goes_on().context("the owner's stream")?;
        let after = self.owner.frames.load(Relaxed);
        ensure!(after > before, "the owner's stream stands still");
        Ok(())
    }

    /// What became of the guest's streams.
    pub(super) fn fates(&self, changed_at: Instant) -> Vec<Fate> {
        let fates = self.guests.iter().map(|stream| stream.fate(changed_at));
        fates.collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use sightline_media::{fmp4, ring};
    use sightline_rpc::media::{frame_from_proto, tracks_from_proto};
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;
    use crate::stream::Frames;
    use crate::viewer::Keep;
    use crate::viewer::websocket;

    const TEXT: u8 = 0x81;
    const BINARY: u8 = 0x82;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap();
        [&[kind, 126], &len.to_be_bytes()[..], body].concat()
    }

    fn fragments(count: u64) -> Vec<Vec<u8>> {
        let (mut writer, ring) = ring::ring(ring::Limits::default());
        let mut cursor = ring.cursor();
        writer.set_tracks(tracks_from_proto(Frames::started()).unwrap());
        let frames = Frames::new(Shape::THIN);
        let fragment = |n| {
            let frame = frame_from_proto(frames.frame(n)).unwrap();
            writer.push(frame).unwrap();
            let mut fragment = BytesMut::new();
            fmp4::put_fragment(&mut fragment, &cursor.try_next().unwrap().entry);
            message(BINARY, &fragment)
        };
        (0..count).map(fragment).collect()
    }

    /// What a stream looks like that said these messages and closed, 2 s after the change.
    async fn watched(said: Vec<u8>) -> (Fate, u64) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::plain(server.local_addr().unwrap());
        let conn = target.connect("http/1.1").await.unwrap();
        let (mut socket, _) = server.accept().await.unwrap();
        let viewer = Viewer::WebSocket(Box::new(websocket::Viewer::on(conn, Keep::Head)));
        let changed_at = Instant::now().checked_sub(LATE * 2).unwrap();
        let stream = Stream::new(Protocol::Ws);
        let once = OnceLock::from(changed_at);
        let say = async move {
            socket.write_all(&said).await.unwrap();
            drop(socket);
        };
        tokio::join!(say, stream.watch(viewer, &once));
        (stream.fate(changed_at), stream.lost())
    }

    #[tokio::test]
    async fn frames_behind_the_last_words_are_counted_and_so_are_missing_ones() {
        let frames = fragments(4);
        let ended = message(TEXT, br#"{"ended":{"reason":"ACCESS_ENDED","message":""}}"#);
        let said = [&frames[0], &ended, &frames[1], &frames[3]];
        let (fate, lost) = watched(said.map(Vec::as_slice).concat()).await;
        let (reason, after) = fate.end.unwrap();
        assert_eq!(reason, "ACCESS_ENDED");
        assert!(after >= LATE * 2, "{after:?}");
        assert_eq!((fate.late_frames, lost), (3, 1));
    }

    #[tokio::test]
    async fn stream_that_closes_without_a_word_has_no_good_reason() {
        let (fate, _) = watched(fragments(1).concat()).await;
        assert_eq!(fate.end.unwrap().0, "CLOSED WITHOUT A WORD");
    }
}
