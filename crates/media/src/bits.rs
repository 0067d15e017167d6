//! Reads bits and exp-Golomb numbers (ITU-T H.264 and H.265, clauses 7.2 and 9.1).

use crate::Error;

const TOO_SHORT: Error = Error::BadConfig("ends too early");

/// A position in bytes, counted in bits; the most significant bit comes first.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Starts at the first bit. The bytes of a NAL unit go through [`unescape`] first.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// One bit.
    ///
    /// # Errors
    /// [`Error::BadConfig`] at the end, as with all of these methods.
    pub fn flag(&mut self) -> Result<bool, Error> {
        let byte = self.bytes.get(self.at / 8).ok_or(TOO_SHORT)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// An unsigned number of `count` bits, 32 at most.
    ///
    /// # Errors
    /// [`Error::BadConfig`] at the end.
    pub fn bits(&mut self, count: u32) -> Result<u32, Error> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Ok(value)
    }

    /// Passes over `count` bits.
    ///
    /// # Errors
    /// [`Error::BadConfig`] at the end.
    pub fn skip(&mut self, count: usize) -> Result<(), Error> {
        let at = self.at.checked_add(count).ok_or(TOO_SHORT)?;
        if at > self.bytes.len() * 8 {
            return Err(TOO_SHORT);
        }
        self.at = at;
        Ok(())
    }

    /// An unsigned exp-Golomb number, `ue(v)`, up to 2^32 - 2.
    ///
    /// # Errors
    /// [`Error::BadConfig`] at the end, or for a number of more than 32 bits.
    pub fn ue(&mut self) -> Result<u32, Error> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(Error::BadConfig("number is too large"));
            }
        }
        Ok((1 << zeros) - 1 + self.bits(zeros)?)
    }

    /// A signed exp-Golomb number, `se(v)`.
    ///
    /// # Errors
    /// [`Error::BadConfig`] at the end, or for a number of more than 32 bits.
    pub fn se(&mut self) -> Result<i64, Error> {
        let code = i64::from(self.ue()?);
        Ok(if code % 2 == 1 {
            code / 2 + 1
        } else {
            -(code / 2)
        })
    }
}

/// The payload of a NAL unit without its emulation prevention bytes: of 00 00 03, the 03 goes.
#[must_use]
pub fn unescape(nal: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_numbers_follow_the_table_of_the_standard() {
        // 1 | 010 | 011 | 00100 | 00101: codes 0 to 4 (H.264, table 9-1).
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut reader = BitReader::new(&bytes);
        let codes: Vec<u32> = (0..5).map(|_| reader.ue().unwrap()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4]);
        let mut reader = BitReader::new(&bytes);
        let signed: Vec<i64> = (0..5).map(|_| reader.se().unwrap()).collect();
        assert_eq!(signed, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn largest_number_is_read_and_a_longer_one_is_refused() {
        let largest = [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe];
        assert_eq!(BitReader::new(&largest).ue(), Ok(u32::MAX - 1));
        let longer = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(BitReader::new(&longer).ue().is_err());
    }

    #[test]
    fn reading_past_the_end_is_an_error() {
        let mut reader = BitReader::new(&[0xff]);
        assert_eq!(reader.bits(8), Ok(0xff));
        assert!(reader.flag().is_err());
        assert!(BitReader::new(&[0xff]).bits(9).is_err());
        assert!(BitReader::new(&[0xff]).skip(9).is_err());
        assert!(BitReader::new(&[0xff]).skip(usize::MAX).is_err());
    }

    #[test]
    fn emulation_prevention_bytes_go_and_other_threes_stay() {
        assert_eq!(
            unescape(&[0, 0, 3, 1, 3, 0, 0, 3, 0, 0, 3]),
            [0, 0, 1, 3, 0, 0, 0, 0]
        );
        assert_eq!(unescape(&[0, 3, 0, 0, 4]), [0, 3, 0, 0, 4]);
    }
}
