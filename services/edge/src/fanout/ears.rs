//! Which viewers of a shard have something for it: they have come, said something, take more again, or
//! have to go. Each has an ear on the shard, which is one bit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};

use sightline_media::ring::Listener;

/// What all ears have heard. The fan-out reads from those viewers alone: to ask each viewer for each
/// frame would cost more than to see that none has said anything.
#[derive(Debug)]
pub(super) struct Ears {
    woken: AtomicU64,
    listener: Arc<Listener>,
}

impl Ears {
    /// Wakes the fan-out's task by this listener.
    pub(super) fn new(listener: Arc<Listener>) -> Arc<Self> {
        Arc::new(Self {
            woken: AtomicU64::new(0),
            listener,
        })
    }

    /// Whether any ear has been woken since they were taken last.
    pub(super) fn have_heard(&self) -> bool {
        self.woken.load(Ordering::Acquire) != 0
    }

    /// Whether this ear has been woken since.
    pub(super) fn has_heard(&self, ear: &Ear) -> bool {
        self.woken.load(Ordering::Acquire) & ear.bit != 0
    }

    /// The ears that have been woken since the last call.
    pub(super) fn take(&self) -> u64 {
        self.woken.swap(0, Ordering::AcqRel)
    }

    /// The ear of one viewer, woken once by itself. It may still be woken for a viewer who had it
    /// before, and then finds nothing.
    pub(super) fn ear(self: &Arc<Self>, bit: u64) -> Ear {
        let call = Arc::new(Call {
            ears: Arc::clone(self),
            bit,
        });
        call.wake_by_ref();
        Ear {
            bit,
            waker: Waker::from(call),
        }
    }
}

/// Where a viewer is heard.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) bit: u64,
    /// Sets the bit, and wakes the fan-out's task.
    pub(super) waker: Waker,
}

struct Call {
    ears: Arc<Ears>,
    bit: u64,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ears.woken.fetch_or(self.bit, Ordering::AcqRel);
        self.ears.listener.wake();
    }
}
