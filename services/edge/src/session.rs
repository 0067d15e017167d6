//! The actor of one connected device: everything the cloud knows of it at this moment.
//!
//! A session belongs to one connection of the device. It claims the device for this edge, asks
//! what it is, hears who may do what with it, opens streams while somebody watches, and ends with
//! the connection. Its states follow one another and never go back:
//! `Claiming`, `Owned`, then `Over`. (Accepting and authenticating come before, in
//! [`crate::uplink`].)

mod admission;
mod claim;
mod description;
mod feed;
mod links;
mod measurement;
mod questions;
mod task;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler,
    Message, SpawnHandle, WrapFuture as _,
};
use sightline_coord::Epoch;
use sightline_domain::CloudId;
use sightline_rpc::device::v1 as device;
use sightline_rpc::internal::v1 as internal;
use sightline_rpc::live::v1::EndReason;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::edge::Shared;
use crate::error::End;
use crate::gate::Gate;
use crate::metrics::{Count, Entered, Level};
use crate::permit::{Grants, Permit};
use crate::sign_ins::SignIn;
use crate::uplink::Tunnel;
use crate::viewer::{EndStream, Viewer};

use admission::SNAPSHOTS_MAX;
pub(crate) use admission::{Admission, Admit, Picture, Renew, Snapshot, ViewerClosed};
use claim::Claim;
use description::Description;
use feed::{Feed, FeedKey, Run};
use links::LinkDown;
use measurement::Measurement;
pub(crate) use questions::{VerifyClaim, VerifyUser};
use task::Task;

/// Messages that may wait for one session. Who asks something waits for room; ends of sign-ins and
/// newer tokens are left out without it. Sent past this bound is only what comes once: the end of a
/// viewer, of a stream, of a conversation, of the claim, and of the session itself.
const MAILBOX: usize = 1024;
/// How often the permits of viewers and the freshness of grants are looked at. The data path compares
/// the time before each frame; this ends streams that have no frame, and notices a clock that was set.
const PERMIT_CHECK: Duration = Duration::from_millis(500);
/// A viewer that took nothing for this long is let go.
pub(crate) const STALL_MAX: Duration = Duration::from_secs(30);
/// Longest a device may take from its connection to a session that can be watched.
const ESTABLISH_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Asking the coordinator and the device.
    Claiming,
    /// This edge's, under this epoch.
    Owned(Epoch),
    /// Lost, fenced, drained or disconnected: nothing is done any more.
    Over,
}

/// One device's session.
#[derive(Debug)]
pub(crate) struct Session {
    device: CloudId,
    edge: Arc<Shared>,
    tunnel: Tunnel,
    state: State,
    /// From the moment when the session can be found until it has stopped.
    claim: Option<Claim>,
    description: Description,
    /// As last measured; 0 before.
    uplink_bits_per_s: watch::Sender<u64>,
    measurement: Measurement,
    /// Frame bytes of all streams.
    received: Arc<Count>,
    grants: Grants,
    /// With the device, the registry and sharing.
    conversations: Vec<Task>,
    feeds: HashMap<FeedKey, Feed>,
    next_feed: u64,
    viewers: HashMap<u64, Watching>,
    next_viewer: u64,
    /// [`PERMIT_CHECK`], while there are viewers: a device that nobody watches wakes no thread for it.
    checks: Option<SpawnHandle>,
    /// Turns to ask the device for a picture.
    snapshots: Arc<Semaphore>,
    farewell: End,
    _counted: Entered,
}

/// What the session remembers of a viewer.
#[derive(Debug)]
struct Watching {
    viewer: Addr<Viewer>,
    gate: Arc<Gate>,
    run: Run,
    /// Keeps the viewer where the end of its sign-in is looked up.
    sign_in: SignIn,
    _counted: Entered,
}

/// However the session goes, also by a panic, no viewer stays before a picture that stands still.
impl Drop for Watching {
    fn drop(&mut self) {
        let end = End::new(EndReason::DeviceOffline, "the device's session is over");
        self.gate.shut(end.clone());
        self.viewer.do_send(EndStream(end));
    }
}

impl Session {
    pub(crate) fn new(device: CloudId, edge: Arc<Shared>, tunnel: Tunnel) -> Self {
        Self {
            device,
            tunnel,
            state: State::Claiming,
            claim: None,
            description: Description::of(device::DescribeResponse::default()),
            uplink_bits_per_s: watch::Sender::new(0),
            measurement: Measurement::default(),
            received: Arc::default(),
            grants: Grants::unknown(device),
            conversations: Vec::new(),
            feeds: HashMap::new(),
            next_feed: 0,
            viewers: HashMap::new(),
            next_viewer: 0,
            checks: None,
            snapshots: Arc::new(Semaphore::new(SNAPSHOTS_MAX)),
            farewell: End::new(EndReason::DeviceOffline, "the device went offline"),
            _counted: Level::enter(&edge.metrics, |m| &m.devices),
            edge,
        }
    }

    fn epoch(&self) -> Option<Epoch> {
        match self.state {
            State::Owned(epoch) => Some(epoch),
            State::Claiming | State::Over => None,
        }
    }

    fn established(
        &mut self,
        claim: Claim,
        described: device::DescribeResponse,
        ctx: &mut Context<Self>,
    ) {
        if self.state != State::Claiming {
            return ctx.stop();
        }
        let epoch = claim.epoch();
        self.claim = Some(claim);
        self.state = State::Owned(epoch);
        self.description = Description::of(described);
        let older = self.edge.directory.enter(self.device, epoch, ctx.address());
        if let Some(older) = older {
            older.do_send(Finish(End::new(
                EndReason::DeviceOffline,
                "the device connected anew",
            )));
        }
        tracing::info!(device = %self.device, epoch = epoch.0, "device connected");
        self.conversations = vec![
            self.follow_grants(ctx),
            self.follow_events(ctx),
            self.follow_description(epoch, ctx),
        ];
        self.measure_uplink(ctx);
    }

