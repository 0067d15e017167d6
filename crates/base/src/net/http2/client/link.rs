//! What lies between h2 and the connection to a server.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use bytes::{Buf as _, BytesMut};
use futures::task::AtomicWaker;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::bodies::{Bodies, Violation};
use super::frames::Frames;
use super::{Take, Taking, Windows};

/// Both directions of a connection. What has been read lies in its own memory, and is looked at there.
pub trait Duplex: AsyncBufRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncBufRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// A connection that h2 shares with those who take bodies. Clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Link(Arc<Mutex<State>>);

struct State {
    stream: Box<dyn Duplex>,
    heard_at: Instant,
    bodies: Bodies,
    /// For h2: what one read of the stream brought, at most.
    inbox: BytesMut,
    /// Nothing more comes; an error until h2 was told of it.
    end: Option<io::Result<()>>,
    /// What h2 sends.
    outgoing: Frames,
}

impl Link {
    pub(super) fn new(stream: Box<dyn Duplex>, first: &[u8], windows: Windows) -> Self {
        let mut state = State {
            stream,
            heard_at: Instant::now(),
            bodies: Bodies::new(windows),
            inbox: BytesMut::new(),
            end: None,
            outgoing: Frames::of_client(),
        };
        if let Err(bad) = state.bodies.pass(first, &mut state.inbox) {
            state.end = Some(Err(invalid(bad)));
        }
        Self(Arc::new(Mutex::new(state)))
    }

    /// From now on a stream's body goes to `take`.
    pub(super) fn attach(&self, stream: u32, take: Take) -> Taking {
        self.lock().bodies.attach(stream, take);
        let link = self.clone();
        Taking { link, stream }
    }

    pub(super) fn detach(&self, stream: u32) {
        self.lock().bodies.detach(stream);
    }

    /// When the server said something last.
    pub(super) fn heard_at(&self) -> Instant {
        self.lock().heard_at
    }

    /// Reads what has come for as long as none of it is for h2; ready when something is, or at the end.
    /// Gives the server room for as much as was taken.
    pub(super) fn poll_receive(&self, cx: &mut Context<'_>, for_h2: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let received = state.poll_receive(cx);
        // What cannot be written now is when h2 writes next, or when the stream wakes it.
        if let Poll::Ready(Err(error)) = state.poll_updates(for_h2) {
            state.end.get_or_insert(Err(error));
            return Poll::Ready(());
        }
        received
    }

    /// Whether h2 has something to read.
    pub(super) fn has_received(&self) -> bool {
        self.lock().has_received()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_received(&self) -> bool {
        !self.inbox.is_empty() || self.end.is_some()
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut has_heard = false;
        while !self.has_received() {
            let bytes = match Pin::new(&mut self.stream).poll_fill_buf(cx) {
                Poll::Ready(Ok(bytes)) => bytes,
                Poll::Ready(Err(error)) => {
                    self.end = Some(Err(error));
                    break;
                }
                Poll::Pending => break,
            };
            has_heard = true;
            let len = bytes.len();
            if len == 0 {
                self.end = Some(Ok(()));
            } else if let Err(bad) = self.bodies.pass(bytes, &mut self.inbox) {
                self.end = Some(Err(invalid(bad)));
            }
            Pin::new(&mut self.stream).consume(len);
        }
        if has_heard {
            self.heard_at = Instant::now();
        }
        match self.has_received() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Writes updates of windows, between two frames of h2.
    fn poll_updates(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.outgoing.are_whole() {
            return Poll::Ready(Ok(()));
        }
        let mut has_written = false;
        loop {
            self.bodies.update();
            let updates = &mut self.bodies.updates;
            if updates.is_empty() {
                break;
            }
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, updates))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            updates.advance(written);
            has_written = true;
        }
        match has_written {
            true => Pin::new(&mut self.stream).poll_flush(cx),
            false => Poll::Ready(Ok(())),
        }
    }
}

fn invalid(bad: Violation) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, bad)
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut state = f.debug_struct("State");
        state.field("bodies", &self.bodies).finish_non_exhaustive()
    }
}

/// h2's end.
#[derive(Debug)]
pub(super) struct Io(pub(super) Link);

impl AsyncRead for Io {
    /// Wakes nobody: [`super::Connection`] polls h2 whenever there is something for it.
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if state.inbox.is_empty() {
            return match &mut state.end {
                Some(end) => Poll::Ready(std::mem::replace(end, Ok(()))),
                None => Poll::Pending,
            };
        }
        let len = state.inbox.len().min(buf.remaining());
        buf.put_slice(&state.inbox[..len]);
        state.inbox.advance(len);
        if state.inbox.is_empty() {
            // Most servers say little, and need no memory in between.
            state.inbox = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        ready!(state.poll_updates(cx))?;
        let written = ready!(Pin::new(&mut state.stream).poll_write_vectored(cx, bufs))?;
        let mut left = written;
        for buf in bufs {
            let mut bytes = &buf[..left.min(buf.len())];
            left -= bytes.len();
            while state.outgoing.next(&mut bytes).is_some() {}
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.0.lock().stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        ready!(state.poll_updates(cx))?;
        Pin::new(&mut state.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().stream).poll_shutdown(cx)
    }
}

/// Wakes the connection's task for h2.
#[derive(Debug)]
pub(super) struct Woken {
    is_woken: AtomicBool,
    task: AtomicWaker,
}

impl Default for Woken {
    /// h2 has something to say at first.
    fn default() -> Self {
        Self {
            is_woken: AtomicBool::new(true),
            task: AtomicWaker::new(),
        }
    }
}

impl Woken {
    pub(super) fn hear(&self, task: &Waker) {
        self.task.register(task);
    }

    /// Whether h2 was woken since the last time.
    pub(super) fn take(&self) -> bool {
        self.is_woken.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.task.wake();
    }
}
