//! Who is to look again, and when.
//!
//! One task follows the store and the coordinator, and wakes those whom a change concerns: the
//! account that owns the device, and the edge that holds its grants. A wake-up carries no data:
//! the one woken reads what is true by then, so that wake-ups may be merged or repeated.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sightline_coord::{Coordinator, Epoch, OwnershipEvent, OwnershipWatch};
use sightline_domain::{AccountId, CloudId};
use sightline_store::{Change, Changes as Feed, Error as StoreError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::Error;
use crate::records::{self, Records, Subject};

/// Wake-ups that one listener may be behind before it is told to look at everything.
const WAKE_UPS_MAX: usize = 32;

/// What to look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Device(CloudId),
    Everything,
}

/// Wakes listeners.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    devices: Topics<CloudId>,
    accounts: Topics<AccountId>,
}

impl Changes {
    /// Changes of a device's owner.
    pub(crate) fn of_device(&self, device: CloudId) -> Listener<CloudId> {
        self.devices.listen(device)
    }

    /// Changes of an account's devices: which they are, what they tell, whether they are connected.
    pub(crate) fn of_account(&self, account: &AccountId) -> Listener<AccountId> {
        self.accounts.listen(account.clone())
    }

    fn wake_all(&self) {
        self.devices.wake_all();
        self.accounts.wake_all();
    }

    /// Ends all listeners, and those that come later.
    fn close(&self) {
        *self.devices.table() = None;
        *self.accounts.table() = None;
    }
}

type Table<K> = HashMap<K, broadcast::Sender<Wake>>;

/// Listeners by what they listen to; `None` when closed. A topic without listeners takes no memory.
#[derive(Debug)]
struct Topics<K>(Arc<Mutex<Option<Table<K>>>>);

impl<K> Default for Topics<K> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(HashMap::new()))))
    }
}

impl<K: Eq + Hash + Clone> Topics<K> {
    fn listen(&self, key: K) -> Listener<K> {
        let sender = || broadcast::Sender::new(WAKE_UPS_MAX);
        let wakes = match self.table().as_mut() {
            Some(table) => table.entry(key.clone()).or_insert_with(sender).subscribe(),
            None => sender().subscribe(),
        };
        Listener {
            key,
            wakes,
            topics: Self(Arc::clone(&self.0)),
        }
    }

    fn wake(&self, key: &K, wake: Wake) {
        if let Some(sender) = self.table().as_ref().and_then(|table| table.get(key)) {
            // An error means that the last listener is just going.
            let _ = sender.send(wake);
        }
    }

    fn wake_all(&self) {
        for sender in self.table().iter().flat_map(HashMap::values) {
            let _ = sender.send(Wake::Everything);
        }
    }

    fn table(&self) -> MutexGuard<'_, Option<Table<K>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to one topic.
#[derive(Debug)]
pub(crate) struct Listener<K: Eq + Hash + Clone> {
    key: K,
    wakes: broadcast::Receiver<Wake>,
    topics: Topics<K>,
}

impl<K: Eq + Hash + Clone> Listener<K> {
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
        let table = self.topics.table();
        let sender = table.as_ref().and_then(|table| table.get(&self.key));
        sender.map_or(0, broadcast::Sender::receiver_count)
    }
}

impl<K: Eq + Hash + Clone> Drop for Listener<K> {
    fn drop(&mut self) {
        let mut table = self.topics.table();
        let Some(table) = table.as_mut() else { return };
        if table
            .get(&self.key)
            .is_some_and(|sender| sender.receiver_count() == 1)
        {
            table.remove(&self.key);
        }
    }
}

/// The task that follows store and coordinator. When it is dropped, listeners end.
#[derive(Debug)]
pub(crate) struct Follower {
    changes: Arc<Changes>,
    task: JoinHandle<()>,
}

impl Follower {
    /// `disconnected` is called for each connection that ends, and must not block.
    pub(crate) fn start(
        changes: Arc<Changes>,
        records: Records,
        coordinator: &Arc<dyn Coordinator>,
        disconnected: impl Fn(CloudId, Epoch) + Send + 'static,
    ) -> Self {
        let feed = records.store().changes(&records::all());
        let ownerships = coordinator.watch();
        let woken = Arc::clone(&changes);
        let task = tokio::spawn(async move {
            let ended = follow(&woken, &records, feed, ownerships, disconnected).await;
            tracing::info!(reason = %ended, "changes of devices are no longer followed");
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

/// Goes on until one of the sources is closed.
async fn follow(
    changes: &Changes,
    records: &Records,
    mut feed: Feed,
    mut ownerships: OwnershipWatch,
    disconnected: impl Fn(CloudId, Epoch),
) -> Error {
    loop {
        let woken = tokio::select! {
            change = feed.next() => match change {
                Ok(change) => stored(changes, records, &change).await,
                Err(StoreError::Lagged) => { changes.wake_all(); Ok(()) }
                Err(closed) => return closed.into(),
            },
            event = ownerships.next() => match event {
                Ok(OwnershipEvent::Snapshot(_)) => { changes.wake_all(); Ok(()) }
                Ok(OwnershipEvent::Claimed { device, .. }) => wake_owner(changes, records, device).await,
                Ok(OwnershipEvent::Released { device, epoch }) => {
                    disconnected(device, epoch);
                    wake_owner(changes, records, device).await
                }
                Err(closed) => return closed.into(),
            },
        };
        if let Err(error) = woken {
            tracing::warn!(%error, "read a device that has changed");
            changes.wake_all();
        }
    }
}

async fn stored(changes: &Changes, records: &Records, change: &Change) -> Result<(), StoreError> {
    match records::subject(&change.key) {
        Some(Subject::Ownership(device)) => changes.devices.wake(&device, Wake::Device(device)),
        Some(Subject::Index(account, device)) => {
            changes.accounts.wake(&account, Wake::Device(device));
        }
        Some(Subject::Description(device)) => wake_owner(changes, records, device).await?,
        None => {
            tracing::warn!(key = ?change.key, "unknown key in the registry's part of the store")
        }
    }
    Ok(())
}

async fn wake_owner(
    changes: &Changes,
    records: &Records,
    device: CloudId,
) -> Result<(), StoreError> {
    if let Some(owner) = records.owner(device).await? {
        changes.accounts.wake(&owner.account, Wake::Device(device));
    }
    Ok(())
}
