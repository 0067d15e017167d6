//! Parameter sets of H.264 (ITU-T H.264, 7.3.2.1) and its configuration record `avcC`
//! (ISO/IEC 14496-15, 5.3.3).

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::Error;
use crate::bits::{BitReader, unescape};

/// Widest and highest picture that is accepted, pixels.
pub(crate) const SIDE_MAX: u32 = 16_384;

const SPS: u8 = 7;
const PPS: u8 = 8;

/// What a player is told of a video stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoInfo {
    /// Pixels, after cropping.
    pub width: u16,
    /// Pixels, after cropping.
    pub height: u16,
    /// RFC 6381, such as `avc1.64001f`.
    pub codec_string: String,
}

/// Reads an `avcC`: NAL unit lengths of four bytes, at least one parameter set of each kind.
///
/// # Errors
/// [`Error::BadConfig`] when the record or its first sequence parameter set cannot be read.
pub fn read_config(record: &[u8]) -> Result<VideoInfo, Error> {
    let sets = parameter_sets(record)?;
    let sps = sets
        .first()
        .ok_or(Error::BadConfig("no sequence parameter set"))?;
    let sps = Sps::read(sps)?;
    Ok(VideoInfo {
        width: sps.width,
        height: sps.height,
        codec_string: format!("avc1.{:02x}{:02x}{:02x}", record[1], record[2], record[3]),
    })
}

/// The NAL units in an `avcC`: sequence parameter sets first, then picture parameter sets. A
/// decoder wants them before the first key frame.
///
/// # Errors
/// [`Error::BadConfig`] when the record cannot be read.
pub fn parameter_sets(record: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let [1, _, _, _, length_size, rest @ ..] = record else {
        return Err(Error::BadConfig("avcC is cut off, or of another version"));
    };
    if length_size & 3 != 3 {
        return Err(Error::BadConfig("NAL unit lengths must have four bytes"));
    }
    let mut sets = Vec::new();
    let rest = read_sets(rest, 0x1f, SPS, &mut sets)?;
    read_sets(rest, 0xff, PPS, &mut sets)?;
    Ok(sets)
}

/// Reads a count, then that many units, each after its length in two bytes.
fn read_sets<'a>(
    record: &'a [u8],
    count_mask: u8,
    kind: u8,
    sets: &mut Vec<&'a [u8]>,
) -> Result<&'a [u8], Error> {
    const CUT_OFF: Error = Error::BadConfig("avcC is cut off");
    let (count, mut rest) = record.split_first().ok_or(CUT_OFF)?;
    let count = count & count_mask;
    if count == 0 {
        return Err(Error::BadConfig("avcC lacks a parameter set"));
    }
    for _ in 0..count {
        let (length, tail) = rest.split_first_chunk().ok_or(CUT_OFF)?;
        let (set, tail) = tail
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(CUT_OFF)?;
        if set.first().is_none_or(|header| header & 0x1f != kind) {
            return Err(Error::BadConfig(
                "avcC holds another NAL unit in place of a parameter set",
            ));
        }
        sets.push(set);
        rest = tail;
    }
    Ok(rest)
}

/// Makes an `avcC` from one sequence and one picture parameter set, both without start code.
///
/// # Errors
/// [`Error::BadConfig`] when the sequence parameter set cannot be read, or one of the two is
/// something else or too long.
pub fn config_from_parameter_sets(sps: &[u8], pps: &[u8]) -> Result<Bytes, Error> {
    let parsed = Sps::read(sps)?;
    if pps.first().is_none_or(|header| header & 0x1f != PPS) {
        return Err(Error::BadConfig("not a picture parameter set"));
    }
    let length = |set: &[u8]| {
        u16::try_from(set.len()).map_err(|_| Error::BadConfig("parameter set is too long"))
    };
    let mut record = BytesMut::with_capacity(sps.len() + pps.len() + 15);
    record.put_u8(1);
    // Profile, compatibility and level, as they stand in the set.
    record.put_slice(&sps[1..4]);
    record.put_slice(&[0xff, 0xe1]);
    record.put_u16(length(sps)?);
    record.put_slice(sps);
    record.put_u8(1);
    record.put_u16(length(pps)?);
    record.put_slice(pps);
    // Baseline, Main and Extended have no extension.
    if !matches!(sps[1], 66 | 77 | 88) {
        let depths = [parsed.luma_depth - 8, parsed.chroma_depth - 8];
        record.put_slice(&[
            0xfc | parsed.chroma_format,
            0xf8 | depths[0],
            0xf8 | depths[1],
            0,
        ]);
    }
    Ok(record.freeze())
}

