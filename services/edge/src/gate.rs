//! Between a viewer's permit and its frames: shut once, for good.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use sightline_media::ring::Listener;
use tokio::time::Instant;

use crate::error::End;
use crate::permit::Permit;

/// Open as long as the permit holds. The data path asks before each frame; the viewer actor shuts
/// it when the permission ends. Built from a permit only.
#[derive(Debug)]
pub(crate) struct Gate {
    permit: ArcSwap<Permit>,
    end: OnceLock<End>,
    /// Woken when the gate shuts, so that the end is told at once.
    listener: Mutex<Option<Arc<Listener>>>,
}

impl Gate {
    pub(crate) fn new(permit: Permit) -> Arc<Self> {
        Arc::new(Self {
            permit: ArcSwap::from_pointee(permit),
            end: OnceLock::new(),
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
