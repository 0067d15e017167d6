//! From one ring to the connections of its viewers.
//!
//! Viewers hang on shards of at most 64, and all shards on one task of the session's arbiter: it wakes
//! once per frame, and writes the frame to each viewer in turn. What a viewer costs is its one write;
//! there is no task, queue or lock of its own. Between shards the task makes way when its turn is over:
//! who else lives on the arbiter, or comes just now, does not wait for the whole of a large audience.

mod ears;
mod form;
mod lane;
mod outbox;
mod outlet;
mod shard;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sightline_media::ring::{Listener, Ring};
use tokio::task::{unconstrained, yield_now};
use tokio::time::Instant;

use crate::metrics::Metrics;

pub(crate) use lane::Lane;
pub(crate) use outlet::{Outlet, WebSocket};
use shard::Shard;

/// How long a fan-out works before it makes way; the shard that it is at is finished. A frame to 500
/// viewers in plain text takes as long; a key frame to 64 with TLS some 4 ms.
const TURN: Duration = Duration::from_millis(5);

/// All viewers of one ring; lives on one arbiter.
#[derive(Debug)]
pub(crate) struct FanOut {
    ring: Ring,
    metrics: Arc<Metrics>,
    /// Gone when nobody watches.
    audience: RefCell<Weak<Audience>>,
    turn: Duration,
}

impl FanOut {
    pub(crate) fn new(ring: Ring, metrics: Arc<Metrics>) -> Rc<Self> {
        Rc::new(Self {
            ring,
            metrics,
            audience: RefCell::default(),
            turn: TURN,
        })
    }

    /// The ring that is fanned out.
    pub(crate) fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Adds a viewer.
    pub(crate) fn attach(&self, lane: Lane) {
        let mut current = self.audience.borrow_mut();
        if let Some(audience) = current.upgrade() {
            audience.add(lane);
            return;
        }
        let audience = Rc::new(Audience::new(self.ring.clone(), Arc::clone(&self.metrics)));
        audience.add(lane);
        *current = Rc::downgrade(&audience);
        // The runtime would cut it off after some number of writes, though its turn is not over.
        actix::spawn(unconstrained(audience.run(self.turn)));
    }
}

/// Those who watch. Its task owns it: if that panics, all of them are let go.
#[derive(Debug)]
struct Audience {
    ring: Ring,
    metrics: Arc<Metrics>,
    /// Woken for each frame, and for each viewer that has something.
    listener: Arc<Listener>,
    shards: RefCell<Vec<Shard>>,
    /// Where the search goes on for a shard that has not had the newest frames.
    next: Cell<usize>,
}

impl Audience {
    fn new(ring: Ring, metrics: Arc<Metrics>) -> Self {
        Self {
            listener: Arc::new(ring.listen()),
            ring,
            metrics,
            shards: RefCell::default(),
            next: Cell::new(0),
        }
    }

    /// Adds a viewer to a shard with room, or to a new one.
    fn add(&self, lane: Lane) {
        let mut shards = self.shards.borrow_mut();
        let with_room = shards.iter().position(Shard::has_room);
        let at = with_room.unwrap_or_else(|| {
            shards.push(Shard::new(&self.listener));
            shards.len() - 1
        });
        shards[at].add(lane);
    }

    /// Runs until the last viewer has gone.
    async fn run(self: Rc<Self>, turn: Duration) {
        while !self.shards.borrow().is_empty() {
            poll_fn(|cx| self.poll_due(cx)).await;
            let mut began = Instant::now();
            while self.step() {
                if began.elapsed() >= turn {
                    yield_now().await;
                    began = Instant::now();
                }
            }
        }
    }

    /// Waits until there is something to do.
    fn poll_due(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.listener.register(cx.waker());
        let published = self.ring.published();
        let shards = self.shards.borrow();
        if shards.iter().any(|shard| shard.is_due(published)) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Serves the viewers that have something, then one shard that has not had the newest frames:
    /// neither can keep the other waiting. False when nothing is left.
    fn step(&self) -> bool {
        let mut shards = self.shards.borrow_mut();
        let now = Instant::now();
        for shard in shards.iter().filter(|shard| shard.has_heard()) {
            shard.serve_heard(now, &self.metrics);
        }
        let published = self.ring.published();
        let len = shards.len();
        let mut from_next = (0..len).map(|at| (self.next.get() + at) % len);
        if let Some(at) = from_next.find(|at| shards[*at].is_behind(published))
            && let Some(newest) = self.ring.newest()
        {
            shards[at].serve_all(&newest, now, &self.metrics);
            self.next.set(at + 1);
        }
        shards.retain(|shard| !shard.is_empty());
        shards.iter().any(|shard| shard.is_due(published))
    }
}

#[cfg(test)]
mod tests;
