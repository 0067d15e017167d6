//! The back end of a single node: sled, with one thread that writes.
//!
//! Commits wait in a queue. The writer takes all that wait, checks and applies them as one atomic
//! batch, brings it to the disk, and only then answers, so that many writers share one sync (group
//! commit). Until then readers see the state before the batch.

mod disk;
#[cfg(test)]
mod kill_tests;
#[cfg(test)]
mod tests;
mod view;
mod writer;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::changes::Feed;
use crate::{Changes, Error, MAX_PENDING, MAX_SCAN, Record, Revision, Store, Transaction};
use disk::Disk;
use view::View;
use writer::{Pending, Writer};

/// Memory for pages, bytes. The records of a single node fit; sled's default is 1 GiB.
const CACHE_BYTES: u64 = 64 << 20;

/// How long [`SledStore::open`] waits for the lock on the files. sled's background threads hold it
/// for a moment after a store was dropped, and so does a child process before it runs its program.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// Between two looks at the lock, which has no way to wait for it with a bound.
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// Brings what was applied to the disk.
type Sync = Box<dyn FnMut() -> io::Result<()> + Send>;

/// A store in a directory of this machine, open in one process at a time.
///
/// Dropping it waits until what is queued is written and the files are closed.
#[derive(Debug)]
pub struct SledStore {
    view: Arc<View>,
    feed: Feed,
    // Dropped before `_writer`, whose thread ends when the queue does.
    queue: mpsc::Sender<Pending>,
    _writer: JoinOnDrop,
}

impl SledStore {
    /// Opens or creates the store. Blocks while it is recovered, which takes as long as reading
    /// its files.
    ///
    /// # Errors
    /// [`Error::InUse`] when it is open already and stays so for two seconds; [`Error::Corrupt`] or [`Error::Io`] when it cannot
    /// be read.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::open_with(dir, |db| Ok(Disk::open(db, dir)?.into_sync()))
    }

    /// Lets tests stand between the writer and the disk.
    fn open_with(
        dir: &Path,
        sync: impl FnOnce(&sled::Db) -> io::Result<Sync>,
    ) -> Result<Self, Error> {
        fs::create_dir_all(dir)?;
        wait_for_lock(dir)?;
        let db = sled::Config::new()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            // The writer flushes; a timer beside it would only add writes.
            .flush_every_ms(None)
            .open()?;
        let sync = sync(&db)?;
        let view = Arc::new(View::new(db));
        let feed = Feed::new();
        let (queue, pending) = mpsc::channel(MAX_PENDING);
        let writer = Writer::new(Arc::clone(&view), feed.clone(), sync)?;
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(|| writer.run(pending))?;
        Ok(Self {
            view,
            feed,
            queue,
            _writer: JoinOnDrop(Some(thread)),
        })
    }
}

/// Waits until nobody holds sled's lock, which sled itself takes at once or fails with.
fn wait_for_lock(dir: &Path) -> Result<(), Error> {
    let log = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(disk::log_file(dir))?;
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match log.try_lock() {
            Ok(()) => return Ok(log.unlock()?),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(LOCK_RETRY);
            }
            Err(TryLockError::WouldBlock) => return Err(Error::InUse(dir.to_path_buf())),
        }
    }
}

#[async_trait]
impl Store for SledStore {
    // Not moved to another thread: a look into the cache takes 2 µs, the way there and back 10.
    async fn get(&self, key: &[u8]) -> Result<Option<Record>, Error> {
        self.view.get(key)
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Record)>, Error> {
        let view = Arc::clone(&self.view);
        let (prefix, after) = (prefix.to_vec(), after.map(<[u8]>::to_vec));
        tokio::task::spawn_blocking(move || {
            view.scan(&prefix, after.as_deref(), limit.min(MAX_SCAN))
        })
        .await
        .map_err(io::Error::other)?
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, Error> {
        transaction.check()?;
        let (reply, answer) = oneshot::channel();
        let stopped = || Error::Failed("the writer has stopped".into());
        self.queue
            .send(Pending { transaction, reply })
            .await
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    fn changes(&self, prefix: &[u8]) -> Changes {
        self.feed.subscribe(prefix)
    }
}

#[derive(Debug)]
struct JoinOnDrop(Option<JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if self.0.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of the store has panicked");
        }
    }
}

impl From<sled::Error> for Error {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => Self::Io(error),
            sled::Error::Corruption { .. } => Self::Corrupt(error.to_string()),
            other => Self::Io(io::Error::other(other)),
        }
    }
}
