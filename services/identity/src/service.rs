//! The service as a whole: what it is made of, and what it does by itself.
//!
//! Its gRPC face is `service/grpc.rs`; the order in which the rules are applied is in the file of
//! each kind of request.

mod by_code;
mod grpc;
mod notices;
mod origin;
mod own_account;
mod sign_in;

use std::sync::{Arc, Weak};
use std::time::Duration;

use sightline_base::clock::Clock;
use sightline_domain::{AccountId, password};
use sightline_rpc::Channel;
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;
use sightline_rpc::token::Verifier;
use sightline_store::{Error as StoreError, Store, Transaction};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::accounts::{Account, Accounts, Language};
use crate::codes::Codes;
use crate::limits::Limits;
use crate::mail::{Mail, MailSender};
use crate::passwords::Passwords;
use crate::sessions::Sessions;
use crate::{Config, Error, signing};

/// Pause between two searches for records that have ended.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Rounds against other requests that write the same account. Each lost round is a sign-in or a
/// change that was done.
const ROUNDS_MAX: u32 = 20;
/// Notices of new passwords that are sent at a time, after the change was answered. A change that
/// comes when there are as many waits for one of them to be sent or given up.
const NOTICES_MAX: usize = 64;

/// What the service stands on.
#[derive(Debug)]
pub struct Parts {
    /// Accounts, codes, sessions and the signing key.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Takes the mails; [`mail::sender`](crate::mail::sender) makes one of the configuration.
    pub mail: Arc<dyn MailSender>,
    /// Asks any connected device.
    pub devices: DeviceCallsClient<Channel>,
}

/// The identity service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    mail: Arc<dyn MailSender>,
    devices: DeviceCallsClient<Channel>,
    verifier: Verifier,
    accounts: Accounts,
    codes: Codes,
    passwords: Passwords,
    sessions: Sessions,
    limits: Limits,
    /// Places for notices that are being sent.
    notices: Arc<Semaphore>,
}

impl Service {
    /// Starts the service; makes the signing key when the store has none.
    ///
    /// # Errors
    /// When the store or its signing key cannot be used.
    pub async fn start(config: &Config, parts: Parts) -> Result<Self, Error> {
        let Parts {
            store,
            clock,
            mail,
            devices,
        } = parts;
        let signer = signing::signer(&store).await?;
        let valid = Duration::from_secs(u64::from(config.code_valid_min) * 60);
        let inner = Arc::new(Inner {
            verifier: signer.verifier(),
            accounts: Accounts::new(Arc::clone(&store)),
            codes: Codes::new(Arc::clone(&store), valid),
            passwords: Passwords::new().await?,
            sessions: Sessions::open(Arc::clone(&store), signer).await?,
            limits: Limits::new(),
            notices: Arc::new(Semaphore::new(NOTICES_MAX)),
            store,
            clock,
            mail,
            devices,
        });
        tokio::spawn(sweep(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// Checks the access tokens of this service. All clones refuse the tokens of a session from
    /// the moment that it ends.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.inner.verifier.clone()
    }

    /// Makes an account without a code, for the operator of this machine.
    ///
    /// # Errors
    /// [`Error::AccountExists`], or what is wrong with address or password.
    pub async fn create_account(&self, email: &str, password: &str) -> Result<AccountId, Error> {
        let inner = &self.inner;
        let email = email.parse()?;
        password::check(password)?;
        let hash = inner
            .passwords
            .hash(Zeroizing::new(password.to_owned()))
            .await?;
        let account = Account::new(email, hash, Language::English, inner.clock.now_unix_ms())?;
        match inner
            .store
            .commit(Accounts::insert(Transaction::new(), &account)?)
            .await
        {
            Ok(_) => Ok(account.id),
            Err(StoreError::Conflict { .. }) => Err(Error::AccountExists),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(test)]
    pub(crate) fn passwords_computed(&self) -> usize {
        self.inner
            .passwords
            .computed
            .load(std::sync::atomic::Ordering::SeqCst)
    }

    #[cfg(test)]
    pub(crate) async fn sweep_now(&self) -> Result<(), StoreError> {
        self.inner.delete_expired().await
    }
}

/// Deletes what has ended, for as long as the service is in use.
async fn sweep(inner: Weak<Inner>) {
    let mut interval = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        interval.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = inner.delete_expired().await {
            tracing::warn!(%error, "delete records that have ended");
        }
    }
}

impl Inner {
    async fn delete_expired(&self) -> Result<(), StoreError> {
        let now = self.clock.now_unix_ms();
        self.codes.delete_expired(now).await?;
        self.sessions.delete_expired(now).await
    }
}

async fn send(sender: &dyn MailSender, mail: Mail) -> Result<(), Error> {
    sender.send(mail).await.map_err(|error| {
        tracing::error!(%error, "send an e-mail");
        error.into()
    })
}
