//! Who is to look again, and when.
//!
//! One task follows the store and the coordinator, and wakes those whom a change concerns: the
//! account that owns the device, its guests, and whoever asked for its ownership. A wake-up carries no data:
//! the one woken reads what is true by then, so that wake-ups may be merged or repeated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sightline_coord::{Coordinator, Epoch, OwnershipEvent, OwnershipWatch};
use sightline_domain::{AccountId, CloudId};
use sightline_store::{Change, Changes as Feed, Error as StoreError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::Error;
use crate::keys::{self, Subject};
use crate::records::Records;

/// Wake-ups that one listener may be behind before it is told to look at everything.
const WAKE_UPS_MAX: usize = 32;

/// What to look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Device(CloudId),
    Everything,
}

/// What a listener listens to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// A device: its owner, what it tells, whether it is connected.
    Device(CloudId),
    /// The devices that an account owns or follows.
    Account(AccountId),
}

/// Wakes listeners.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    topics: Arc<Topics>,
    followed: Arc<Mutex<Followed>>,
}

/// Guests by the device that they follow, each with how many of their streams do.
type Followed = HashMap<CloudId, HashMap<AccountId, usize>>;

impl Changes {
    pub(crate) fn listen(&self, topic: Topic) -> Listener {
        let sender = || broadcast::Sender::new(WAKE_UPS_MAX);
        let wakes = match self.topics.table().as_mut() {
            Some(table) => table
                .entry(topic.clone())
                .or_insert_with(sender)
                .subscribe(),
            None => sender().subscribe(),
        };
        Listener {
            topic,
            wakes,
            topics: Arc::clone(&self.topics),
        }
    }

    /// Has an account woken by devices that are not its own, for as long as the guard lives.
    pub(crate) fn follow(&self, account: AccountId, devices: Vec<CloudId>) -> Following {
        let mut followed = lock(&self.followed);
        for device in &devices {
            let guests = followed.entry(*device).or_default();
            *guests.entry(account.clone()).or_default() += 1;
        }
        drop(followed);
        Following {
            account,
            devices,
            followed: Arc::clone(&self.followed),
        }
    }

    fn wake(&self, topic: &Topic, device: CloudId) {
        if let Some(sender) = self
            .topics
            .table()
            .as_ref()
            .and_then(|table| table.get(topic))
        {
            // An error means that the last listener is just going.
            let _ = sender.send(Wake::Device(device));
        }
    }

    fn wake_account(&self, account: AccountId, device: CloudId) {
        self.wake(&Topic::Account(account), device);
    }

    /// Those who watch the device itself, and its guests.
    fn wake_device(&self, device: CloudId) {
        self.wake(&Topic::Device(device), device);
        let guests: Vec<AccountId> = match lock(&self.followed).get(&device) {
            Some(guests) => guests.keys().cloned().collect(),
            None => return,
        };
        for guest in guests {
            self.wake_account(guest, device);
        }
    }

    fn wake_all(&self) {
        for sender in self.topics.table().iter().flat_map(HashMap::values) {
            let _ = sender.send(Wake::Everything);
        }
    }

    /// Ends all listeners, and those that come later.
    fn close(&self) {
        *self.topics.table() = None;
    }
}

/// Listeners by what they listen to; `None` when closed. A topic without listeners takes no memory.
#[derive(Debug)]
struct Topics(Mutex<Option<HashMap<Topic, broadcast::Sender<Wake>>>>);

impl Default for Topics {
    fn default() -> Self {
        Self(Mutex::new(Some(HashMap::new())))
    }
}

impl Topics {
    fn table(&self) -> MutexGuard<'_, Option<HashMap<Topic, broadcast::Sender<Wake>>>> {
        lock(&self.0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens to one topic.
#[derive(Debug)]
pub(crate) struct Listener {
    topic: Topic,
    wakes: broadcast::Receiver<Wake>,
    topics: Arc<Topics>,
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
        let table = self.topics.table();
        let sender = table.as_ref().and_then(|table| table.get(&self.topic));
        sender.map_or(0, broadcast::Sender::receiver_count)
    }
}

impl Drop for Listener {
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

/// An account is woken by these devices until this is dropped.
#[derive(Debug)]
pub(crate) struct Following {
    account: AccountId,
    devices: Vec<CloudId>,
    followed: Arc<Mutex<Followed>>,
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut followed = lock(&self.followed);
        for device in &self.devices {
            let Some(guests) = followed.get_mut(device) else {
                continue;
            };
            if let Some(streams) = guests.get_mut(&self.account) {
                *streams -= 1;
                if *streams == 0 {
                    guests.remove(&self.account);
                }
            }
            if guests.is_empty() {
                followed.remove(device);
            }
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
        let feed = records.store().changes(&keys::all());
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
                Ok(OwnershipEvent::Claimed { device, .. }) => wake_viewers(changes, records, device).await,
                Ok(OwnershipEvent::Released { device, epoch }) => {
                    disconnected(device, epoch);
                    wake_viewers(changes, records, device).await
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
    match keys::subject(&change.key) {
        Some(Subject::Ownership(device)) => changes.wake_device(device),
        Some(Subject::Index(account, device)) => changes.wake_account(account, device),
        Some(Subject::Description(device) | Subject::Unbind(device)) => {
            wake_viewers(changes, records, device).await?;
        }
        Some(Subject::Audit) => {}
        None => {
            tracing::warn!(key = ?change.key, "unknown key in the registry's part of the store")
        }
    }
    Ok(())
}

async fn wake_viewers(
    changes: &Changes,
    records: &Records,
    device: CloudId,
) -> Result<(), StoreError> {
    changes.wake_device(device);
    if let Some(owner) = records.owner(device).await? {
        changes.wake_account(owner.account, device);
    }
    Ok(())
}
