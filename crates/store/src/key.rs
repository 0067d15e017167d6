//! Composite keys that an operator can read, as in `account/4f1c…/device/7KQ2…`.
//!
//! Parts are joined by `/`. A `/` or `%` within a part is escaped, so that no choice of names
//! makes two lists of parts the same key, or one the prefix of another's neighbour.

use std::fmt::{Display, Write as _};

/// The key of some parts: `key!("account", id)`. Numbers that must sort as numbers need a fixed
/// width, as in `format_args!("{n:020}")`.
#[macro_export]
macro_rules! key {
    ($($part:expr),+ $(,)?) => { $crate::key::join(&[$(&$part as &dyn ::std::fmt::Display),+]) };
}

/// What the keys under some parts begin with: `prefix!("account")` is `account/`.
#[macro_export]
macro_rules! prefix {
    ($($part:expr),+ $(,)?) => { $crate::key!($($part),+, "") };
}

/// Joins escaped parts; what [`key!`](crate::key!) calls.
#[must_use]
pub fn join(parts: &[&dyn Display]) -> Vec<u8> {
    let mut key = String::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            key.push('/');
        }
        // Writing to a string cannot fail.
        let _ = write!(Escape(&mut key), "{part}");
    }
    key.into_bytes()
}

struct Escape<'a>(&'a mut String);

impl std::fmt::Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            match c {
                '/' => self.0.push_str("%2F"),
                '%' => self.0.push_str("%25"),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_slash_in_an_id_does_not_reach_another_record() {
        assert_eq!(key!("share", "a/b"), b"share/a%2Fb");
        assert_ne!(key!("share", "a/b"), key!("share", "a", "b"));
        assert_ne!(key!("share", "a/b"), key!("share", "a%2Fb"));
    }

    #[test]
    fn a_prefix_does_not_match_a_longer_name() {
        let prefix = prefix!("account", 7);
        assert!(key!("account", 7, "name").starts_with(&prefix));
        assert!(!key!("account", 71, "name").starts_with(&prefix));
    }
}
