//! A connection of a client, with or without TLS.

use std::io;
use std::os::fd::AsFd as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::Seat;
use super::http2::PREFACE;

/// One connection of a client. It keeps its seat until it is dropped, whatever it is upgraded to.
#[derive(Debug)]
pub struct Conn {
    io: Io,
    beginning: Box<Beginning>,
}

/// What matters when the connection begins and ends; apart, so that what is looked at for each frame
/// is together.
#[derive(Debug)]
struct Beginning {
    /// What was read to see which protocol it is, and is to be read again.
    first_words: Bytes,
    _seat: Seat,
}

#[derive(Debug)]
enum Io {
    /// Without TLS: behind a proxy that ends it, or in a benchmark.
    Plain(TcpStream),
    /// With TLS; boxed, since a TLS session is a kilobyte.
    Tls(Box<TlsStream<TcpStream>>),
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
        Self {
            io,
            beginning: Box::new(Beginning {
                first_words: Bytes::new(),
                _seat: seat,
            }),
        }
    }

    /// Whether the client begins with the preface of HTTP/2. No request of HTTP/1.1 that names a host is
    /// shorter than that, and most differ in their first byte.
    ///
    /// # Errors
    /// When the client has gone before it said as much.
    pub(super) async fn speaks_http2(&mut self) -> io::Result<bool> {
        let mut bytes = [0; PREFACE.len()];
        let mut len = 0;
        while len < PREFACE.len() && PREFACE.starts_with(&bytes[..len]) {
            match self.read(&mut bytes[len..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => len += read,
            }
        }
        self.beginning.first_words = Bytes::copy_from_slice(&bytes[..len]);
        Ok(bytes == *PREFACE)
    }

    /// Moves the socket to the runtime of the caller, whose threads it wakes from then on.
    pub fn rehome(&mut self) {
        match &mut self.io {
            Io::Plain(socket) => rehome(socket),
            Io::Tls(stream) => rehome(stream.get_mut().0),
        }
    }

    /// Like [`AsyncWrite::poll_write`], for a connection that has taken all it was given before. Without
    /// TLS the runtime is asked only when the socket takes nothing: what it knows of a socket is some
    /// way through memory.
    pub fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Io::Plain(socket) = &self.io {
            // To a client that has gone it is an error like any other: Rust programs ignore SIGPIPE.
            match SockRef::from(socket).send(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
        Pin::new(self).poll_write(cx, bytes)
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
        let first_words = &mut this.beginning.first_words;
        if !first_words.is_empty() {
            let len = first_words.len().min(buf.remaining());
            buf.put_slice(&first_words.split_to(len));
            return Poll::Ready(Ok(()));
        }
        match &mut this.io {
            Io::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_read(cx, buf),
        }
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
