//! The viewers of one measurement, in a process of their own, so that the server's processor time
//! is the server's alone.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::Path;
use crate::connect::Target;
use crate::process::{Cpu, resident_kib};
use crate::stream::Shape;
use crate::viewer::either::{Protocol, Viewer, lost_between};
use crate::viewer::{Event, Keep, Seen, websocket};

/// One viewer alone, until the server's ring holds all that it keeps.
const WARM_UP: Duration = Duration::from_secs(5);
/// All viewers, before anything is measured.
const SETTLE: Duration = Duration::from_secs(2);
/// Viewers that connect at once.
const CONNECTING_MAX: usize = 16;
/// Longest until all viewers have seen a frame.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks at what the viewers have.
const POLL: Duration = Duration::from_millis(20);
/// Viewers that come late, one after the other.
const LATE_JOINS: usize = 16;
/// From one late viewer to the next: their moments are spread over the two seconds between key
/// frames.
const LATE_INTERVAL: Duration = Duration::from_millis(130);
/// A late viewer that has no key frame by then fails the measurement.
const LATE_TIMEOUT: Duration = Duration::from_secs(10);

/// What to measure; on standard input, since it holds a token.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Job {
    pub(super) path: Path,
    pub(super) port: u16,
    /// PEM file; none for plain text.
    pub(super) authority: Option<PathBuf>,
    pub(super) viewers: usize,
    pub(super) seconds: u64,
    pub(super) server_pid: u32,
    /// Empty for the floor.
    pub(super) device: String,
    pub(super) token: String,
}

/// What was measured.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Measured {
    /// Processor seconds of the server in the window.
    pub(super) server_cpu_s: f64,
    /// The same of the viewers' process.
    pub(super) viewers_cpu_s: f64,
    /// Bytes that all viewers got in the window, above TLS.
    pub(super) bytes: u64,
    pub(super) rss_kib_per_viewer: f64,
    /// From the token or the request to the last byte of the first key frame; none for the floor.
    pub(super) first_key_ms: Vec<f64>,
    /// Frames of the viewer with the fewest, to those of the stream in the same time.
    pub(super) slowest_rate_ratio: f64,
    pub(super) lost: u64,
    /// How late an idle process was woken at worst, milliseconds; seen by another process.
    #[serde(skip)]
    pub(super) machine_late_ms: f64,
}

impl Measured {
    /// Processor seconds of the server for each 10^9 bytes that viewers got.
    pub(super) fn cpu_s_per_gb(&self) -> f64 {
        self.server_cpu_s / (self.bytes as f64 / 1e9)
    }
}

impl Job {
    fn target(&self) -> anyhow::Result<Target> {
        let address = ([127, 0, 0, 1], self.port).into();
        match &self.authority {
            None => Ok(Target::plain(address)),
            Some(file) => Target::tls(address, file),
        }
    }

    async fn open(&self, target: &Target) -> anyhow::Result<Viewer> {
        let open = |protocol| Viewer::open(target, protocol, &self.device, &self.token);
        match self.path {
            Path::Floor => {
                let conn = target.connect("http/1.1").await?;
                let viewer = websocket::Viewer::on(conn, Keep::Head);
                Ok(Viewer::WebSocket(Box::new(viewer)))
            }
            Path::Ws => open(Protocol::Ws).await,
            Path::Grpc => open(Protocol::Grpc).await,
        }
    }
}

/// The next frame; anything that ends a stream is an error here.
async fn frame(viewer: &mut Viewer) -> anyhow::Result<Seen> {
    loop {
        match viewer.next().await? {
            Some(Event::Frame(seen)) => return Ok(seen),
            Some(Event::Started { .. } | Event::Gap { .. }) => {}
            Some(Event::Ended { reason, message }) => bail!("{reason}: {message}"),
            None => bail!("the server closed the connection"),
        }
    }
}

/// What one viewer has got so far.
#[derive(Debug, Default)]
struct Tally {
    bytes: AtomicU64,
    frames: AtomicU64,
    lost: AtomicU64,
    /// The newest frame is a key frame.
    key: AtomicBool,
}

/// All viewers, watching.
struct Crowd<'a> {
    job: &'a Arc<Job>,
    target: Target,
    connecting: Arc<Semaphore>,
    tallies: Vec<Arc<Tally>>,
    tasks: JoinSet<anyhow::Error>,
}

