//! NAL units: behind lengths as in MP4 (ISO/IEC 14496-15), or behind start codes (Annex B of
//! ITU-T H.264 and H.265).

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::{Codec, Error};

/// Bytes of the length before each NAL unit.
const LENGTH_BYTES: usize = 4;
const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// Checks that an H.264 frame is a chain of NAL units which ends where the frame ends, that a
/// `key` frame holds an IDR picture, and any other frame some picture.
///
/// # Errors
/// [`Error::BadFrame`] when it is not so.
pub fn check_h264(frame: &[u8], key: bool) -> Result<(), Error> {
    check(frame, Codec::H264, |kind| {
        if key {
            is_key(kind, Codec::H264)
        } else {
            (1..=5).contains(&kind)
        }
    })
}

/// Checks that an H.265 frame is a chain of NAL units which ends where the frame ends, that a
/// `key` frame holds a random access picture (IRAP), and any other frame some picture.
///
/// # Errors
/// [`Error::BadFrame`] when it is not so.
pub fn check_h265(frame: &[u8], key: bool) -> Result<(), Error> {
    check(frame, Codec::H265, |kind| {
        if key {
            is_key(kind, Codec::H265)
        } else {
            kind < 32
        }
    })
}

/// Whether decoding may start at the frame: an IDR picture of H.264, a random access picture (IRAP) of
/// H.265. Cameras whose groups of pictures are open send an IDR picture once, and CRA pictures then.
#[must_use]
pub fn is_random_access(frame: &[u8], codec: Codec) -> bool {
    let mut units = units(frame).map_while(Result::ok);
    units.any(|unit| is_key(kind(unit, codec), codec))
}

/// Whether a slice of this `nal_unit_type` is of a picture at which decoding may start.
fn is_key(kind: u8, codec: Codec) -> bool {
    if codec == Codec::H265 {
        (16..=23).contains(&kind)
    } else {
        kind == 5
    }
}

/// Whether the first slice in the frame is the first one of its picture. When packets were lost before
/// a frame, and this does not hold, they took the beginning of its picture with them.
#[must_use]
pub fn has_first_slice(frame: &[u8], codec: Codec) -> bool {
    let (header_bytes, slices) = if codec == Codec::H265 {
        (2, 0..32)
    } else {
        (1, 1..6)
    };
    let mut slice = units(frame).map_while(Result::ok);
    slice
        .find(|unit| slices.contains(&kind(unit, codec)))
        .and_then(|unit| unit.get(header_bytes))
        // H.264 begins a slice with `first_mb_in_slice`, whose code for 0 is a single bit; H.265 with
        // `first_slice_segment_in_pic_flag`.
        .is_some_and(|byte| byte & 0x80 != 0)
}

fn check(frame: &[u8], codec: Codec, wanted: impl Fn(u8) -> bool) -> Result<(), Error> {
    let mut found = false;
    for unit in units(frame) {
        let unit = unit?;
        let header_bytes = if codec == Codec::H265 { 2 } else { 1 };
        if unit.len() < header_bytes || unit[0] & 0x80 != 0 {
            return Err(Error::BadFrame("NAL unit header is not valid"));
        }
        found |= wanted(kind(unit, codec));
    }
    if found {
        Ok(())
    } else {
        Err(Error::BadFrame("no picture of the promised kind"))
    }
}

/// `nal_unit_type`; of anything but H.265, as H.264 defines it. The unit is not empty.
fn kind(unit: &[u8], codec: Codec) -> u8 {
    if codec == Codec::H265 {
        unit[0] >> 1 & 0x3f
    } else {
        unit[0] & 0x1f
    }
}

/// Whether the unit belongs in the configuration record or nowhere, not in a [`crate::Frame`]:
/// parameter sets and access unit delimiters.
fn is_out_of_band(unit: &[u8], codec: Codec) -> bool {
    let kind = kind(unit, codec);
    if codec == Codec::H265 {
        (32..=35).contains(&kind)
    } else {
        (7..=9).contains(&kind)
    }
}

/// NAL units of a frame, each after its length in four bytes. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Units<'a> {
    rest: &'a [u8],
}

/// Walks the length-prefixed NAL units of a frame; none of them is empty.
#[must_use]
pub fn units(frame: &[u8]) -> Units<'_> {
    Units { rest: frame }
}

