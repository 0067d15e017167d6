//! Edges: the nodes that hold devices' connections.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::Error;

/// Longest name, bytes: that of a DNS label and of a Kubernetes pod in practice.
const MAX_NAME_BYTES: usize = 64;

/// Name of an edge; it survives restarts of the edge. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId(Arc<str>);

impl EdgeId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EdgeId {
    type Err = Error;

    /// Names become parts of keys and paths, so they have no other characters than letters,
    /// digits, `.`, `_` and `-`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(Error::EdgeName)
        }
    }
}

impl fmt::Display for EdgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EdgeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the others know of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeInfo {
    /// Its name.
    pub id: EdgeId,
    /// Where other nodes reach it, as `host:port`; `None` on a node that has no others.
    pub address: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_reach_outside_its_place_in_a_key() {
        for name in ["edge-1", "a", "sightline-edge-0.sightline_x"] {
            assert_eq!(name.parse::<EdgeId>().unwrap().as_str(), name);
        }
        for name in ["", "a/b", "..\u{2f}x", "a b", "édge", &"x".repeat(65)] {
            assert!(
                matches!(name.parse::<EdgeId>(), Err(Error::EdgeName)),
                "{name:?}"
            );
        }
    }
}
