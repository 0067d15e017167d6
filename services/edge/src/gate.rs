//! Between a viewer's permit and its frames: shut once, for good.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sightline_media::ring::Listener;
use tokio::time::Instant;

use crate::error::End;
use crate::permit::Permit;

/// In place of a time.
const WAITS: u64 = u64::MAX;

/// Open as long as the permit holds. The data path asks before each frame; the viewer actor shuts
/// it when the permission ends. Built from a permit only.
#[derive(Debug)]
pub(crate) struct Gate {
    permit: ArcSwap<Permit>,
    end: OnceLock<End>,
    made_at: Instant,
    /// When the viewer took something last, milliseconds from `made_at`; [`WAITS`] while it has
    /// taken all there is.
    took_at_ms: AtomicU64,
    /// Woken when the gate shuts, so that the end is told at once.
    listener: Mutex<Option<Arc<Listener>>>,
}

impl Gate {
    pub(crate) fn new(permit: Permit) -> Arc<Self> {
        Arc::new(Self {
            permit: ArcSwap::from_pointee(permit),
            end: OnceLock::new(),
            made_at: Instant::now(),
            took_at_ms: AtomicU64::new(WAITS),
            listener: Mutex::new(None),
        })
    }

    /// Whether a frame may pass now; otherwise why not. Does not rely on any timer.
    pub(crate) fn check(&self, now: Instant) -> Result<(), End> {
        if let Some(end) = self.end.get() {
            return Err(end.clone());
        }
        let permit = self.permit.load();
        if now >= permit.until() {
            Err(permit.then().clone())
        } else {
            Ok(())
        }
    }

    /// The viewer took something, and there may be more.
    pub(crate) fn took(&self, now: Instant) {
        let ms = now.duration_since(self.made_at).as_millis();
        let ms = u64::try_from(ms).unwrap_or(WAITS);
        self.took_at_ms.store(ms, Ordering::Relaxed);
    }

    /// The viewer has taken all there is.
    pub(crate) fn waits(&self) {
        self.took_at_ms.store(WAITS, Ordering::Relaxed);
    }

    /// For how long the viewer has taken nothing of what there is.
    pub(crate) fn stalled(&self, now: Instant) -> Duration {
        match self.took_at_ms.load(Ordering::Relaxed) {
            WAITS => Duration::ZERO,
            ms => now.duration_since(self.made_at + Duration::from_millis(ms)),
        }
    }

    /// Shuts it; the first reason stands.
    pub(crate) fn shut(&self, end: End) {
        // A second reason is dropped on purpose.
        let _ = self.end.set(end);
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(listener) = listener {
            listener.wake();
        }
    }

    /// Why it was shut.
    pub(crate) fn ended(&self) -> Option<&End> {
        self.end.get()
    }

    /// Exchanges the permit for a newer one; a gate that is shut stays shut.
    pub(crate) fn renew(&self, permit: Permit) {
        self.permit.store(Arc::new(permit));
    }

    /// The permit in force.
    pub(crate) fn permit(&self) -> Arc<Permit> {
        self.permit.load_full()
    }

    /// Whom to wake when it shuts.
    pub(crate) fn wakes(&self, listener: Arc<Listener>) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
    }
}
