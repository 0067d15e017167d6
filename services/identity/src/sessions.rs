//! Sessions: one per sign-in, kept alive by refresh tokens that are good for one use.
//!
//! A token is `account.session.family.secret`. The family stays the same for the life of a session
//! and the secret changes with each refresh, so a used token is told from an invented one: its
//! family is right and its secret is not. Then somebody has a copy, nobody can say who, and the
//! session ends for both (RFC 9700, 4.14.2).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sightline_domain::AccountId;
use sightline_rpc::identity::v1::Tokens;
use sightline_rpc::token::{Claims, Signer};
use sightline_store::{Error as StoreError, Revision, Store, Transaction, key, prefix};

use crate::Error;
use crate::secret::{Secret, SecretDigest};

/// Life of an access token.
const ACCESS_MS: i64 = 15 * 60 * 1000;
/// A session ends when it was not refreshed for this long.
const SESSION_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// Sessions of one account; the one that was not used for longest makes way for a new one.
const SESSIONS_MAX: usize = 50;
/// Bytes of the secret that changes.
const SECRET_BYTES: usize = 32;
/// Bytes of the secret that stays.
const FAMILY_BYTES: usize = 16;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    account: AccountId,
    family: SecretDigest,
    secret: SecretDigest,
    created_at_unix_ms: i64,
    last_used_at_unix_ms: i64,
    expires_at_unix_ms: i64,
}

/// The sessions in the store.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: Arc<dyn Store>,
    signer: Signer,
}

impl Sessions {
    pub(crate) fn new(store: Arc<dyn Store>, signer: Signer) -> Self {
        Self { store, signer }
    }

    /// A new session and what it adds to a transaction.
    pub(crate) async fn begin(
        &self,
        transaction: Transaction,
        account: &AccountId,
        now_unix_ms: i64,
    ) -> Result<(Transaction, Tokens), Error> {
        let token = RefreshToken {
            account: account.clone(),
            session: uuid::Uuid::new_v4().to_string(),
            family: Secret::random::<FAMILY_BYTES>(),
            secret: Secret::random::<SECRET_BYTES>(),
        };
        let record = Record {
            account: account.clone(),
            family: token.family.digest(),
            secret: token.secret.digest(),
            created_at_unix_ms: now_unix_ms,
            last_used_at_unix_ms: now_unix_ms,
            expires_at_unix_ms: now_unix_ms + SESSION_MS,
        };
        let tokens = self.tokens(&token, &record, now_unix_ms)?;
        let transaction = self.make_way(transaction, account).await?;
        Ok((transaction.put(token.record_key(), &record)?, tokens))
    }

    /// Deletes the sessions beyond the limit, those not used for longest.
    async fn make_way(
        &self,
        mut transaction: Transaction,
        account: &AccountId,
    ) -> Result<Transaction, Error> {
        let prefix = prefix!("identity", "session", account);
        // Two sign-ins at once may leave one too many; the next removes both.
        let sessions = self.store.scan(&prefix, None, 2 * SESSIONS_MAX).await?;
        let mut by_use = Vec::with_capacity(sessions.len());
        for (key, record) in sessions {
            by_use.push((record.json::<Record>()?.last_used_at_unix_ms, key));
        }
        by_use.sort_unstable();
        let surplus = (by_use.len() + 1).saturating_sub(SESSIONS_MAX);
        for (_, key) in by_use.into_iter().take(surplus) {
            transaction = transaction.delete(key);
        }
        Ok(transaction)
    }

