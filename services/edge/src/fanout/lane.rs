//! One viewer's WebSocket: its connection, its cursor, and what is on its way.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use sightline_base::net::Conn;
use sightline_media::Tracks;
use sightline_media::fmp4;
use sightline_media::ring::{Cursor, Entry, Ring, Step, Wire};
use sightline_rpc::live::v1::EndReason;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::Instant;

use crate::error::End;
use crate::gate::Gate;
use crate::live::words;
use crate::metrics::Metrics;
use crate::session::STALL_MAX;
use crate::viewer::Hold;
use crate::websocket::{self, Message, Reader};

/// Messages that go out in one write when the viewer is late: at 25 frames a second, 320 ms.
const BATCH_MAX: usize = 8;
/// Bytes of one read, and reads of one viewer in one look round: what more it has said waits until
/// the others of its shard had their turn.
const READ_BYTES: usize = 1024;
const READS_MAX: usize = 4;
/// Bytes that a viewer may say in [`SAID_TIME`]: some tokens and a ping now and then are far below;
/// whoever says more is let go.
const SAID_BYTES_MAX: usize = 16 << 10;
const SAID_TIME: Duration = Duration::from_secs(1);
/// Time for the last words before the connection is cut.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// What one look round did, for the metrics.
#[derive(Debug, Default)]
pub(super) struct Tally {
    frames: u64,
    bytes: u64,
    skipped: u64,
}

impl Tally {
    pub(super) fn add_to(&self, metrics: &Metrics) {
        metrics.frames_out.add(self.frames);
        metrics.bytes_out.add(self.bytes);
        metrics.pictures_skipped.add(self.skipped);
    }
}

/// A viewer on a shard.
#[derive(Debug)]
pub(crate) struct Lane {
    conn: Conn,
    gate: Arc<Gate>,
    cursor: Cursor,
    hold: Hold,
    reader: Reader,
    /// At most [`BATCH_MAX`] frames and the few words between them; the first may be half sent.
    out: VecDeque<Bytes>,
    /// Generation of the tracks that the viewer has been initialised for.
    generation: Option<u32>,
    needs_flush: bool,
    moved_at: Instant,
    said: Said,
    leaving: Option<Instant>,
}

/// What the viewer has said in the current [`SAID_TIME`].
#[derive(Debug)]
struct Said {
    since: Instant,
    bytes: usize,
}

impl Said {
    /// An error when it is too much.
    fn add(&mut self, bytes: usize, now: Instant) -> Result<(), ()> {
        if now.duration_since(self.since) >= SAID_TIME {
            *self = Self {
                since: now,
                bytes: 0,
            };
        }
        self.bytes += bytes;
        (self.bytes <= SAID_BYTES_MAX).then_some(()).ok_or(())
    }
}

impl Lane {
    /// Takes over an upgraded connection; the gate proves that the viewer may watch.
    pub(crate) fn new(
        conn: Conn,
        reader: Reader,
        gate: Arc<Gate>,
        ring: &Ring,
        hold: Hold,
    ) -> Self {
        let now = Instant::now();
        Self {
            conn,
            gate,
            cursor: ring.cursor(),
            hold,
            reader,
            out: VecDeque::new(),
            generation: None,
            needs_flush: false,
            moved_at: now,
            said: Said {
                since: now,
                bytes: 0,
            },
            leaving: None,
        }
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Moves what can be moved; ready when the connection is over.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        tally: &mut Tally,
    ) -> Poll<()> {
        if self.poll_read(cx, now).is_err() {
            return Poll::Ready(());
        }
        loop {
            if self.out.is_empty() {
                self.fill(now, tally);
            }
            match self.poll_write(cx, now, tally) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) if self.leaving.is_some() => return Poll::Ready(()),
                Poll::Ready(Ok(false)) => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        // The viewer takes nothing at the moment.
        if let Some(since) = self.leaving {
            if now.duration_since(since) > FAREWELL_MAX {
                return Poll::Ready(());
            }
        } else if now.duration_since(self.moved_at) > STALL_MAX {
            self.gate
                .shut(End::new(EndReason::TooSlow, "nothing was read for 30 s"));
            return Poll::Ready(());
        } else if let Err(end) = self.gate.check(now) {
            // What may be half sent is finished, then come the last words.
            self.out.truncate(1);
            self.leave(&end, now);
        }
        Poll::Pending
    }

