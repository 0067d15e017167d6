//! The connection of one viewer: a WebSocket of its own, or one response among others of HTTP/2.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use sightline_base::net::{BodyWriter, Conn, advance};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::Instant;

use super::form::Form;
use super::lane::BATCH_MAX;
use crate::viewer::Hold;
use crate::websocket::{self, Message, Reader};

/// Bytes of one read, and reads of one viewer in one look round: what more it has said waits until
/// the others of its shard had their turn.
const READ_BYTES: usize = 1024;
const READS_MAX: usize = 4;
/// Bytes that a viewer may say in [`SAID_TIME`]: some tokens and a ping now and then are far below;
/// whoever says more is let go.
const SAID_BYTES_MAX: usize = 16 << 10;
const SAID_TIME: Duration = Duration::from_secs(1);

/// Where a viewer's messages go out.
#[derive(Debug)]
pub(crate) enum Outlet {
    WebSocket(WebSocket),
    /// What the viewer says is heard by its HTTP/2 connection.
    Grpc(BodyWriter),
}

impl Outlet {
    /// Moves the socket to the thread of the caller. An HTTP/2 connection has been moved as a whole.
    pub(crate) fn rehome(&mut self) {
        if let Self::WebSocket(websocket) = self {
            websocket.conn.rehome();
        }
    }

    pub(super) fn form(&self) -> Form {
        match self {
            Self::WebSocket(_) => Form::WebSocket,
            Self::Grpc(_) => Form::Grpc,
        }
    }

    /// Hears what the viewer says, and puts an answer to the messages; an error when it has gone or
    /// has to go.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        hold: &Hold,
        messages: &mut VecDeque<Bytes>,
    ) -> Result<(), ()> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_read(cx, now, hold, messages),
            Self::Grpc(_) => Ok(()),
        }
    }

    /// Sends what the viewer takes, and takes it off the messages; ready with the number of bytes.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Bytes>,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_write(cx, messages),
            Self::Grpc(writer) => writer.poll_write(cx, messages),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::WebSocket(websocket) => websocket.poll_flush(cx),
            Self::Grpc(writer) => writer.poll_flush(cx),
        }
    }

    /// Nothing follows these messages. True when the viewer's connection takes care of them; a
    /// WebSocket has to be kept until they have gone out.
    pub(super) fn finish(&mut self, messages: &mut VecDeque<Bytes>) -> bool {
        match self {
            Self::WebSocket(_) => false,
            Self::Grpc(writer) => {
                writer.finish(std::mem::take(messages), grpc_ok());
                true
            }
        }
    }
}

/// The trailers of a stream that said by itself why it ended.
fn grpc_ok() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    trailers
}

/// An upgraded connection.
#[derive(Debug)]
pub(crate) struct WebSocket {
    conn: Conn,
    /// Apart, so that what is looked at for each frame is together.
    hearing: Box<Hearing>,
}

/// What a viewer says.
#[derive(Debug)]
struct Hearing {
    reader: Reader,
    said: Said,
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

impl WebSocket {
    /// The reader has what came with the token.
    pub(crate) fn new(conn: Conn, reader: Reader) -> Self {
        Self {
            conn,
            hearing: Box::new(Hearing {
                reader,
                said: Said {
                    since: Instant::now(),
                    bytes: 0,
                },
            }),
        }
    }

    /// Sends a message, or the beginning of it; ready with the number of bytes.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.conn.poll_send(cx, message)
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.conn).poll_flush(cx)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        messages: &mut VecDeque<Bytes>,
    ) -> Poll<io::Result<usize>> {
        let conn = Pin::new(&mut self.conn);
        let written = if let (Some(only), 1) = (messages.front(), messages.len()) {
            ready!(conn.poll_write(cx, only))?
        } else {
            let mut slices = [IoSlice::new(&[]); BATCH_MAX];
            for (slice, bytes) in slices.iter_mut().zip(&*messages) {
                *slice = IoSlice::new(bytes);
            }
            ready!(conn.poll_write_vectored(cx, &slices))?
        };
        advance(messages, written);
        Poll::Ready(Ok(written))
    }

    /// Reads what the viewer says, and looks round again when there may be more.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        hold: &Hold,
        messages: &mut VecDeque<Bytes>,
    ) -> Result<(), ()> {
        self.hear(hold, messages)?;
        let mut bytes = [0; READ_BYTES];
        for _ in 0..READS_MAX {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.conn).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Err(()),
                Poll::Ready(Ok(())) => {
                    self.hearing.said.add(buffer.filled().len(), now)?;
                    self.hearing.reader.push(buffer.filled()).map_err(drop)?;
                    self.hear(hold, messages)?;
                }
                Poll::Ready(Err(_)) => return Err(()),
                Poll::Pending => return Ok(()),
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Takes what has been read: a newer token, a ping, a good-bye.
    fn hear(&mut self, hold: &Hold, messages: &mut VecDeque<Bytes>) -> Result<(), ()> {
        while let Some(message) = self.hearing.reader.next_message().map_err(drop)? {
            match message {
                // A viewer that floods its actor is let go.
                Message::Text(token) => hold.say(token)?,
                Message::Ping(data) if messages.len() < BATCH_MAX => {
                    messages.push_back(websocket::pong(&data));
                }
                Message::Ping(_) => {}
                Message::Close => return Err(()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
