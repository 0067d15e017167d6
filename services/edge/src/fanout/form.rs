//! How viewers are told what happens: fMP4 in WebSocket messages, or gRPC messages.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use sightline_media::ring::{Entry, Wire};
use sightline_media::{Tracks, fmp4};
use sightline_rpc::live::v1 as live;
use sightline_rpc::live::v1::EndReason;
use sightline_rpc::live::v1::watch_response::Event;
use sightline_rpc::media::{frame_to_proto, tracks_to_proto};

use crate::error::End;
use crate::live::words;
use crate::websocket;

/// Prefix of a gRPC message: compressed or not, and the length.
const PREFIX_BYTES: usize = 5;

/// One of the ways to tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Texts, initialisation segments and fragments, for Media Source Extensions.
    WebSocket,
    /// `WatchResponse`s with their prefixes.
    Grpc,
}

impl Form {
    /// Pictures were left out.
    pub(super) fn gap(self, lost: u64) -> Bytes {
        match self {
            Self::WebSocket => websocket::text(&words::gap(lost)),
            Self::Grpc => message(Event::Gap(live::Gap { lost })),
        }
    }

    /// What comes before the first frame of these tracks.
    pub(super) fn started(self, tracks: &Tracks) -> Result<Vec<Bytes>, End> {
        match self {
            Self::WebSocket => {
                let init = fmp4::init_segment(tracks).map_err(|_| {
                    let message = "the stream has no valid description";
                    End::new(EndReason::BadStream, message)
                })?;
                let codecs = websocket::text(&words::codecs(tracks));
                Ok(vec![codecs, websocket::binary(&init)])
            }
            Self::Grpc => Ok(vec![message(Event::Started(tracks_to_proto(tracks)))]),
        }
    }

    /// A frame; the same bytes for all viewers.
    pub(super) fn frame(self, entry: &Entry) -> &Bytes {
        match self {
            Self::WebSocket => entry.wire(Wire::WebSocket, encode_websocket),
            Self::Grpc => entry.wire(Wire::Grpc, encode_grpc),
        }
    }

    /// The last words.
    pub(super) fn ended(self, end: &End) -> Vec<Bytes> {
        match self {
            Self::WebSocket => vec![websocket::text(&words::ended(end)), websocket::close()],
            Self::Grpc => vec![message(Event::Ended(live::Ended {
                reason: end.reason.into(),
                message: end.message.clone().into_owned(),
                opens_at_unix_ms: end.opens_at_unix_ms,
            }))],
        }
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

/// A frame as a gRPC message. Runs once per frame.
fn encode_grpc(entry: &Entry) -> Bytes {
    message(Event::Frame(frame_to_proto(entry.frame())))
}

fn message(event: Event) -> Bytes {
    let message = live::WatchResponse { event: Some(event) };
    let len = message.encoded_len();
    let mut out = BytesMut::with_capacity(PREFIX_BYTES + len);
    out.put_u8(0);
    // Frames are bounded far below 4 GiB.
    out.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
    message.encode_raw(&mut out);
    out.freeze()
}
