//! How shares are kept, and under which keys.
//!
//! - `sharing/share/{id}`: the share. All else is an index of these, written in the same
//!   transaction, and rewritten with each change so that the feed names whom the change concerns.
//! - `sharing/given/{account}/{place}`: what an owner has given.
//! - `sharing/offered/{email}/{place}`: what waits for whoever has this address.
//! - `sharing/received/{account}/{place}`: what somebody has accepted.
//! - `sharing/live/{device}/{epoch}/{email}`: offered and accepted shares, one per address.
//! - `sharing/request/{account}/{request id}`: by which a repeated call is known.
//! - `sharing/device/{device}/changes`: has no content. Its revision rises with every change of the
//!   device's shares, and whoever makes a share requires that it is the one they have read.
//!
//! A place sorts the newest first.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sightline_domain::{AccountId, CloudId, Email};
use sightline_store::{Error as StoreError, MAX_SCAN, Revision, Store, Transaction, key, prefix};

use crate::share::{Share, State};

/// What an index says of a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) device: CloudId,
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

    pub(crate) async fn share(&self, id: &str) -> Result<Option<(Revision, Share)>, StoreError> {
        let record = self.store.get(&share_key(id)).await?;
        record
            .map(|found| Ok((found.revision, found.json()?)))
            .transpose()
    }

    /// The live share of a device with an address.
    pub(crate) async fn live_with(
        &self,
        device: CloudId,
        ownership_epoch: u64,
        email: &Email,
    ) -> Result<Option<(Revision, Share)>, StoreError> {
        let key = live_key(device, ownership_epoch, email);
        match self.store.get(&key).await? {
            Some(record) => self.share(&record.json::<Entry>()?.id).await,
            None => Ok(None),
        }
    }

    /// The live shares that were made under an ownership epoch.
    pub(crate) async fn live(
        &self,
        device: CloudId,
        ownership_epoch: u64,
    ) -> Result<Vec<Share>, StoreError> {
        let prefix = live_of(device, ownership_epoch);
        let mut shares = Vec::new();
        for (_, record) in self.store.scan(&prefix, None, MAX_SCAN).await? {
            let share = self.share(&record.json::<Entry>()?.id).await?;
            // Absent only when it was removed after the index was read.
            shares.extend(share.map(|(_, share)| share));
        }
        Ok(shares)
    }

    /// The share that a call has made.
    pub(crate) async fn requested(
        &self,
        owner: &AccountId,
        request_id: &str,
    ) -> Result<Option<Share>, StoreError> {
        let Some(record) = self.store.get(&request_key(owner, request_id)).await? else {
            return Ok(None);
        };
        let share = self.share(&record.json::<Entry>()?.id).await?;
        Ok(share.map(|(_, share)| share))
    }

    /// The last change of a device's shares; 0 before the first.
    pub(crate) async fn revision(&self, device: CloudId) -> Result<Revision, StoreError> {
        let record = self.store.get(&changes_key(device)).await?;
        Ok(record.map_or(0, |record| record.revision))
    }

    /// The entries of some lists by their places, the newest first; not many more than `max`.
    pub(crate) async fn entries(
        &self,
        lists: &[Vec<u8>],
        max: usize,
    ) -> Result<Vec<(String, Entry)>, StoreError> {
        let mut entries = Vec::new();
        for prefix in lists {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let page = self.store.scan(prefix, after.as_deref(), MAX_SCAN).await?;
                after = page.last().map(|(key, _)| key.clone());
                let more = page.len() == MAX_SCAN && entries.len() + page.len() < max;
                for (key, record) in page {
                    let place = key.strip_prefix(prefix.as_slice()).unwrap_or_default();
                    entries.push((String::from_utf8_lossy(place).into_owned(), record.json()?));
                }
                if !more {
                    break;
                }
            }
        }
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(entries)
    }

    /// Whether a list has that many entries.
    pub(crate) async fn has(&self, list: Vec<u8>, count: usize) -> Result<bool, StoreError> {
        let entries = self.entries(&[list], count).await?;
        Ok(entries.len() >= count)
    }

    /// All shares, page by page.
    pub(crate) async fn page(
        &self,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Revision, Share)>, StoreError> {
        let prefix = prefix!("sharing", "share");
        let page = self.store.scan(&prefix, after, limit).await?;
        page.into_iter()
            .map(|(key, record)| Ok((key, record.revision, record.json()?)))
            .collect()
    }

    /// Makes a share, unless a share of the device has changed since `revision`, or the call has
    /// made one. `replaced` is the one that it takes the place of: as it was read, and its end.
    pub(crate) async fn create(
        &self,
        revision: Revision,
        share: &Share,
        replaced: Option<&(Revision, Share, Share)>,
    ) -> Result<(), StoreError> {
        let changes = changes_key(share.device);
        let mut transaction = match revision {
            0 => Transaction::new().require_absent(changes),
            revision => Transaction::new().require_revision(changes, revision),
        };
        let request = request_key(&share.owner, &share.request_id);
        transaction = transaction.require_absent(request);
        if let Some((revision, before, after)) = replaced {
            transaction = transaction.require_revision(share_key(&before.id), *revision);
            transaction = put(transaction, Some(before), after)?;
        }
        self.store.commit(put(transaction, None, share)?).await?;
        Ok(())
    }

    /// Replaces the record that was read as `before`.
    pub(crate) async fn replace(
        &self,
        revision: Revision,
        before: &Share,
        after: &Share,
    ) -> Result<(), StoreError> {
        let transaction = Transaction::new().require_revision(share_key(&before.id), revision);
        self.store
            .commit(put(transaction, Some(before), after)?)
            .await?;
        Ok(())
    }

    /// Forgets a share, and with it the call that made it.
    pub(crate) async fn remove(&self, revision: Revision, share: &Share) -> Result<(), StoreError> {
        let key = share_key(&share.id);
        let mut transaction = Transaction::new()
            .require_revision(key.clone(), revision)
            .delete(key);
        for index in index_keys(share) {
            transaction = transaction.delete(index);
        }
        let transaction = transaction.put(changes_key(share.device), &())?;
        self.store.commit(transaction).await?;
        Ok(())
    }
}

