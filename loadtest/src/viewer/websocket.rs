//! A viewer over WebSocket (RFC 6455).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::ready;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

use super::split::{Head, Message, Splitter};
use super::{Event, Keep, Seen, fragment};
use crate::connect::{Conn, Target};

/// Longest head of the answer, bytes.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// Read at once, bytes: more than a key frame of 4 Mbit/s, less than a second-level cache.
const READ_BYTES: usize = 128 << 10;

const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const MASKED: u8 = 0x80;

thread_local! {
    /// All viewers of a thread read into the same memory, one after the other.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Viewer {
    conn: Conn,
    splitter: Splitter,
    events: VecDeque<Event>,
    /// Waits for its initialisation segment.
    codecs: String,
    asked_at: Instant,
    bytes: u64,
    closed: bool,
}

impl Viewer {
    /// Opens `/v1/live/{path}` (`DEVICE/CHANNEL`, perhaps with `?stream=sub`), and sends the token.
    ///
    /// # Errors
    /// When the connection cannot be made, or is not upgraded.
    pub async fn open(
        target: &Target,
        path: &str,
        token: &str,
        keep: Keep,
    ) -> anyhow::Result<Self> {
        let mut conn = target.connect("http/1.1").await?;
        // The key proves nothing here; it is the one in the RFC.
        let request = format!(
            "GET /v1/live/{path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            target.authority()
        );
        conn.write_all(request.as_bytes()).await?;
        read_answer(&mut conn).await?;
        let mut viewer = Self::on(conn, keep);
        viewer.say(token).await?;
        viewer.asked_at = Instant::now();
        Ok(viewer)
    }

    /// On a connection whose server sends WebSocket frames from the first byte on.
    pub(crate) fn on(conn: Conn, keep: Keep) -> Self {
        Self {
            conn,
            splitter: Splitter::new(read_head, keep.bytes()),
            events: VecDeque::new(),
            codecs: String::new(),
            asked_at: Instant::now(),
            bytes: 0,
            closed: false,
        }
    }

    /// Sends a text: a newer token.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        /// Protects proxies between a browser and a server, of which there are none here.
        const MASK: [u8; 4] = [0x5a; 4];
        let mut frame = vec![FIN | TEXT];
        match u8::try_from(text.len()) {
            Ok(len @ 0..=125) => frame.push(MASKED | len),
            _ => {
                frame.push(MASKED | 126);
                let len = u16::try_from(text.len()).context("send a text under 64 KiB")?;
                frame.extend_from_slice(&len.to_be_bytes());
            }
        }
        frame.extend_from_slice(&MASK);
        frame.extend(text.bytes().zip(MASK.iter().cycle()).map(|(b, m)| b ^ m));
        self.conn.write_all(&frame).await?;
        self.conn.flush().await?;
        Ok(())
    }

    /// When the token had been sent.
    #[must_use]
    pub fn asked_at(&self) -> Instant {
        self.asked_at
    }

    /// Bytes that came in so far, above TLS.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next event, or `None` when the server has closed the connection.
    ///
    /// # Errors
    /// When the connection breaks, or something else than a stream comes.
    pub async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        while self.events.is_empty() && !self.closed {
            self.read().await?;
        }
        Ok(self.events.pop_front())
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                ready!(Pin::new(&mut self.conn).poll_read(cx, &mut buffer))?;
                let mut filled = buffer.filled();
                self.closed = filled.is_empty();
                self.bytes += filled.len() as u64;
                while let Some(message) = self.splitter.next(&mut filled)? {
                    take(message, &mut self.codecs, &mut self.events)?;
                }
                std::task::Poll::Ready(Ok(()))
            })
        })
        .await
    }
}

async fn read_answer(conn: &mut Conn) -> anyhow::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(head.len() < HEAD_BYTES_MAX, "the answer has no end");
        head.push(conn.read_u8().await.context("read the answer")?);
    }
    if !head.starts_with(b"HTTP/1.1 101 ") {
        let head = String::from_utf8_lossy(&head);
        bail!("refused: {}", head.lines().next().unwrap_or_default());
    }
    Ok(())
}