impl Crowd<'_> {
    /// Adds viewers until there are `count`; returns when each has a frame.
    async fn grow(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in self.tallies.len()..count {
            let tally = Arc::new(Tally::default());
            self.tallies.push(Arc::clone(&tally));
            let (job, target) = (Arc::clone(self.job), self.target.clone());
            let connecting = Arc::clone(&self.connecting);
            self.tasks.spawn(async move {
                let Err(error) = watch(&job, &target, &connecting, &tally).await;
                error
            });
        }
        let all_have_frames = async {
            while self.tallies.iter().any(|t| t.frames.load(Relaxed) == 0) {
                self.check()?;
                sleep(POLL).await;
            }
            Ok(())
        };
        let opened = timeout(CONNECT_TIMEOUT, all_have_frames).await;
        opened.context("connect all viewers in time")?
    }

    /// A viewer whose stream ended is an error.
    fn check(&mut self) -> anyhow::Result<()> {
        match self.tasks.try_join_next() {
            None => Ok(()),
            Some(ended) => Err(ended?.context("a viewer")),
        }
    }

    /// Returns half-way between two frames, far from a key frame: in a window that begins here
    /// and lasts a whole number of seconds, all viewers get the same bytes.
    async fn await_window(&self) {
        let tally = &self.tallies[0];
        let interval = Shape::FOUR_MBIT.interval();
        loop {
            let seen = tally.frames.load(Relaxed);
            while tally.frames.load(Relaxed) == seen {
                sleep(interval / 40).await;
            }
            if !tally.key.load(Relaxed) {
                return sleep(interval / 2).await;
            }
        }
    }

    fn counts(&self, of: fn(&Tally) -> &AtomicU64) -> Vec<u64> {
        self.tallies
            .iter()
            .map(|tally| of(tally).load(Relaxed))
            .collect()
    }
}

/// One viewer, for as long as its stream goes on.
async fn watch(
    job: &Job,
    target: &Target,
    connecting: &Semaphore,
    tally: &Tally,
) -> anyhow::Result<Infallible> {
    let permit = connecting.acquire().await?;
    let mut viewer = job.open(target).await?;
    let interval = Shape::FOUR_MBIT.interval();
    let mut last = frame(&mut viewer).await?;
    drop(permit);
    loop {
        tally.frames.fetch_add(1, Relaxed);
        tally.key.store(last.key, Relaxed);
        tally.bytes.store(viewer.bytes(), Relaxed);
        let next = frame(&mut viewer).await?;
        tally
            .lost
            .fetch_add(lost_between(&last, &next, interval), Relaxed);
        last = next;
    }
}

/// Measures.
///
/// # Errors
/// When a viewer cannot connect, or its stream ends.
pub(super) async fn measure(job: Job) -> anyhow::Result<Measured> {
    let (me, server) = (std::process::id(), job.server_pid);
    let job = Arc::new(job);
    let mut crowd = Crowd {
        job: &job,
        target: job.target()?,
        connecting: Arc::new(Semaphore::new(CONNECTING_MAX)),
        tallies: Vec::new(),
        tasks: JoinSet::new(),
    };
    crowd.grow(1).await?;
    sleep(WARM_UP).await;
    let rss_of_one_kib = resident_kib(server)?;
    crowd.grow(job.viewers).await?;
    sleep(SETTLE).await;

    crowd.await_window().await;
    let before = (Cpu::of(server)?, Cpu::of(me)?);
    let [bytes, frames] = [crowd.counts(|t| &t.bytes), crowd.counts(|t| &t.frames)];
    sleep(Duration::from_secs(job.seconds)).await;
    let after = (Cpu::of(server)?, Cpu::of(me)?);
    let rss_of_all_kib = resident_kib(server)?;
    let gained = |of, before: &[u64]| -> Vec<u64> {
        let now = crowd.counts(of).into_iter();
        now.zip(before).map(|(now, before)| now - before).collect()
    };
    let [bytes, frames] = [gained(|t| &t.bytes, &bytes), gained(|t| &t.frames, &frames)];
    crowd.check()?;

    let first_key_ms = match job.path {
        Path::Floor => Vec::new(),
        Path::Ws | Path::Grpc => join_late(Arc::clone(&job), crowd.target.clone()).await?,
    };
    crowd.check()?;
    let others = (job.viewers - 1).max(1) as f64;
    let stream_frames = u64::from(Shape::FOUR_MBIT.rate) * job.seconds;
    let slowest = frames.into_iter().min().unwrap_or_default();
    Ok(Measured {
        server_cpu_s: after.0.since(&before.0).as_secs_f64(),
        viewers_cpu_s: after.1.since(&before.1).as_secs_f64(),
        bytes: bytes.into_iter().sum(),
        rss_kib_per_viewer: rss_of_all_kib.saturating_sub(rss_of_one_kib) as f64 / others,
        first_key_ms,
        slowest_rate_ratio: slowest as f64 / stream_frames as f64,
        lost: crowd.counts(|t| &t.lost).into_iter().sum(),
        machine_late_ms: 0.0,
    })
}

/// Joins late, on a thread that does nothing else: the one that reads for all other viewers is busy
/// for most of a frame's time, which would be taken for the server's.
async fn join_late(job: Arc<Job>, target: Target) -> anyhow::Result<Vec<f64>> {
    let thread = move || {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(join_again_and_again(&job, &target))
    };
    spawn_blocking(thread).await?
}

/// How long each late viewer waited for its first key frame, milliseconds.
async fn join_again_and_again(job: &Job, target: &Target) -> anyhow::Result<Vec<f64>> {
    let mut waited_ms = Vec::new();
    for _ in 0..LATE_JOINS {
        sleep(LATE_INTERVAL).await;
        let first_key = async {
            let mut viewer = job.open(target).await?;
            while !frame(&mut viewer).await?.key {}
            anyhow::Ok(viewer.asked_at().elapsed())
        };
        let waited = timeout(LATE_TIMEOUT, first_key).await;
        let waited = waited.context("a late viewer waits for a key frame")??;
        waited_ms.push(waited.as_secs_f64() * 1e3);
    }
    Ok(waited_ms)
}
