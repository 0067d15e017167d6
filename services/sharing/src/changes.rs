//! Who is to look again, and when.
//!
//! One task follows the store and wakes those whom a change concerns. A topic is what the keys of
//! one list begin with, so a change wakes whoever listens to a list that its share is in, comes
//! into or leaves. A wake-up carries no data but the share: the one woken reads what is true by
//! then, so that wake-ups may be merged or repeated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sightline_store::{Changes as Feed, Error as StoreError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::Error;
use crate::records::{self, Records};

/// Wake-ups that one listener may be behind before it is told to look at everything.
const WAKE_UPS_MAX: usize = 32;

/// What to look at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The share with this ID.
    Share(String),
    Everything,
}

type Table = HashMap<Vec<u8>, broadcast::Sender<Wake>>;

/// Listeners by topic; `None` when closed. A topic without listeners takes no memory.
#[derive(Debug, Clone)]
pub(crate) struct Changes(Arc<Mutex<Option<Table>>>);

impl Default for Changes {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(HashMap::new()))))
    }
}

impl Changes {
    /// Changes of the keys that begin with `topic` and one more part.
    pub(crate) fn listen(&self, topic: Vec<u8>) -> Listener {
        let sender = || broadcast::Sender::new(WAKE_UPS_MAX);
        let wakes = match self.table().as_mut() {
            Some(table) => table
                .entry(topic.clone())
                .or_insert_with(sender)
                .subscribe(),
            None => sender().subscribe(),
        };
        Listener {
            topic,
            wakes,
            changes: self.clone(),
        }
    }

    /// A key has changed.
    fn wake(&self, key: &[u8]) {
        let Some(slash) = key.iter().rposition(|byte| *byte == b'/') else {
            return;
        };
        let (topic, place) = key.split_at(slash + 1);
        if let Some(sender) = self.table().as_ref().and_then(|table| table.get(topic)) {
            let id = std::str::from_utf8(place).ok().and_then(records::share_at);
            let wake = id.map_or(Wake::Everything, |id| Wake::Share(id.to_owned()));
            // An error means that the last listener is just going.
            let _ = sender.send(wake);
        }
    }

    fn wake_all(&self) {
        for sender in self.table().iter().flat_map(HashMap::values) {
            let _ = sender.send(Wake::Everything);
        }
    }

    /// Ends all listeners, and those that come later.
    fn close(&self) {
        *self.table() = None;
    }

    fn table(&self) -> MutexGuard<'_, Option<Table>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to one topic.
#[derive(Debug)]
pub(crate) struct Listener {
    topic: Vec<u8>,
    wakes: broadcast::Receiver<Wake>,
    changes: Changes,
}

impl Listener {
    /// The next wake-up. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// [`Error::Closed`] when nobody follows the changes any more.
    pub(crate) async fn next(&mut self) -> Result<Wake, Error> {
        match self.wakes.recv().await {
            Ok(wake) => Ok(wake),
            Err(RecvError::Lagged(_)) => {
                self.wakes = self.wakes.resubscribe();
                Ok(Wake::Everything)
            }
            Err(RecvError::Closed) => Err(Error::Closed),
        }
    }

    /// Listeners of this topic, this one included.
    pub(crate) fn count(&self) -> usize {
        let table = self.changes.table();
        let sender = table.as_ref().and_then(|table| table.get(&self.topic));
        sender.map_or(0, broadcast::Sender::receiver_count)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut table = self.changes.table();
        let Some(table) = table.as_mut() else { return };
        if table
            .get(&self.topic)
            .is_some_and(|sender| sender.receiver_count() == 1)
        {
            table.remove(&self.topic);
        }
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
            woken.close();
        });
        Self { changes, task }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
        self.changes.close();
    }
}

/// Goes on until the store is closed.
async fn follow(changes: &Changes, mut feed: Feed) -> StoreError {
    loop {
        match feed.next().await {
            Ok(change) => changes.wake(&change.key),
            Err(StoreError::Lagged) => changes.wake_all(),
            Err(closed) => return closed,
        }
    }
}