impl<'a> Iterator for Units<'a> {
    type Item = Result<&'a [u8], Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() {
            return None;
        }
        let Some((length, rest)) = rest.split_first_chunk::<LENGTH_BYTES>() else {
            return Some(Err(Error::BadFrame("length of a NAL unit is cut off")));
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length == 0 {
            return Some(Err(Error::BadFrame("NAL unit is empty")));
        }
        let Some((unit, rest)) = rest.split_at_checked(length) else {
            return Some(Err(Error::BadFrame("NAL unit is longer than its frame")));
        };
        self.rest = rest;
        Some(Ok(unit))
    }
}

/// NAL units between the start codes (00 00 01) of an Annex B stream, without the zero bytes
/// around them. What stands before the first start code is left out.
pub fn split_annex_b(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = find_start_code(stream).map(|at| &stream[at + 3..]);
    std::iter::from_fn(move || {
        let from = rest?;
        let end = find_start_code(from);
        rest = end.map(|at| &from[at + 3..]);
        Some(trim_zeros(&from[..end.unwrap_or(from.len())]))
    })
    .filter(|unit| !unit.is_empty())
}

/// A NAL unit never ends in a zero byte; those found there belong to the next start code.
fn trim_zeros(mut unit: &[u8]) -> &[u8] {
    while let [head @ .., 0] = unit {
        unit = head;
    }
    unit
}

fn find_start_code(stream: &[u8]) -> Option<usize> {
    let mut at = 2;
    while let Some(&byte) = stream.get(at) {
        match byte {
            0 => at += 1,
            1 if stream[at - 2] == 0 && stream[at - 1] == 0 => return Some(at - 2),
            // Neither this byte nor the two after it can end a start code.
            2.. => at += 3,
            _ => at += 1,
        }
    }
    None
}

/// Makes the data of a [`crate::Frame`] from an encoder's access unit: lengths in place of start
/// codes, and without parameter sets and access unit delimiters. Empty when nothing is left.
#[must_use]
pub fn annex_b_to_lengths(stream: &[u8], codec: Codec) -> Bytes {
    let mut frame = BytesMut::with_capacity(stream.len() + LENGTH_BYTES);
    for unit in split_annex_b(stream).filter(|unit| !is_out_of_band(unit, codec)) {
        // A stream of 4 GiB does not fit in memory next to its copy.
        frame.put_u32(u32::try_from(unit.len()).unwrap_or(u32::MAX));
        frame.put_slice(unit);
    }
    frame.freeze()
}