fn put(
    transaction: Transaction,
    before: Option<&Share>,
    after: &Share,
) -> Result<Transaction, StoreError> {
    let entry = Entry {
        id: after.id.clone(),
        device: after.device,
    };
    let keys = index_keys(after);
    let mut transaction = transaction.put(share_key(&after.id), after)?;
    for gone in before.map(index_keys).unwrap_or_default().difference(&keys) {
        transaction = transaction.delete(gone.clone());
    }
    for key in keys {
        transaction = transaction.put(key, &entry)?;
    }
    transaction.put(changes_key(after.device), &())
}

/// Where a share is listed.
fn index_keys(share: &Share) -> BTreeSet<Vec<u8>> {
    let listed = |list: Vec<u8>| [list, place(share).into_bytes()].concat();
    let mut keys = BTreeSet::from([
        listed(given(&share.owner)),
        request_key(&share.owner, &share.request_id),
    ]);
    if share.state.is_live() {
        let email = &share.recipient_email;
        keys.insert(live_key(share.device, share.ownership_epoch, email));
    }
    match (&share.recipient, share.state) {
        // An offer that was never accepted vanishes from the recipient's list when it ends: nobody
        // can fill a stranger's list with what they offer and take back.
        (_, State::Offered) => {
            keys.insert(listed(offered(&share.recipient_email)));
        }
        (Some(recipient), State::Accepted | State::Ended) => {
            keys.insert(listed(received(recipient)));
        }
        _ => {}
    }
    keys
}

/// Sorts by the time at which a share was made, the newest first.
fn place(share: &Share) -> String {
    let newest_first = i64::MAX - share.created_at_unix_ms.max(0);
    format!("{newest_first:019}.{}", share.id)
}

/// The share at a place.
pub(crate) fn share_at(place: &str) -> Option<&str> {
    place.split_once('.').map(|(_, id)| id)
}

/// What all keys of sharing begin with.
pub(crate) fn all() -> Vec<u8> {
    prefix!("sharing")
}

/// The list of what an account has given.
pub(crate) fn given(owner: &AccountId) -> Vec<u8> {
    prefix!("sharing", "given", owner)
}

/// The list of what waits for an address.
pub(crate) fn offered(email: &Email) -> Vec<u8> {
    prefix!("sharing", "offered", email)
}

/// The list of what an account has accepted.
pub(crate) fn received(recipient: &AccountId) -> Vec<u8> {
    prefix!("sharing", "received", recipient)
}

/// What the key that changes with each share of a device begins with.
pub(crate) fn changes_of(device: CloudId) -> Vec<u8> {
    prefix!("sharing", "device", device.compact())
}

/// The live shares of a device under an ownership epoch.
pub(crate) fn live_of(device: CloudId, ownership_epoch: u64) -> Vec<u8> {
    prefix!("sharing", "live", device.compact(), ownership_epoch)
}

fn changes_key(device: CloudId) -> Vec<u8> {
    key!("sharing", "device", device.compact(), "changes")
}

fn share_key(id: &str) -> Vec<u8> {
    key!("sharing", "share", id)
}

fn live_key(device: CloudId, ownership_epoch: u64, email: &Email) -> Vec<u8> {
    key!("sharing", "live", device.compact(), ownership_epoch, email)
}

fn request_key(owner: &AccountId, request_id: &str) -> Vec<u8> {
    key!("sharing", "request", owner, request_id)
}

#[cfg(test)]
mod tests {
    use sightline_store::MAX_KEY_BYTES;

    use super::*;

    #[test]
    fn longest_address_makes_keys_that_the_store_takes() {
        // Characters that are escaped to three bytes, as many as an address can have of them.
        let labels = format!("{0}.{0}.{1}.org", "d".repeat(63), "d".repeat(57));
        let email: Email = format!("{}@{labels}", "%".repeat(64)).parse().unwrap();
        let account: AccountId = "0190a000-0000-7000-8000-000000000001".parse().unwrap();
        let share = Share {
            id: account.to_string(),
            device: CloudId::of_public_key(b"key"),
            ownership_epoch: u64::MAX,
            owner: account.clone(),
            owner_hint: String::new(),
            recipient_email: email,
            recipient: None,
            terms: sightline_rpc::terms::terms_from_proto(&sightline_rpc::sharing::v1::Terms {
                permissions: vec![1],
                ..Default::default()
            })
            .unwrap(),
            state: State::Offered,
            widened: false,
            created_at_unix_ms: 0,
            changed_at_unix_ms: 0,
            version: 1,
            request_id: account.to_string(),
            device_name: String::new(),
            time_zone: String::new(),
        };
        let keys = index_keys(&share);
        assert_eq!(keys.len(), 4);
        for key in keys {
            assert!(key.len() <= MAX_KEY_BYTES, "{} bytes", key.len());
        }
    }
}
