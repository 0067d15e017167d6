//! A viewer over gRPC: one HTTP/2 connection with one call of `Live/Watch`.

use std::collections::VecDeque;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::client::{Builder, SendRequest};
use prost::Message as _;
use prost::encoding::{WireType, decode_key, decode_varint};
use sightline_rpc::live::v1::watch_response::Event as Proto;
use sightline_rpc::live::v1::{WatchRequest, WatchResponse};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use super::split::{Head, Message, Splitter};
use super::{Event, Keep, Seen};
use crate::connect::Target;

/// Bytes that the server may send before they are read: four seconds of 4 Mbit/s.
const WINDOW_BYTES: u32 = 2 << 20;
/// Largest HTTP/2 frame: a key frame in one piece.
const HTTP2_FRAME_BYTES: u32 = 1 << 20;
/// Flag and length in front of a message (gRPC over HTTP/2).
const PREFIX_BYTES: usize = 5;

/// An open call.
#[derive(Debug)]
pub struct Viewer {
    body: RecvStream,
    splitter: Splitter,
    events: VecDeque<Event>,
    asked_at: Instant,
    bytes: u64,
    ended: bool,
    // The connection lives as long as these two.
    _sender: SendRequest<Bytes>,
    _connection: AbortOnDropHandle<()>,
}

impl Viewer {
    /// Connects and calls `Live/Watch`.
    ///
    /// # Errors
    /// When the connection cannot be made. A refusal of the call is a [`Status`].
    pub async fn open(
        target: &Target,
        request: &WatchRequest,
        token: &str,
        keep: Keep,
    ) -> anyhow::Result<Self> {
        Self::open_with_window(target, request, token, keep, WINDOW_BYTES).await
    }

    /// The same with another window of HTTP/2: bytes that the server may send before they are
    /// read.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with_window(
        target: &Target,
        request: &WatchRequest,
        token: &str,
        keep: Keep,
        window_bytes: u32,
    ) -> anyhow::Result<Self> {
        let conn = target.connect("h2").await?;
        let (mut sender, connection) = Builder::new()
            .initial_window_size(window_bytes)
            .initial_connection_window_size(window_bytes)
            .max_frame_size(HTTP2_FRAME_BYTES)
            .handshake(conn)
            .await?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            // How it ended shows in the body.
            let _ = connection.await;
        }));
        let head = http::Request::post(format!(
            "{}://{}/sightline.live.v1.Live/Watch",
            target.scheme(),
            target.authority()
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {token}"))
        .body(())?;
        let (response, mut sending) = sender.send_request(head, false)?;
        sending.send_data(message(request), true)?;
        let asked_at = Instant::now();
        let response = response.await?;
        ensure!(response.status() == 200, "status {}", response.status());
        if let Some(status) = Status::from_header_map(response.headers()) {
            return Err(status.into());
        }
        Ok(Self {
            body: response.into_body(),
            splitter: Splitter::new(read_head, keep.bytes()),
            events: VecDeque::new(),
            asked_at,
            bytes: 0,
            ended: false,
            _sender: sender,
            _connection: connection,
        })
    }

    /// When the request had been handed to the connection.
    #[must_use]
    pub fn asked_at(&self) -> Instant {
        self.asked_at
    }

    /// Bytes of messages that came in so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next event, or `None` when the server has ended the call well.
    ///
    /// # Errors
    /// The [`Status`] of a call that ended otherwise; else, that the connection broke.
    pub async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        while self.events.is_empty() && !self.ended {
            let Some(chunk) = self.body.data().await.transpose()? else {
                self.ended = true;
                let trailers = self.body.trailers().await?.unwrap_or_default();
                match Status::from_header_map(&trailers) {
                    Some(status) if status.code() != tonic::Code::Ok => return Err(status.into()),
                    _ => break,
                }
            };
            self.body.flow_control().release_capacity(chunk.len())?;
            self.bytes += chunk.len() as u64;
            let mut chunk = &chunk[..];
            while let Some(message) = self.splitter.next(&mut chunk)? {
                self.events.extend(event(message)?);
            }
        }
        Ok(self.events.pop_front())
    }
}

fn message(request: &WatchRequest) -> Bytes {
    let mut out = BytesMut::with_capacity(PREFIX_BYTES + request.encoded_len());
    out.put_u8(0);
    out.put_u32(u32::try_from(request.encoded_len()).unwrap_or(u32::MAX));
    request.encode_raw(&mut out);
    out.freeze()
}

