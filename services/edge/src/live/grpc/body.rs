//! The response body of one gRPC viewer: a cursor, and nothing of its own per frame.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::{HeaderMap, HeaderValue};
use bytes::{BufMut as _, Bytes, BytesMut};
use http_body::Frame as BodyFrame;
use prost::Message as _;
use sightline_media::ring::{Cursor, Entry, Listener, Step, Wire};
use sightline_rpc::live::v1 as live;
use sightline_rpc::live::v1::watch_response::Event;
use sightline_rpc::media::{frame_to_proto, tracks_to_proto};
use tokio::time::Instant;

use crate::error::End;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::session::Admission;
use crate::viewer::Hold;

/// Prefix of a gRPC message: compressed or not, and the length.
const PREFIX_BYTES: usize = 5;

/// Polled by the HTTP/2 connection when the viewer has room; a viewer that has none does not poll,
/// and its cursor skips by itself when it comes back.
#[derive(Debug)]
pub(crate) struct WatchBody {
    gate: Arc<Gate>,
    _hold: Hold,
    cursor: Cursor,
    listener: Arc<Listener>,
    metrics: Arc<Metrics>,
    /// At most three messages: a gap, new tracks and the frame that they come before.
    out: VecDeque<Bytes>,
    generation: Option<u32>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Streaming,
    /// The end has been told; the trailers follow.
    Ended,
    Over,
}

impl WatchBody {
    pub(crate) fn new(admission: Admission, metrics: Arc<Metrics>) -> Self {
        let Admission {
            gate, ring, hold, ..
        } = admission;
        let listener = Arc::new(ring.listen());
        gate.wakes(Arc::clone(&listener));
        Self {
            gate,
            _hold: hold,
            cursor: ring.cursor(),
            listener,
            metrics,
            out: VecDeque::new(),
            generation: None,
            state: State::Streaming,
        }
    }

    /// The next message, unless there is none now.
    fn next(&mut self) -> Option<Bytes> {
        if self.out.is_empty() && self.state == State::Streaming {
            self.fill();
        }
        self.out.pop_front()
    }

    fn fill(&mut self) {
        if let Err(end) = self.gate.check(Instant::now()) {
            self.gate.shut(end.clone());
            return self.end(end);
        }
        // None also when the writer is gone: the viewer's actor knows why, and shuts the gate.
        let Some(Step { lost, entry }) = self.cursor.try_next() else {
            return;
        };
        if lost > 0 {
            self.metrics.pictures_skipped.add(lost);
            self.out.push_back(message(Event::Gap(live::Gap { lost })));
        }
        if self.generation != Some(entry.generation()) {
            self.generation = Some(entry.generation());
            self.out
                .push_back(message(Event::Started(tracks_to_proto(entry.tracks()))));
        }
        self.metrics.frames_out.add(1);
        self.out
            .push_back(entry.wire(Wire::Grpc, encode_grpc).clone());
    }

    fn end(&mut self, end: End) {
        self.state = State::Ended;
        self.out.push_back(message(Event::Ended(live::Ended {
            reason: end.reason.into(),
            message: end.message.into_owned(),
            opens_at_unix_ms: end.opens_at_unix_ms,
        })));
    }
}

impl http_body::Body for WatchBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Infallible>>> {
        self.listener.register(cx.waker());
        if let Some(bytes) = self.next() {
            self.metrics.bytes_out.add(bytes.len() as u64);
            self.gate.took(Instant::now());
            return Poll::Ready(Some(Ok(BodyFrame::data(bytes))));
        }
        match self.state {
            State::Streaming => {
                self.gate.waits();
                Poll::Pending
            }
            State::Ended => {
                self.state = State::Over;
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                Poll::Ready(Some(Ok(BodyFrame::trailers(trailers))))
            }
            State::Over => Poll::Ready(None),
        }
    }
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
