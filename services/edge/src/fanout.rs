//! From one ring to the connections of its viewers.
//!
//! Viewers hang on shards of at most [`LANES_MAX`]. A shard is one task on the session's arbiter:
//! it wakes once per frame, and writes the frame to each of its viewers in turn. What a viewer
//! costs is its one write; there is no task, queue or lock of its own.

mod form;
mod lane;
mod outbox;
mod outlet;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};

use sightline_media::ring::{Listener, Ring};
use tokio::time::Instant;

use crate::metrics::Metrics;

pub(crate) use lane::Lane;
use outbox::Tally;
pub(crate) use outlet::{Outlet, WebSocket};

/// Viewers of one shard. A socket that becomes writable again makes its whole shard look round,
/// which takes some microseconds at this size.
const LANES_MAX: usize = 64;

/// All shards of one ring; lives on one arbiter.
#[derive(Debug)]
pub(crate) struct FanOut {
    ring: Ring,
    metrics: Arc<Metrics>,
    shards: RefCell<Vec<Weak<Shard>>>,
}

/// The viewers that are written to in one go.
#[derive(Debug)]
struct Shard {
    listener: Arc<Listener>,
    lanes: RefCell<Vec<Lane>>,
    /// Viewers that came since the last look round.
    incoming: RefCell<Vec<Lane>>,
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
            let shard = Rc::new(Shard {
                listener: Arc::new(self.ring.listen()),
                lanes: RefCell::default(),
                incoming: RefCell::default(),
            });
            shards.push(Rc::downgrade(&shard));
            actix::spawn(Rc::clone(&shard).run(Arc::clone(&self.metrics)));
            shard
        });
        lane.gate().wakes(Arc::clone(&shard.listener));
        shard.incoming.borrow_mut().push(lane);
        shard.listener.wake();
    }
}

impl Shard {
    fn has_room(&self) -> bool {
        self.lanes.borrow().len() + self.incoming.borrow().len() < LANES_MAX
    }

    /// Runs until the last viewer has gone.
    async fn run(self: Rc<Self>, metrics: Arc<Metrics>) {
        poll_fn(|cx| self.poll(cx, &metrics)).await;
    }

    fn poll(&self, cx: &mut Context<'_>, metrics: &Metrics) -> Poll<()> {
        self.listener.register(cx.waker());
        let mut lanes = self.lanes.borrow_mut();
        lanes.append(&mut self.incoming.borrow_mut());
        let now = Instant::now();
        let mut tally = Tally::default();
        lanes.retain_mut(|lane| lane.poll(cx, now, &mut tally).is_pending());
        tally.add_to(metrics);
        if lanes.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
