//! Durable records: ordered keys, JSON values, transactions and a change feed.
//!
//! What is acknowledged is on disk, and a read never returns what is not. A transaction is
//! applied whole or not at all; it may require that keys are absent or unchanged, which is all
//! that is needed for uniqueness, for indexes and for writes that carry an epoch.
//!
//! The store knows nothing of what it keeps, has no queries beyond a key and a prefix, and never
//! retries for the caller. Start reading at [`Store`]; [`SledStore`] is the back end of a single
//! node, and `conformance` (a feature) is the contract as tests.

mod changes;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
pub mod key;
mod sled_store;
mod transaction;

use std::fmt::{self, Debug};

use async_trait::async_trait;
use serde::de::DeserializeOwned;

pub use changes::{Change, ChangeKind, Changes};
pub use error::Error;
pub use sled_store::SledStore;
pub use transaction::Transaction;

/// Longest key, bytes. Keys are short paths; the bound keeps an index entry of any engine legal
/// (PostgreSQL: about 2,700).
pub const MAX_KEY_BYTES: usize = 512;
/// Largest value, bytes. A record is what one screen shows; media and pictures live elsewhere.
pub const MAX_VALUE_BYTES: usize = 64 << 10;
/// Most keys that one transaction writes or requires; etcd's default is the same.
pub const MAX_TRANSACTION_KEYS: usize = 128;
/// Most bytes of keys and values in one transaction, so that a full queue stays small.
pub const MAX_TRANSACTION_BYTES: usize = 256 << 10;
/// Most records that one [`Store::scan`] returns, so that a page is read without a pause for others.
pub const MAX_SCAN: usize = 1000;
/// Transactions that wait for the writer. When they are this many, [`Store::commit`] waits.
pub const MAX_PENDING: usize = 256;
/// Changes that a reader of the feed may be behind before it gets [`Error::Lagged`].
pub const FEED_CAPACITY: usize = 1024;

/// Number of a commit. It rises with every commit of the store, also across restarts; all writes
/// of one transaction carry the same one.
pub type Revision = u64;

/// A value as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The commit that wrote it.
    pub revision: Revision,
    /// JSON.
    pub value: Vec<u8>,
}

impl Record {
    /// The value as a type.
    ///
    /// # Errors
    /// [`Error::Json`] when the value is not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(serde_json::from_slice(&self.value)?)
    }
}

impl fmt::Debug for Record {
    /// Values may be secrets, so only their size shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, value } = self;
        write!(
            f,
            "Record {{ revision: {revision}, {} bytes }}",
            value.len()
        )
    }
}

/// An ordered map from keys to records. All methods can be called from many tasks at a time.
#[async_trait]
pub trait Store: Send + Sync + Debug + 'static {
    /// The record of a key.
    ///
    /// # Errors
    /// When the store cannot read; an absent key is `None`.
    async fn get(&self, key: &[u8]) -> Result<Option<Record>, Error>;

    /// Records whose keys begin with `prefix`, in the order of their keys' bytes, those after the
    /// key `after` only; at most `limit`, and at most [`MAX_SCAN`]. A page is a snapshot; several
    /// pages are not. Fewer than the limit means that there are no more.
    ///
    /// # Errors
    /// When the store cannot read.
    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Record)>, Error>;

    /// Applies a transaction whole or not at all. When it returns, the change is on disk and is
    /// seen by every read. A commit whose future is dropped may still happen.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a requirement does not hold; [`Error::TooLarge`] for a transaction
    /// beyond the limits; otherwise the store could not write, and nothing is known of the outcome.
    async fn commit(&self, transaction: Transaction) -> Result<Revision, Error>;

    /// The changes from now on of keys that begin with `prefix`, in the order of their commits.
    ///
    /// To follow a set, take the feed first and scan then: a change that comes in between is seen
    /// twice, which its revision shows, rather than not at all.
    fn changes(&self, prefix: &[u8]) -> Changes;
}
