//! Codes that prove that somebody reads an e-mail address.
//!
//! A code is bound to its purpose and its address. There is one at a time, for one use, and its
//! digits are looked at five times for one network at most, however many requests come at once: an
//! attempt is written down before the digits are compared. Those of other networks do not count,
//! so that nobody keeps an address from its codes, up to a total that keeps the code safe.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sightline_domain::Email;
use sightline_domain::attempts::Exhausted;
use sightline_store::{Error as StoreError, Revision, Store, Transaction, key, prefix};
use zeroize::Zeroizing;

use crate::Error;
use crate::limits::Network;
use crate::secret::{Secret, SecretDigest};

/// Digits of a code: 26 bits. All attempts at all codes that [`crate::limits`] lets one address be
/// sent, 50 at each of six an hour, find one in 38 years.
const DIGITS: usize = 8;
/// Codes are below this.
const CODES: u32 = 100_000_000;
/// Attempts from one network after which a code is dead for it.
const ATTEMPTS_PER_NETWORK_MAX: u32 = 5;
/// Attempts from all networks after which a code is dead.
const ATTEMPTS_MAX: u32 = 50;
/// Time until another code may be asked for; also the rate at which a stranger can fill a mailbox,
/// together with [`crate::limits`].
pub(crate) const NEXT_CODE: Duration = Duration::from_secs(60);
/// Rounds against other requests with the same code. Each lost round is an attempt of another
/// request, and those are at most [`ATTEMPTS_MAX`].
const ROUNDS_MAX: u32 = 2 * ATTEMPTS_MAX;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    Register,
    ResetPassword,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::ResetPassword => "reset-password",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    salt: String,
    digest: SecretDigest,
    /// By network, as text; at most [`ATTEMPTS_MAX`] of them.
    attempts: BTreeMap<String, u32>,
    requested_at_unix_ms: i64,
    expires_at_unix_ms: i64,
}

/// A code that was entered correctly. It still has to be used up, by [`Codes::use_up`].
#[derive(Debug)]
pub(crate) struct Proof {
    purpose: Purpose,
    email: Email,
    digest: SecretDigest,
}

impl Proof {
    pub(crate) fn email(&self) -> &Email {
        &self.email
    }
}

/// The codes in the store.
#[derive(Debug)]
pub(crate) struct Codes {
    store: Arc<dyn Store>,
    valid: Duration,
}

impl Codes {
    pub(crate) fn new(store: Arc<dyn Store>, valid: Duration) -> Self {
        Self { store, valid }
    }

    pub(crate) fn valid(&self) -> Duration {
        self.valid
    }

    /// A new code in place of the last one.
    pub(crate) async fn issue(
        &self,
        purpose: Purpose,
        email: &Email,
        now_unix_ms: i64,
    ) -> Result<Zeroizing<String>, Error> {
        let key = record_key(purpose, email);
        let code = random_code();
        let salt = Secret::random::<16>().reveal().to_owned();
        let record = Record {
            digest: digest(&salt, purpose, email, &code),
            salt,
            attempts: BTreeMap::new(),
            requested_at_unix_ms: now_unix_ms,
            expires_at_unix_ms: now_unix_ms.saturating_add(millis(self.valid)),
        };
        for _ in 0..ROUNDS_MAX {
            let issue = self.may_issue(&key, now_unix_ms).await?;
            match self.store.commit(issue.put(key.clone(), &record)?).await {
                Ok(_) => return Ok(code),
                // The last code was tried or deleted meanwhile, or another request was quicker:
                // then its code is the valid one, and the next round says so.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Exhausted {
            retry_after: NEXT_CODE,
        }
        .into())
    }

    /// What a new code requires of the last one: that it is old enough, and still there as it was.
    async fn may_issue(&self, key: &[u8], now_unix_ms: i64) -> Result<Transaction, Error> {
        let Some((revision, last)) = self.read(key).await? else {
            return Ok(Transaction::new().require_absent(key));
        };
        let since_ms = now_unix_ms.saturating_sub(last.requested_at_unix_ms);
        let since = Duration::from_millis(u64::try_from(since_ms).unwrap_or(0));
        match NEXT_CODE.checked_sub(since) {
            Some(left) if !left.is_zero() => Err(Exhausted { retry_after: left }.into()),
            _ => Ok(Transaction::new().require_revision(key, revision)),
        }
    }

