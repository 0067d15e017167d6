//! Between a viewer's permit and its frames: shut once, for good.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::time::Instant;

use crate::error::End;
use crate::permit::Permit;

/// Open as long as the permit holds. The viewer actor shuts the gate when the permission ends. Built
/// from a permit only.
///
/// The data path asks until when frames may pass, before it takes any from the ring. It asks again
/// when that time has come, and when the gate has woken it, which is whenever anything changes. What
/// the gate says is some way through memory, for each viewer and frame; a number beside the viewer's
/// cursor and its ear on the shard are near.
#[derive(Debug)]
pub(crate) struct Gate {
    terms: Mutex<Terms>,
}

#[derive(Debug)]
struct Terms {
    permit: Arc<Permit>,
    end: Option<End>,
    waker: Option<Waker>,
}

impl Gate {
    pub(crate) fn new(permit: Permit) -> Arc<Self> {
        Arc::new(Self {
            terms: Mutex::new(Terms {
                permit: Arc::new(permit),
                end: None,
                waker: None,
            }),
        })
    }

    /// Until when frames may pass from now on, unless it wakes somebody before; otherwise why none
    /// may pass. Does not rely on any timer.
    pub(crate) fn open_until(&self, now: Instant) -> Result<Instant, End> {
        let terms = self.terms();
        match &terms.end {
            Some(end) => Err(end.clone()),
            None if now < terms.permit.until() => Ok(terms.permit.until()),
            None => Err(terms.permit.then().clone()),
        }
    }

    /// Whether a frame may pass now.
    #[cfg(test)]
    pub(crate) fn check(&self, now: Instant) -> Result<(), End> {
        self.open_until(now).map(drop)
    }

    /// Shuts it; the first reason stands.
    pub(crate) fn shut(&self, end: End) {
        self.change(|terms| {
            terms.end.get_or_insert(end);
        });
    }

    /// Why it was shut.
    pub(crate) fn ended(&self) -> Option<End> {
        self.terms().end.clone()
    }

    /// Exchanges the permit for a newer one; a gate that is shut stays shut.
    pub(crate) fn renew(&self, permit: Permit) {
        self.change(|terms| terms.permit = Arc::new(permit));
    }

    /// The permit in force.
    pub(crate) fn permit(&self) -> Arc<Permit> {
        Arc::clone(&self.terms().permit)
    }

    /// Whom to wake when anything changes: whoever has asked before relies on it.
    pub(crate) fn wakes(&self, waker: Waker) {
        self.terms().waker = Some(waker);
    }

    fn change(&self, how: impl FnOnce(&mut Terms)) {
        let waker = {
            let mut terms = self.terms();
            how(&mut terms);
            terms.waker.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn terms(&self) -> MutexGuard<'_, Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
