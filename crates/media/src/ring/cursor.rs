//! The place of one viewer in a ring.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Entry, NO_KEY, Shared};

/// What a cursor found.
#[derive(Debug)]
pub struct Step {
    /// Pictures that were left out before this entry.
    pub lost: u64,
    /// The next frame to deliver.
    pub entry: Arc<Entry>,
}

/// Reads a ring in order; skips whole GOPs when it is late. It never waits and never locks.
#[derive(Debug)]
pub struct Cursor {
    shared: Arc<Shared>,
    /// Sequence number of the next entry to read.
    next: u64,
    /// Nothing is delivered before an entry at which decoding may start.
    await_start: bool,
    /// Number of the picture that is expected next; unknown before the first.
    expected: Option<u64>,
}

impl Cursor {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self::expecting(shared, None)
    }

    pub(super) fn expecting(shared: Arc<Shared>, expected: Option<u64>) -> Self {
        let mut cursor = Self {
            shared,
            next: 0,
            await_start: true,
            expected,
        };
        cursor.skip_to_newest_key();
        cursor
    }

    /// The next frame, if one has been published. A cursor that is farther behind than
    /// [`super::Limits::lag_us`] continues with the newest key frame when there is one ahead.
    pub fn try_next(&mut self) -> Option<Step> {
        loop {
            let head = self.shared.head.load(Ordering::Acquire);
            if self.next >= head {
                return None;
            }
            let Some(entry) = self.shared.entry(self.next) else {
                self.skip_to_newest_key();
                continue;
            };
            if self.is_late(&entry) {
                self.skip_to_newest_key();
                continue;
            }
            self.next += 1;
            if self.await_start && !entry.start {
                continue;
            }
            self.await_start = false;
            return Some(self.deliver(entry));
        }
    }

    /// Steps over the newest entry of its ring if [`Self::try_next`] would give that, and nothing was
    /// left out before: whoever serves many cursors looks it up once for all.
    pub fn step_over(&mut self, newest: &Entry) -> bool {
        let is_next = self.next == newest.seq
            && !self.await_start
            && self.expected == Some(newest.pictures_before);
        if is_next {
            self.next += 1;
            self.expected = Some(newest.pictures_after());
        }
        is_next
    }

    /// Number of the picture that it expects next; none before the first.
    #[must_use]
    pub fn expected(&self) -> Option<u64> {
        self.expected
    }

    /// Whether everything that was published has been read.
    #[must_use]
    pub fn is_at_head(&self) -> bool {
        self.next >= self.shared.head.load(Ordering::Acquire)
    }

    /// The writer is gone and everything has been read.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire) && self.is_at_head()
    }

    fn deliver(&mut self, entry: Arc<Entry>) -> Step {
        let expected = self.expected.unwrap_or(entry.pictures_before);
        let lost = entry.pictures_before.saturating_sub(expected);
        self.expected = Some(entry.pictures_after());
        Step { lost, entry }
    }

    /// Late, and a newer GOP has begun ahead of this entry.
    fn is_late(&self, entry: &Entry) -> bool {
        let clock_us = self.shared.clock_us.load(Ordering::Relaxed);
        let lag_us = clock_us.saturating_sub(entry.times.clock_us);
        if lag_us <= self.shared.limits.lag_us.max(0).unsigned_abs() {
            return false;
        }
        let key = self.shared.key.load(Ordering::Acquire);
        key != NO_KEY && key > entry.seq
    }

    /// Moves forward only: to the newest key frame, or past everything when that has been passed
    /// or is no longer held.
    fn skip_to_newest_key(&mut self) {
        self.await_start = true;
        // First the head: a key frame that is published meanwhile then lies ahead, not behind.
        let head = self.shared.head.load(Ordering::Acquire);
        let key = self.shared.key.load(Ordering::Acquire);
        self.next = if key != NO_KEY && key >= self.next && self.shared.entry(key).is_some() {
            key
        } else {
            head.max(self.next)
        };
    }
}
