//! Who is to look again, and when.
//!
//! One task follows the store and wakes those whom a change concerns. A topic is what the keys of
//! one list begin with, so a change wakes whoever listens to a list that its share is in, comes
//! into or leaves. A wake-up carries no data but the share: the one woken reads what is true by
//! then, so that wake-ups may be merged or repeated.

use sightline_base::topics::{self, Topics, Wake};
use sightline_store::{Changes as Feed, Error as StoreError};
use tokio::task::JoinHandle;

use crate::records::{self, Records};

/// Looks again at shares, by their IDs.
pub(crate) type Listener = topics::Listener<Vec<u8>, String>;

/// Wakes listeners: by what the keys of a list begin with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes(Topics<Vec<u8>, String>);

impl Changes {
    /// Changes of the keys that begin with `topic` and one more part.
    pub(crate) fn listen(&self, topic: Vec<u8>) -> Listener {
        self.0.listen(topic)
    }

    /// A key has changed.
    fn wake(&self, key: &[u8]) {
        let Some(slash) = key.iter().rposition(|byte| *byte == b'/') else {
            return;
        };
        let (topic, place) = key.split_at(slash + 1);
        let id = std::str::from_utf8(place).ok().and_then(records::share_at);
        let wake = id.map_or(Wake::Everything, |id| Wake::Of(id.to_owned()));
        self.0.wake(topic, wake);
    }
}

/// The task that follows the store. When it is dropped, listeners end.
#[derive(Debug)]
pub(crate) struct Follower {
    changes: Changes,
    task: JoinHandle<()>,
}

impl Follower {
    pub(crate) fn start(changes: Changes, records: &Records) -> Self {
        let feed = records.store().changes(&records::all());
        let woken = changes.clone();
        let task = tokio::spawn(async move {
            let ended = follow(&woken, feed).await;
            tracing::info!(reason = %ended, "changes of shares are no longer followed");
            woken.0.close();
        });
        Self { changes, task }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
        self.changes.0.close();
    }
}

/// Goes on until the store is closed.
async fn follow(changes: &Changes, mut feed: Feed) -> StoreError {
    loop {
        match feed.next().await {
            Ok(change) => changes.wake(&change.key),
            Err(StoreError::Lagged) => changes.0.wake_all(),
            Err(closed) => return closed,
        }
    }
}
