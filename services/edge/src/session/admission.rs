//! What the session answers to viewers.

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor as _, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message,
    ResponseActFuture, WrapFuture as _,
};
use bytes::Bytes;
use sightline_rpc::auth::{Caller, Unauthenticated};
use sightline_rpc::device::v1 as device;
use sightline_rpc::live::v1::StreamKind;
use sightline_rpc::token::Invalid;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::feed::FeedKey;
use super::{PERMIT_CHECK, Session, State, Watching};
use crate::error::Error;
use crate::gate::Gate;
use crate::metrics::Level;
use crate::permit::Permit;
use crate::viewer::{Hold, Viewer};

/// Longest a device may take for a picture.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Pictures that one device makes at a time; more are refused with LIMIT. A page of a large
/// recorder asks for all of its channels at once.
pub(super) const SNAPSHOTS_MAX: usize = 64;

/// A viewer that has been let in.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Asked before every frame.
    #[cfg(test)]
    pub(crate) gate: Arc<Gate>,
    /// Keeps the viewer.
    pub(crate) hold: Hold,
    /// The thread that frames come in on.
    pub(crate) arbiter: Handle,
}

/// Somebody wants to watch.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Admission, Error>")]
pub(crate) struct Admit {
    pub(crate) caller: Caller,
    pub(crate) channel: u32,
    pub(crate) stream: StreamKind,
}

impl Handler<Admit> for Session {
    type Result = Result<Admission, Error>;

    fn handle(&mut self, request: Admit, ctx: &mut Context<Self>) -> Self::Result {
        // Before the permit is asked for, so that an end of the sign-in cannot fall between.
        let sign_ins = &self.edge.sign_ins;
        let sign_in = sign_ins.enter(request.caller.session(), self.device, ctx.address());
        let permit = self.permit_live(&request.caller, request.channel)?;
        let no_channel = || Error::ChannelUnavailable("the device has no such channel".into());
        let stream = self
            .description
            .stream(request.channel, request.stream)
            .ok_or_else(no_channel)?;
        let of_caller = |watching: &&Watching| {
            watching.gate.permit().caller().principal() == request.caller.principal()
        };
        let config = &self.edge.config;
        if self.viewers.len() >= config.viewers_per_device_max
            || self.viewers.values().filter(of_caller).count() >= config.viewers_per_account_max
        {
            self.edge.metrics.viewers_refused.add(1);
            return Err(Error::TooManyViewers);
        }
        let feed = FeedKey {
            channel: request.channel,
            stream,
        };
        let (run, fanout) = self.enter_feed(feed, ctx);
        let id = self.next_viewer;
        self.next_viewer += 1;
        let gate = Gate::new(permit);
        let edge = Arc::clone(&self.edge);
        let viewer = Viewer::new(id, edge, ctx.address(), Arc::clone(&gate), fanout).start();
        let watching = Watching {
            viewer: viewer.clone(),
            gate: Arc::clone(&gate),
            run,
            sign_in,
            _counted: Level::enter(&self.edge.metrics, |m| &m.viewers),
        };
        self.viewers.insert(id, watching);
        self.checks
            .get_or_insert_with(|| ctx.run_interval(PERMIT_CHECK, Self::check_permits));
        self.interrupt_measurement(ctx);
        let hold = Hold::new(viewer);
        let arbiter = Handle::current();
        Ok(Admission {
            #[cfg(test)]
            gate,
            hold,
            arbiter,
        })
    }
}

impl Session {
    /// Every way to a picture of this device goes through here.
    fn permit_live(&self, caller: &Caller, channel: u32) -> Result<Permit, Error> {
        if !matches!(self.state, State::Owned(_)) {
            // Also for strangers: it tells no more than that a connection came just now.
            return Err(Error::GrantsStale);
        }
        let (now, now_unix_ms) = (Instant::now(), self.edge.clock.now_unix_ms());
        self.still_signed_in(caller)?;
        self.grants.permit_live(caller, channel, now, now_unix_ms)
    }

