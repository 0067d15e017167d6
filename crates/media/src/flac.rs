//! FLAC without compression (RFC 9639): how G.711 gets into a browser, which plays FLAC in MP4
//! but no G.711.
//!
//! Each packet becomes one frame with a single verbatim subframe, mono, 16 bits, 8 kHz. Blocks may
//! differ in size, so each frame is numbered by its first sample.

use bytes::{BufMut as _, BytesMut};

/// Largest block, samples; the largest that STREAMINFO can announce.
pub const BLOCK_SAMPLES_MAX: usize = 65_535;

/// Bytes of the STREAMINFO block, without its header (RFC 9639, 8.2).
pub const STREAMINFO_BYTES: usize = 34;

const SAMPLE_RATE: u32 = 8000;
const BITS_PER_SAMPLE: u32 = 16;
/// Smallest block that STREAMINFO may announce, samples.
const BLOCK_SAMPLES_MIN: u16 = 16;
/// Sample numbers have 36 bits; they begin anew after 99 days.
const NUMBER_MASK: u64 = (1 << 36) - 1;

/// What a decoder is told before the first frame (RFC 9639, 8.2).
#[must_use]
pub fn streaminfo() -> [u8; STREAMINFO_BYTES] {
    let mut info = [0; STREAMINFO_BYTES];
    info[0..2].copy_from_slice(&BLOCK_SAMPLES_MIN.to_be_bytes());
    info[2..4].copy_from_slice(&u16::MAX.to_be_bytes());
    // Frame sizes stay 0: not known. Then 20 bits of rate, 3 of channels less one, 5 of sample
    // size less one; the 36 bits of length and the digest stay 0: not known.
    let format = SAMPLE_RATE << 12 | (BITS_PER_SAMPLE - 1) << 4;
    info[10..14].copy_from_slice(&format.to_be_bytes());
    info
}

/// Bytes of the frame that [`put_frame`] makes of so many samples.
#[must_use]
pub fn frame_len(samples: usize, first_sample: u64) -> usize {
    // Header, number, block size, CRC-8, subframe header, samples, CRC-16.
    4 + number_len(first_sample & NUMBER_MASK) + 2 + 1 + 1 + samples * 2 + 2
}

/// Appends one frame of 1 to [`BLOCK_SAMPLES_MAX`] samples, `first_sample` being the number of
/// the first of them. Samples beyond the maximum are left out.
pub fn put_frame(
    out: &mut BytesMut,
    first_sample: u64,
    samples: impl ExactSizeIterator<Item = i16>,
) {
    let count = samples.len().min(BLOCK_SAMPLES_MAX);
    let start = out.len();
    // Sync code with "blocks differ in size"; block size in two bytes, 8 kHz; mono, 16 bits.
    out.put_slice(&[0xff, 0xf9, 0x74, 0x08]);
    put_number(out, first_sample & NUMBER_MASK);
    out.put_u16(u16::try_from(count.saturating_sub(1)).unwrap_or(u16::MAX));
    let crc = crc8(&out[start..]);
    out.put_u8(crc);
    out.put_u8(0x02); // verbatim subframe
    for sample in samples.take(count) {
        out.put_i16(sample);
    }
    let crc = crc16(&out[start..]);
    out.put_u16(crc);
}

/// Bytes of a number in the extended UTF-8 coding (RFC 9639, 9.1.5): 7 bits in one byte, then
/// 11, 16, 21, 26, 31 and 36 in two to seven.
fn number_len(number: u64) -> usize {
    let bits = (u64::BITS - number.leading_zeros()) as usize;
    if bits <= 7 { 1 } else { (bits + 3) / 5 }
}

fn put_number(out: &mut BytesMut, number: u64) {
    let len = number_len(number);
    if len == 1 {
        out.put_u8(number as u8);
        return;
    }
    // As many ones as there are bytes, a zero, then the highest bits.
    let marker = !(0xff_u16 >> len) as u8;
    out.put_u8(marker | (number >> (6 * (len - 1))) as u8);
    for at in (0..len - 1).rev() {
        out.put_u8(0x80 | (number >> (6 * at)) as u8 & 0x3f);
    }
}

const CRC8: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x80 == 0 {
                crc << 1
            } else {
                crc << 1 ^ 0x07
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

const CRC16: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 {
                crc << 1
            } else {
                crc << 1 ^ 0x8005
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

fn crc8(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0, |crc, byte| CRC8[usize::from(crc ^ byte)])
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        crc << 8 ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9639, D.1: a frame of one stereo sample.
    const EXAMPLE: [u8; 15] = [
        0xff, 0xf8, 0x69, 0x18, 0, 0, 0xbf, 3, 0x58, 0xfd, 3, 0x12, 0x8b, 0xaa, 0x9a,
    ];

    #[test]
    fn checksums_are_those_of_the_standards_example() {
        assert_eq!(crc8(&EXAMPLE[..6]), EXAMPLE[6]);
        assert_eq!(crc16(&EXAMPLE[..13]).to_be_bytes(), EXAMPLE[13..]);
    }

    #[test]
    fn numbers_take_one_to_seven_bytes() {
        let coded = |number| {
            let mut out = BytesMut::new();
            put_number(&mut out, number);
            assert_eq!(out.len(), number_len(number));
            out.to_vec()
        };
        assert_eq!(coded(0), [0]);
        assert_eq!(coded(0x7f), [0x7f]);
        for code in [
            '\u{80}',
            '\u{7ff}',
            '\u{800}',
            '\u{ffff}',
            '\u{10000}',
            '\u{10ffff}',
        ] {
            // Up to four bytes it is UTF-8.
            assert_eq!(coded(u64::from(code)), code.to_string().into_bytes());
        }
        assert_eq!(coded(0x3ff_ffff), [0xfb, 0xbf, 0xbf, 0xbf, 0xbf]);
        assert_eq!(coded(0x400_0000), [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]);
        assert_eq!(
            coded(0x8000_0000),
            [0xfe, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80]
        );
        assert_eq!(
            coded(NUMBER_MASK),
            [0xfe, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf]
        );
    }

    #[test]
    fn frame_is_as_long_as_told() {
        for (samples, first) in [
            (1, 0),
            (160, 127),
            (160, 128),
            (800, u64::MAX),
            (65_535, 1 << 35),
        ] {
            let mut out = BytesMut::new();
            put_frame(&mut out, first, (0..samples).map(|at| at as u16 as i16));
            assert_eq!(
                out.len(),
                frame_len(samples as usize, first),
                "{samples} from {first}"
            );
        }
    }
}
