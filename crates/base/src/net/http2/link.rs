//! What lies between h2 and its connection.
//!
//! h2 reads and writes through [`Io`], and stays the judge of all that a client says. Frames go through
//! whole, in the order in which they are given: between two of h2's, a [`super::BodyWriter`] puts DATA
//! of its own. Only flow control is changed on its way, as [`super::windows`] tells.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::data::{DataFrames, FRAMES_MAX};
use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::windows::Windows;
use super::writer::advance;
use crate::net::Conn;

/// Bytes of one read.
const READ_BYTES: usize = 4096;
/// Bytes that a client may say while it does not take what h2 has for it.
const INBOX_BYTES_MAX: usize = 64 << 10;
/// Pieces of what h2 writes in one go; more wait for the next.
const SLICES_MAX: usize = 16;

/// A connection that h2 shares with writers. Clones are the same one.
#[derive(Debug, Clone)]
pub(in crate::net) struct Link(Arc<Mutex<State>>);

#[derive(Debug)]
pub(super) struct State {
    conn: Conn,
    writable: Arc<Writable>,
    heard_at: Instant,
    incoming: Incoming,
    /// For h2.
    inbox: BytesMut,
    outgoing: Outgoing,
    /// Of a writer's frames that are half written.
    rest: VecDeque<Bytes>,
    needs_flush: bool,
    /// h2 has a frame that the client does not take yet; writers let it go first.
    is_held: bool,
    windows: Windows,
    /// Writers that wait for the client, or for h2.
    waiting: Vec<Waker>,
}

/// Who waits until the socket takes more. The system's wake-up goes to one, so it goes to all here.
#[derive(Debug, Default)]
struct Writable(Mutex<Vec<Waker>>);

