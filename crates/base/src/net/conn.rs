//! A connection of a client, with or without TLS.

use std::io;
use std::os::fd::AsFd as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

use super::Seat;

/// Longest until a client has said as much as tells HTTP/1.1 from HTTP/2.
const FIRST_WORDS_TIMEOUT: Duration = Duration::from_secs(15);
/// The preface of HTTP/2 (RFC 9113, 3.4), bytes. No request of HTTP/1.1 that names a host is shorter.
const FIRST_WORDS_BYTES: usize = 24;

/// One connection of a client. It keeps its seat until it is dropped, whatever it is upgraded to.
#[derive(Debug)]
pub struct Conn {
    io: Io,
    /// Of a client that has not said much yet.
    silence: Option<Box<Silence>>,
    _seat: Seat,
}

#[derive(Debug)]
enum Io {
    /// Without TLS: behind a proxy that ends it, or in a benchmark.
    Plain(TcpStream),
    /// With TLS; boxed, since a TLS session is a kilobyte.
    Tls(Box<TlsStream<TcpStream>>),
}

#[derive(Debug)]
struct Silence {
    left: usize,
    until: Pin<Box<Sleep>>,
}

impl Conn {
    /// Without TLS.
    #[must_use]
    pub fn plain(socket: TcpStream, seat: Seat) -> Self {
        Self::new(Io::Plain(socket), seat)
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>, seat: Seat) -> Self {
        Self::new(Io::Tls(Box::new(stream)), seat)
    }

    fn new(io: Io, seat: Seat) -> Self {
        let silence = Silence {
            left: FIRST_WORDS_BYTES,
            until: Box::pin(tokio::time::sleep(FIRST_WORDS_TIMEOUT)),
        };
        Self {
            io,
            silence: Some(Box::new(silence)),
            _seat: seat,
        }
    }

    /// Moves the socket to the runtime of the caller, whose threads it wakes from then on.
    pub fn rehome(&mut self) {
        match &mut self.io {
            Io::Plain(socket) => rehome(socket),
            Io::Tls(stream) => rehome(stream.get_mut().0),
        }
    }

    /// An error when the client has been silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(silence) = &mut self.silence else {
            return Poll::Pending;
        };
        ready!(silence.until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn heard(&mut self, bytes: usize) {
        if let Some(silence) = &mut self.silence {
            silence.left = silence.left.saturating_sub(bytes);
            if silence.left == 0 {
                self.silence = None;
            }
        }
    }
}

/// Moves a socket to the runtime of the caller. When the system has no descriptor to spare for the
/// moment in between, it stays where it is; that costs wake-ups and nothing else.
pub fn rehome(socket: &mut TcpStream) {
    let moved = socket.as_fd().try_clone_to_owned();
    let moved = moved.map(std::net::TcpStream::from);
    if let Ok(moved) = moved.and_then(TcpStream::from_std) {
        *socket = moved;
    }
}

impl AsyncRead for Conn {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = match &mut this.io {
            Io::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_read(cx, buf),
        };
        if read.is_pending() {
            return this.poll_silence(cx);
        }
        this.heard(buf.filled().len() - before);
        read
    }
}

impl AsyncWrite for Conn {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(io) => Pin::new(io).poll_flush(cx),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_shutdown(cx),
        }
    }
}
