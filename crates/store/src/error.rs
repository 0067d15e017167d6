//! Why a store did not do what it was asked.

use std::path::PathBuf;

/// Failure of a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A requirement of the transaction does not hold: somebody else was quicker, or the name is
    /// taken. Nothing was written.
    #[error("the record {:?} has changed", String::from_utf8_lossy(.key))]
    Conflict {
        /// The first key whose requirement failed.
        key: Vec<u8>,
    },
    /// The reader of a feed fell behind and missed changes. It must list again; the feed goes on
    /// with what comes after this error.
    #[error("the reader fell behind the change feed and must list again")]
    Lagged,
    /// Beyond a limit of the store. Nothing was written.
    #[error("{what}: {got} is outside the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The bound.
        limit: usize,
        /// What was asked for.
        got: usize,
    },
    /// What is stored cannot be what was written.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// A value is not the JSON that the caller expected, or cannot be made into JSON.
    #[error("value and type do not fit: {0}")]
    Json(#[from] serde_json::Error),
    /// Another process, or another part of this one, has the directory open.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// An earlier write did not reach the disk, so the store takes no more of them until it is
    /// opened again. Reads go on.
    #[error("the store takes no more writes since one failed: {0}")]
    Failed(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The disk or the file system failed.
    #[error("store: {0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// Whether the caller may read again and repeat at once: somebody else was quicker, or a feed
    /// was too slow. All else needs another input or an operator.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Lagged)
    }
}