    /// New tokens for a refresh token that was not used before.
    pub(crate) async fn refresh(&self, token: &str, now_unix_ms: i64) -> Result<Tokens, Error> {
        let token = RefreshToken::parse(token).ok_or(Error::SessionEnded)?;
        let (revision, mut record) = self.find(&token, now_unix_ms).await?;
        if record.secret != token.secret.digest() {
            return self.end_copied(&token).await;
        }
        let next = RefreshToken {
            secret: Secret::random::<SECRET_BYTES>(),
            ..token.clone()
        };
        record.secret = next.secret.digest();
        record.last_used_at_unix_ms = now_unix_ms;
        record.expires_at_unix_ms = now_unix_ms + SESSION_MS;
        let key = token.record_key();
        let rotate = Transaction::new()
            .require_revision(key.clone(), revision)
            .put(key, &record)?;
        match self.store.commit(rotate).await {
            Ok(_) => self.tokens(&next, &record, now_unix_ms),
            // The same token was used at the same time.
            Err(StoreError::Conflict { .. }) => self.end_copied(&token).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the session of a refresh token. One that is unknown has ended.
    pub(crate) async fn end(&self, token: &str, now_unix_ms: i64) -> Result<(), Error> {
        let Some(token) = RefreshToken::parse(token) else {
            return Ok(());
        };
        match self.find(&token, now_unix_ms).await {
            Ok(_) => {
                self.store
                    .commit(Transaction::new().delete(token.record_key()))
                    .await?;
                Ok(())
            }
            Err(Error::SessionEnded) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn end_copied<T>(&self, token: &RefreshToken) -> Result<T, Error> {
        tracing::warn!(
            account = %token.account,
            session = token.session,
            "refresh token used twice: session ended"
        );
        self.store
            .commit(Transaction::new().delete(token.record_key()))
            .await?;
        Err(Error::SessionEnded)
    }

    /// The session of the token's family.
    async fn find(
        &self,
        token: &RefreshToken,
        now_unix_ms: i64,
    ) -> Result<(Revision, Record), Error> {
        let found = self
            .store
            .get(&token.record_key())
            .await?
            .ok_or(Error::SessionEnded)?;
        let record: Record = found.json()?;
        if record.family != token.family.digest() || record.expires_at_unix_ms <= now_unix_ms {
            return Err(Error::SessionEnded);
        }
        Ok((found.revision, record))
    }

    fn tokens(
        &self,
        token: &RefreshToken,
        record: &Record,
        now_unix_ms: i64,
    ) -> Result<Tokens, Error> {
        let claims = Claims {
            sub: record.account.to_string(),
            sid: token.session.clone(),
            iat: now_unix_ms / 1000,
            exp: (now_unix_ms + ACCESS_MS) / 1000,
        };
        Ok(Tokens {
            access_token: self.signer.sign(&claims)?,
            access_expires_at_unix_ms: claims.exp * 1000,
            refresh_token: token.reveal(),
            refresh_expires_at_unix_ms: record.expires_at_unix_ms,
        })
    }

    /// Deletes the sessions that nobody refreshed.
    pub(crate) async fn delete_expired(&self, now_unix_ms: i64) -> Result<(), StoreError> {
        let prefix = prefix!("identity", "session");
        crate::expiry::delete_expired(&self.store, &prefix, now_unix_ms).await
    }
}

#[derive(Clone)]
struct RefreshToken {
    account: AccountId,
    session: String,
    family: Secret,
    secret: Secret,
}

impl RefreshToken {
    /// Longest text that is looked at, bytes; ours have 140.
    const TEXT_BYTES_MAX: usize = 256;

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let [account, session, family, secret] = parts[..] else {
            return None;
        };
        (text.len() <= Self::TEXT_BYTES_MAX).then_some(())?;
        Some(Self {
            account: account.parse().ok()?,
            session: session.to_owned(),
            family: Secret::from_text(family),
            secret: Secret::from_text(secret),
        })
    }

    fn reveal(&self) -> String {
        let Self {
            account,
            session,
            family,
            secret,
        } = self;
        format!(
            "{account}.{session}.{}.{}",
            family.reveal(),
            secret.reveal()
        )
    }

    fn record_key(&self) -> Vec<u8> {
        key!("identity", "session", self.account, self.session)
    }
}
