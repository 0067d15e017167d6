//! What can be wrong with media that a device sends.

/// A stream that cannot be passed on. The words are for the device's owner and for logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A codec configuration record or parameter set that cannot be read.
    #[error("codec configuration is not valid: {0}")]
    BadConfig(&'static str),
    /// A frame that is larger than [`crate::FRAME_BYTES_MAX`].
    #[error("frame of {bytes} bytes is over the limit of {max} bytes")]
    FrameTooLarge {
        /// Size of the frame.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A frame without a byte in it.
    #[error("frame is empty")]
    FrameEmpty,
    /// NAL unit lengths that do not add up to the frame, or a key frame without a key picture.
    #[error("frame does not hold what it claims: {0}")]
    BadFrame(&'static str),
    /// A frame of a track that was not announced.
    #[error("frame of track {0}, which was not announced")]
    UnknownTrack(u8),
    /// Decoding times must rise strictly within a track.
    #[error("decoding time {now_us} us does not follow {last_us} us on track {track}")]
    TimeRunsBackwards {
        /// Track of the frame.
        track: u8,
        /// Decoding time of the frame before.
        last_us: i64,
        /// Decoding time of this frame.
        now_us: i64,
    },
    /// Times that no camera produces: far from each other, or near the end of the number range.
    #[error("presentation time {pts_us} us is too far from decoding time {dts_us} us")]
    BadTime {
        /// Presentation time.
        pts_us: i64,
        /// Decoding time.
        dts_us: i64,
    },
    /// No tracks, too many, two with one id, or two of one kind.
    #[error("set of tracks is not valid: {0}")]
    BadTracks(&'static str),
}
