//! The newest frames of one stream: one writer, any number of cursors, no locks on the way.
//!
//! A stream is one channel in one quality, its picture and sound interleaved in the order of
//! arrival. The [`Writer`] publishes each frame once as an immutable [`Entry`]; a [`Cursor`] is a
//! position, so a viewer has no queue. A cursor that falls too far behind, or off the ring, jumps
//! to the newest key frame and says how many pictures it left out. A new cursor starts with the
//! newest group of pictures (GOP) at once.
//!
//! Waking is apart from reading: a [`Listener`] is woken once for each published frame, whether
//! one cursor or a hundred hang on it.

mod cursor;
mod entry;
mod timing;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Waker;

use arc_swap::ArcSwapOption;
use atomic_waker::AtomicWaker;

pub use cursor::{Cursor, Step};
pub use entry::{Entry, Wire};
pub use writer::Writer;

use entry::WIRES;

/// Stands for "no key frame yet".
const NO_KEY: u64 = u64::MAX;

/// Bounds of one ring. The memory of a ring is at most `bytes` for the frames, and as much again
/// for each [`Wire`] form that somebody asked for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most frames; rounded up to a power of two.
    pub frames: usize,
    /// Most bytes of frame data.
    pub bytes: usize,
    /// Frames before the newest GOP are dropped when they are older than this, microseconds.
    pub keep_us: i64,
    /// A cursor farther behind than this skips to a newer key frame, microseconds.
    pub lag_us: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frames: 2048,
            bytes: 16 << 20,
            keep_us: 3_000_000,
            lag_us: 2_000_000,
        }
    }
}

/// Makes a ring: its only writer, and the handle that cursors come from.
#[must_use]
pub fn ring(limits: Limits) -> (Writer, Ring) {
    let size = limits.frames.max(2).next_power_of_two();
    let shared = Arc::new(Shared {
        limits,
        slots: (0..size).map(|_| ArcSwapOption::empty()).collect(),
        head: AtomicU64::new(0),
        tail: AtomicU64::new(0),
        key: AtomicU64::new(NO_KEY),
        clock_us: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        closed: AtomicBool::new(false),
        listeners: Mutex::new(Vec::new()),
    });
    (Writer::new(Arc::clone(&shared)), Ring { shared })
}

/// Handle to a ring: gives cursors and listeners.
#[derive(Debug, Clone)]
pub struct Ring {
    shared: Arc<Shared>,
}

impl Ring {
    /// A cursor at the newest key frame, or waiting for one.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::new(Arc::clone(&self.shared))
    }

    /// A cursor for a viewer whose earlier cursor expected this picture on the ring before this one
    /// ([`Cursor::expected`]): it starts like any other, and what lies between counts as lost. The
    /// writers number pictures on from ring to ring ([`Writer::pictures`]).
    #[must_use]
    pub fn cursor_expecting(&self, picture: Option<u64>) -> Cursor {
        Cursor::expecting(Arc::clone(&self.shared), picture)
    }

    /// Woken once for each frame that is published from now on, and when the ring closes.
    #[must_use]
    pub fn listen(&self) -> Listener {
        let waker = Arc::new(AtomicWaker::new());
        let mut listeners = self
            .shared
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A stream without frames would keep those that are gone.
        listeners.retain(|listener| listener.strong_count() > 0);
        listeners.push(Arc::downgrade(&waker));
        Listener { waker }
    }

    /// The newest key frame, if it is still held.
    #[must_use]
    pub fn newest_key(&self) -> Option<Arc<Entry>> {
        self.shared.entry(self.shared.key.load(Ordering::Acquire))
    }

    /// The newest frame, if there is one.
    #[must_use]
    pub fn newest(&self) -> Option<Arc<Entry>> {
        self.shared.entry(self.published().checked_sub(1)?)
    }

    /// Frames published so far.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.shared.head.load(Ordering::Acquire)
    }

    /// Bytes of frame data held now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// The writer is gone; cursors may still read what is left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}

/// Wakes one task for each published frame.
#[derive(Debug)]
pub struct Listener {
    waker: Arc<AtomicWaker>,
}

impl Listener {
    /// Registers the task. Register first, then look at the cursors: a frame that arrives in
    /// between wakes the task again.
    pub fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Wakes the registered task for another reason than a frame.
    pub fn wake(&self) {
        self.waker.wake();
    }
}

#[derive(Debug)]
struct Shared {
    limits: Limits,
    slots: Box<[ArcSwapOption<Entry>]>,
    /// Sequence number of the next entry to be published.
    head: AtomicU64,
    /// Sequence number of the oldest entry that is held.
    tail: AtomicU64,
    /// Sequence number at which the newest GOP begins, or [`NO_KEY`].
    key: AtomicU64,
    /// [`timing::Times::clock_us`] of the newest entry.
    clock_us: AtomicU64,
    bytes: AtomicU64,
    closed: AtomicBool,
    /// Locked once per published frame and once per new listener, never per viewer.
    listeners: Mutex<Vec<Weak<AtomicWaker>>>,
}

impl Shared {
    fn slot(&self, seq: u64) -> &ArcSwapOption<Entry> {
        let mask = self.slots.len() as u64 - 1;
        &self.slots[usize::try_from(seq & mask).unwrap_or(0)]
    }

    /// The entry with this number, unless it was overwritten or never written.
    fn entry(&self, seq: u64) -> Option<Arc<Entry>> {
        self.slot(seq).load_full().filter(|e| e.seq() == seq)
    }

    fn wake(&self) {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| match listener.upgrade() {
            Some(waker) => {
                waker.wake();
                true
            }
            None => false,
        });
    }
}