    /// The next messages, as many as one write takes.
    fn fill(&mut self, now: Instant, tally: &mut Tally) {
        if self.leaving.is_some() {
            return;
        }
        if let Err(end) = self.gate.check(now) {
            return self.leave(&end, now);
        }
        for _ in 0..BATCH_MAX {
            let Some(Step { lost, entry }) = self.cursor.try_next() else {
                break;
            };
            if lost > 0 {
                tally.skipped += lost;
                self.out.push_back(websocket::text(&words::gap(lost)));
            }
            if self.generation != Some(entry.generation()) {
                if let Err(end) = self.initialise(entry.tracks()) {
                    return self.leave(&end, now);
                }
                self.generation = Some(entry.generation());
            }
            tally.frames += 1;
            self.out
                .push_back(entry.wire(Wire::WebSocket, encode_websocket).clone());
        }
        // A ring without writer says nothing: the viewer's actor knows why it ended.
        if !self.out.is_empty() {
            self.moved_at = now;
        }
    }

    fn initialise(&mut self, tracks: &Tracks) -> Result<(), End> {
        let init = fmp4::init_segment(tracks)
            .map_err(|_| End::new(EndReason::BadStream, "the stream has no valid description"))?;
        self.out.push_back(websocket::text(&words::codecs(tracks)));
        self.out.push_back(websocket::binary(&init));
        Ok(())
    }

    fn leave(&mut self, end: &End, now: Instant) {
        self.gate.shut(end.clone());
        self.leaving = Some(now);
        self.out.push_back(websocket::text(&words::ended(end)));
        self.out.push_back(websocket::close());
    }

    /// Ready with true when everything has gone out, with false when there was nothing to send.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        tally: &mut Tally,
    ) -> Poll<io::Result<bool>> {
        let mut moved = false;
        while let Some(first) = self.out.front() {
            let io = Pin::new(&mut self.conn);
            let written = if self.out.len() == 1 {
                ready!(io.poll_write(cx, first))?
            } else {
                let mut slices = [IoSlice::new(&[]); BATCH_MAX];
                for (slice, bytes) in slices.iter_mut().zip(&self.out) {
                    *slice = IoSlice::new(bytes);
                }
                ready!(io.poll_write_vectored(cx, &slices))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            tally.bytes += written as u64;
            self.moved_at = now;
            self.needs_flush = true;
            moved = true;
            self.advance(written);
        }
        if self.needs_flush {
            ready!(Pin::new(&mut self.conn).poll_flush(cx))?;
            self.needs_flush = false;
        }
        Poll::Ready(Ok(moved))
    }

    fn advance(&mut self, mut written: usize) {
        while written > 0
            && let Some(first) = self.out.front_mut()
        {
            let taken = written.min(first.len());
            first.advance(taken);
            written -= taken;
            if first.is_empty() {
                self.out.pop_front();
            }
        }
    }

    /// Reads what the viewer says, and looks round again when there may be more.
    fn poll_read(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), ()> {
        self.hear()?;
        let mut bytes = [0; READ_BYTES];
        for _ in 0..READS_MAX {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.conn).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Err(()),
                Poll::Ready(Ok(())) => {
                    self.said.add(buffer.filled().len(), now)?;
                    self.reader.push(buffer.filled()).map_err(drop)?;
                    self.hear()?;
                }
                Poll::Ready(Err(_)) => return Err(()),
                Poll::Pending => return Ok(()),
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Takes what has been read: a newer token, a ping, a good-bye.
    fn hear(&mut self) -> Result<(), ()> {
        while let Some(message) = self.reader.next_message().map_err(drop)? {
            match message {
                // A viewer that floods its actor is let go.
                Message::Text(token) => self.hold.say(token)?,
                Message::Ping(data) if self.out.len() < BATCH_MAX => {
                    self.out.push_back(websocket::pong(&data));
                }
                Message::Ping(_) => {}
                Message::Close => return Err(()),
            }
        }
        Ok(())
    }
}

/// A fragment with its WebSocket header, in one piece of memory. Runs once per frame.
fn encode_websocket(entry: &Entry) -> Bytes {
    let len = fmp4::fragment_len(entry);
    let mut out = BytesMut::with_capacity(websocket::HEADER_BYTES_MAX + len);
    websocket::put_binary_header(&mut out, len);
    fmp4::put_fragment(&mut out, entry);
    out.freeze()
}

#[cfg(test)]
mod tests;