#[derive(Debug)]
struct Sps {
    width: u16,
    height: u16,
    /// `chroma_format_idc`: 0 is grey, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    chroma_format: u8,
    /// Bits a sample, 8 to 14.
    luma_depth: u8,
    chroma_depth: u8,
}

impl Sps {
    fn read(nal: &[u8]) -> Result<Self, Error> {
        let [header, rest @ ..] = nal else {
            return Err(Error::BadConfig("parameter set is empty"));
        };
        if header & 0x1f != SPS {
            return Err(Error::BadConfig("not a sequence parameter set"));
        }
        let payload = unescape(rest);
        let mut reader = BitReader::new(&payload);
        let profile = reader.bits(8)?;
        reader.skip(16)?; // constraint flags, level
        reader.ue()?; // seq_parameter_set_id
        let mut sps = Self {
            width: 0,
            height: 0,
            chroma_format: 1,
            luma_depth: 8,
            chroma_depth: 8,
        };
        let mut planes_apart = false;
        if matches!(
            profile,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        ) {
            planes_apart = sps.read_chroma(&mut reader)?;
        }
        skip_order_count(&mut reader)?;
        reader.ue()?; // max_num_ref_frames
        reader.skip(1)?; // gaps_in_frame_num_value_allowed_flag
        sps.read_size(&mut reader, planes_apart)?;
        Ok(sps)
    }

