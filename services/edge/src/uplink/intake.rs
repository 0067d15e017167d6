//! Reads from a device in large pieces.
//!
//! TLS asks for 4 KiB at a time, which would be half a dozen system calls for each frame. What it has
//! not taken yet is held here, and the memory goes when all of it is taken: most devices are idle.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use sightline_base::net::rehome;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

/// Most bytes of one read, and most that are held: a frame of 6 Mbit/s at 25 a second.
const PIECE_BYTES: usize = 32 << 10;

/// A device's socket.
#[derive(Debug)]
pub(super) struct Intake {
    socket: TcpStream,
    held: BytesMut,
}

impl Intake {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            held: BytesMut::new(),
        }
    }

    /// Moves the socket to the runtime of the caller.
    pub(super) fn rehome(&mut self) {
        rehome(&mut self.socket);
    }
}

impl AsyncRead for Intake {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { socket, held } = &mut *self;
        if held.is_empty() {
            // Before there is memory for it: mostly nothing has come.
            ready!(socket.poll_read_ready(cx))?;
            let mut piece = BytesMut::with_capacity(PIECE_BYTES);
            ready!(poll_read_buf(Pin::new(socket), cx, &mut piece))?;
            *held = piece;
        }
        let len = held.len().min(buf.remaining());
        buf.put_slice(&held[..len]);
        held.advance(len);
        if held.is_empty() {
            *held = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Intake {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn connection() -> (Intake, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let device = TcpStream::connect(listener.local_addr().unwrap());
        let (edge, device) = tokio::join!(listener.accept(), device);
        (Intake::new(edge.unwrap().0), device.unwrap())
    }

    #[tokio::test]
    async fn bytes_come_as_they_were_sent_and_then_the_end() {
        let (mut intake, mut device) = connection().await;
        let sent: Vec<u8> = (0..5 * PIECE_BYTES + 7).map(|at| at as u8).collect();
        let send = async {
            device.write_all(&sent).await.unwrap();
            drop(device);
        };
        let mut read = Vec::new();
        let (_, received) = tokio::join!(send, intake.read_to_end(&mut read));
        assert_eq!(received.unwrap(), sent.len());
        assert!(read == sent);
    }

    #[tokio::test]
    async fn memory_is_given_back_when_all_is_taken() {
        let (mut intake, mut device) = connection().await;
        device.write_all(&[1; 1000]).await.unwrap();
        let mut taken = [0; 999];
        intake.read_exact(&mut taken).await.unwrap();
        assert!(intake.held.capacity() > 0);
        assert_eq!(intake.read_u8().await.unwrap(), 1);
        assert_eq!(intake.held.capacity(), 0);
        // Also when it has looked for more, and none was there.
        let nothing = futures::poll!(std::pin::pin!(intake.read_u8()));
        assert!(nothing.is_pending());
        assert_eq!(intake.held.capacity(), 0);
    }
}
