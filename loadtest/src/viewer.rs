//! Viewers that cost little: they read every byte, keep what tells a frame from another, and
//! decode nothing.

pub(crate) mod either;
mod fragment;
pub mod grpc;
mod split;
pub mod websocket;

use bytes::Bytes;

/// What a viewer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Tracks were announced; comes before the first frame, and again when they change.
    Started {
        /// RFC 6381 codec strings, with commas between.
        codecs: String,
        /// The initialisation segment of fMP4, as far as it was kept; empty over gRPC.
        init: Bytes,
    },
    /// A frame, whole.
    Frame(Seen),
    /// Pictures were left out before the next frame.
    Gap {
        /// How many.
        lost: u64,
    },
    /// The last words.
    Ended {
        /// A name for programs, as in `EndReason` without its prefix.
        reason: String,
        /// For people.
        message: String,
    },
}

/// A frame that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Number of the track: from 0 over gRPC as the device says, from 1 in fMP4.
    pub track: u32,
    /// Decoding may start here.
    pub key: bool,
    /// Decoding time: microseconds over gRPC and for pictures in fMP4, samples for its sound.
    pub dts: i64,
    /// Number of the fragment in fMP4; there is none over gRPC.
    pub sequence: Option<u32>,
    /// Bytes of the whole message with what is around the frame.
    pub bytes: usize,
    /// The message, as far as it was kept: a fragment, or a `WatchResponse`.
    pub data: Bytes,
}

/// How much of each message is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// What is needed to know it: enough for any text, and for the beginning of a frame.
    Head,
    /// All of it.
    Whole,
}

impl Keep {
    /// Bytes. Initialisation segments and `Started` messages are shorter than this.
    const HEAD_BYTES: usize = 8 << 10;

    fn bytes(self) -> usize {
        match self {
            Self::Head => Self::HEAD_BYTES,
            Self::Whole => usize::MAX,
        }
    }
}
