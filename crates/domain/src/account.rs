//! Accounts: people who sign in to the cloud.

use std::fmt;
use std::str::FromStr;

/// Identifier of an account: a UUID in its text form, which never changes.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

/// A text that is no account ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an account ID")]
pub struct ParseError;

impl FromStr for AccountId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let well_formed = text.len() == 36
            && text.char_indices().all(|(at, c)| match at {
                8 | 13 | 18 | 23 => c == '-',
                _ => hex(c),
            });
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError)
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
