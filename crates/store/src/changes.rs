//! The change feed: what was committed, in order, to any number of readers.

use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::{Error, FEED_CAPACITY, Revision};

/// A committed write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What was written.
    pub key: Vec<u8>,
    /// The commit; several changes may share one.
    pub revision: Revision,
    /// What became of the record.
    pub kind: ChangeKind,
}

/// What became of a record.
#[derive(Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It has this value now, JSON.
    Put(Vec<u8>),
    /// It is gone.
    Deleted,
}

impl fmt::Debug for ChangeKind {
    /// Values may be secrets, so only their size shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(value) => write!(f, "Put({} bytes)", value.len()),
            Self::Deleted => f.write_str("Deleted"),
        }
    }
}

/// A reader of the feed.
#[derive(Debug)]
pub struct Changes {
    prefix: Vec<u8>,
    receiver: broadcast::Receiver<Arc<Change>>,
}

impl Changes {
    /// The next change under the prefix. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// [`Error::Lagged`] once when the reader was too slow: list again, then go on reading.
    /// [`Error::Closed`] when the store is closed.
    pub async fn next(&mut self) -> Result<Change, Error> {
        loop {
            match self.receiver.recv().await {
                Ok(change) if change.key.starts_with(&self.prefix) => {
                    return Ok(Change::clone(&change));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    // What is still queued is older than the list that the reader makes next.
                    self.receiver = self.receiver.resubscribe();
                    return Err(Error::Lagged);
                }
                Err(RecvError::Closed) => return Err(Error::Closed),
            }
        }
    }
}

/// The writing end, for back ends.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    sender: broadcast::Sender<Arc<Change>>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(FEED_CAPACITY),
        }
    }

    pub(crate) fn subscribe(&self, prefix: &[u8]) -> Changes {
        Changes {
            prefix: prefix.to_vec(),
            receiver: self.sender.subscribe(),
        }
    }

    pub(crate) fn publish(&self, change: Change) {
        // An error means that nobody reads.
        let _ = self.sender.send(Arc::new(change));
    }
}
