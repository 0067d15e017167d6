//! Reads from a device in large pieces.
//!
//! TLS asks for 4 KiB at a time, which would be half a dozen system calls for each frame. What it has
//! not taken yet is held here. A device that streams keeps the memory; most are idle, and have none.

use std::io;
use std::mem;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use sightline_base::net::rehome;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Most bytes of one read, and most that are held: a frame of 6 Mbit/s at 25 a second.
const PIECE_BYTES: usize = 32 << 10;
/// A device that sends less at a time is not streaming, or so little that it does not matter.
const STREAMING_BYTES: usize = 4 << 10;

/// A device's socket.
#[derive(Debug)]
pub(super) struct Intake {
    socket: TcpStream,
    /// Empty or [`PIECE_BYTES`].
    memory: Box<[u8]>,
    /// Where in the memory that is which has not been taken yet.
    held: Range<usize>,
}

impl Intake {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            memory: Box::default(),
            held: 0..0,
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
        let Self {
            socket,
            memory,
            held,
        } = &mut *self;
        if Range::is_empty(held) {
            // Before there is memory for it: mostly nothing has come.
            ready!(socket.poll_read_ready(cx))?;
            let mut piece = mem::take(memory);
            if piece.is_empty() {
                piece = vec![0; PIECE_BYTES].into();
            }
            let mut read = ReadBuf::new(&mut piece);
            ready!(Pin::new(socket).poll_read(cx, &mut read))?;
            *held = 0..read.filled().len();
            *memory = piece;
        }
        let len = held.len().min(buf.remaining());
        buf.put_slice(&memory[held.start..][..len]);
        held.start += len;
        if Range::is_empty(held) && held.end < STREAMING_BYTES {
            *memory = Box::default();
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
    async fn device_that_says_little_has_no_memory_in_between() {
        let (mut intake, mut device) = connection().await;
        device.write_all(&[1; 1000]).await.unwrap();
        let mut taken = [0; 999];
        intake.read_exact(&mut taken).await.unwrap();
        assert_eq!(intake.memory.len(), PIECE_BYTES);
        assert_eq!(intake.read_u8().await.unwrap(), 1);
        assert_eq!(intake.memory.len(), 0);
        // Also when it has looked for more, and none was there.
        let nothing = futures::poll!(std::pin::pin!(intake.read_u8()));
        assert!(nothing.is_pending());
        assert_eq!(intake.memory.len(), 0);
    }

    #[tokio::test]
    async fn device_that_streams_keeps_its_memory_until_it_says_little() {
        let (mut intake, mut device) = connection().await;
        let mut taken = [0; STREAMING_BYTES];
        for _ in 0..2 {
            device.write_all(&[1; STREAMING_BYTES]).await.unwrap();
            // All of it has to come in one piece.
            let mut seen = [0; STREAMING_BYTES];
            while intake.socket.peek(&mut seen).await.unwrap() < STREAMING_BYTES {}
            intake.read_exact(&mut taken).await.unwrap();
            assert_eq!(intake.memory.len(), PIECE_BYTES);
        }
        device.write_all(&[1]).await.unwrap();
        intake.read_u8().await.unwrap();
        assert_eq!(intake.memory.len(), 0);
    }
}
