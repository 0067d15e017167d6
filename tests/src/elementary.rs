//! What gRPC delivered as elementary streams, which any program reads: Annex B for pictures, ADTS
//! for AAC, bare samples for G.711. Nothing of the project's own writes them, so nothing of it can
//! mend what was delivered wrong.

use anyhow::{Context as _, bail, ensure};
use sightline_rpc::live::v1::{Codec, Frame, Started, Track};

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// One track of a stream as it arrived.
#[derive(Debug)]
pub struct Elementary {
    /// What it is.
    pub track: Track,
    /// The elementary stream.
    pub bytes: Vec<u8>,
    /// The messages of it, in the order in which they came.
    pub frames: Vec<Arrived>,
}

/// What came with the data of one frame.
#[derive(Debug, Clone, Copy)]
pub struct Arrived {
    /// Decoding may start here.
    pub key: bool,
    /// Microseconds.
    pub pts_us: i64,
    /// Microseconds.
    pub dts_us: i64,
    /// Of the data in the message.
    pub bytes: usize,
}

/// Splits what was announced into its picture and its sound.
///
/// # Errors
/// When there is no picture, or its parameter sets cannot be read.
pub fn tracks(started: Started) -> anyhow::Result<(Elementary, Option<Elementary>)> {
    let (mut picture, mut sound) = (None, None);
    for track in started.tracks {
        let (place, bytes) = match track.codec() {
            Codec::H264 => (&mut picture, avc_parameter_sets(&track.config)),
            Codec::H265 => (&mut picture, hevc_parameter_sets(&track.config)),
            Codec::Aac | Codec::Pcmu | Codec::Pcma => (&mut sound, Some(Vec::new())),
            Codec::Unspecified => bail!("a track of no codec"),
        };
        let elementary = Elementary {
            bytes: bytes.context("read the parameter sets")?,
            track,
            frames: Vec::new(),
        };
        ensure!(place.replace(elementary).is_none(), "two of a kind");
    }
    Ok((picture.context("no picture")?, sound))
}

impl Elementary {
    /// Appends a frame of this track.
    ///
    /// # Errors
    /// When its data is not what the contract says.
    pub fn push(&mut self, frame: &Frame) -> anyhow::Result<()> {
        match self.track.codec() {
            Codec::H264 | Codec::H265 => put_units(&mut self.bytes, &frame.data)?,
            Codec::Aac => {
                let header = adts_header(&self.track.config, frame.data.len());
                self.bytes.extend(header.context("a header for AAC")?);
                self.bytes.extend_from_slice(&frame.data);
            }
            _ => self.bytes.extend_from_slice(&frame.data),
        }
        self.frames.push(Arrived {
            key: frame.key,
            pts_us: frame.pts_us,
            dts_us: frame.dts_us,
            bytes: frame.data.len(),
        });
        Ok(())
    }
}

/// A start code in place of each length (ITU-T H.264, Annex B).
fn put_units(out: &mut Vec<u8>, mut data: &[u8]) -> anyhow::Result<()> {
    while let Some((len, rest)) = data.split_first_chunk() {
        let len = usize::try_from(u32::from_be_bytes(*len))?;
        let (unit, rest) = rest.split_at_checked(len).context("a length that lies")?;
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(unit);
        data = rest;
    }
    ensure!(data.is_empty(), "bytes after the last NAL unit");
    Ok(())
}

/// Of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1).
fn avc_parameter_sets(config: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = config.get(5..)?;
    for count_mask in [0x1f_u8, 0xff] {
        let (count, units) = rest.split_first()?;
        rest = units;
        for _ in 0..count & count_mask {
            rest = put_parameter_set(&mut out, rest)?;
        }
    }
    Some(out)
}

/// Of an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1).
fn hevc_parameter_sets(config: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (arrays, mut rest) = config.get(22..)?.split_first()?;
    for _ in 0..*arrays {
        let [_kind, high, low, units @ ..] = rest else {
            return None;
        };
        rest = units;
        for _ in 0..u16::from_be_bytes([*high, *low]) {
            rest = put_parameter_set(&mut out, rest)?;
        }
    }
    Some(out)
}

/// Takes one from the front, behind its length in two bytes.
fn put_parameter_set<'a>(out: &mut Vec<u8>, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = bytes.split_first_chunk()?;
    let (unit, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    out.extend_from_slice(&START_CODE);
    out.extend_from_slice(unit);
    Some(rest)
}

/// The header that tells what the AudioSpecificConfig does (ISO/IEC 14496-3, 1.A.2.2).
fn adts_header(config: &[u8], data_bytes: usize) -> Option<[u8; 7]> {
    let (first, second) = (*config.first()?, *config.get(1)?);
    let profile = (first >> 3).checked_sub(1)?;
    let rate = (first & 7) << 1 | second >> 7;
    let channels = second >> 3 & 0xf;
    // Thirteen bits.
    let len = u16::try_from(data_bytes + 7)
        .ok()
        .filter(|n| *n < 1 << 13)?;
    Some([
        0xff,
        0xf1,
        profile << 6 | rate << 2 | channels >> 2,
        (channels & 3) << 6 | (len >> 11) as u8,
        (len >> 3) as u8,
        (len << 5) as u8 | 0x1f,
        0xfc,
    ])
}
