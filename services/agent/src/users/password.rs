//! Passwords as they are kept: Argon2id (RFC 9106), each with a salt of its own.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use serde::{Deserialize, Serialize};

use super::Error;

/// A hash of a password as a PHC string, which names its own parameters. New ones have those that
/// the OWASP Password Storage Cheat Sheet puts first: 19 MiB, two passes, one lane.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Hash(PasswordHash);

/// Of no password that is known, with the parameters of a new one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Hash {
    /// Takes some 20 ms of a core.
    pub(super) fn new(password: &str) -> Result<Self, Error> {
        let hash = Argon2::default().hash_password(password.as_bytes());
        hash.map(Self).map_err(|_| Error::Hash)
    }

    /// One that takes as long as any to compare with, and matches nothing.
    pub(super) fn nobody() -> Self {
        Self(PasswordHash::new(NOBODY).expect("the constant is a PHC string"))
    }

    /// Takes as long as [`Self::new`].
    pub(super) fn matches(&self, password: &str) -> bool {
        Argon2::default()
            .verify_password(password.as_bytes(), &self.0)
            .is_ok()
    }
}

impl TryFrom<String> for Hash {
    type Error = argon2::password_hash::phc::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        PasswordHash::new(&text).map(Self)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_of_nobody_costs_as_much_as_a_new_one() {
        let parameters = |hash: Hash| {
            let text = String::from(hash);
            let mut parts = text.rsplitn(3, '$').map(str::to_owned).collect::<Vec<_>>();
            (parts[0].len(), parts[1].len(), parts.remove(2))
        };
        let new = parameters(Hash::new("tr4in-Window").unwrap());
        assert_eq!(new.2, "$argon2id$v=19$m=19456,t=2,p=1");
        assert_eq!(parameters(Hash::nobody()), new);
    }

    #[test]
    fn same_password_twice_has_two_hashes_that_both_match_it_alone() {
        let hashes = [(); 2].map(|()| Hash::new("tr4in-Window").unwrap());
        assert_ne!(hashes[0].0.to_string(), hashes[1].0.to_string());
        assert!(hashes.iter().all(|hash| hash.matches("tr4in-Window")));
        assert!(hashes.iter().all(|hash| !hash.matches("tr4in-window")));
    }
}
