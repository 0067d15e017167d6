//! One encoded picture, or one packet of sound.

use bytes::Bytes;

/// Largest frame that is accepted, bytes. A 4K key frame at 16 Mbit/s stays under 1 MiB.
pub const FRAME_BYTES_MAX: usize = 2 << 20;

/// Farthest that presentation and decoding time of one frame may lie apart, microseconds.
pub const REORDER_US_MAX: i64 = 10_000_000;

/// Times beyond this are refused, so that sums of them cannot overflow; microseconds, 1,000 years.
pub const TIME_US_MAX: i64 = 31_556_952_000_000_000;

/// An access unit of one track, immutable once made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// [`crate::Track::id`].
    pub track: u8,
    /// Decoding may start here. Always true for sound.
    pub key: bool,
    /// Presentation time, microseconds from the device's origin.
    pub pts_us: i64,
    /// Decoding time, microseconds; rises strictly within a track.
    pub dts_us: i64,
    /// Video: NAL units, each after its length in four bytes, without parameter sets
    /// (ISO/IEC 14496-15); sound: one access unit (AAC) or a packet of samples (G.711).
    pub data: Bytes,
}
