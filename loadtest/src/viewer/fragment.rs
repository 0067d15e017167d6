//! The boxes of an fMP4 fragment (ISO/IEC 14496-12) that tell one frame from another.

/// `sample_is_non_sync_sample` in the flags of a sample.
const NON_SYNC: u32 = 0x0001_0000;

/// What the head of a fragment says of its one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FragmentHead {
    pub(super) sequence: u32,
    pub(super) track: u32,
    pub(super) time: i64,
    pub(super) key: bool,
}

/// Reads `moof` at the beginning of a fragment; `None` for anything else.
pub(super) fn read(fragment: &[u8]) -> Option<FragmentHead> {
    let moof = find(fragment, b"moof")?;
    let traf = find(moof, b"traf")?;
    // Each begins with a version and flags, 4 bytes.
    let trun = find(traf, b"trun")?;
    // Count, data offset, and of the first sample its duration, size and flags.
    let flags = number(trun, 4 + 4 + 4 + 4 + 4)?;
    let tfdt = find(traf, b"tfdt")?;
    let time = u64::from_be_bytes(tfdt.get(4..12)?.try_into().ok()?);
    Some(FragmentHead {
        sequence: number(find(moof, b"mfhd")?, 4)?,
        track: number(find(traf, b"tfhd")?, 4)?,
        time: time.try_into().ok()?,
        key: flags & NON_SYNC == 0,
    })
}

/// The content of the first box of this kind.
fn find<'a>(mut boxes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let size = usize::try_from(number(boxes, 0)?).ok()?;
        if boxes.get(4..8)? == kind {
            return boxes.get(8..size);
        }
        boxes = boxes.get(size.max(8)..)?;
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use sightline_media::{fmp4, ring};
    use sightline_rpc::media::{frame_from_proto, tracks_from_proto};

    use super::*;
    use crate::stream::{Frames, Shape};

    #[test]
    fn fragments_tell_number_time_and_key() {
        let frames = Frames::new(Shape {
            gop: 3,
            ..Shape::FOUR_MBIT
        });
        let (mut writer, ring) = ring::ring(ring::Limits::default());
        let mut cursor = ring.cursor();
        writer.set_tracks(tracks_from_proto(Frames::started()).unwrap());
        for n in 0..5 {
            writer
                .push(frame_from_proto(frames.frame(n)).unwrap())
                .unwrap();
            let entry = cursor.try_next().unwrap().entry;
            let mut fragment = BytesMut::new();
            fmp4::put_fragment(&mut fragment, &entry);
            let wanted = FragmentHead {
                sequence: u32::try_from(n).unwrap() + 1,
                track: 1,
                time: i64::try_from(n).unwrap() * 40_000,
                key: n % 3 == 0,
            };
            assert_eq!(read(&fragment), Some(wanted));
            assert_eq!(read(&fragment[..100]), None, "cut off");
        }
        let tracks = tracks_from_proto(Frames::started()).unwrap();
        assert_eq!(read(&fmp4::init_segment(&tracks).unwrap()), None);
    }
}
