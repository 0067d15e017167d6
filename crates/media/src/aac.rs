//! AudioSpecificConfig of AAC (ISO/IEC 14496-3, 1.6.2.1).

use crate::Error;
use crate::bits::BitReader;

/// Samples of each channel in one access unit.
pub const SAMPLES_PER_FRAME: u32 = 1024;

/// Highest rate that is accepted, hertz; the standard's table ends there.
const SAMPLE_RATE_MAX: u32 = 96_000;

const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Object types (ISO/IEC 14496-3, table 1.17).
const LOW_COMPLEXITY: u32 = 2;
const SPECTRAL_BAND_REPLICATION: u32 = 5;
const PARAMETRIC_STEREO: u32 = 29;

/// What a player is told of an AAC stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioInfo {
    /// Hertz, of the core coder: an access unit holds [`SAMPLES_PER_FRAME`] at this rate.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u8,
    /// RFC 6381, such as `mp4a.40.2`.
    pub codec_string: String,
}

/// Reads an AudioSpecificConfig of AAC-LC, plain or extended to HE-AAC.
///
/// # Errors
/// [`Error::BadConfig`] when it is cut off, or of a kind that cameras do not send.
pub fn read_config(config: &[u8]) -> Result<AudioInfo, Error> {
    let mut reader = BitReader::new(config);
    let object_type = object_type(&mut reader)?;
    let sample_rate = sample_rate(&mut reader)?;
    let channels = match reader.bits(4)? {
        count @ 1..=6 => count as u8,
        7 => 8,
        _ => return Err(Error::BadConfig("AAC channel layout is not supported")),
    };
    let mut core_type = object_type;
    if matches!(object_type, SPECTRAL_BAND_REPLICATION | PARAMETRIC_STEREO) {
        self::sample_rate(&mut reader)?;
        core_type = self::object_type(&mut reader)?;
    }
    if core_type != LOW_COMPLEXITY {
        return Err(Error::BadConfig("AAC profile is not supported"));
    }
    // frameLengthFlag of GASpecificConfig.
    if reader.flag()? {
        return Err(Error::BadConfig(
            "AAC frames of 960 samples are not supported",
        ));
    }
    Ok(AudioInfo {
        sample_rate,
        channels,
        codec_string: format!("mp4a.40.{object_type}"),
    })
}

fn object_type(reader: &mut BitReader<'_>) -> Result<u32, Error> {
    match reader.bits(5)? {
        31 => Ok(32 + reader.bits(6)?),
        object_type => Ok(object_type),
    }
}

fn sample_rate(reader: &mut BitReader<'_>) -> Result<u32, Error> {
    let rate = match reader.bits(4)? {
        15 => reader.bits(24)?,
        index => SAMPLE_RATES.get(index as usize).copied().unwrap_or(0),
    };
    if (1..=SAMPLE_RATE_MAX).contains(&rate) {
        Ok(rate)
    } else {
        Err(Error::BadConfig("AAC sample rate is not valid"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(sample_rate: u32, channels: u8, codec_string: &str) -> AudioInfo {
        AudioInfo {
            sample_rate,
            channels,
            codec_string: codec_string.to_owned(),
        }
    }

    #[test]
    fn low_complexity_at_usual_rates() {
        assert_eq!(read_config(&[0x12, 0x10]), Ok(info(44_100, 2, "mp4a.40.2")));
        assert_eq!(read_config(&[0x11, 0x88]), Ok(info(48_000, 1, "mp4a.40.2")));
        assert_eq!(
            read_config(&[0x15, 0x88, 0x56, 0xe5]),
            Ok(info(8_000, 1, "mp4a.40.2"))
        );
    }

    #[test]
    fn high_efficiency_is_timed_by_its_core() {
        // Object type 5, core at 22,050 Hz, stereo, extended to 44,100 Hz, core object type 2.
        assert_eq!(
            read_config(&[0x2b, 0x92, 0x08, 0x00]),
            Ok(info(22_050, 2, "mp4a.40.5"))
        );
    }

    #[test]
    fn explicit_rate_is_read() {
        // Object type 2, index 15, 24 bits of 16,000, one channel.
        let bits: u64 = 0b00010 << 59 | 15 << 55 | 16_000 << 31 | 1 << 27;
        assert_eq!(
            read_config(&bits.to_be_bytes()),
            Ok(info(16_000, 1, "mp4a.40.2"))
        );
    }

    #[test]
    fn what_cannot_be_timed_or_played_is_refused() {
        for (config, why) in [
            (&[][..], "empty"),
            (&[0x12], "cut off"),
            (&[0x12, 0x14], "960 samples"),
            (&[0x12, 0x00], "no channel layout"),
            (&[0x17, 0x10], "reserved rate"),
            (&[0x0a, 0x10], "main profile"),
            (&[0x17, 0x80, 0x00, 0x00, 0x08, 0x00], "rate 0"),
        ] {
            assert!(read_config(config).is_err(), "{why}");
        }
    }
}
