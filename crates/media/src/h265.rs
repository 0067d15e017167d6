//! Sequence parameter sets of H.265 (ITU-T H.265, 7.3.2.2) and its configuration record `hvcC`
//! (ISO/IEC 14496-15, 8.3.3).

use std::fmt::Write as _;

use crate::Error;
use crate::bits::{BitReader, unescape};
use crate::h264::{VideoInfo, cropped, small};

const SPS: u8 = 33;
/// Bytes of a record before its arrays of parameter sets.
const HEAD_BYTES: usize = 23;
/// Most NAL units in one record; encoders write three, and a few SEI messages.
const SETS_MAX: usize = 64;

const CUT_OFF: Error = Error::BadConfig("hvcC is cut off");

/// Reads an `hvcC`: NAL unit lengths of four bytes, at least one sequence parameter set.
///
/// # Errors
/// [`Error::BadConfig`] when the record or its first sequence parameter set cannot be read.
pub fn read_config(record: &[u8]) -> Result<VideoInfo, Error> {
    let sets = parameter_sets(record)?;
    let sps = sets
        .into_iter()
        .find(|set| set[0] >> 1 & 0x3f == SPS)
        .ok_or(Error::BadConfig("no sequence parameter set"))?;
    let (width, height) = read_size(sps)?;
    let head = record.first_chunk().ok_or(CUT_OFF)?;
    Ok(VideoInfo {
        width,
        height,
        codec_string: codec_string(head),
    })
}

/// The NAL units in an `hvcC`, in its order. A decoder wants them before the first key frame.
///
/// # Errors
/// [`Error::BadConfig`] when the record cannot be read.
pub fn parameter_sets(record: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let (head, mut rest) = record.split_first_chunk::<HEAD_BYTES>().ok_or(CUT_OFF)?;
    if head[0] != 1 {
        return Err(Error::BadConfig("hvcC is of another version"));
    }
    if head[21] & 3 != 3 {
        return Err(Error::BadConfig("NAL unit lengths must have four bytes"));
    }
    let mut sets = Vec::new();
    for _ in 0..head[22] {
        let ([_kind, high, low], tail) = rest.split_first_chunk().ok_or(CUT_OFF)?;
        rest = tail;
        for _ in 0..u16::from_be_bytes([*high, *low]) {
            let (length, tail) = rest.split_first_chunk().ok_or(CUT_OFF)?;
            let (set, tail) = tail
                .split_at_checked(usize::from(u16::from_be_bytes(*length)))
                .ok_or(CUT_OFF)?;
            if set.len() < 2 || sets.len() == SETS_MAX {
                return Err(Error::BadConfig(
                    "hvcC has an empty parameter set, or too many",
                ));
            }
            sets.push(set);
            rest = tail;
        }
    }
    Ok(sets)
}

/// ISO/IEC 14496-15, annex E.3.
fn codec_string(head: &[u8; HEAD_BYTES]) -> String {
    let space = ["", "A", "B", "C"][usize::from(head[1] >> 6)];
    let tier = if head[1] & 0x20 == 0 { 'L' } else { 'H' };
    let profile = head[1] & 0x1f;
    // The record has flag 0 in the highest bit, the string in the lowest.
    let compatible = u32::from_be_bytes([head[2], head[3], head[4], head[5]]).reverse_bits();
    let level = head[12];
    let mut text = format!("hvc1.{space}{profile}.{compatible:X}.{tier}{level}");
    let constraints = &head[6..12];
    let used = constraints
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    for byte in &constraints[..used] {
        // Writing to a string cannot fail.
        let _ = write!(text, ".{byte:X}");
    }
    text
}