    /// Checks a code as a person typed it; costs an attempt.
    pub(crate) async fn check(
        &self,
        purpose: Purpose,
        email: &Email,
        typed: &str,
        network: Option<Network>,
        now_unix_ms: i64,
    ) -> Result<Proof, Error> {
        let record = self
            .spend_attempt(&record_key(purpose, email), network, now_unix_ms)
            .await?;
        let typed: Zeroizing<String> = Zeroizing::new(
            typed
                .chars()
                .filter(char::is_ascii_digit)
                .take(DIGITS + 1)
                .collect(),
        );
        if digest(&record.salt, purpose, email, &typed) == record.digest {
            Ok(Proof {
                purpose,
                email: email.clone(),
                digest: record.digest,
            })
        } else {
            Err(Error::CodeWrong)
        }
    }

    async fn spend_attempt(
        &self,
        key: &[u8],
        network: Option<Network>,
        now_unix_ms: i64,
    ) -> Result<Record, Error> {
        // Requests within this process count as one network.
        let network = network.map_or_else(String::new, |network| network.to_string());
        for _ in 0..ROUNDS_MAX {
            let (revision, mut record) = self.read(key).await?.ok_or(Error::CodeExpired)?;
            let total: u32 = record.attempts.values().sum();
            if record.expires_at_unix_ms <= now_unix_ms || total >= ATTEMPTS_MAX {
                return Err(Error::CodeExpired);
            }
            let attempts = record.attempts.entry(network.clone()).or_default();
            if *attempts >= ATTEMPTS_PER_NETWORK_MAX {
                return Err(Error::CodeExpired);
            }
            *attempts += 1;
            let spend = Transaction::new()
                .require_revision(key.to_vec(), revision)
                .put(key.to_vec(), &record)?;
            match self.store.commit(spend).await {
                Ok(_) => return Ok(record),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::CodeExpired)
    }

    /// Commits what the proof allows, and deletes the code in the same transaction.
    ///
    /// # Errors
    /// [`Error::CodeExpired`] when the code was used meanwhile; a conflict on any other key of the
    /// transaction as it is.
    pub(crate) async fn use_up(&self, proof: &Proof, what: Transaction) -> Result<(), Error> {
        let key = record_key(proof.purpose, &proof.email);
        for _ in 0..ROUNDS_MAX {
            let (revision, record) = self.read(&key).await?.ok_or(Error::CodeExpired)?;
            if record.digest != proof.digest {
                return Err(Error::CodeExpired);
            }
            let transaction = what.clone().require_revision(key.clone(), revision);
            match self.store.commit(transaction.delete(key.clone())).await {
                Ok(_) => return Ok(()),
                // An attempt of another request changed the record.
                Err(StoreError::Conflict { key: conflict }) if conflict == key => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::CodeExpired)
    }

    /// Deletes the codes that nobody used.
    pub(crate) async fn delete_expired(&self, now_unix_ms: i64) -> Result<(), StoreError> {
        crate::expiry::delete_expired(&self.store, &prefix!("identity", "code"), now_unix_ms).await
    }

    async fn read(&self, key: &[u8]) -> Result<Option<(Revision, Record)>, StoreError> {
        let record = self.store.get(key).await?;
        record
            .map(|found| Ok((found.revision, found.json()?)))
            .transpose()
    }
}

fn record_key(purpose: Purpose, email: &Email) -> Vec<u8> {
    key!("identity", "code", purpose.name(), email)
}

fn digest(salt: &str, purpose: Purpose, email: &Email, code: &str) -> SecretDigest {
    SecretDigest::of(&[salt, purpose.name(), email.as_str(), code])
}

fn random_code() -> Zeroizing<String> {
    Zeroizing::new(format!("{:0DIGITS$}", rand::random_range(0..CODES)))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