fn read_head(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let Some([flag, len @ ..]) = bytes.first_chunk::<PREFIX_BYTES>() else {
        return Ok(None);
    };
    ensure!(*flag == 0, "the server compressed a message");
    Ok(Some(Head {
        bytes: PREFIX_BYTES,
        kind: 0,
        body_bytes: usize::try_from(u32::from_be_bytes(*len))?,
    }))
}

fn event(message: Message) -> anyhow::Result<Option<Event>> {
    if let Some(seen) = read_frame(&message).context("read a frame")? {
        return Ok(Some(Event::Frame(seen)));
    }
    let Some(event) = WatchResponse::decode(message.body)?.event else {
        return Ok(None);
    };
    Ok(Some(match event {
        Proto::Started(started) => {
            let codecs = started.tracks.into_iter().map(|t| t.codec_string);
            Event::Started {
                codecs: codecs.collect::<Vec<_>>().join(","),
                init: Bytes::new(),
            }
        }
        Proto::Gap(gap) => Event::Gap { lost: gap.lost },
        Proto::Ended(ended) => Event::Ended {
            reason: ended.reason().as_str_name().replace("END_REASON_", ""),
            message: ended.message,
        },
        Proto::Frame(_) => bail!("a frame that begins with another field"),
    }))
}

/// Reads the fields of a frame up to its data, which need not have been kept.
fn read_frame(message: &Message) -> anyhow::Result<Option<Seen>> {
    /// `WatchResponse.frame`.
    const FRAME: u32 = 2;
    /// `Frame.data`, the last of its fields.
    const DATA: u32 = 5;
    let mut rest = &message.body[..];
    if !rest.has_remaining() || decode_key(&mut rest)? != (FRAME, WireType::LengthDelimited) {
        return Ok(None);
    }
    decode_varint(&mut rest)?;
    let mut fields = [0; DATA as usize];
    while rest.has_remaining() {
        let (field, _) = decode_key(&mut rest)?;
        if field == DATA {
            break;
        }
        match fields.get_mut(field as usize) {
            Some(value) => *value = decode_varint(&mut rest)?,
            None => bail!("unknown field {field}"),
        }
    }
    let [_, track, key, _, dts] = fields;
    Ok(Some(Seen {
        track: u32::try_from(track)?,
        key: key != 0,
        // A negative number is sent as its two's complement.
        dts: dts.cast_signed(),
        sequence: None,
        bytes: message.bytes,
        data: message.body.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use sightline_rpc::live::v1::{EndReason, Ended, Frame, Gap};

    use super::*;

    fn of(event: Proto, keep: Keep) -> Event {
        let response = WatchResponse { event: Some(event) };
        let body = response.encode_to_vec();
        let prefix = [&[0], &u32::try_from(body.len()).unwrap().to_be_bytes()[..]].concat();
        let bytes = [prefix, body].concat();
        let mut splitter = Splitter::new(read_head, keep.bytes());
        let message = splitter.next(&mut &bytes[..]).unwrap().unwrap();
        super::event(message).unwrap().unwrap()
    }

    #[test]
    fn frame_is_known_from_its_head_alone() {
        let frame = Frame {
            track: 3,
            key: true,
            pts_us: -1,
            dts_us: -40_000,
            data: Bytes::from(vec![7; 90_000]),
        };
        for keep in [Keep::Head, Keep::Whole] {
            let Event::Frame(seen) = of(Proto::Frame(frame.clone()), keep) else {
                panic!("no frame");
            };
            assert_eq!((seen.track, seen.key, seen.dts), (3, true, -40_000));
            assert!(seen.bytes > 90_000);
            assert_eq!(seen.data.len() > 90_000, keep == Keep::Whole);
        }
    }

    #[test]
    fn other_messages_become_events() {
        assert_eq!(
            of(Proto::Gap(Gap { lost: 7 }), Keep::Head),
            Event::Gap { lost: 7 }
        );
        let ended = Ended {
            reason: EndReason::TooSlow.into(),
            message: "asleep".into(),
            opens_at_unix_ms: 0,
        };
        let wanted = Event::Ended {
            reason: "TOO_SLOW".into(),
            message: "asleep".into(),
        };
        assert_eq!(of(Proto::Ended(ended), Keep::Head), wanted);
    }
}
