//! From one ring to the connections of its viewers.
//!
//! Viewers hang on shards of at most 64. A shard is one task on the session's arbiter:
//! it wakes once per frame, and writes the frame to each of its viewers in turn. What a viewer
//! costs is its one write; there is no task, queue or lock of its own.

mod ears;
mod form;
mod lane;
mod outbox;
mod outlet;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};

use sightline_media::ring::{Listener, Ring};
use tokio::time::Instant;

use crate::metrics::Metrics;

use ears::{Ear, Ears};
pub(crate) use lane::Lane;
use outbox::Tally;
pub(crate) use outlet::{Outlet, WebSocket};

/// All shards of one ring; lives on one arbiter.
#[derive(Debug)]
pub(crate) struct FanOut {
    ring: Ring,
    metrics: Arc<Metrics>,
    shards: RefCell<Vec<Weak<Shard>>>,
}

/// The viewers that are written to in one go. A socket that becomes writable again makes the whole
/// shard look round, which takes some microseconds at this size.
#[derive(Debug)]
struct Shard {
    listener: Arc<Listener>,
    ears: Arc<Ears>,
    /// The bits of the ears that are taken.
    taken: Cell<u64>,
    lanes: RefCell<Vec<Member>>,
    /// Viewers that came since the last look round.
    incoming: RefCell<Vec<Member>>,
}

/// A viewer of a shard.
#[derive(Debug)]
struct Member {
    ear: Ear,
    lane: Lane,
}

impl FanOut {
    pub(crate) fn new(ring: Ring, metrics: Arc<Metrics>) -> Rc<Self> {
        Rc::new(Self {
            ring,
            metrics,
            shards: RefCell::default(),
        })
    }

    /// The ring that is fanned out.
    pub(crate) fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Adds a viewer: to a shard with room, or to a new one.
    pub(crate) fn attach(&self, lane: Lane) {
        let mut shards = self.shards.borrow_mut();
        shards.retain(|shard| shard.strong_count() > 0);
        let with_room = shards
            .iter()
            .filter_map(Weak::upgrade)
            .find(|shard| shard.has_room());
        let shard = with_room.unwrap_or_else(|| {
            let listener = Arc::new(self.ring.listen());
            let shard = Rc::new(Shard {
                ears: Ears::new(Arc::clone(&listener)),
                listener,
                taken: Cell::new(0),
                lanes: RefCell::default(),
                incoming: RefCell::default(),
            });
            shards.push(Rc::downgrade(&shard));
            actix::spawn(Rc::clone(&shard).run(Arc::clone(&self.metrics)));
            shard
        });
        lane.gate().wakes(Arc::clone(&shard.listener));
        shard.add(lane);
    }
}

impl Shard {
    fn has_room(&self) -> bool {
        self.taken.get() != u64::MAX
    }

    /// Gives the first free ear to a viewer.
    fn add(&self, lane: Lane) {
        let bit = 1 << self.taken.get().trailing_ones();
        self.taken.set(self.taken.get() | bit);
        let ear = self.ears.ear(bit);
        self.incoming.borrow_mut().push(Member { ear, lane });
    }

    /// Runs until the last viewer has gone.
    async fn run(self: Rc<Self>, metrics: Arc<Metrics>) {
        poll_fn(|cx| self.poll(cx, &metrics)).await;
    }

    fn poll(&self, cx: &mut Context<'_>, metrics: &Metrics) -> Poll<()> {
        self.listener.register(cx.waker());
        let mut lanes = self.lanes.borrow_mut();
        lanes.append(&mut self.incoming.borrow_mut());
        let woken = self.ears.take();
        let now = Instant::now();
        let mut tally = Tally::default();
        lanes.retain_mut(|Member { ear, lane }| {
            let cx = &mut Context::from_waker(&ear.waker);
            let is_woken = woken & ear.bit != 0;
            let stays = lane.poll(cx, now, is_woken, &mut tally).is_pending();
            if !stays {
                self.taken.set(self.taken.get() & !ear.bit);
            }
            stays
        });
        tally.add_to(metrics);
        if lanes.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests;
