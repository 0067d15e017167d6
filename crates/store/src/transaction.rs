//! What one commit requires and writes.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::{
    Error, MAX_KEY_BYTES, MAX_TRANSACTION_BYTES, MAX_TRANSACTION_KEYS, MAX_VALUE_BYTES, Revision,
};

/// Writes that happen together or not at all, under requirements. Of two writes of one key the
/// later stands.
#[derive(Clone, Default)]
pub struct Transaction {
    /// Key and its revision, or `None` when it must be absent.
    pub(crate) requirements: Vec<(Vec<u8>, Option<Revision>)>,
    /// Key and its new value, or `None` to delete it.
    pub(crate) writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Transaction {
    /// Requires nothing and writes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The key must not exist.
    #[must_use]
    pub fn require_absent(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.requirements.push((key.into(), None));
        self
    }

    /// The record must still be the one that was read.
    #[must_use]
    pub fn require_revision(mut self, key: impl Into<Vec<u8>>, revision: Revision) -> Self {
        self.requirements.push((key.into(), Some(revision)));
        self
    }

    /// Creates or replaces a record.
    ///
    /// # Errors
    /// [`Error::Json`] when the value has no JSON form.
    pub fn put<T: Serialize + ?Sized>(
        mut self,
        key: impl Into<Vec<u8>>,
        value: &T,
    ) -> Result<Self, Error> {
        self.writes
            .insert(key.into(), Some(serde_json::to_vec(value)?));
        Ok(self)
    }

    /// Deletes a record; an absent one stays absent.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.writes.insert(key.into(), None);
        self
    }

    /// Holds a transaction to the limits of every back end.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let values = self.writes.values().flatten();
        let keys = self
            .requirements
            .iter()
            .map(|(key, _)| key)
            .chain(self.writes.keys());
        let mut bytes = 0;
        for key in keys {
            bytes += key.len();
            at_most("bytes of a key", MAX_KEY_BYTES, key.len())?;
            if key.is_empty() {
                return Err(Error::TooLarge {
                    what: "an empty key",
                    limit: 1,
                    got: 0,
                });
            }
        }
        for value in values {
            bytes += value.len();
            at_most("bytes of a value", MAX_VALUE_BYTES, value.len())?;
        }
        let count = self.requirements.len() + self.writes.len();
        at_most("keys of a transaction", MAX_TRANSACTION_KEYS, count)?;
        at_most("bytes of a transaction", MAX_TRANSACTION_BYTES, bytes)
    }
}

impl fmt::Debug for Transaction {
    /// Values may be secrets, so only the keys show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.writes.keys().map(|key| String::from_utf8_lossy(key));
        f.debug_list().entries(keys).finish()
    }
}

fn at_most(what: &'static str, limit: usize, got: usize) -> Result<(), Error> {
    if got > limit {
        Err(Error::TooLarge { what, limit, got })
    } else {
        Ok(())
    }
}
