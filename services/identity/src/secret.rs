//! Random secrets and what is kept of them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Random bytes, as base64url (RFC 4648, 5) towards clients. Never in `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Secret(String);

impl Secret {
    /// `N` bytes from the system's random generator.
    pub(crate) fn random<const N: usize>() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; N]>()))
    }

    /// What a client sent.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept. A plain hash is enough for a secret with the entropy of a key.
    pub(crate) fn digest(&self) -> SecretDigest {
        SecretDigest::of(&[&self.0])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// SHA-256 of a secret, base64url. It may be compared in any time: whoever tries secrets does not
/// choose their digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretDigest(String);

impl SecretDigest {
    /// Of parts, each told apart from the next by its length.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(URL_SAFE_NO_PAD.encode(hash.finalize()))
    }
}
