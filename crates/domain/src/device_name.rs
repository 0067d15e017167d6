//! The name that an owner gives a device.

use std::fmt;
use std::str::FromStr;

/// Most characters of a name.
pub const NAME_CHARS_MAX: usize = 64;

/// 1 to [`NAME_CHARS_MAX`] characters without control characters, and without spaces around it.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceName(String);

/// A text that cannot be a device's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {NAME_CHARS_MAX} characters")]
pub struct ParseError;

impl DeviceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let chars = text.chars().count();
        let fits = (1..=NAME_CHARS_MAX).contains(&chars);
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError)
        }
    }
}

impl TryFrom<String> for DeviceName {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.0
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_counted_in_characters_without_spaces_around_it() {
        let name: DeviceName = "  Ворота  ".parse().unwrap();
        assert_eq!(name.as_str(), "Ворота");
        assert!("д".repeat(64).parse::<DeviceName>().is_ok());
        assert_eq!("д".repeat(65).parse::<DeviceName>(), Err(ParseError));
        assert_eq!("   ".parse::<DeviceName>(), Err(ParseError));
        assert_eq!("gate\u{1b}[2J".parse::<DeviceName>(), Err(ParseError));
    }
}
