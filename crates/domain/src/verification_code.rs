//! The secret on a device that lets a person claim it.

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::base32;

const SYMBOLS: usize = 8;

/// Eight symbols of base 32: 40 bits, enough behind the limit on attempts. It is shown as
/// `XXXX-XXXX` by [`VerificationCode::reveal`] only, never by `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct VerificationCode([u8; SYMBOLS]);

impl VerificationCode {
    /// A code from random bytes.
    #[must_use]
    pub fn from_random(random: [u8; SYMBOLS]) -> Self {
        Self(random.map(|byte| byte & 31))
    }

    /// The text that is shown to the person who holds the device.
    #[must_use]
    pub fn reveal(&self) -> String {
        let symbols: String = self.0.iter().map(|v| base32::symbol(*v)).collect();
        format!("{}-{}", &symbols[..4], &symbols[4..])
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .fold(0, |diff, (a, b)| diff | (a ^ b))
            == 0
    }
}

impl fmt::Debug for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationCode(..)")
    }
}

/// A text that cannot be a verification code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a verification code has 8 letters and digits")]
pub struct ParseError;

impl FromStr for VerificationCode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut values = [0; SYMBOLS];
        let mut count = 0;
        for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            *values.get_mut(count).ok_or(ParseError)? = base32::value(c).ok_or(ParseError)?;
            count += 1;
        }
        if count == SYMBOLS {
            Ok(Self(values))
        } else {
            Err(ParseError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_reads_back_and_stays_out_of_debug_output() {
        let code = VerificationCode::from_random([1, 2, 3, 4, 5, 6, 7, 255]);
        let text = code.reveal();
        let read: VerificationCode = text.to_lowercase().parse().unwrap();
        assert!(read.matches(&code));
        assert!(!format!("{code:?}").contains(&text));
        let other = VerificationCode::from_random([1, 2, 3, 4, 5, 6, 7, 0]);
        assert!(!other.matches(&code));
    }
}
