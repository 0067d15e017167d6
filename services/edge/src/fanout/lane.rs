//! One viewer on a shard: what it is sent, and where that goes out.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use sightline_media::ring::{Entry, Ring};
use sightline_rpc::live::v1::EndReason;
use tokio::time::Instant;

use super::outbox::{Outbox, Tally};
use super::outlet::Outlet;
use crate::error::End;
use crate::gate::Gate;
use crate::session::STALL_MAX;
use crate::viewer::Hold;

/// Messages that go out in one write when the viewer is late: at 25 frames a second, 320 ms.
pub(super) const BATCH_MAX: usize = 8;
/// Time for the last words before the connection is cut.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// A viewer on a shard.
#[derive(Debug)]
pub(crate) struct Lane {
    /// At most [`BATCH_MAX`] frames and the few words between them.
    outbox: Outbox,
    outlet: Outlet,
    hold: Hold,
    needs_flush: bool,
    moved_at: Instant,
    leaving_since: Option<Instant>,
}

impl Lane {
    /// Takes over a viewer's connection; the gate proves that the viewer may watch.
    pub(crate) fn new(outlet: Outlet, gate: Arc<Gate>, ring: &Ring, hold: Hold) -> Self {
        Self {
            outbox: Outbox::new(outlet.form(), gate, ring),
            outlet,
            hold,
            needs_flush: false,
            moved_at: Instant::now(),
            leaving_since: None,
        }
    }

    pub(super) fn gate(&self) -> &Gate {
        self.outbox.gate()
    }

    /// Moves what can be moved; ready when the connection is over. The viewer is heard when it has
    /// woken its shard.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        is_woken: bool,
        tally: &mut Tally,
    ) -> Poll<()> {
        if is_woken {
            self.outbox.hear_gate(now);
            let messages = &mut self.outbox.messages;
            let heard = self.outlet.poll_read(cx, now, &self.hold, messages);
            if heard.is_err() {
                return Poll::Ready(());
            }
        }
        self.drop_what_may_not_pass(now);
        loop {
            // What is left from before may hide that there is more.
            let is_full = !self.outbox.messages.is_empty() || self.fill(now, tally);
            match self.poll_write(cx, now, tally) {
                Poll::Ready(Ok(())) if is_full => {}
                Poll::Ready(Ok(())) if self.outbox.is_leaving() => {
                    self.outlet.finish(&mut self.outbox.messages);
                    return Poll::Ready(());
                }
                Poll::Ready(Ok(())) => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return self.poll_stalled(now),
            }
        }
    }

    /// Sends the newest frame to a viewer who has had all before it: one write of bytes that all
    /// share. Who is behind goes on from its cursor.
    pub(super) fn poll_newest(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        newest: &Entry,
        tally: &mut Tally,
    ) -> Poll<()> {
        if let Outlet::WebSocket(websocket) = &mut self.outlet
            && let Some(message) = self.outbox.pass(newest, now)
        {
            tally.frames += 1;
            self.moved_at = now;
            self.needs_flush = true;
            let written = match websocket.poll_send(cx, message) {
                Poll::Ready(Ok(written)) => written,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => 0,
            };
            tally.bytes += written as u64;
            if written < message.len() {
                self.outbox.messages.push_back(message.slice(written..));
            } else if let Poll::Ready(Ok(())) = websocket.poll_flush(cx) {
                self.needs_flush = false;
                return Poll::Pending;
            }
        }
        self.poll(cx, now, false, tally)
    }

    /// Frames that were taken from the ring while the gate was open, and have not gone out.
    fn drop_what_may_not_pass(&mut self, now: Instant) {
        if !self.outbox.messages.is_empty()
            && let Err(end) = self.outbox.check(now)
        {
            self.leave(&end, now);
        }
    }

    /// The viewer takes nothing at the moment.
    fn poll_stalled(&mut self, now: Instant) -> Poll<()> {
        if now.duration_since(self.moved_at) > STALL_MAX {
            self.leave(
                &End::new(EndReason::TooSlow, "nothing was read for 30 s"),
                now,
            );
        }
        let Some(since) = self.leaving_since else {
            return Poll::Pending;
        };
        let is_finished = self.outlet.finish(&mut self.outbox.messages);
        if is_finished || now.duration_since(since) > FAREWELL_MAX {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// The first message, which may be half sent, is finished; then come the last words.
    fn leave(&mut self, end: &End, now: Instant) {
        if self.leaving_since.is_none() {
            self.outbox.messages.truncate(1);
            self.outbox.leave(end);
            self.leaving_since = Some(now);
        }
    }

    /// The next messages, as many as one write takes; true when there may be more.
    fn fill(&mut self, now: Instant, tally: &mut Tally) -> bool {
        let is_full = self.outbox.fill(now, BATCH_MAX, tally);
        if !self.outbox.messages.is_empty() {
            self.moved_at = now;
        }
        if self.outbox.is_leaving() {
            self.leaving_since.get_or_insert(now);
        }
        is_full
    }

    /// Ready when everything has gone out.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        tally: &mut Tally,
    ) -> Poll<io::Result<()>> {
        while !self.outbox.messages.is_empty() {
            let written = ready!(self.outlet.poll_write(cx, &mut self.outbox.messages))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            tally.bytes += written as u64;
            self.moved_at = now;
            self.needs_flush = true;
        }
        // The next viewer's queue takes the same memory, which is near then.
        self.outbox.messages.shrink_to(0);
        if self.needs_flush {
            ready!(self.outlet.poll_flush(cx))?;
            self.needs_flush = false;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
