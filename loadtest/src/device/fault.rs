//! What a broken or hostile device does to its stream.

use bytes::Bytes;
use sightline_domain::CloudId;
use sightline_rpc::device::v1::live_response::Event;
use sightline_rpc::live::v1::{Frame, Gap, Started, Track};

use crate::stream::Frames;

/// A fault of a device. Those of a stream show at one frame; all before it is sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A frame of this many bytes, valid but for its size.
    FrameOf(usize),
    /// A frame without data.
    EmptyFrame,
    /// Lengths that do not add up to the frame.
    BrokenLengths,
    /// A frame that claims to be a key frame, and is none.
    FalseKey,
    /// Decoding time one second before that of the frame before.
    BackwardTime,
    /// Presentation time an hour after decoding time.
    FarPresentation,
    /// The largest time that a message can carry.
    EndlessTime,
    /// A frame of a track that was not announced.
    UnknownTrack,
    /// New tracks whose configuration cannot be read.
    BadConfig,
    /// More tracks than a stream may have.
    TooManyTracks,
    /// Says that as many pictures were lost as a message can carry.
    EndlessGap,
    /// Nothing more comes, while the call stays open.
    Stall,
    /// The call ends.
    End,
    /// Says at once that it is the device with this ID, which is not of its own key.
    ForeignCloudId(CloudId),
}

/// What is sent in place of one frame.
pub(super) enum Sent {
    Event(Event),
    Nothing,
    End,
}

impl Fault {
    /// The fault in place of `frame`.
    pub(super) fn instead_of(self, frame: Frame) -> Sent {
        let changed = match self {
            Self::FrameOf(bytes) => Frame {
                data: sized(&frame.data, bytes),
                ..frame
            },
            Self::EmptyFrame => Frame {
                data: Bytes::new(),
                ..frame
            },
            Self::BrokenLengths => Frame {
                data: frame.data.slice(..frame.data.len() - 1),
                ..frame
            },
            Self::FalseKey => Frame { key: true, ..frame },
            Self::BackwardTime => shifted(frame, -1_000_000),
            Self::FarPresentation => Frame {
                pts_us: frame.dts_us + 3_600_000_000,
                ..frame
            },
            Self::EndlessTime => Frame {
                pts_us: i64::MAX,
                dts_us: i64::MAX,
                ..frame
            },
            Self::UnknownTrack => Frame {
                track: 300,
                ..frame
            },
            Self::BadConfig => return Sent::Event(Event::Started(bad_config())),
            Self::TooManyTracks => return Sent::Event(Event::Started(too_many_tracks())),
            Self::EndlessGap => return Sent::Event(Event::Gap(Gap { lost: u64::MAX })),
            Self::Stall => return Sent::Nothing,
            Self::End => return Sent::End,
            Self::ForeignCloudId(_) => frame,
        };
        Sent::Event(Event::Frame(changed))
    }
}

/// One NAL unit of the same kind, with its length, `bytes` in all.
fn sized(data: &Bytes, bytes: usize) -> Bytes {
    let unit_bytes = u32::try_from(bytes.saturating_sub(4)).unwrap_or(u32::MAX);
    let mut sized = unit_bytes.to_be_bytes().to_vec();
    sized.push(data[4]);
    sized.resize(bytes, 0x5a);
    sized.into()
}

fn shifted(frame: Frame, by_us: i64) -> Frame {
    Frame {
        pts_us: frame.pts_us + by_us,
        dts_us: frame.dts_us + by_us,
        ..frame
    }
}

fn bad_config() -> Started {
    let mut started = Frames::started();
    for track in &mut started.tracks {
        track.config = track.config.slice(..10);
    }
    started
}

fn too_many_tracks() -> Started {
    let track = |id| Track {
        id,
        ..Frames::started().tracks.swap_remove(0)
    };
    Started {
        tracks: (0..8).map(track).collect(),
    }
}

#[cfg(test)]
mod tests {
    use sightline_media::{FRAME_BYTES_MAX, ring};
    use sightline_rpc::media::{frame_from_proto, tracks_from_proto};

    use super::*;
    use crate::stream::Shape;

    /// Whether an edge would take what this device sends, up to frame 30.
    fn is_taken(fault: Fault) -> bool {
        let frames = Frames::new(Shape::FOUR_MBIT);
        let (mut writer, _ring) = ring::ring(ring::Limits::default());
        writer.set_tracks(tracks_from_proto(Frames::started()).unwrap());
        for n in 0..30 {
            writer
                .push(frame_from_proto(frames.frame(n)).unwrap())
                .unwrap();
        }
        let Sent::Event(event) = fault.instead_of(frames.frame(30)) else {
            return true;
        };
        match event {
            Event::Started(started) => tracks_from_proto(started).is_ok(),
            Event::Frame(frame) => frame_from_proto(frame)
                .and_then(|frame| writer.push(frame))
                .is_ok(),
            Event::Gap(_) => true,
        }
    }

    #[test]
    fn faults_of_a_stream_are_ones_that_an_edge_must_refuse() {
        let faults = [
            Fault::FrameOf(FRAME_BYTES_MAX + 1),
            Fault::EmptyFrame,
            Fault::BrokenLengths,
            Fault::FalseKey,
            Fault::BackwardTime,
            Fault::FarPresentation,
            Fault::EndlessTime,
            Fault::UnknownTrack,
            Fault::BadConfig,
            Fault::TooManyTracks,
        ];
        for fault in faults {
            assert!(!is_taken(fault), "{fault:?}");
        }
        assert!(
            is_taken(Fault::FrameOf(FRAME_BYTES_MAX)),
            "the limit itself"
        );
        assert!(is_taken(Fault::EndlessGap));
    }
}
