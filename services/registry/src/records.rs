//! What is kept of a device.
//!
//! `registry/device/{id}` says who owns it, `registry/description/{id}` what it last told, and
//! `registry/owner/{account}/{name}/{id}` lists an account's devices. The first and the last
//! change in one transaction. They are apart from the description, which changes often, so that a
//! device that reports never disturbs a claim.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sightline_domain::{AccountId, CloudId, DeviceName};
use sightline_store::{Error as StoreError, MAX_SCAN, Revision, Store, Transaction};

use crate::description::Description;
use crate::keys;

/// Ownership of a device. It stays when the device is free again, so that the epoch goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ownership {
    /// Rises with each change of the owner: whatever was made under an earlier one is dead.
    pub(crate) epoch: u64,
    pub(crate) owner: Option<Owner>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    pub(crate) name: DeviceName,
    pub(crate) claimed_at_unix_ms: i64,
    /// Of the claim, by which a repeated call is known.
    pub(crate) request_id: String,
}

/// What a device last told, and what was measured of its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Epoch of the connection that told it.
    pub(crate) epoch: u64,
    pub(crate) seen_at_unix_ms: i64,
    pub(crate) description: Description,
    /// What the link carried when it was last measured; 0 when it never was.
    #[serde(default)]
    pub(crate) uplink_bits_per_s: u64,
}

impl Report {
    /// A measurement stays until the next one.
    pub(crate) fn keep_uplink_of(&mut self, earlier: &Self) {
        if self.uplink_bits_per_s == 0 {
            self.uplink_bits_per_s = earlier.uplink_bits_per_s;
        }
    }
}

/// The owner of a device that was read, and what it was read from.
#[derive(Debug, Clone)]
pub(crate) struct Owned {
    pub(crate) revision: Revision,
    pub(crate) epoch: u64,
    pub(crate) owner: Owner,
}

/// The records in the store.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    store: Arc<dyn Store>,
}

impl Records {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(crate) async fn ownership(
        &self,
        device: CloudId,
    ) -> Result<Option<(Revision, Ownership)>, StoreError> {
        let record = self.store.get(&keys::device(device)).await?;
        record
            .map(|found| Ok((found.revision, found.json()?)))
            .transpose()
    }

    /// The ownership of a device that has an owner.
    pub(crate) async fn owned(&self, device: CloudId) -> Result<Option<Owned>, StoreError> {
        let ownership = self.ownership(device).await?;
        Ok(
            ownership.and_then(|(revision, Ownership { epoch, owner })| {
                owner.map(|owner| Owned {
                    revision,
                    epoch,
                    owner,
                })
            }),
        )
    }

    pub(crate) async fn owner(&self, device: CloudId) -> Result<Option<Owner>, StoreError> {
        Ok(self.owned(device).await?.map(|owned| owned.owner))
    }

    pub(crate) async fn report(
        &self,
        device: CloudId,
    ) -> Result<Option<(Revision, Report)>, StoreError> {
        let record = self.store.get(&keys::description(device)).await?;
        record
            .map(|found| Ok((found.revision, found.json()?)))
            .transpose()
    }

    /// Replaces what the device told before, unless that has changed since `before` was read, or
    /// the owner since `owned` was.
    pub(crate) async fn put_report(
        &self,
        device: CloudId,
        owned: Revision,
        before: Option<Revision>,
        report: &Report,
    ) -> Result<(), StoreError> {
        let key = keys::description(device);
        let transaction = Transaction::new().require_revision(keys::device(device), owned);
        let transaction = match before {
            Some(revision) => transaction.require_revision(key.clone(), revision),
            None => transaction.require_absent(key.clone()),
        };
        self.store.commit(transaction.put(key, report)?).await?;
        Ok(())
    }

    /// Gives a device that was read as `before` an owner. What it told under an earlier owner is
    /// replaced by `report`.
    pub(crate) async fn put_owner(
        &self,
        device: CloudId,
        before: Option<&(Revision, Ownership)>,
        owner: Owner,
        report: Option<&Report>,
    ) -> Result<(), StoreError> {
        let key = keys::device(device);
        let (transaction, epoch) = match before {
            Some((revision, ownership)) => {
                let unchanged = Transaction::new().require_revision(key.clone(), *revision);
                (unchanged, ownership.epoch + 1)
            }
            None => (Transaction::new().require_absent(key.clone()), 1),
        };
        let index = keys::index(&owner.account, &owner.name, device);
        let owner = Some(owner);
        let transaction = transaction
            .put(index, &device)?
            .put(key, &Ownership { epoch, owner })?;
        let transaction = match report {
            Some(report) => transaction.put(keys::description(device), report)?,
            None => transaction.delete(keys::description(device)),
        };
        self.store.commit(transaction).await?;
        Ok(())
    }

    /// Gives a device another name, unless its ownership has changed since it was read.
    pub(crate) async fn put_name(
        &self,
        device: CloudId,
        owned: &Owned,
        name: DeviceName,
    ) -> Result<(), StoreError> {
        let Owned { owner, epoch, .. } = owned;
        let old_index = keys::index(&owner.account, &owner.name, device);
        let index = keys::index(&owner.account, &name, device);
        let renamed = Ownership {
            epoch: *epoch,
            owner: Some(Owner {
                name,
                ..owner.clone()
            }),
        };
        // The two index entries may be one, of which the later write stands.
        let transaction = Transaction::new()
            .require_revision(keys::device(device), owned.revision)
            .delete(old_index)
            .put(index, &device)?
            .put(keys::device(device), &renamed)?;
        self.store.commit(transaction).await?;
        Ok(())
    }

    /// The devices of an account, in the order of its index.
    pub(crate) async fn devices(&self, account: &AccountId) -> Result<Vec<CloudId>, StoreError> {
        self.all(&keys::index_prefix(account)).await
    }

    /// All values below a prefix, in the order of their keys. For sets that are known to be small.
    pub(crate) async fn all<T: serde::de::DeserializeOwned>(
        &self,
        prefix: &[u8],
    ) -> Result<Vec<T>, StoreError> {
        let (mut values, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.scan(prefix, after.as_deref(), MAX_SCAN).await?;
            let more = page.len() == MAX_SCAN;
            for (key, record) in page {
                values.push(record.json()?);
                after = Some(key);
            }
            if !more {
                return Ok(values);
            }
        }
    }
}

/// Takes a device from its owner: raises the epoch, and removes what was kept under this one.
/// Fails when the ownership has changed since it was read.
pub(crate) fn free(device: CloudId, owned: &Owned) -> Result<Transaction, StoreError> {
    let Owned { owner, epoch, .. } = owned;
    let freed = Ownership {
        epoch: epoch + 1,
        owner: None,
    };
    Transaction::new()
        .require_revision(keys::device(device), owned.revision)
        .delete(keys::index(&owner.account, &owner.name, device))
        .delete(keys::description(device))
        .put(keys::device(device), &freed)
}
