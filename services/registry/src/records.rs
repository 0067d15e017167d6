//! What is kept of a device, and under which keys.
//!
//! `registry/device/{id}` says who owns it, `registry/description/{id}` what it last told, and
//! `registry/owner/{account}/{name}/{id}` lists an account's devices by name. The first and the
//! last change in one transaction. They are apart from the description, which changes often, so
//! that a device that reports never disturbs a claim.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sightline_domain::{AccountId, CloudId, DeviceName};
use sightline_store::{Error as StoreError, Revision, Store, Transaction, key, prefix};

use crate::description::Description;

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

/// What a device last told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Epoch of the connection that told it.
    pub(crate) epoch: u64,
    pub(crate) seen_at_unix_ms: i64,
    pub(crate) description: Description,
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
        let record = self.store.get(&device_key(device)).await?;
        record
            .map(|found| Ok((found.revision, found.json()?)))
            .transpose()
    }

    pub(crate) async fn owner(&self, device: CloudId) -> Result<Option<Owner>, StoreError> {
        Ok(self
            .ownership(device)
            .await?
            .and_then(|(_, ownership)| ownership.owner))
    }

    pub(crate) async fn report(
        &self,
        device: CloudId,
    ) -> Result<Option<(Revision, Report)>, StoreError> {
        let record = self.store.get(&description_key(device)).await?;
        record
            .map(|found| Ok((found.revision, found.json()?)))
            .transpose()
    }

    /// Replaces what the device told before, unless that has changed since `before` was read.
    pub(crate) async fn put_report(
        &self,
        device: CloudId,
        before: Option<Revision>,
        report: &Report,
    ) -> Result<(), StoreError> {
        let key = description_key(device);
        let transaction = match before {
            Some(revision) => Transaction::new().require_revision(key.clone(), revision),
            None => Transaction::new().require_absent(key.clone()),
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
        let key = device_key(device);
        let (transaction, epoch) = match before {
            Some((revision, ownership)) => {
                let unchanged = Transaction::new().require_revision(key.clone(), *revision);
                (unchanged, ownership.epoch + 1)
            }
            None => (Transaction::new().require_absent(key.clone()), 1),
        };
        let index = index_key(&owner.account, &owner.name, device);
        let transaction = transaction.put(index, &device)?.put(
            key,
            &Ownership {
                epoch,
                owner: Some(owner),
            },
        )?;
        let transaction = match report {
            Some(report) => transaction.put(description_key(device), report)?,
            None => transaction.delete(description_key(device)),
        };
        self.store.commit(transaction).await?;
        Ok(())
    }

    /// Devices of an account by name, from the one after `after` on, each with its index key.
    pub(crate) async fn devices(
        &self,
        account: &AccountId,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, CloudId)>, StoreError> {
        let page = self
            .store
            .scan(&index_prefix(account), after, limit)
            .await?;
        page.into_iter()
            .map(|(key, record)| Ok((key, record.json()?)))
            .collect()
    }
}

/// What all keys of the registry begin with.
pub(crate) fn all() -> Vec<u8> {
    prefix!("registry")
}

pub(crate) fn index_prefix(account: &AccountId) -> Vec<u8> {
    prefix!("registry", "owner", account)
}

/// What a key is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Ownership(CloudId),
    Description(CloudId),
    Index(AccountId, CloudId),
}

/// The subject of one of our keys.
pub(crate) fn subject(key: &[u8]) -> Option<Subject> {
    let parts: Vec<&str> = std::str::from_utf8(key).ok()?.split('/').collect();
    match parts[..] {
        ["registry", "device", device] => Some(Subject::Ownership(device.parse().ok()?)),
        ["registry", "description", device] => Some(Subject::Description(device.parse().ok()?)),
        ["registry", "owner", account, _, device] => {
            Some(Subject::Index(account.parse().ok()?, device.parse().ok()?))
        }
        _ => None,
    }
}

fn device_key(device: CloudId) -> Vec<u8> {
    key!("registry", "device", device.compact())
}

fn description_key(device: CloudId) -> Vec<u8> {
    key!("registry", "description", device.compact())
}

fn index_key(account: &AccountId, name: &DeviceName, device: CloudId) -> Vec<u8> {
    key!(
        "registry",
        "owner",
        account,
        name.as_str().to_lowercase(),
        device.compact()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_their_subject_whatever_the_name() {
        let device = CloudId::of_public_key(b"key");
        let account: AccountId = "0190a000-0000-7000-8000-000000000001".parse().unwrap();
        let name = "a/b%2F/../registry".parse().unwrap();
        assert_eq!(
            subject(&device_key(device)),
            Some(Subject::Ownership(device))
        );
        assert_eq!(
            subject(&description_key(device)),
            Some(Subject::Description(device))
        );
        let index = index_key(&account, &name, device);
        assert_eq!(subject(&index), Some(Subject::Index(account, device)));
    }

    #[test]
    fn longest_name_makes_a_key_that_the_store_takes() {
        let device = CloudId::of_public_key(b"key");
        let account: AccountId = "0190a000-0000-7000-8000-000000000001".parse().unwrap();
        // Capital letters of two bytes that become three, and characters that are escaped.
        for c in ["İ", "Ⱥ", "%", "\u{1f3a5}"] {
            let key = index_key(&account, &c.repeat(64).parse().unwrap(), device);
            assert!(
                key.len() <= sightline_store::MAX_KEY_BYTES,
                "{} bytes of {c}",
                key.len()
            );
        }
    }
}