    /// Fails closed: permits end in time, and without fresh grants open streams end after the grace.
    fn check_permits(&mut self, _: &mut Context<Self>) {
        let now_unix_ms = self.edge.clock.now_unix_ms();
        let ended = self.edge.verifier.ended_sessions();
        self.decide_again(|permit| {
            permit.until_unix_ms() <= now_unix_ms || ended.contains(permit.caller().session())
        });
        let grace = self.edge.config.authz_grace();
        if self.grants.are_unconfirmed(grace, Instant::now()) {
            let end = End::new(EndReason::Unconfirmed, "permissions could not be confirmed");
            self.end_viewers(&end, |_| true);
        }
    }

    /// Looks again at some of the viewers: they go on under a new permit, or end.
    fn decide_again(&self, which: impl Fn(&Permit) -> bool) {
        let (now, now_unix_ms) = (Instant::now(), self.edge.clock.now_unix_ms());
        let ended = self.edge.verifier.ended_sessions();
        for watching in self.viewers.values() {
            let permit = watching.gate.permit();
            if !which(&permit) {
                continue;
            }
            let still = match ended.contains(permit.caller().session()) {
                true => Err(End::new(
                    EndReason::SessionEnded,
                    "the viewer was signed out",
                )),
                false => self.grants.permit_on(&permit, now, now_unix_ms),
            };
            match still {
                Ok(permit) => watching.gate.renew(permit),
                Err(end) => watching.viewer.do_send(EndStream(end)),
            }
        }
    }

    fn end_viewers(&self, end: &End, which: impl Fn(&Watching) -> bool) {
        for watching in self.viewers.values().filter(|watching| which(watching)) {
            watching.viewer.do_send(EndStream(end.clone()));
        }
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        let gone = self.tunnel.closed();
        ctx.spawn(
            async move { gone.cancelled().await }
                .into_actor(self)
                .map(|(), _, ctx| {
                    ctx.stop();
                }),
        );
        let establish = links::establish(Arc::clone(&self.edge), self.tunnel.clone(), self.device);
        let establish = tokio::time::timeout(ESTABLISH_TIMEOUT, establish).into_actor(self);
        ctx.spawn(
            establish.map(|established, session, ctx| match established {
                Ok(Ok((claim, described))) => session.established(claim, described, ctx),
                Ok(Err(error)) => {
                    tracing::info!(device = %session.device, %error, "no session");
                    ctx.stop();
                }
                Err(_) => {
                    tracing::info!(device = %session.device, "no session: the device is too slow");
                    ctx.stop();
                }
            }),
        );
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        // The first reason stands; the viewers end when they are forgotten, in a moment.
        for watching in self.viewers.values() {
            watching.gate.shut(self.farewell.clone());
        }
        self.tunnel.close();
        self.state = State::Over;
        if let Some(claim) = self.claim.take() {
            tracing::info!(device = %self.device, epoch = claim.epoch().0, "device session over");
        }
    }
}

/// Ends the session: fenced, replaced or drained.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Finish(pub(crate) End);

impl Handler<Finish> for Session {
    type Result = ();

    fn handle(&mut self, Finish(end): Finish, ctx: &mut Context<Self>) {
        self.state = State::Over;
        self.farewell = end;
        ctx.stop();
    }
}

/// Another claim of the device has been seen.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Claimed(pub(crate) Epoch);

impl Handler<Claimed> for Session {
    type Result = ();

    fn handle(&mut self, Claimed(newer): Claimed, ctx: &mut Context<Self>) {
        if self.epoch().is_some_and(|own| own < newer) {
            self.farewell = End::new(EndReason::DeviceOffline, "the device moved");
            ctx.stop();
        }
    }
}

/// A claim of the device has ended.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Released(pub(crate) Epoch);

impl Handler<Released> for Session {
    type Result = ();

    fn handle(&mut self, Released(ended): Released, ctx: &mut Context<Self>) {
        if self.epoch() == Some(ended) {
            self.farewell = End::new(EndReason::DeviceOffline, "the claim of the device ended");
            ctx.stop();
        }
    }
}

/// What the grants' service said.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct GrantsHeard(pub(crate) internal::WatchDeviceResponse);

impl Handler<GrantsHeard> for Session {
    type Result = ();

    fn handle(&mut self, GrantsHeard(news): GrantsHeard, _: &mut Context<Self>) {
        let changed = news.grants.is_some();
        let before = self.grants.ownership_epoch();
        self.grants.hear(news, Instant::now());
        if self.grants.ownership_epoch() != before {
            // What was told under an earlier owner may not have been kept.
            self.description.repeat();
        }
        if changed {
            self.decide_again(|_| true);
        }
    }
}

/// Sign-ins that watch this device may have ended.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SignedOut;

impl Handler<SignedOut> for Session {
    type Result = ();

    fn handle(&mut self, _: SignedOut, _: &mut Context<Self>) {
        let ended = self.edge.verifier.ended_sessions();
        self.decide_again(|permit| ended.contains(permit.caller().session()));
    }
}

impl Handler<LinkDown> for Session {
    type Result = ();

    fn handle(&mut self, LinkDown(why): LinkDown, ctx: &mut Context<Self>) {
        tracing::info!(device = %self.device, why, "device session ends");
        ctx.stop();
    }
}
