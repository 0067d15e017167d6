//! E-mail addresses, in one spelling.

use std::fmt;
use std::str::FromStr;

/// Longest address, bytes: a path of 256 with its angle brackets (RFC 5321, 4.5.3.1.3).
const ADDRESS_BYTES_MAX: usize = 254;
/// Longest part before the at sign, bytes (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest label of a domain name, bytes (RFC 1035, 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// An address: `local@domain` in lower case, a dot-atom (RFC 5322, 3.2.3) at a domain name of at
/// least two labels. Lower case throughout, although the part before the at sign may tell cases
/// apart by the letter of RFC 5321: no provider does, and two accounts that differ in case only
/// would be a trap.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// A text that is no e-mail address mail can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct ParseError;

impl Email {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let (local, domain) = text.split_once('@').ok_or(ParseError)?;
        let fits = text.len() <= ADDRESS_BYTES_MAX && local.len() <= LOCAL_BYTES_MAX;
        if fits && is_dot_atom(local) && is_domain(domain) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(ParseError)
        }
    }
}

fn is_dot_atom(text: &str) -> bool {
    let sign = |c: char| "!#$%&'*+-/=?^_`{|}~".contains(c);
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || sign(c)))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last label of digits is an IPv4 address (RFC 3696, 2).
    let last_is_name = |last: &str| last.chars().any(|c| !c.is_ascii_digit());
    text.split('.').all(is_label)
        && text
            .rsplit_once('.')
            .is_some_and(|(_, last)| last_is_name(last))
}

impl TryFrom<String> for Email {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_address_are_one_address() {
        let email: Email = " Ann.Lee+cam@Example.ORG \n".parse().unwrap();
        assert_eq!(email.as_str(), "ann.lee+cam@example.org");
    }

    #[test]
    fn what_no_mail_reaches_is_no_address() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long_label = format!("a@{}.org", "b".repeat(64));
        let long_address = format!("a@{}org", "label.".repeat(42));
        let bad = [
            "",
            "@",
            "ann",
            "ann@",
            "@example.org",
            "ann@example",
            "ann@@example.org",
            "ann@example.org@example.org",
            "ann lee@example.org",
            ".ann@example.org",
            "ann..lee@example.org",
            "ann@-example.org",
            "ann@example..org",
            "ann@example.org.",
            "ann@10.0.0.1",
            "ann@[10.0.0.1]",
            "\"ann\"@example.org",
            "ann@example.org\r\nBcc: eve@example.org",
            "аня@example.org",
            &long_local,
            &long_label,
            &long_address,
        ];
        for text in bad {
            assert_eq!(text.parse::<Email>(), Err(ParseError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_reads_back_as_itself(text in ".{0,80}|[a-zA-Z.@+-]{0,40}@[a-z.-]{0,20}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert!(email.as_str().len() <= ADDRESS_BYTES_MAX);
                prop_assert!(email.as_str().chars().all(|c| c.is_ascii_graphic() && !c.is_ascii_uppercase()));
                prop_assert_eq!(email.as_str().parse::<Email>(), Ok(email));
            }
        }

        #[test]
        fn ordinary_addresses_are_accepted(
            text in "[a-zA-Z0-9_+-]{1,20}(\\.[a-zA-Z0-9]{1,20}){0,2}@([a-zA-Z0-9]{1,10}\\.){1,3}[a-zA-Z]{2,8}"
        ) {
            prop_assert!(text.parse::<Email>().is_ok());
        }
    }
}
