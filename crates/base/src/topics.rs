//! Who is to look again, by what they look at.
//!
//! A wake-up carries no data but the name of what has changed: the one woken reads what is true by
//! then, so that wake-ups may be merged or repeated.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Wake-ups that one listener may be behind before it is told to look at everything.
const BEHIND_MAX: usize = 32;

/// What to look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake<W> {
    /// This.
    Of(W),
    /// All of the topic.
    Everything,
}

/// Nobody says any more what changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("changes are no longer followed")]
pub struct Closed;

/// Listeners by topic. Cheap to clone; all clones are one. A topic without listeners takes no
/// memory.
#[derive(Debug)]
pub struct Topics<K, W>(Arc<Mutex<Option<Table<K, W>>>>);

type Table<K, W> = HashMap<K, broadcast::Sender<Wake<W>>>;

impl<K, W> Clone for Topics<K, W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, W> Default for Topics<K, W> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(HashMap::new()))))
    }
}

impl<K: Eq + Hash + Clone, W: Clone> Topics<K, W> {
    /// Wakes of this topic from now on.
    #[must_use]
    pub fn listen(&self, topic: K) -> Listener<K, W> {
        let sender = || broadcast::Sender::new(BEHIND_MAX);
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
            topics: self.clone(),
        }
    }

    /// Wakes who listens to the topic.
    pub fn wake<Q>(&self, topic: &Q, wake: Wake<W>)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(sender) = self.table().as_ref().and_then(|table| table.get(topic)) {
            // An error means that the last listener is just going.
            let _ = sender.send(wake);
        }
    }

    /// Wakes everybody, to look at everything.
    pub fn wake_all(&self) {
        for sender in self.table().iter().flat_map(HashMap::values) {
            let _ = sender.send(Wake::Everything);
        }
    }

    /// Ends all listeners, and those that come later.
    pub fn close(&self) {
        *self.table() = None;
    }

    fn table(&self) -> MutexGuard<'_, Option<Table<K, W>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to one topic.
#[derive(Debug)]
pub struct Listener<K: Eq + Hash + Clone, W: Clone> {
    topic: K,
    wakes: broadcast::Receiver<Wake<W>>,
    topics: Topics<K, W>,
}

impl<K: Eq + Hash + Clone, W: Clone> Listener<K, W> {
    /// The next wake-up. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn next(&mut self) -> Result<Wake<W>, Closed> {
        match self.wakes.recv().await {
            Ok(wake) => Ok(wake),
            Err(RecvError::Lagged(_)) => {
                self.wakes = self.wakes.resubscribe();
                Ok(Wake::Everything)
            }
            Err(RecvError::Closed) => Err(Closed),
        }
    }

    /// Listeners of this topic, this one included.
    #[must_use]
    pub fn count(&self) -> usize {
        let table = self.topics.table();
        let sender = table.as_ref().and_then(|table| table.get(&self.topic));
        sender.map_or(0, broadcast::Sender::receiver_count)
    }
}

impl<K: Eq + Hash + Clone, W: Clone> Drop for Listener<K, W> {
    fn drop(&mut self) {
        let mut table = self.topics.table();
        let Some(table) = table.as_mut() else { return };
        if table
            .get(&self.topic)
            .is_some_and(|sender| sender.receiver_count() == 1)
        {
            table.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_that_is_far_behind_looks_at_everything_once() {
        let topics = Topics::default();
        let mut listener = topics.listen("door");
        for n in 0..=BEHIND_MAX {
            topics.wake(&"door", Wake::Of(n));
            topics.wake(&"window", Wake::Of(n));
        }
        assert_eq!(listener.next().await, Ok(Wake::Everything));
        topics.wake(&"door", Wake::Of(7));
        assert_eq!(listener.next().await, Ok(Wake::Of(7)));
    }

    #[tokio::test]
    async fn closing_ends_listeners_of_before_and_after() {
        let topics = Topics::<_, ()>::default();
        let mut before = topics.listen("door");
        topics.close();
        assert_eq!(before.next().await, Err(Closed));
        assert_eq!(topics.listen("door").next().await, Err(Closed));
    }

    #[test]
    fn a_topic_is_forgotten_with_its_last_listener() {
        let topics = Topics::<_, ()>::default();
        let (one, two) = (topics.listen("door"), topics.listen("door"));
        assert_eq!(one.count(), 2);
        drop(one);
        assert_eq!(two.count(), 1);
        drop(two);
        assert!(topics.table().as_ref().is_some_and(HashMap::is_empty));
    }
}
