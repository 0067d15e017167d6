//! The actor of one viewer: holds the permission to its end, not the frames.
//!
//! It lives beside its session on the same arbiter. Frames reach the viewer's connection through
//! [`crate::fanout`] or [`crate::live`]; this actor renews the permit when a newer token comes,
//! shuts the gate when its session says so, and tells the session when the viewer has gone.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::edge::Shared;
use crate::error::End;
use crate::fanout::{FanOut, Lane};
use crate::gate::Gate;
use crate::session::{Renew, Session, ViewerClosed};
use crate::websocket::Reader;
use actix::{Actor, ActorContext as _, Addr, AsyncContext as _, Context, Handler, Message};
use sightline_base::net::Conn;
use sightline_rpc::live::v1::EndReason;

/// Messages that may wait for one viewer; the data path lets a viewer go that says more.
const MAILBOX: usize = 8;
/// A connection that does not take its last words is looked at once more after this long.
const LAST_LOOK: Duration = Duration::from_secs(3);

/// One viewer of one stream.
#[derive(Debug)]
pub(crate) struct Viewer {
    id: u64,
    edge: Arc<Shared>,
    session: Addr<Session>,
    gate: Arc<Gate>,
    fanout: Rc<FanOut>,
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
        }
    }

    fn end(&self, end: End, ctx: &mut Context<Self>) {
        self.gate.shut(end.clone());
        ctx.run_later(LAST_LOOK, move |viewer, _| viewer.gate.shut(end));
    }
}

impl Actor for Viewer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.gate
            .shut(End::new(EndReason::DeviceOffline, "the viewer was let go"));
        self.session.do_send(ViewerClosed { id: self.id });
    }
}

/// Puts an upgraded connection on the fan-out.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Attach {
    pub(crate) conn: Conn,
    pub(crate) reader: Reader,
}

impl Handler<Attach> for Viewer {
    type Result = ();

    fn handle(&mut self, Attach { conn, reader }: Attach, ctx: &mut Context<Self>) {
        let gate = Arc::clone(&self.gate);
        self.fanout.attach(Lane::new(
            conn,
            reader,
            gate,
            self.fanout.ring(),
            ctx.address(),
        ));
    }
}

/// What the viewer sent as text: a newer access token.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Said(pub(crate) String);

impl Handler<Said> for Viewer {
    type Result = ();

    fn handle(&mut self, Said(token): Said, _: &mut Context<Self>) {
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
        self.session.do_send(renew);
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

/// The connection is over.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Closed;

impl Handler<Closed> for Viewer {
    type Result = ();

    fn handle(&mut self, _: Closed, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
