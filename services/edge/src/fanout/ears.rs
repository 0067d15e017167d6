//! Which viewers of a shard have something for it: they said something, or take more again. Each
//! place on a shard is a bit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};

use sightline_media::ring::Listener;

/// What all places have been woken for. A shard reads from those alone: to ask each viewer for each
/// frame would cost more than to see that none has said anything.
#[derive(Debug)]
pub(super) struct Ears {
    woken: AtomicU64,
    listener: Arc<Listener>,
}

impl Ears {
    /// Wakes the shard's task by its listener.
    pub(super) fn new(listener: Arc<Listener>) -> Arc<Self> {
        Arc::new(Self {
            woken: AtomicU64::new(0),
            listener,
        })
    }

    /// The places that have been woken since the last call.
    pub(super) fn take(&self) -> u64 {
        self.woken.swap(0, Ordering::AcqRel)
    }

    /// The waker of one place, which wakes it once by itself. A place that was given to another
    /// viewer may still be woken for the one before, and then finds nothing.
    pub(super) fn place(self: &Arc<Self>, bit: u64) -> Place {
        let ear = Arc::new(Ear {
            ears: Arc::clone(self),
            bit,
        });
        ear.wake_by_ref();
        Place {
            bit,
            waker: Waker::from(ear),
        }
    }
}

/// Where a viewer sits on its shard.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) bit: u64,
    /// Wakes the shard, for this place.
    pub(super) waker: Waker,
}

struct Ear {
    ears: Arc<Ears>,
    bit: u64,
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ears.woken.fetch_or(self.bit, Ordering::AcqRel);
        self.ears.listener.wake();
    }
}
