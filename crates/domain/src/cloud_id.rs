//! A device's public identifier, derived from its key.
//!
//! 80 bits of SHA-256 over the device certificate's SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) as
//! 16 symbols of base 32, and a check symbol. Knowing an ID gives nothing: a connection must prove
//! the key. Publishing one is harmless, and no counter or serial number shows in it.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::base32;

/// Data symbols, before the check symbol.
const SYMBOLS: usize = 16;

/// Powers of a generator of GF(32) with the polynomial x^5 + x^2 + 1. Distinct weights for all
/// positions make the check symbol catch every single wrong symbol and every swap of two.
const fn weights() -> [u8; SYMBOLS] {
    let mut weights = [0; SYMBOLS];
    let mut power: u8 = 1;
    let mut at = 0;
    while at < SYMBOLS {
        power = times_two(power);
        weights[at] = power;
        at += 1;
    }
    weights
}

const fn times_two(x: u8) -> u8 {
    let doubled = x << 1;
    if doubled & 32 == 0 {
        doubled
    } else {
        (doubled ^ 0b10_0101) & 31
    }
}

const WEIGHTS: [u8; SYMBOLS] = weights();

/// Identifier of a device. Its text form is `XXXX-XXXX-XXXX-XXXX-C`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloudId([u8; SYMBOLS]);

impl CloudId {
    /// The ID of a key, from the DER encoding of its SubjectPublicKeyInfo.
    #[must_use]
    pub fn of_public_key(spki_der: &[u8]) -> Self {
        let digest = Sha256::digest(spki_der);
        let mut symbols = [0; SYMBOLS];
        for (at, symbol) in symbols.iter_mut().enumerate() {
            let bit = at * 5;
            let pair = u16::from_be_bytes([digest[bit / 8], digest[bit / 8 + 1]]);
            *symbol = (pair >> (11 - bit % 8)) as u8 & 31;
        }
        Self(symbols)
    }

    /// Without dashes, for keys and paths: 17 symbols.
    #[must_use]
    pub fn compact(&self) -> String {
        self.symbols().map(base32::symbol).collect()
    }

    fn check(&self) -> u8 {
        self.0
            .iter()
            .zip(WEIGHTS)
            .fold(0, |sum, (value, weight)| sum ^ product(*value, weight))
    }

    fn symbols(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.iter().copied().chain(std::iter::once(self.check()))
    }
}

/// Product in GF(32).
fn product(a: u8, b: u8) -> u8 {
    let (mut a, mut sum) = (a, 0);
    for bit in 0..5 {
        if b >> bit & 1 == 1 {
            sum ^= a;
        }
        a = times_two(a);
    }
    sum
}

/// Why a text is no cloud ID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not 17 symbols, dashes and spaces aside.
    #[error("a cloud ID has 17 letters and digits")]
    Length,
    /// A character that does not occur in cloud IDs.
    #[error("{0:?} does not occur in a cloud ID")]
    Symbol(char),
    /// The check symbol does not fit: something is mistyped.
    #[error("the cloud ID is mistyped")]
    Check,
}

impl FromStr for CloudId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut values = [0; SYMBOLS + 1];
        let mut count = 0;
        for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let value = base32::value(c).ok_or(ParseError::Symbol(c))?;
            *values.get_mut(count).ok_or(ParseError::Length)? = value;
            count += 1;
        }
        if count != values.len() {
            return Err(ParseError::Length);
        }
        let [data @ .., check] = values;
        let id = Self(data);
        if id.check() == check {
            Ok(id)
        } else {
            Err(ParseError::Check)
        }
    }
}

impl fmt::Display for CloudId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, value) in self.symbols().enumerate() {
            if at > 0 && at % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", base32::symbol(value))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CloudId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for CloudId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for CloudId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_reads_back_in_any_spelling() {
        let id = CloudId::of_public_key(b"key");
        let text = id.to_string();
        assert_eq!(text.len(), 21, "{text}");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(id.compact().to_lowercase().parse(), Ok(id));
        assert_eq!(text.replace('0', "o").replace('1', "l").parse(), Ok(id));
    }

    #[test]
    fn every_single_error_and_every_adjacent_swap_is_caught() {
        for key in 0_u32..200 {
            let id = CloudId::of_public_key(&key.to_be_bytes());
            let text: Vec<char> = id.compact().chars().collect();
            for at in 0..text.len() {
                for other in base32::SYMBOLS.map(char::from) {
                    let mut wrong = text.clone();
                    wrong[at] = other;
                    let wrong: String = wrong.into_iter().collect();
                    assert_eq!(
                        wrong.parse::<CloudId>().is_ok(),
                        other == text[at],
                        "{wrong}"
                    );
                }
                if at > 0 && text[at - 1] != text[at] {
                    let mut swapped = text.clone();
                    swapped.swap(at - 1, at);
                    let swapped: String = swapped.into_iter().collect();
                    assert_eq!(swapped.parse::<CloudId>(), Err(ParseError::Check));
                }
            }
        }
    }

    #[test]
    fn ids_of_many_keys_are_spread_evenly() {
        let mut counts = [[0_u32; 32]; SYMBOLS];
        let keys = 100_000_u32;
        for key in 0..keys {
            let id = CloudId::of_public_key(&key.to_be_bytes());
            for (at, value) in id.0.iter().enumerate() {
                counts[at][usize::from(*value)] += 1;
            }
        }
        let even = keys / 32;
        for (at, position) in counts.iter().enumerate() {
            for count in position {
                assert!(
                    count.abs_diff(even) < even / 10,
                    "position {at}: {position:?}"
                );
            }
        }
    }
}