impl Writable {
    fn add(&self, waker: &Waker) {
        add(&mut self.lock(), waker);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Writable {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let all = std::mem::take(&mut *self.lock());
        all.into_iter().for_each(Waker::wake);
    }
}

/// Once, however often it is asked for.
fn add(wakers: &mut Vec<Waker>, waker: &Waker) {
    if !wakers.iter().any(|other| other.will_wake(waker)) {
        wakers.push(waker.clone());
    }
}

impl Link {
    pub(in crate::net) fn new(conn: Conn) -> Self {
        Self(Arc::new(Mutex::new(State {
            conn,
            writable: Arc::default(),
            heard_at: Instant::now(),
            incoming: Incoming::new(),
            inbox: BytesMut::new(),
            outgoing: Outgoing::new(),
            rest: VecDeque::new(),
            needs_flush: false,
            is_held: false,
            windows: Windows::new(),
            waiting: Vec::new(),
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the connection to the runtime of the caller, whose threads it wakes from then on.
    pub(in crate::net) fn rehome(&self) {
        let mut state = self.lock();
        state.conn.rehome();
        state.writable.wake_by_ref();
    }

    /// When the client said something last.
    pub(super) fn heard_at(&self) -> Instant {
        self.lock().heard_at
    }

    /// h2 handed out a request.
    pub(super) fn accept(&self, stream: u32) {
        self.lock().windows.accept(stream);
    }

    /// The request is over, and what a writer has for it is in vain.
    pub(super) fn finish(&self, stream: u32) {
        let mut state = self.lock();
        state.windows.finish(stream);
        state.wake_writers();
    }

    /// A stream's DATA comes from a writer from now on.
    pub(super) fn attach_writer(&self, stream: u32) {
        self.lock().windows.attach_writer(stream);
    }
}

impl State {
    fn wake_writers(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    /// Writes, or flushes; whoever has to wait is woken together with all others.
    fn poll_conn<T>(
        &mut self,
        cx: &Context<'_>,
        mut write: impl FnMut(Pin<&mut Conn>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let all = Waker::from(Arc::clone(&self.writable));
        let mut all = Context::from_waker(&all);
        let written = write(Pin::new(&mut self.conn), &mut all);
        if written.is_ready() {
            return written;
        }
        self.writable.add(cx.waker());
        // It may have become writable just now.
        write(Pin::new(&mut self.conn), &mut all)
    }

    /// Finishes the frames that are half written.
    fn poll_rest(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        while let Some(first) = self.rest.front().cloned() {
            let written = ready!(self.poll_conn(cx, |conn, cx| conn.poll_write(cx, &first)))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.needs_flush = true;
            self.rest[0].advance(written);
            if self.rest[0].is_empty() {
                self.rest.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_flush(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_rest(cx))?;
        if self.needs_flush {
            ready!(self.poll_conn(cx, |conn, cx| conn.poll_flush(cx)))?;
            self.needs_flush = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// From the client.
impl State {
    /// Reads once; false at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.inbox.len() >= INBOX_BYTES_MAX {
            let reason = "the client speaks and does not listen";
            return Poll::Ready(Err(io::Error::other(reason)));
        }
        let mut bytes = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.conn).poll_read(cx, &mut buffer))?;
        self.heard_at = Instant::now();
        let filled = buffer.filled();
        self.incoming
            .pass(filled, &mut self.windows, &mut self.inbox)
            .map_err(|violation| io::Error::new(io::ErrorKind::InvalidData, violation))?;
        // What was said may be that it takes more.
        self.wake_writers();
        Poll::Ready(Ok(!filled.is_empty()))
    }
}

/// From h2 to the client.
impl State {
    fn poll_send(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.poll_rest(cx))?;
        loop {
            let admitted = self.outgoing.admitted(bufs, self.windows.connection());
            if admitted > 0 {
                self.is_held = false;
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                let count = cut(bufs, admitted, &mut slices);
                let slices = &slices[..count];
                let written =
                    ready!(self.poll_conn(cx, |conn, cx| conn.poll_write_vectored(cx, slices)))?;
                self.needs_flush = true;
                self.outgoing.sent(slices, written, &mut self.windows);
                if self.outgoing.is_between_frames() {
                    self.wake_writers();
                }
                return Poll::Ready(Ok(written));
            }
            if bufs.iter().all(|buf| buf.is_empty()) {
                return Poll::Ready(Ok(0));
            }
            // h2 reads nothing while it writes, and what it waits for comes from the client.
            self.is_held = true;
            // TLS may hold what the client waits for before it gives room for more.
            if let Poll::Ready(flushed) = self.poll_flush(cx) {
                flushed?;
            }
            if !ready!(self.poll_fill(cx))? {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }
}

/// From a writer to the client.
impl State {
    /// Sends what there is room for, and takes it off the body; tells how much it was.
    pub(super) fn poll_write_body(
        &mut self,
        cx: &Context<'_>,
        stream: u32,
        body: &mut VecDeque<Bytes>,
    ) -> Poll<io::Result<usize>> {
        let Some(room) = self.windows.room(stream) else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        // Frames of nothing would be many.
        body.retain(|piece| !piece.is_empty());
        if body.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if room == 0 || self.is_held || !self.outgoing.is_between_frames() {
            add(&mut self.waiting, cx.waker());
            // TLS may hold it back, as for h2.
            ready!(self.poll_flush(cx))?;
            return Poll::Pending;
        }
        ready!(self.poll_rest(cx))?;
        let frames = DataFrames::cut(stream, body.iter(), room, self.windows.frame_bytes_max());
        let mut slices = [IoSlice::new(&[]); 2 * FRAMES_MAX];
        let slices = frames.slices(&mut slices);
        let written = ready!(self.poll_conn(cx, |conn, cx| conn.poll_write_vectored(cx, slices)))?;
        if written == 0 && frames.bytes > 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.needs_flush = true;
        frames.keep_from(written, &mut self.rest);
        let taken = frames.bytes;
        self.windows.send(stream, taken);
        advance(body, taken);
        Poll::Ready(Ok(taken))
    }
}

/// The first bytes of several pieces; tells how many pieces these are.
fn cut<'a>(
    bufs: &'a [IoSlice<'_>],
    mut bytes: usize,
    slices: &mut [IoSlice<'a>; SLICES_MAX],
) -> usize {
    let mut count = 0;
    for (slice, buf) in slices.iter_mut().zip(bufs) {
        let part = &buf[..bytes.min(buf.len())];
        if bytes == 0 {
            break;
        }
        bytes -= part.len();
        *slice = IoSlice::new(part);
        count += 1;
    }
    count
}

/// h2's end.
#[derive(Debug)]
pub(super) struct Io(pub(super) Link);

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        while state.inbox.is_empty() {
            if !ready!(state.poll_fill(cx))? {
                return Poll::Ready(Ok(()));
            }
        }
        let len = state.inbox.len().min(buf.remaining());
        buf.put_slice(&state.inbox[..len]);
        state.inbox.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().poll_send(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().poll_send(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        ready!(state.poll_flush(cx))?;
        state.poll_conn(cx, |conn, cx| conn.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests;
