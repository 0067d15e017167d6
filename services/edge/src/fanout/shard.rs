//! Up to 64 viewers that are written to in one go.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Context;

use sightline_media::ring::Listener;
use tokio::time::Instant;

use super::ears::{Ear, Ears};
use super::lane::Lane;
use super::outbox::Tally;
use crate::metrics::Metrics;

/// Some viewers of a fan-out.
#[derive(Debug)]
pub(super) struct Shard {
    ears: Arc<Ears>,
    /// The bits of the ears that are taken.
    taken: Cell<u64>,
    members: RefCell<Vec<Member>>,
    /// What had been published when all were served last.
    served: Cell<u64>,
}

#[derive(Debug)]
struct Member {
    ear: Ear,
    lane: Lane,
}

impl Shard {
    /// Wakes the fan-out's task by this listener.
    pub(super) fn new(listener: &Arc<Listener>) -> Self {
        Self {
            ears: Ears::new(Arc::clone(listener)),
            taken: Cell::new(0),
            members: RefCell::default(),
            served: Cell::new(0),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.taken.get() != u64::MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.borrow().is_empty()
    }

    /// Whether a viewer has said something, takes more again, has come, or has to go.
    pub(super) fn has_heard(&self) -> bool {
        self.ears.have_heard()
    }

    /// Whether more has been published than its viewers were offered.
    pub(super) fn is_behind(&self, published: u64) -> bool {
        self.served.get() != published
    }

    /// Whether there is anything to do for it.
    pub(super) fn is_due(&self, published: u64) -> bool {
        self.has_heard() || self.is_behind(published)
    }

    /// Gives the first free ear to a viewer, who is served when that is heard.
    pub(super) fn add(&self, lane: Lane) {
        let bit = 1 << self.taken.get().trailing_ones();
        self.taken.set(self.taken.get() | bit);
        let ear = self.ears.ear(bit);
        lane.gate().wakes(ear.waker.clone());
        self.members.borrow_mut().push(Member { ear, lane });
    }

    /// Serves only those who have something.
    pub(super) fn serve_heard(&self, now: Instant, metrics: &Metrics) {
        let heard = self.ears.take();
        self.serve(heard, heard, now, metrics);
    }

    /// Serves all, up to what has been published by now.
    pub(super) fn serve_all(&self, published: u64, now: Instant, metrics: &Metrics) {
        self.served.set(published);
        self.serve(u64::MAX, self.ears.take(), now, metrics);
    }

    /// Those who are not heard are written to, but not read from.
    fn serve(&self, whom: u64, heard: u64, now: Instant, metrics: &Metrics) {
        let mut tally = Tally::default();
        let mut members = self.members.borrow_mut();
        members.retain_mut(|Member { ear, lane }| {
            if whom & ear.bit == 0 {
                return true;
            }
            let cx = &mut Context::from_waker(&ear.waker);
            let is_heard = heard & ear.bit != 0;
            let stays = lane.poll(cx, now, is_heard, &mut tally).is_pending();
            if !stays {
                self.taken.set(self.taken.get() & !ear.bit);
            }
            stays
        });
        tally.add_to(metrics);
    }
}