/// Width and height in pixels, inside the conformance window.
fn read_size(nal: &[u8]) -> Result<(u16, u16), Error> {
    let payload = unescape(nal);
    let mut reader = BitReader::new(&payload);
    reader.skip(16 + 4)?; // NAL unit header, sps_video_parameter_set_id
    let sub_layers = reader.bits(3)?;
    reader.skip(1)?; // sps_temporal_id_nesting_flag
    skip_profile_tier_level(&mut reader, sub_layers)?;
    reader.ue()?; // sps_seq_parameter_set_id
    let mut chroma_format = small(&mut reader, 3)?;
    if chroma_format == 3 && reader.flag()? {
        chroma_format = 0; // planes coded apart
    }
    let (width, height) = (reader.ue()?, reader.ue()?);
    let mut window = [0; 4];
    if reader.flag()? {
        for side in &mut window {
            *side = u64::from(reader.ue()?);
        }
    }
    let unit_x = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
    let unit_y = if chroma_format == 1 { 2 } else { 1 };
    let [left, right, top, bottom] = window;
    Ok((
        cropped(width, (left + right) * unit_x)?,
        cropped(height, (top + bottom) * unit_y)?,
    ))
}

/// `profile_tier_level(1, sub_layers)`, 7.3.3.
fn skip_profile_tier_level(reader: &mut BitReader<'_>, sub_layers: u32) -> Result<(), Error> {
    const PROFILE_BITS: usize = 88;
    const LEVEL_BITS: usize = 8;
    reader.skip(PROFILE_BITS + LEVEL_BITS)?;
    if sub_layers == 0 {
        return Ok(());
    }
    let mut bits = 0;
    for layer in 0..8 {
        let [has_profile, has_level] = [reader.flag()?, reader.flag()?];
        if layer < sub_layers {
            bits += if has_profile { PROFILE_BITS } else { 0 };
            bits += if has_level { LEVEL_BITS } else { 0 };
        }
    }
    reader.skip(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn info(record: &str) -> (u16, u16, String) {
        let info = read_config(&fixtures::hex(record)).unwrap();
        (info.width, info.height, info.codec_string)
    }

    fn is(width: u16, height: u16, codec_string: &str) -> (u16, u16, String) {
        (width, height, codec_string.to_owned())
    }

    #[test]
    fn size_excludes_what_lies_outside_the_conformance_window() {
        assert_eq!(
            info(fixtures::HVCC_MAIN_720),
            is(1280, 720, "hvc1.1.6.L93.90")
        );
        assert_eq!(
            info(fixtures::HVCC_MAIN10_1080),
            is(1920, 1080, "hvc1.2.4.L120.90")
        );
        assert_eq!(
            info(fixtures::HVCC_SUB_LAYERS),
            is(322, 182, "hvc1.1.6.L60.90")
        );
    }

    #[test]
    fn codec_string_follows_the_examples_of_the_standard() {
        let mut head = [0; HEAD_BYTES];
        head[1..13].copy_from_slice(&[1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93]);
        assert_eq!(codec_string(&head), "hvc1.1.6.L93.B0");
        head[1..13].copy_from_slice(&[0x64, 0x82, 0, 0, 0, 0x23, 0, 0, 0, 0, 0, 63]);
        assert_eq!(codec_string(&head), "hvc1.A4.41.H63.23");
        head[9] = 1;
        assert_eq!(codec_string(&head), "hvc1.A4.41.H63.23.0.0.1");
        head[6..12].fill(0);
        assert_eq!(codec_string(&head), "hvc1.A4.41.H63");
    }

    #[test]
    fn record_that_is_cut_off_anywhere_is_refused() {
        let record = fixtures::hex(fixtures::HVCC_MAIN_720);
        for end in 0..record.len() {
            assert!(read_config(&record[..end]).is_err(), "{end} bytes");
        }
    }

    #[test]
    fn record_of_another_form_is_refused() {
        let record = fixtures::hex(fixtures::HVCC_MAIN_720);
        for (at, value, why) in [
            (0, 0, "version"),
            (21, 0x0e, "lengths of three bytes"),
            (22, 0, "no parameter sets"),
        ] {
            let mut record = record.clone();
            record[at] = value;
            assert!(read_config(&record).is_err(), "{why}");
        }
    }
}
