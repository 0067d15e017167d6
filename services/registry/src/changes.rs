//! Who is to look again, and when.
//!
//! One task follows the store and the coordinator, and wakes those whom a change concerns: the
//! account that owns the device, its guests, and whoever asked for its ownership. A wake-up carries no data:
//! the one woken reads what is true by then, so that wake-ups may be merged or repeated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sightline_base::topics::{self, Topics, Wake};
use sightline_coord::{Coordinator, Epoch, OwnershipEvent, OwnershipWatch};
use sightline_domain::{AccountId, CloudId};
use sightline_store::{Change, Changes as Feed, Error as StoreError};
use tokio::task::JoinHandle;

use crate::Error;
use crate::keys::{self, Subject};
use crate::records::Records;

/// What a listener listens to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// A device: its owner, what it tells, whether it is connected.
    Device(CloudId),
    /// The same, for users of the device itself.
    DeviceUsers(CloudId),
    /// The devices that an account owns or follows.
    Account(AccountId),
}

/// Looks again at devices.
pub(crate) type Listener = topics::Listener<Topic, CloudId>;

/// Wakes listeners.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    topics: Topics<Topic, CloudId>,
    followed: Arc<Mutex<Followed>>,
}

/// Guests by the device that they follow, each with how many of their streams do.
type Followed = HashMap<CloudId, HashMap<AccountId, usize>>;

impl Changes {
    pub(crate) fn listen(&self, topic: Topic) -> Listener {
        self.topics.listen(topic)
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

    fn wake_account(&self, account: AccountId, device: CloudId) {
        self.topics.wake(&Topic::Account(account), Wake::Of(device));
    }

    /// Those who watch the device itself, and its guests.
    fn wake_device(&self, device: CloudId) {
        for topic in [Topic::Device(device), Topic::DeviceUsers(device)] {
            self.topics.wake(&topic, Wake::Of(device));
        }
        let guests: Vec<AccountId> = match lock(&self.followed).get(&device) {
            Some(guests) => guests.keys().cloned().collect(),
            None => return,
        };
        for guest in guests {
            self.wake_account(guest, device);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
            woken.topics.close();
        });
        Self { changes, task }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
        self.changes.topics.close();
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
                Err(StoreError::Lagged) => { changes.topics.wake_all(); Ok(()) }
                Err(closed) => return closed.into(),
            },
            event = ownerships.next() => match event {
                Ok(OwnershipEvent::Snapshot(_)) => { changes.topics.wake_all(); Ok(()) }
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
            changes.topics.wake_all();
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