/// The header of an unmasked, unfragmented frame.
fn read_head(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let (Some(first), Some(second)) = (bytes.first(), bytes.get(1)) else {
        return Ok(None);
    };
    ensure!(first & FIN != 0, "the server split a message");
    ensure!(second & MASKED == 0, "the server masked a message");
    let long = &bytes[2..];
    let (head_bytes, body_bytes) = match second {
        126 => match long.first_chunk() {
            Some(len) => (4, u64::from(u16::from_be_bytes(*len))),
            None => return Ok(None),
        },
        127 => match long.first_chunk() {
            Some(len) => (10, u64::from_be_bytes(*len)),
            None => return Ok(None),
        },
        short => (2, u64::from(*short)),
    };
    Ok(Some(Head {
        bytes: head_bytes,
        kind: first & 0x0f,
        body_bytes: usize::try_from(body_bytes)?,
    }))
}

fn take(message: Message, codecs: &mut String, events: &mut VecDeque<Event>) -> anyhow::Result<()> {
    match message.kind {
        TEXT => events.extend(read_text(&message.body, codecs)?),
        BINARY => events.push_back(match fragment::read(&message.body) {
            Some(head) => Event::Frame(Seen {
                track: head.track,
                key: head.key,
                dts: head.time,
                sequence: Some(head.sequence),
                bytes: message.bytes,
                data: message.body,
            }),
            None => Event::Started {
                codecs: std::mem::take(codecs),
                init: message.body,
            },
        }),
        // The end of the connection follows.
        CLOSE => {}
        kind => bail!("unexpected message of type {kind}"),
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Words {
    codecs: Option<String>,
    gap: Option<GapWords>,
    ended: Option<EndedWords>,
}

#[derive(serde::Deserialize)]
struct GapWords {
    lost: u64,
}

#[derive(serde::Deserialize)]
struct EndedWords {
    reason: String,
    message: String,
}

fn read_text(text: &[u8], codecs: &mut String) -> anyhow::Result<Option<Event>> {
    let words: Words = serde_json::from_slice(text).context("read a text")?;
    if let Some(announced) = words.codecs {
        *codecs = announced;
    }
    let gap = words.gap.map(|gap| Event::Gap { lost: gap.lost });
    let ended = words.ended.map(|ended| Event::Ended {
        reason: ended.reason,
        message: ended.message,
    });
    Ok(gap.or(ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_read_once_it_is_whole() {
        let cases: [(&[u8], usize); 3] = [
            (&[0x82, 125], 125),
            (&[0x82, 126, 1, 0], 256),
            (&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
        ];
        for (bytes, body_bytes) in cases {
            for len in 0..bytes.len() {
                assert_eq!(read_head(&bytes[..len]).unwrap(), None);
            }
            let head = read_head(bytes).unwrap().unwrap();
            assert_eq!((head.bytes, head.body_bytes), (bytes.len(), body_bytes));
        }
        assert!(read_head(&[0x02, 1]).is_err(), "a part of a message");
        assert!(read_head(&[0x82, 0x81]).is_err(), "masked");
    }

    #[test]
    fn texts_become_events() {
        let mut codecs = String::new();
        let mut read = |text: &str| read_text(text.as_bytes(), &mut codecs).unwrap();
        assert_eq!(read(r#"{"codecs":"avc1.640028","mime":"video/mp4"}"#), None);
        assert_eq!(read(r#"{"gap":{"lost":7}}"#), Some(Event::Gap { lost: 7 }));
        let ended = Event::Ended {
            reason: "draining".into(),
            message: "restart".into(),
        };
        let text = r#"{"ended":{"reason":"draining","message":"restart"}}"#;
        assert_eq!(read(text), Some(ended));
        assert_eq!(codecs, "avc1.640028");
    }
}