    /// The fields of high profiles; tells whether the colour planes are coded apart.
    fn read_chroma(&mut self, reader: &mut BitReader<'_>) -> Result<bool, Error> {
        self.chroma_format = small(reader, 3)?;
        let planes_apart = self.chroma_format == 3 && reader.flag()?;
        self.luma_depth = 8 + small(reader, 6)?;
        self.chroma_depth = 8 + small(reader, 6)?;
        reader.skip(1)?; // qpprime_y_zero_transform_bypass_flag
        if reader.flag()? {
            let lists = if self.chroma_format == 3 { 12 } else { 8 };
            for list in 0..lists {
                if reader.flag()? {
                    skip_scaling_list(reader, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Ok(planes_apart)
    }

    fn read_size(&mut self, reader: &mut BitReader<'_>, planes_apart: bool) -> Result<(), Error> {
        let columns = macroblocks(reader)?;
        let rows = macroblocks(reader)?;
        let frames_only = reader.flag()?;
        if !frames_only {
            reader.skip(1)?; // mb_adaptive_frame_field_flag
        }
        reader.skip(1)?; // direct_8x8_inference_flag
        let fields = if frames_only { 1 } else { 2 };
        let mut crop = [0; 4];
        if reader.flag()? {
            for side in &mut crop {
                *side = u64::from(reader.ue()?);
            }
        }
        let chroma_format = if planes_apart { 0 } else { self.chroma_format };
        let unit_x = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
        let unit_y = if chroma_format == 1 { 2 } else { 1 } * fields;
        let [left, right, top, bottom] = crop;
        self.width = cropped(columns * 16, (left + right) * unit_x)?;
        self.height = cropped(
            rows * 16 * u32::try_from(fields).unwrap_or(1),
            (top + bottom) * unit_y,
        )?;
        Ok(())
    }
}

/// What is left of a side, pixels.
pub(crate) fn cropped(coded: u32, crop: u64) -> Result<u16, Error> {
    u64::from(coded)
        .checked_sub(crop)
        .filter(|side| (1..=u64::from(SIDE_MAX)).contains(side))
        .and_then(|side| u16::try_from(side).ok())
        .ok_or(Error::BadConfig("picture size is not valid"))
}

/// An exp-Golomb number of at most `max`.
pub(crate) fn small(reader: &mut BitReader<'_>, max: u8) -> Result<u8, Error> {
    u8::try_from(reader.ue()?)
        .ok()
        .filter(|value| *value <= max)
        .ok_or(Error::BadConfig(
            "a field of the parameter set is out of range",
        ))
}

fn macroblocks(reader: &mut BitReader<'_>) -> Result<u32, Error> {
    let count = reader.ue()?;
    if count < SIDE_MAX / 16 {
        Ok(count + 1)
    } else {
        Err(Error::BadConfig("picture size is not valid"))
    }
}

fn skip_scaling_list(reader: &mut BitReader<'_>, size: usize) -> Result<(), Error> {
    let (mut last, mut next) = (8, 8);
    for _ in 0..size {
        if next != 0 {
            next = (last + reader.se()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

fn skip_order_count(reader: &mut BitReader<'_>) -> Result<(), Error> {
    reader.ue()?; // log2_max_frame_num_minus4
    match reader.ue()? {
        0 => {
            reader.ue()?; // log2_max_pic_order_cnt_lsb_minus4
        }
        1 => {
            reader.skip(1)?; // delta_pic_order_always_zero_flag
            reader.ue()?; // offset_for_non_ref_pic
            reader.ue()?; // offset_for_top_to_bottom_field
            for _ in 0..small(reader, 255)? {
                reader.ue()?; // offset_for_ref_frame
            }
        }
        2 => {}
        _ => return Err(Error::BadConfig("picture order type is not valid")),
    }
    Ok(())
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
    fn size_excludes_what_is_cropped() {
        assert_eq!(
            info(fixtures::AVCC_BASELINE_360),
            is(640, 360, "avc1.42c01e")
        );
        assert_eq!(
            info(fixtures::AVCC_HIGH_1080),
            is(1920, 1080, "avc1.640028")
        );
        assert_eq!(
            info(fixtures::AVCC_INTERLACED_1080),
            is(1920, 1080, "avc1.640028")
        );
    }

    #[test]
    fn size_is_right_in_every_chroma_format_and_after_scaling_lists() {
        assert_eq!(info(fixtures::AVCC_GREY), is(100, 50, "avc1.64000a"));
        assert_eq!(info(fixtures::AVCC_422_10_BIT), is(322, 182, "avc1.7a000d"));
        assert_eq!(info(fixtures::AVCC_444), is(100, 66, "avc1.f4000a"));
    }

    #[test]
    fn record_made_of_its_parameter_sets_is_the_encoders_own() {
        for record in fixtures::AVCC {
            let record = fixtures::hex(record);
            let sets = parameter_sets(&record).unwrap();
            let [sps, pps] = sets[..] else {
                panic!("{} sets", sets.len())
            };
            assert_eq!(config_from_parameter_sets(sps, pps).unwrap(), record);
        }
    }

    #[test]
    fn record_that_is_cut_off_anywhere_is_refused() {
        // The last four bytes are the extension, which not every writer makes.
        let record = fixtures::hex(fixtures::AVCC_HIGH_1080);
        for end in 0..record.len() - 4 {
            assert!(read_config(&record[..end]).is_err(), "{end} bytes");
        }
        assert!(read_config(&record[..record.len() - 4]).is_ok());
    }

    #[test]
    fn record_of_another_form_is_refused() {
        let record = fixtures::hex(fixtures::AVCC_HIGH_1080);
        for (at, value, why) in [
            (0, 2, "version"),
            (4, 0xfd, "lengths of two bytes"),
            (5, 0xe0, "no sequence parameter set"),
            (8, 0x68, "a picture parameter set in its place"),
        ] {
            let mut record = record.clone();
            record[at] = value;
            assert!(read_config(&record).is_err(), "{why}");
        }
    }

    #[test]
    fn crop_that_leaves_nothing_is_refused() {
        // Baseline, level 3, one macroblock, cropped by 8 units of 2 pixels on the left.
        let sps = [0x67, 66, 0, 30, 0b1111_1111, 0b1011_0001, 0b0011_1100];
        assert_eq!(
            Sps::read(&sps).unwrap_err(),
            Error::BadConfig("picture size is not valid")
        );
    }
}
