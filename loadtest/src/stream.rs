//! A stream of exact sizes and times, which no camera gives.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use sightline_rpc::live::v1::{Codec, Frame, Started, Track};

/// An `avcC` record (ISO/IEC 14496-15, 5.3.3.1) of High profile at 1920 x 1080, with the parameter
/// sets that x264 writes for it.
const AVCC: &[u8] = &[
    0x01, 0x64, 0x00, 0x28, 0xff, 0xe1, 0x00, 0x1b, 0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78,
    0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c,
    0x60, 0xc6, 0x58, 0x01, 0x00, 0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00,
];
/// Number of the only track.
pub(crate) const TRACK: u32 = 0;
/// NAL unit headers (ITU-T H.264, 7.3.1): an IDR slice and a slice of another picture.
const IDR: u8 = 0x65;
const SLICE: u8 = 0x41;
/// Length in front of a NAL unit, bytes, and the header of the unit.
const UNIT_HEAD_BYTES: usize = 5;

/// Sizes and times of an H.264 stream: structure valid, pictures noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Frames a second.
    pub rate: u32,
    /// Frames from one key frame to the next.
    pub gop: u32,
    /// Bytes of a key frame; at least 5.
    pub key_bytes: usize,
    /// Bytes of any other frame; at least 5.
    pub other_bytes: usize,
}

impl Shape {
    /// 4 Mbit/s as a camera with constant bit rate sends it: a key frame every two seconds.
    pub const FOUR_MBIT: Self = Self {
        rate: 25,
        gop: 50,
        key_bytes: 90_000,
        other_bytes: 18_700,
    };

    /// 100 kbit/s: little enough that a thousand viewers leave the machine mostly idle.
    pub const THIN: Self = Self {
        rate: 5,
        gop: 10,
        key_bytes: 7_000,
        other_bytes: 2_000,
    };

    /// From one frame to the next.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.rate
    }

    /// Whether decoding may start at frame `n`, counted from 0.
    #[must_use]
    pub fn is_key(&self, n: u64) -> bool {
        n.is_multiple_of(u64::from(self.gop))
    }
}

/// The frames of one [`Shape`]; their data is made once.
#[derive(Debug, Clone)]
pub struct Frames {
    shape: Shape,
    key: Bytes,
    other: Bytes,
}

impl Frames {
    /// Makes the data.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            key: access_unit(IDR, shape.key_bytes),
            other: access_unit(SLICE, shape.other_bytes),
        }
    }

    /// Sizes and times.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What comes before the first frame.
    #[must_use]
    pub fn started() -> Started {
        Started {
            tracks: vec![Track {
                id: TRACK,
                codec: Codec::H264.into(),
                config: Bytes::from_static(AVCC),
                ..Track::default()
            }],
        }
    }

    /// Frame `n`, counted from 0.
    #[must_use]
    pub fn frame(&self, n: u64) -> Frame {
        let key = self.shape.is_key(n);
        let interval_us = 1_000_000 / i64::from(self.shape.rate);
        let dts_us = i64::try_from(n)
            .unwrap_or(i64::MAX)
            .saturating_mul(interval_us);
        Frame {
            track: TRACK,
            key,
            pts_us: dts_us,
            dts_us,
            data: if key { &self.key } else { &self.other }.clone(),
        }
    }
}

/// One NAL unit behind its length, `bytes` in all. The bytes in it hold no start code, and do not
/// repeat within a TLS record.
fn access_unit(header: u8, bytes: usize) -> Bytes {
    let unit_bytes = bytes.saturating_sub(4).max(1);
    let mut unit = BytesMut::with_capacity(bytes);
    unit.put_u32(u32::try_from(unit_bytes).unwrap_or(u32::MAX));
    unit.put_u8(header);
    let mut noise: u32 = 0x9e37_79b9;
    for _ in UNIT_HEAD_BYTES..bytes {
        // Xorshift (Marsaglia, 2003).
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        unit.put_u8(noise as u8 | 1);
    }
    unit.freeze()
}

#[cfg(test)]
mod tests {
    use sightline_media::{nal, ring};
    use sightline_rpc::media::{frame_from_proto, tracks_from_proto};

    use super::*;

    #[test]
    fn frames_have_the_asked_sizes_and_pass_the_checks_of_the_ring() {
        let frames = Frames::new(Shape::FOUR_MBIT);
        let (mut writer, ring) = ring::ring(ring::Limits::default());
        writer.set_tracks(tracks_from_proto(Frames::started()).unwrap());
        for n in 0..100 {
            let frame = frame_from_proto(frames.frame(n)).unwrap();
            assert_eq!(frame.data.len(), if n % 50 == 0 { 90_000 } else { 18_700 });
            assert_eq!(nal::check_h264(&frame.data, frame.key), Ok(()));
            writer.push(frame).unwrap();
        }
        assert!(ring.cursor().try_next().unwrap().entry.is_picture());
    }

    #[test]
    fn shapes_have_the_rates_that_they_promise() {
        for (shape, wanted) in [(Shape::FOUR_MBIT, 4_000_000), (Shape::THIN, 100_000)] {
            let frames = Frames::new(shape);
            let group = 0..u64::from(shape.gop);
            let bytes: usize = group.map(|n| frames.frame(n).data.len()).sum();
            let seconds = f64::from(shape.gop) / f64::from(shape.rate);
            let ratio = bytes as f64 * 8.0 / seconds / f64::from(wanted);
            assert!((0.97..1.03).contains(&ratio), "{shape:?}: {ratio}");
        }
    }
}
