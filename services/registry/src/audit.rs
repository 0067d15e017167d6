//! What operators did to other people's devices, and why. Entries are added and never changed.

use serde::{Deserialize, Serialize};
use sightline_domain::{AccountId, CloudId};
use sightline_store::{Error as StoreError, MAX_SCAN, Transaction};

use crate::keys;
use crate::records::Records;

/// Entries of one millisecond.
const ENTRIES_PER_MS_MAX: u32 = 100;
/// Most entries that are read at a time.
const ENTRIES_MAX: usize = 1000;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// A device is to be taken out of its account.
    UnbindRequested,
    /// It stays.
    UnbindCancelled,
    /// It was taken out of its account.
    Unbound,
    /// The same, and its owner could not be told before.
    UnboundUntold,
    /// It had left that account by itself before it was due.
    UnbindVoid,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Milliseconds since the Unix epoch.
    pub at_unix_ms: i64,
    /// What.
    pub action: AuditAction,
    /// The device.
    pub device: CloudId,
    /// Its owner.
    pub account: AccountId,
    /// The operator.
    pub by: String,
    /// Why, as the operator wrote.
    pub reason: String,
}

impl Records {
    /// Commits a change together with its entry, or neither.
    pub(crate) async fn commit_audited(
        &self,
        change: Transaction,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut n = 0;
        loop {
            let key = keys::audit(entry.at_unix_ms, n);
            let audited = change.clone().require_absent(key.clone());
            match self.store().commit(audited.put(key.clone(), entry)?).await {
                Err(StoreError::Conflict { key: taken })
                    if taken == key && n < ENTRIES_PER_MS_MAX =>
                {
                    n += 1;
                }
                other => break other.map(|_| ()),
            }
        }
    }

    /// The newest entries, newest first.
    pub(crate) async fn audit(&self, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let limit = limit.min(ENTRIES_MAX);
        let (mut newest, mut after) = (Vec::new(), None);
        loop {
            let prefix = keys::audit_prefix();
            let page = self.store().scan(&prefix, after.as_deref(), MAX_SCAN);
            let page = page.await?;
            let more = page.len() == MAX_SCAN;
            for (key, record) in page {
                newest.push(record.json::<AuditEntry>()?);
                after = Some(key);
            }
            newest.drain(..newest.len().saturating_sub(limit));
            if !more {
                newest.reverse();
                return Ok(newest);
            }
        }
    }
}
