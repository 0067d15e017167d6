//! The operator takes a device out of an account that its owner cannot enter any more.
//!
//! The owner is told, and has until it is due to say no. It is not carried out before identity has
//! taken that notice; only when that goes on failing until [`UNTOLD_MAX_MS`] after it was due, it
//! is carried out all the same, and the audit says that nobody was told. Whatever an operator does
//! is written down in the same transaction. An operator frees a device and can never see it.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sightline_domain::{AccountId, CloudId};
use sightline_rpc::internal::v1::notify_request::Notice;
use sightline_rpc::internal::v1::{NotifyRequest, UnbindNotice};
use sightline_rpc::registry::v1 as proto;
use sightline_store::{Changes as Feed, Error as StoreError, Revision, Transaction};
use tokio::time::Instant;

use crate::audit::{AuditAction, AuditEntry};
use crate::claims::ROUNDS_MAX;
use crate::keys;
use crate::records::{self, Owned};
use crate::service::{Registry, Service};

/// Fewest characters of a reason: a word at least.
pub const REASON_CHARS_MIN: usize = 5;
/// Most characters of a reason.
pub const REASON_CHARS_MAX: usize = 500;
/// Most characters of an operator's name.
pub const BY_CHARS_MAX: usize = 64;
/// Longest time until it is due.
pub const DELAY_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Longest time between two looks at the clock, which may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Time between two tries to tell an owner, who may have got a mail that identity failed to
/// confirm.
const TELL_AGAIN: Duration = Duration::from_secs(600);
/// Longest wait for identity to take a notice, which it does when its mail server has.
const TELL_TIMEOUT: Duration = Duration::from_secs(60);
/// How long after it was due an unbind waits for its owner to be told, milliseconds: one day.
const UNTOLD_MAX_MS: i64 = 24 * 60 * 60 * 1000;

/// Why an operator's call was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnbindError {
    /// The device has no owner.
    #[error("nobody owns this device")]
    NotOwned,
    /// It is to be taken out already.
    #[error("the device is to be taken out of its account already")]
    AlreadyPending,
    /// There is nothing to cancel.
    #[error("nobody wants to take this device out of its account")]
    NotPending,
    /// Too short, too long, or with control characters.
    #[error("a reason has {REASON_CHARS_MIN} to {REASON_CHARS_MAX} characters")]
    Reason,
    /// Nobody, too long, or with control characters.
    #[error("the operator's name has 1 to {BY_CHARS_MAX} characters")]
    By,
    /// Too far away.
    #[error("the delay is 30 days at most")]
    Delay,
    /// The records cannot be read or written.
    #[error("access the device records")]
    Store(#[from] StoreError),
}

/// A device that will be taken out of its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingUnbind {
    /// The device.
    pub device: CloudId,
    /// Its owner.
    pub account: AccountId,
    /// Epoch of that ownership: it is void under another one.
    pub ownership_epoch: u64,
    /// Why; the owner reads it.
    pub reason: String,
    /// The operator.
    pub by: String,
    /// Milliseconds since the Unix epoch.
    pub requested_at_unix_ms: i64,
    /// Milliseconds since the Unix epoch.
    pub due_at_unix_ms: i64,
    /// When identity took the notice to the owner, milliseconds since the Unix epoch.
    #[serde(default)]
    pub notified_at_unix_ms: Option<i64>,
}

/// When an owner who is not told yet may be told again, by device. Forgotten in a restart.
type Tried = BTreeMap<CloudId, Instant>;

