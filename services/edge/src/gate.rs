//! Between a viewer's permit and its frames: shut once, for good.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::time::Instant;

use crate::error::End;
use crate::permit::Permit;

/// [`Gate::open_until_ns`] of a gate that was shut.
const SHUT: u64 = 0;

/// Open as long as the permit holds. The data path asks before it takes frames from the ring, and
/// again before it goes on with some that a slow viewer has not taken; one of them, which may be half
/// sent, is finished. The viewer actor shuts the gate when the permission ends. Built from a permit
/// only.
#[derive(Debug)]
pub(crate) struct Gate {
    made: Instant,
    /// Nanoseconds after it was made. All that the data path looks at while the gate is open: what
    /// the terms say is some way through memory, for each viewer and frame.
    open_until_ns: AtomicU64,
    terms: Mutex<Terms>,
}

/// What `open_until_ns` follows from; both change under the lock.
#[derive(Debug)]
struct Terms {
    permit: Arc<Permit>,
    end: Option<End>,
    /// Woken when the gate shuts, so that the end is told at once.
    waker: Option<Waker>,
}

impl Gate {
    pub(crate) fn new(permit: Permit) -> Arc<Self> {
        let made = Instant::now();
        Arc::new(Self {
            made,
            open_until_ns: AtomicU64::new(nanos(made, permit.until())),
            terms: Mutex::new(Terms {
                permit: Arc::new(permit),
                end: None,
                waker: None,
            }),
        })
    }

    /// Whether a frame may pass now; otherwise why not. Does not rely on any timer.
    pub(crate) fn check(&self, now: Instant) -> Result<(), End> {
        if nanos(self.made, now) < self.open_until_ns.load(Ordering::Acquire) {
            return Ok(());
        }
        let terms = self.terms();
        Err(match &terms.end {
            Some(end) => end.clone(),
            None => terms.permit.then().clone(),
        })
    }

    /// Shuts it; the first reason stands.
    pub(crate) fn shut(&self, end: End) {
        let mut terms = self.terms();
        terms.end.get_or_insert(end);
        self.open_until_ns.store(SHUT, Ordering::Release);
        let waker = terms.waker.clone();
        drop(terms);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Why it was shut.
    pub(crate) fn ended(&self) -> Option<End> {
        self.terms().end.clone()
    }

    /// Exchanges the permit for a newer one; a gate that is shut stays shut.
    pub(crate) fn renew(&self, permit: Permit) {
        let mut terms = self.terms();
        if terms.end.is_none() {
            let until = nanos(self.made, permit.until());
            self.open_until_ns.store(until, Ordering::Release);
        }
        terms.permit = Arc::new(permit);
    }

    /// The permit in force.
    pub(crate) fn permit(&self) -> Arc<Permit> {
        Arc::clone(&self.terms().permit)
    }

    /// Whom to wake when it shuts.
    pub(crate) fn wakes(&self, waker: Waker) {
        self.terms().waker = Some(waker);
    }

    fn terms(&self) -> MutexGuard<'_, Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From one moment to a later one; 0 when it is not later.
fn nanos(from: Instant, to: Instant) -> u64 {
    let span = to.saturating_duration_since(from);
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