    fn still_signed_in(&self, caller: &Caller) -> Result<(), Error> {
        if self
            .edge
            .verifier
            .ended_sessions()
            .contains(caller.session())
        {
            return Err(Unauthenticated::from(Invalid::SessionEnded).into());
        }
        Ok(())
    }
}

/// A viewer has a newer token.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Renew {
    pub(crate) id: u64,
    pub(crate) caller: Caller,
}

impl Handler<Renew> for Session {
    type Result = ();

    fn handle(&mut self, Renew { id, caller }: Renew, ctx: &mut Context<Self>) {
        let Some(watching) = self.viewers.get(&id) else {
            return;
        };
        let channel = watching.gate.permit().channel();
        let sign_ins = &self.edge.sign_ins;
        let sign_in = sign_ins.enter(caller.session(), self.device, ctx.address());
        // A token that gives nothing takes nothing away: the permit in force runs to its end.
        let Ok(permit) = self.permit_live(&caller, channel) else {
            return;
        };
        if let Some(watching) = self.viewers.get_mut(&id) {
            watching.gate.renew(permit);
            watching.sign_in = sign_in;
        }
    }
}

/// A viewer has gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ViewerClosed {
    pub(crate) id: u64,
}

impl Handler<ViewerClosed> for Session {
    type Result = ();

    fn handle(&mut self, ViewerClosed { id }: ViewerClosed, ctx: &mut Context<Self>) {
        if let Some(watching) = self.viewers.remove(&id) {
            self.leave_feed(watching.run, ctx);
        }
        if self.viewers.is_empty()
            && let Some(checks) = self.checks.take()
        {
            ctx.cancel_future(checks);
        }
    }
}

/// A picture that the device made.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) jpeg: Bytes,
    pub(crate) taken_at_unix_ms: i64,
}

/// Somebody wants one picture.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Picture, Error>")]
pub(crate) struct Snapshot {
    pub(crate) caller: Caller,
    pub(crate) channel: u32,
}

impl Handler<Snapshot> for Session {
    type Result = ResponseActFuture<Self, Result<Picture, Error>>;

    fn handle(&mut self, request: Snapshot, _: &mut Context<Self>) -> Self::Result {
        let permit = self.permit_live(&request.caller, request.channel);
        let turn = Arc::clone(&self.snapshots).try_acquire_owned();
        let has_channel = self
            .description
            .stream(request.channel, StreamKind::Main)
            .is_some();
        let mut tunnel = self.tunnel.clone();
        let metrics = Arc::clone(&self.edge.metrics);
        let picture = async move {
            let permit = permit?;
            let _turn = turn.map_err(|_| Error::TooManyViewers)?;
            let _counted = Level::enter(&metrics, |m| &m.snapshots);
            if !has_channel {
                return Err(Error::ChannelUnavailable(
                    "the device has no such channel".into(),
                ));
            }
            let request = device::SnapshotRequest {
                channel: request.channel,
            };
            let call = async { tunnel.client().snapshot(request).await };
            let answer = match tokio::time::timeout(CALL_TIMEOUT, call).await {
                Ok(Ok(answer)) => answer.into_inner(),
                Ok(Err(status)) => return Err(unavailable(&status)),
                Err(_) => return Err(Error::ChannelUnavailable("no picture came in time".into())),
            };
            if !answer.jpeg.starts_with(&[0xFF, 0xD8]) {
                return Err(Error::ChannelUnavailable(
                    "the device sent no picture".into(),
                ));
            }
            Ok((permit, answer))
        };
        // The permission may have ended while the device was busy.
        Box::pin(picture.into_actor(self).map(|answer, session, _| {
            let (permit, answer) = answer?;
            session.permit_live(permit.caller(), permit.channel())?;
            Ok(Picture {
                jpeg: answer.jpeg,
                taken_at_unix_ms: answer.taken_at_unix_ms,
            })
        }))
    }
}

fn unavailable(status: &tonic::Status) -> Error {
    let text: String = status
        .message()
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    Error::ChannelUnavailable(text.into())
}