impl Service {
    /// Asks for a device to be taken out of its account when `delay` is over, and tells its owner.
    /// The delay is 0 to [`DELAY_MAX`].
    ///
    /// # Errors
    /// [`UnbindError`].
    pub async fn request_unbind(
        &self,
        device: CloudId,
        reason: &str,
        by: &str,
        delay: Duration,
    ) -> Result<PendingUnbind, UnbindError> {
        let registry = self.registry();
        let reason = words(reason, REASON_CHARS_MIN, REASON_CHARS_MAX);
        let (reason, by) = (reason.ok_or(UnbindError::Reason)?, operator(by)?);
        if delay > DELAY_MAX {
            return Err(UnbindError::Delay);
        }
        let delay_ms = i64::try_from(delay.as_millis()).map_err(|_| UnbindError::Delay)?;
        let mut round = 1;
        loop {
            let owned = registry.records.owned(device).await?;
            let owned = owned.ok_or(UnbindError::NotOwned)?;
            let now = registry.clock.now_unix_ms();
            let pending = PendingUnbind {
                device,
                account: owned.owner.account.clone(),
                ownership_epoch: owned.epoch,
                reason: reason.clone(),
                by: by.clone(),
                requested_at_unix_ms: now,
                due_at_unix_ms: now.saturating_add(delay_ms),
                notified_at_unix_ms: None,
            };
            match registry.put_unbind(&owned, &pending).await {
                Ok(()) => return Ok(pending),
                Err(UnbindError::Store(StoreError::Conflict { .. })) if round < ROUNDS_MAX => {
                    round += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets a device stay in its account.
    ///
    /// # Errors
    /// [`UnbindError`].
    pub async fn cancel_unbind(&self, device: CloudId, by: &str) -> Result<(), UnbindError> {
        let registry = self.registry();
        let by = operator(by)?;
        let mut round = 1;
        loop {
            let found = registry.unbind(device).await?;
            let (revision, pending) = found.ok_or(UnbindError::NotPending)?;
            let removed = remove(device, revision);
            let mut entry = registry.entry(AuditAction::UnbindCancelled, &pending);
            entry.by.clone_from(&by);
            match registry.records.commit_audited(removed, &entry).await {
                // Its owner was told at this moment, or it is carried out.
                Err(StoreError::Conflict { .. }) if round < ROUNDS_MAX => round += 1,
                other => return Ok(other?),
            }
        }
    }

    /// The devices that will be taken out of their accounts.
    ///
    /// # Errors
    /// [`UnbindError::Store`].
    pub async fn pending_unbinds(&self) -> Result<Vec<PendingUnbind>, UnbindError> {
        Ok(self.registry().records.all(&keys::unbind_prefix()).await?)
    }

    /// What operators did, newest first: `limit` entries, and 1,000 at most.
    ///
    /// # Errors
    /// [`UnbindError::Store`].
    pub async fn audit(&self, limit: usize) -> Result<Vec<AuditEntry>, UnbindError> {
        Ok(self.registry().records.audit(limit).await?)
    }
}

impl Registry {
    /// What an owner is told of it.
    pub(crate) async fn pending_unbind(
        &self,
        device: CloudId,
        ownership_epoch: u64,
    ) -> Result<Option<proto::PendingUnbind>, StoreError> {
        let pending = self.unbind(device).await?.map(|(_, pending)| pending);
        let pending = pending.filter(|pending| pending.ownership_epoch == ownership_epoch);
        Ok(pending.map(|pending| proto::PendingUnbind {
            reason: pending.reason,
            due_at_unix_ms: pending.due_at_unix_ms,
        }))
    }

    async fn unbind(
        &self,
        device: CloudId,
    ) -> Result<Option<(Revision, PendingUnbind)>, StoreError> {
        let record = self.records.store().get(&keys::unbind(device)).await?;
        record
            .map(|found| Ok((found.revision, found.json()?)))
            .transpose()
    }

    async fn put_unbind(&self, owned: &Owned, pending: &PendingUnbind) -> Result<(), UnbindError> {
        let device = pending.device;
        let key = keys::unbind(device);
        let change = Transaction::new().require_revision(keys::device(device), owned.revision);
        let change = match self.unbind(device).await? {
            None => change.require_absent(key.clone()),
            Some((_, known)) if known.ownership_epoch == owned.epoch => {
                return Err(UnbindError::AlreadyPending);
            }
            // Of an earlier owner, and void.
            Some((revision, _)) => change.require_revision(key.clone(), revision),
        };
        let entry = self.entry(AuditAction::UnbindRequested, pending);
        let change = change.put(key, pending)?;
        Ok(self.records.commit_audited(change, &entry).await?)
    }

    /// Does what is due, and tells how long until the next is.
    async fn do_unbinds(&self, tried: &mut Tried) -> Result<Duration, StoreError> {
        let all: Vec<PendingUnbind> = self.records.all(&keys::unbind_prefix()).await?;
        tried.retain(|device, _| all.iter().any(|pending| pending.device == *device));
        let mut next = LOOK_AGAIN;
        for pending in all {
            match self.do_unbind(pending.device, tried).await {
                Ok(left) => next = next.min(left),
                // Somebody changed it at this moment; there is another look.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(next)
    }

    async fn do_unbind(&self, device: CloudId, tried: &mut Tried) -> Result<Duration, StoreError> {
        let Some((revision, pending)) = self.unbind(device).await? else {
            return Ok(LOOK_AGAIN);
        };
        let owned = self.records.owned(device).await?;
        let owned = owned.filter(|owned| owned.epoch == pending.ownership_epoch);
        let removed = remove(device, revision);
        let Some(owned) = owned else {
            let entry = self.entry(AuditAction::UnbindVoid, &pending);
            self.records.commit_audited(removed, &entry).await?;
            return Ok(LOOK_AGAIN);
        };
        if pending.notified_at_unix_ms.is_none() && self.notify(&pending, &owned, tried).await {
            let pending = PendingUnbind {
                notified_at_unix_ms: Some(self.clock.now_unix_ms()),
                ..pending
            };
            let key = keys::unbind(device);
            let told = Transaction::new().require_revision(key.clone(), revision);
            self.records
                .store()
                .commit(told.put(key, &pending)?)
                .await?;
            // It may be due at once.
            return Ok(Duration::ZERO);
        }
        let (wait_ms, done) = match pending.notified_at_unix_ms {
            Some(_) => (0, AuditAction::Unbound),
            None => (UNTOLD_MAX_MS, AuditAction::UnboundUntold),
        };
        let left_ms = pending.due_at_unix_ms + wait_ms - self.clock.now_unix_ms();
        if let Ok(left_ms @ 1..) = u64::try_from(left_ms) {
            return Ok(Duration::from_millis(left_ms));
        }
        let report = self.records.report(device).await?.map(|(_, report)| report);
        let freed = records::free(device, &owned)?
            .require_revision(keys::unbind(device), revision)
            .delete(keys::unbind(device));
        let entry = self.entry(done, &pending);
        self.records.commit_audited(freed, &entry).await?;
        tracing::info!(%device, by = pending.by, "device taken out of its account");
        self.freed(device, &owned, report).await;
        self.tell_of_end(&pending, &owned);
        Ok(LOOK_AGAIN)
    }

    fn entry(&self, action: AuditAction, pending: &PendingUnbind) -> AuditEntry {
        AuditEntry {
            at_unix_ms: self.clock.now_unix_ms(),
            action,
            device: pending.device,
            account: pending.account.clone(),
            by: pending.by.clone(),
            reason: pending.reason.clone(),
        }
    }

    /// Tells the owner by mail of what will be, now and then until it succeeds; the list of devices
    /// shows it, too.
    async fn notify(&self, pending: &PendingUnbind, owned: &Owned, tried: &mut Tried) -> bool {
        let device = pending.device;
        if tried.get(&device).is_some_and(|at| *at > Instant::now()) {
            return false;
        }
        let mut accounts = self.accounts.clone();
        let told = accounts.notify(notice(pending, owned, false));
        match tokio::time::timeout(TELL_TIMEOUT, told).await {
            Ok(Ok(_)) => return true,
            Ok(Err(status)) => {
                tracing::warn!(%device, code = ?status.code(), "tell an owner of an unbind");
            }
            Err(_) => tracing::warn!(%device, "tell an owner of an unbind: no answer in time"),
        }
        tried.insert(device, Instant::now() + TELL_AGAIN);
        false
    }

    /// Tells by mail what has been done. It can be lost in a restart: its owner was told before.
    fn tell_of_end(&self, pending: &PendingUnbind, owned: &Owned) {
        let request = notice(pending, owned, true);
        let accounts = self.accounts.clone();
        self.background.call("tell an owner of an unbind", move || {
            let (mut accounts, request) = (accounts.clone(), request.clone());
            async move { accounts.notify(request).await.map(|_| ()) }
        });
    }
}

/// Does what is due, also what became so while nothing ran, until the service or the store ends.
pub(crate) async fn run(registry: Weak<Registry>, mut requests: Feed) {
    let mut tried = Tried::new();
    while let Some(registry) = registry.upgrade() {
        let wait = registry
            .do_unbinds(&mut tried)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "take devices out of their accounts");
                LOOK_AGAIN
            });
        drop(registry);
        tokio::select! {
            request = requests.next() => match request {
                Ok(_) | Err(StoreError::Lagged) => {}
                Err(closed) => {
                    tracing::info!(%closed, "unbinds are no longer followed");
                    return;
                }
            },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The requests that [`run`] follows.
pub(crate) fn requests(registry: &Arc<Registry>) -> Feed {
    registry.records.store().changes(&keys::unbind_prefix())
}

fn notice(pending: &PendingUnbind, owned: &Owned, done: bool) -> NotifyRequest {
    NotifyRequest {
        account_id: pending.account.to_string(),
        notice: Some(Notice::Unbind(UnbindNotice {
            device_name: owned.owner.name.to_string(),
            device_id: pending.device.to_string(),
            reason: pending.reason.clone(),
            due_at_unix_ms: pending.due_at_unix_ms,
            done,
        })),
    }
}

fn remove(device: CloudId, revision: Revision) -> Transaction {
    Transaction::new()
        .require_revision(keys::unbind(device), revision)
        .delete(keys::unbind(device))
}

fn operator(by: &str) -> Result<String, UnbindError> {
    words(by, 1, BY_CHARS_MAX).ok_or(UnbindError::By)
}

fn words(text: &str, chars_min: usize, chars_max: usize) -> Option<String> {
    let text = text.trim();
    let fits = (chars_min..=chars_max).contains(&text.chars().count());
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}
