//! The table of owners in memory, and those who watch it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use sightline_domain::CloudId;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::{EdgeId, Epoch, Error, Owner, WATCH_CAPACITY};

/// What a watch tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnershipEvent {
    /// All owners at one moment: first of all, and again when the reader was too slow to get
    /// every change. It replaces everything told before.
    Snapshot(HashMap<CloudId, Owner>),
    /// A device has this owner now, whether it had another or none.
    Claimed {
        /// The device.
        device: CloudId,
        /// Its new owner.
        owner: Owner,
    },
    /// A device has no owner now.
    Released {
        /// The device.
        device: CloudId,
        /// The claim that ended.
        epoch: Epoch,
    },
}

/// Follows the ownership of all devices, from the whole state on.
#[derive(Debug)]
pub struct OwnershipWatch {
    table: Weak<Mutex<Table>>,
    /// `None` before a snapshot.
    changes: Option<broadcast::Receiver<OwnershipEvent>>,
}

impl OwnershipWatch {
    /// The next event: a snapshot, then each change after it in order, without gap or repetition.
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// [`Error::Closed`] when the coordinator is gone.
    pub async fn next(&mut self) -> Result<OwnershipEvent, Error> {
        if let Some(changes) = &mut self.changes {
            match changes.recv().await {
                Ok(event) => return Ok(event),
                Err(RecvError::Closed) => return Err(Error::Closed),
                Err(RecvError::Lagged(_)) => {}
            }
        }
        let table = self.table.upgrade().ok_or(Error::Closed)?;
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        self.changes = Some(table.changes.subscribe());
        Ok(OwnershipEvent::Snapshot(table.owners.clone()))
    }
}

#[derive(Debug)]
struct Table {
    owners: HashMap<CloudId, Owner>,
    // Sent to with the table locked, so that a snapshot and the changes after it fit together.
    changes: broadcast::Sender<OwnershipEvent>,
}

/// The table, for back ends.
#[derive(Debug)]
pub(crate) struct Directory(Arc<Mutex<Table>>);

impl Directory {
    pub(crate) fn new() -> Self {
        let changes = broadcast::Sender::new(WATCH_CAPACITY);
        Self(Arc::new(Mutex::new(Table {
            owners: HashMap::new(),
            changes,
        })))
    }

    pub(crate) fn owner(&self, device: CloudId) -> Option<Owner> {
        self.table().owners.get(&device).cloned()
    }

    pub(crate) fn claim(&self, device: CloudId, owner: Owner) {
        let mut table = self.table();
        table.owners.insert(device, owner.clone());
        table.tell(OwnershipEvent::Claimed { device, owner });
    }

    /// Ends a claim unless the device has been claimed since.
    pub(crate) fn release(&self, device: CloudId, epoch: Epoch) {
        let mut table = self.table();
        if table
            .owners
            .get(&device)
            .is_some_and(|owner| owner.epoch == epoch)
        {
            table.owners.remove(&device);
            table.tell(OwnershipEvent::Released { device, epoch });
        }
    }

    /// Ends all claims of an edge.
    pub(crate) fn release_all(&self, edge: &EdgeId) {
        let mut table = self.table();
        let owned: Vec<_> = table
            .owners
            .extract_if(|_, owner| owner.edge == *edge)
            .collect();
        for (device, owner) in owned {
            table.tell(OwnershipEvent::Released {
                device,
                epoch: owner.epoch,
            });
        }
    }

    pub(crate) fn watch(&self) -> OwnershipWatch {
        OwnershipWatch {
            table: Arc::downgrade(&self.0),
            changes: None,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn tell(&self, event: OwnershipEvent) {
        // An error means that nobody watches.
        let _ = self.changes.send(event);
    }
}
