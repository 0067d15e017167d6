//! Up to 64 viewers that are written to in one go.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::{Context, Poll};

use sightline_media::ring::{Entry, Listener};
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
        self.serve(metrics, |Member { ear, lane }, tally| {
            if heard & ear.bit == 0 {
                return Poll::Pending;
            }
            lane.poll(&mut Context::from_waker(&ear.waker), now, true, tally)
        });
    }

    /// Serves all, up to the newest frame. Those who are not heard are written to, but not read from.
    pub(super) fn serve_all(&self, newest: &Entry, now: Instant, metrics: &Metrics) {
        self.served.set(newest.seq() + 1);
        let heard = self.ears.take();
        self.serve(metrics, |Member { ear, lane }, tally| {
            let cx = &mut Context::from_waker(&ear.waker);
            let is_heard = heard & ear.bit != 0 || self.ears.has_heard(ear);
            if is_heard {
                lane.poll(cx, now, true, tally)
            } else {
                lane.poll_newest(cx, now, newest, tally)
            }
        });
    }

    /// Lets those go who are ready.
    fn serve(&self, metrics: &Metrics, mut poll: impl FnMut(&mut Member, &mut Tally) -> Poll<()>) {
        let mut tally = Tally::default();
        self.members.borrow_mut().retain_mut(|member| {
            let stays = poll(member, &mut tally).is_pending();
            if !stays {
                self.taken.set(self.taken.get() & !member.ear.bit);
            }
            stays
        });
        tally.add_to(metrics);
    }
}
