//! The actor of one viewer: holds the permission to its end, not the frames.
//!
//! It lives beside its session on the same arbiter. Frames reach the viewer's connection through
//! [`crate::fanout`]; this actor renews the permit when a newer token comes,
//! shuts the gate when its session says so, and tells the session when the viewer has gone.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext as _, Addr, AsyncContext as _, Context, Handler, Message};
use sightline_rpc::live::v1::EndReason;
use tokio::time::Instant;

use crate::edge::Shared;
use crate::error::End;
use crate::fanout::{FanOut, Lane, Outlet};
use crate::gate::Gate;
use crate::session::{Renew, Session, ViewerClosed};

/// Messages of the viewer itself that may wait; the data path lets one go that says more. Besides
/// them there is its beginning, its end, and each time that the session says that it has to end.
const MAILBOX: usize = 8;
/// Between two tokens of one viewer that are looked at: a check of a signature costs the thread
/// that all viewers of the device are served on.
const TOKEN_INTERVAL: Duration = Duration::from_secs(1);
/// A connection that does not take its last words in this time is forgotten: it gets no frame any
/// more, and its place is for others.
const FAREWELL_MAX: Duration = Duration::from_secs(3);

/// One viewer of one stream.
#[derive(Debug)]
pub(crate) struct Viewer {
    id: u64,
    edge: Arc<Shared>,
    session: Addr<Session>,
    gate: Arc<Gate>,
    fanout: Rc<FanOut>,
    token_at: Option<Instant>,
    is_ending: bool,
}

impl Viewer {
    pub(crate) fn new(
        id: u64,
        edge: Arc<Shared>,
        session: Addr<Session>,
        gate: Arc<Gate>,
        fanout: Rc<FanOut>,
    ) -> Self {
        Self {
            id,
            edge,
            session,
            gate,
            fanout,
            token_at: None,
            is_ending: false,
        }
    }

    fn end(&mut self, end: End, ctx: &mut Context<Self>) {
        self.gate.shut(end);
        if !std::mem::replace(&mut self.is_ending, true) {
            ctx.run_later(FAREWELL_MAX, |_, ctx| ctx.stop());
        }
    }
}

impl Actor for Viewer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

/// However the viewer goes, also by a panic: without its actor nothing could end its stream, so the
/// stream ends with it.
impl Drop for Viewer {
    fn drop(&mut self) {
        let reason = self.gate.ended().map(|end| end.reason);
        self.edge.metrics.endings.add(reason);
        self.gate
            .shut(End::new(EndReason::DeviceOffline, "the viewer was let go"));
        self.session.do_send(ViewerClosed { id: self.id });
    }
}

/// Held by whatever delivers to the viewer. When it is dropped, wherever that is, the viewer is
/// let go.
#[derive(Debug)]
pub(crate) struct Hold(Addr<Viewer>);

impl Hold {
    pub(crate) fn new(viewer: Addr<Viewer>) -> Self {
        Self(viewer)
    }

    /// Puts the viewer's connection on the fan-out.
    pub(crate) fn attach(self, outlet: Outlet) {
        let viewer = self.0.clone();
        viewer.do_send(Attach { outlet, hold: self });
    }

    /// Passes on what the viewer said; an error when it says too much.
    pub(crate) fn say(&self, text: String) -> Result<(), ()> {
        self.0.try_send(Said(text)).map_err(drop)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.do_send(Closed);
    }
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Attach {
    outlet: Outlet,
    hold: Hold,
}

impl Handler<Attach> for Viewer {
    type Result = ();

    fn handle(&mut self, attach: Attach, _: &mut Context<Self>) {
        let Attach { mut outlet, hold } = attach;
        outlet.rehome();
        let gate = Arc::clone(&self.gate);
        let ring = self.fanout.ring();
        self.fanout.attach(Lane::new(outlet, gate, ring, hold));
    }
}

/// What the viewer sent as text: a newer access token.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Said(String);

impl Handler<Said> for Viewer {
    type Result = ();

    fn handle(&mut self, Said(token): Said, _: &mut Context<Self>) {
        let now = Instant::now();
        if self.token_at.is_some_and(|at| now - at < TOKEN_INTERVAL) {
            return;
        }
        self.token_at = Some(now);
        let now_unix_ms = self.edge.clock.now_unix_ms();
        let caller = match self.edge.verifier.authenticate(&token, now_unix_ms) {
            Ok(caller) if caller.principal() == self.gate.permit().caller().principal() => caller,
            // A bad token takes nothing away: the permit in force runs to its end.
            Ok(_) | Err(_) => return,
        };
        let renew = Renew {
            id: self.id,
            caller,
        };
        // A session that has no room for it leaves the permit as it is; the next token comes.
        let _ = self.session.try_send(renew);
    }
}

/// The session ends this viewer's stream.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct EndStream(pub(crate) End);

impl Handler<EndStream> for Viewer {
    type Result = ();

    fn handle(&mut self, EndStream(end): EndStream, ctx: &mut Context<Self>) {
        self.end(end, ctx);
    }
}

/// Nothing delivers to the viewer any more.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Closed;

impl Handler<Closed> for Viewer {
    type Result = ();

    fn handle(&mut self, _: Closed, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{self, Device, until};

    #[derive(Message)]
    #[rtype(result = "()")]
    struct Break;

    impl Handler<Break> for Viewer {
        type Result = ();

        fn handle(&mut self, _: Break, _: &mut Context<Self>) {
            panic!("a test breaks the viewer");
        }
    }

    #[test]
    fn viewer_whose_actor_panics_gets_no_frame_any_more_and_is_forgotten() {
        rig::run(async |rig| {
            let (_connected, admission) = rig.watch(Device::new()).await;
            assert_eq!(rig.edge.metrics.viewers.get(), 1);
            admission.hold.0.do_send(Break);
            until(async || rig.edge.metrics.viewers.get() == 0).await;
            assert!(admission.gate.check(Instant::now()).is_err());
        });
    }

    #[test]
    fn viewer_that_does_not_take_its_last_words_is_forgotten() {
        rig::run(async |rig| {
            let (connected, admission) = rig.watch(Device::new()).await;
            let began = Instant::now();
            drop(connected);
            let sessions = || rig.edge.metrics.devices.get();
            until(async || sessions() == 0).await;
            assert!(began.elapsed() < Duration::from_secs(1));
            // Nobody reads what the gate says, and nothing lets go of the hold.
            let viewer = admission.hold.0.clone();
            assert!(viewer.connected());
            until(async || !viewer.connected()).await;
        });
    }
}