/// Makes what decoders read from the data of a [`crate::Frame`]: start codes in place of lengths.
///
/// # Errors
/// [`Error::BadFrame`] when the lengths do not add up.
pub fn lengths_to_annex_b(frame: &[u8]) -> Result<Bytes, Error> {
    let mut stream = BytesMut::with_capacity(frame.len());
    for unit in units(frame) {
        stream.put_slice(&START_CODE);
        stream.put_slice(unit?);
    }
    Ok(stream.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[0x67, 1, 2];
    const IDR: &[u8] = &[0x65, 0, 3, 9];
    const SLICE: &[u8] = &[0x41, 7];

    fn lengths(units: &[&[u8]]) -> Vec<u8> {
        let prefixed = |unit: &&[u8]| [&(unit.len() as u32).to_be_bytes(), *unit].concat();
        units.iter().flat_map(prefixed).collect()
    }

    #[test]
    fn picture_has_its_beginning_when_its_first_slice_says_so() {
        let sei: &[u8] = &[6, 1];
        let (first, second): (&[u8], &[u8]) = (&[0x65, 0x88], &[0x65, 0x40]);
        assert!(has_first_slice(
            &lengths(&[sei, first, second]),
            Codec::H264
        ));
        assert!(!has_first_slice(&lengths(&[sei, second]), Codec::H264));
        assert!(!has_first_slice(&lengths(&[sei]), Codec::H264));
        assert!(!has_first_slice(&lengths(&[&[0x65]]), Codec::H264));

        let sei: &[u8] = &[39 << 1, 1, 0x80];
        let (first, second): (&[u8], &[u8]) = (&[19 << 1, 1, 0xac], &[19 << 1, 1, 0x2c]);
        assert!(has_first_slice(
            &lengths(&[sei, first, second]),
            Codec::H265
        ));
        assert!(!has_first_slice(&lengths(&[sei, second]), Codec::H265));
    }

    #[test]
    fn decoding_may_start_at_every_random_access_picture() {
        let (idr, cra, trailing): (&[u8], &[u8], &[u8]) =
            (&[19 << 1, 1, 0xac], &[21 << 1, 1, 0xac], &[1 << 1, 1, 0xd0]);
        for (slice, may) in [(idr, true), (cra, true), (trailing, false)] {
            assert_eq!(is_random_access(&lengths(&[slice]), Codec::H265), may);
        }
        assert!(is_random_access(&lengths(&[IDR]), Codec::H264));
        assert!(!is_random_access(&lengths(&[SLICE]), Codec::H264));
        assert!(!is_random_access(&[], Codec::H264));
    }

    #[test]
    fn key_frame_must_hold_a_key_picture_and_others_a_picture() {
        let sei: &[u8] = &[6, 1];
        assert_eq!(check_h264(&lengths(&[sei, IDR]), true), Ok(()));
        assert_eq!(check_h264(&lengths(&[sei, SLICE]), false), Ok(()));
        assert!(check_h264(&lengths(&[sei, SLICE]), true).is_err());
        assert!(check_h264(&lengths(&[sei]), false).is_err());
        assert!(check_h264(&[], false).is_err());

        let (sei, trail, idr, cra): (&[u8], &[u8], &[u8], &[u8]) =
            (&[39 << 1, 1], &[1 << 1, 1], &[19 << 1, 1], &[21 << 1, 1]);
        assert_eq!(check_h265(&lengths(&[sei, idr]), true), Ok(()));
        assert_eq!(check_h265(&lengths(&[cra]), true), Ok(()));
        assert_eq!(check_h265(&lengths(&[trail]), false), Ok(()));
        assert!(check_h265(&lengths(&[trail]), true).is_err());
        assert!(check_h265(&lengths(&[sei]), false).is_err());
    }

    #[test]
    fn lengths_must_add_up_exactly() {
        let frame = lengths(&[IDR, SLICE]);
        for end in 1..frame.len() {
            // Cut between the two units, the frame is a whole one.
            assert_eq!(
                check_h264(&frame[..end], true).is_ok(),
                end == 8,
                "{end} bytes"
            );
        }
        assert!(
            check_h264(&[&frame[..], &[0, 0, 0, 0]].concat(), true).is_err(),
            "empty unit"
        );
        assert!(
            check_h264(&[&frame[..], &[0xff; 4]].concat(), true).is_err(),
            "length of 4 GiB"
        );
        assert!(
            check_h264(&lengths(&[&[0xe5, 1]]), true).is_err(),
            "forbidden bit"
        );
        assert!(
            check_h265(&lengths(&[&[19 << 1]]), true).is_err(),
            "half a header"
        );
    }

    #[test]
    fn start_codes_of_three_and_four_bytes_are_found() {
        let stream = [
            &[9, 9, 0, 0, 0, 1],
            SPS,
            &[0, 0, 1],
            IDR,
            &[0, 0, 0, 0, 1],
            SLICE,
            &[0, 0],
        ];
        let stream = stream.concat();
        assert_eq!(
            split_annex_b(&stream).collect::<Vec<_>>(),
            [SPS, IDR, SLICE]
        );
        assert_eq!(split_annex_b(&[0, 0, 1]).count(), 0);
        assert_eq!(split_annex_b(&[1, 2, 3]).count(), 0);
    }

    #[test]
    fn frame_is_made_without_what_belongs_in_the_record() {
        let stream = [
            &[0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1],
            SPS,
            &[0, 0, 1, 0x68, 5, 0, 0, 1],
            IDR,
        ]
        .concat();
        assert_eq!(annex_b_to_lengths(&stream, Codec::H264), lengths(&[IDR]));
        let hevc = [
            0,
            0,
            1,
            32 << 1,
            1,
            0,
            0,
            1,
            35 << 1,
            1,
            0x50,
            0,
            0,
            1,
            19 << 1,
            1,
            7,
        ];
        assert_eq!(
            annex_b_to_lengths(&hevc, Codec::H265),
            lengths(&[&[19 << 1, 1, 7]])
        );
    }

    #[test]
    fn conversion_and_back_is_the_same_frame() {
        let frame = lengths(&[IDR, SLICE]);
        let stream = lengths_to_annex_b(&frame).unwrap();
        assert_eq!(stream, [&[0, 0, 0, 1], IDR, &[0, 0, 0, 1], SLICE].concat());
        assert_eq!(annex_b_to_lengths(&stream, Codec::H264), frame);
        assert!(lengths_to_annex_b(&frame[1..]).is_err());
    }
}
