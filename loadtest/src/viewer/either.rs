//! A viewer over the one path or the other.

use std::time::{Duration, Instant};

use sightline_rpc::live::v1::WatchRequest;

use super::{Event, Keep, Seen, grpc, websocket};
use crate::connect::Target;

/// How frames reach a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// fMP4 over WebSocket.
    Ws,
    /// `Live/Watch`.
    Grpc,
}

/// An open stream, of which the beginning of each message is kept.
#[derive(Debug)]
pub(crate) enum Viewer {
    WebSocket(Box<websocket::Viewer>),
    Grpc(Box<grpc::Viewer>),
}

impl Viewer {
    /// Opens the main stream of a device's first channel.
    pub(crate) async fn open(
        target: &Target,
        protocol: Protocol,
        device: &str,
        token: &str,
    ) -> anyhow::Result<Self> {
        Ok(match protocol {
            Protocol::Ws => {
                let path = format!("{device}/1");
                let viewer = websocket::Viewer::open(target, &path, token, Keep::Head);
                Self::WebSocket(Box::new(viewer.await?))
            }
            Protocol::Grpc => {
                let request = WatchRequest {
                    device_id: device.to_owned(),
                    channel: 1,
                    ..WatchRequest::default()
                };
                let viewer = grpc::Viewer::open(target, &request, token, Keep::Head);
                Self::Grpc(Box::new(viewer.await?))
            }
        })
    }

    /// The next event, or `None` when the server has closed the stream.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        match self {
            Self::WebSocket(viewer) => viewer.next().await,
            Self::Grpc(viewer) => viewer.next().await,
        }
    }

    /// When the token or the request had been sent.
    pub(crate) fn asked_at(&self) -> Instant {
        match self {
            Self::WebSocket(viewer) => viewer.asked_at(),
            Self::Grpc(viewer) => viewer.asked_at(),
        }
    }

    /// Bytes of messages that came in so far.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::WebSocket(viewer) => viewer.bytes(),
            Self::Grpc(viewer) => viewer.bytes(),
        }
    }
}

/// Frames that are missing between two: by their numbers, or by their times where there are none.
pub(crate) fn lost_between(last: &Seen, next: &Seen, interval: Duration) -> u64 {
    match (last.sequence, next.sequence) {
        (Some(last), Some(next)) => u64::from(next.wrapping_sub(last)).saturating_sub(1),
        _ => {
            let interval_us = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
            let steps = (next.dts - last.dts) / interval_us;
            u64::try_from(steps - 1).unwrap_or(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sequence: Option<u32>, dts: i64) -> Seen {
        Seen {
            track: 0,
            key: false,
            dts,
            sequence,
            bytes: 0,
            data: bytes::Bytes::new(),
        }
    }

    #[test]
    fn missing_frames_are_counted_by_number_or_by_time() {
        let lost = |a: (Option<u32>, i64), b: (Option<u32>, i64)| {
            let interval = Duration::from_millis(40);
            lost_between(&seen(a.0, a.1), &seen(b.0, b.1), interval)
        };
        assert_eq!(lost((Some(7), 0), (Some(8), 0)), 0);
        assert_eq!(lost((Some(7), 0), (Some(58), 0)), 50);
        assert_eq!(lost((Some(u32::MAX), 0), (Some(1), 0)), 1);
        assert_eq!(lost((None, 0), (None, 40_000)), 0);
        assert_eq!(lost((None, 0), (None, 2_040_000)), 50);
    }
}
