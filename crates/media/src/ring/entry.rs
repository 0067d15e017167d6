//! A published frame with the bytes it becomes on each wire.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::timing::Times;
use crate::{Codec, Frame, Tracks};

/// A protocol in which an entry is encoded at most once, for all viewers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// A gRPC message with its five-byte prefix.
    Grpc,
    /// An fMP4 fragment with its WebSocket header.
    WebSocket,
}

pub(super) const WIRES: usize = 2;

/// One frame in a ring. Immutable; shared by all that read it.
#[derive(Debug)]
pub struct Entry {
    pub(super) seq: u64,
    pub(super) codec: Codec,
    pub(super) frame: Frame,
    pub(super) tracks: Arc<Tracks>,
    pub(super) generation: u32,
    pub(super) start: bool,
    pub(super) pictures_before: u64,
    pub(super) times: Times,
    pub(super) wires: [OnceLock<Bytes>; WIRES],
}

impl Entry {
    /// Number of this entry in the ring, from 0.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The frame itself.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// How the frame is encoded.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// A picture rather than sound.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        self.codec.is_video()
    }

    /// Pictures of the stream up to here, with those that were left out.
    pub(super) fn pictures_after(&self) -> u64 {
        self.pictures_before
            .saturating_add(u64::from(self.is_picture()))
    }

    /// The tracks in force when it was published.
    #[must_use]
    pub fn tracks(&self) -> &Arc<Tracks> {
        &self.tracks
    }

    /// Rises by one whenever the tracks or the origin of times change; a viewer that sees a new one needs a new
    /// initialisation.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// A viewer may start here.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.start
    }

    /// How long the frame is shown or heard, microseconds; for video the distance to the frame
    /// before, since the next one is not known yet.
    #[must_use]
    pub fn duration_us(&self) -> u32 {
        self.times.duration_us
    }

    /// Decoding time in the units of MP4: microseconds for a picture, samples at the track's rate
    /// for sound; 0 for what is before the origin. A packet of sound that the device means to
    /// follow the one before begins exactly where that one ends.
    #[must_use]
    pub fn media_time(&self) -> u64 {
        self.times.media_time
    }

    /// Like [`Entry::duration_us`], in the units of [`Entry::media_time`].
    #[must_use]
    pub fn media_duration(&self) -> u32 {
        self.times.media_duration
    }

    /// Its bytes in one protocol; `encode` runs for the first viewer only.
    pub fn wire(&self, wire: Wire, encode: impl FnOnce(&Self) -> Bytes) -> &Bytes {
        self.wires[wire as usize].get_or_init(|| encode(self))
    }
}
