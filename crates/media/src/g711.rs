//! ITU-T G.711: eight bits a sample, 8,000 samples a second.

/// Added before the logarithm of mu-law is taken (ITU-T G.711, table 2a, scaled to 16 bits).
const BIAS: i16 = 0x84;
/// Largest magnitude that mu-law can express with the bias, 16-bit scale.
const CLIP: i16 = i16::MAX - BIAS;

const PCMU: [i16; 256] = table(true);
const PCMA: [i16; 256] = table(false);

const fn table(mu_law: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = if mu_law {
            expand_mu(code as u8)
        } else {
            expand_a(code as u8)
        };
        code += 1;
    }
    table
}

const fn expand_mu(code: u8) -> i16 {
    let code = !code;
    let magnitude = ((((code & 15) as i16) << 3 | BIAS) << (code >> 4 & 7)) - BIAS;
    if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

const fn expand_a(code: u8) -> i16 {
    let code = code ^ 0x55;
    let steps = ((code & 15) as i16) << 4 | 8;
    let segment = code >> 4 & 7;
    let magnitude = if segment == 0 {
        steps
    } else {
        (steps | 0x100) << (segment - 1)
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// A sample of mu-law, 16-bit scale.
#[must_use]
pub fn decode_pcmu(code: u8) -> i16 {
    PCMU[usize::from(code)]
}

/// A sample of A-law, 16-bit scale.
#[must_use]
pub fn decode_pcma(code: u8) -> i16 {
    PCMA[usize::from(code)]
}

/// Mu-law of a sample of 16-bit scale.
#[must_use]
pub fn encode_pcmu(sample: i16) -> u8 {
    let magnitude = sample.saturating_abs().min(CLIP) + BIAS;
    // The bias sets bit 7 at least, so the segment lies between 0 and 7.
    let segment = 7 - (magnitude.leading_zeros() as u8 - 1);
    let steps = (magnitude >> (segment + 3)) as u8 & 15;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | segment << 4 | steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_hold_the_extremes_and_zeros_of_the_standard() {
        assert_eq!((decode_pcmu(0x80), decode_pcmu(0x00)), (32124, -32124));
        assert_eq!((decode_pcmu(0xff), decode_pcmu(0x7f)), (0, 0));
        assert_eq!((decode_pcma(0xaa), decode_pcma(0x2a)), (32256, -32256));
        assert_eq!((decode_pcma(0xd5), decode_pcma(0x55)), (8, -8));
    }

    #[test]
    fn every_mu_law_code_survives_a_round_trip() {
        for code in 0..=u8::MAX {
            let sample = decode_pcmu(code);
            // Negative zero comes back as zero.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(
                encode_pcmu(sample),
                expected,
                "code {code:#04x}, sample {sample}"
            );
        }
    }

    #[test]
    fn every_sample_comes_back_within_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            let error = (i32::from(decode_pcmu(encode_pcmu(sample))) - i32::from(sample)).abs();
            let clipped = i32::from(sample).abs() - i32::from(CLIP);
            let allowed = (i32::from(sample).abs() + 132) / 32 + 4 + clipped.max(0);
            assert!(error <= allowed, "sample {sample} is off by {error}");
        }
    }
}
