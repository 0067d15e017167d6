//! Sessions: one per sign-in, kept alive by refresh tokens that are good for one use.
//!
//! A token is `holder.session.family.secret`. The family stays the same for the life of a session
//! and the secret changes with each refresh, so a used token is told from an invented one: its
//! family is right and its secret is not. Then somebody has a copy, nobody can say who, and the
//! session ends for both (RFC 9700, 4.14.2).
//!
//! An answer can be lost on its way, and then the client has nothing but the token that it has used.
//! So that token is taken again as long as nobody has used its successor, which dies instead. A
//! copy still shows: of two who go on from one token, the one whose successor died ends the session.
//!
//! A session that ends before its time leaves a tombstone, written in the transaction that deletes
//! it: until its last access token has expired, that token is refused everywhere, also after a
//! restart.

mod record;
mod token;

use std::net::IpAddr;
use std::sync::Arc;

pub(crate) use record::{Client, Life};
use record::{Record, Tombstone, Turn, prefix_of, record_key, session_of, tombstone_key, turn_key};
use sightline_domain::{AccountId, CloudId, Principal};
use sightline_rpc::identity::v1 as proto;
use sightline_rpc::sessions::EndedSessions;
use sightline_rpc::token::Signer;
use sightline_store::{Error as StoreError, Revision, Store, Transaction, prefix};
pub(crate) use token::Holder;
use token::RefreshToken;

use crate::Error;
use crate::limits::Place;

/// Life of an access token.
const ACCESS_MS: i64 = 15 * 60 * 1000;
/// Life of a tombstone: the last access token may have been made a moment after the session was
/// read, by a request that ran at the same time.
const TOMBSTONE_MS: i64 = ACCESS_MS + 60 * 1000;
/// Sessions of one account, or of one device; the one that was not used for longest makes way for
/// a new one. Ending all of them fits in one transaction.
const SESSIONS_MAX: usize = 50;
/// Times that a refresh is tried when the same session changes meanwhile.
const REFRESH_TRIES_MAX: usize = 3;
/// Tombstones read at a time.
const PAGE: usize = 200;

/// The sessions in the store.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: Arc<dyn Store>,
    signer: Signer,
    ended: EndedSessions,
}

/// Sessions that end when a transaction is committed; to be given to [`Sessions::tell`] then.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Endings(Vec<String>);

impl Sessions {
    /// Takes up what the last run has left: sessions that ended are refused from the first request.
    pub(crate) async fn open(store: Arc<dyn Store>, signer: Signer) -> Result<Self, Error> {
        let ended = signer.verifier().ended_sessions().clone();
        let prefix = prefix!("identity", "ended");
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = store.scan(&prefix, after.as_deref(), PAGE).await?;
            for (key, record) in &page {
                let tombstone: Tombstone = record.json()?;
                // Those that have expired do no harm until they are deleted.
                ended.end(&session_of(key)?, tombstone.expires_at_unix_ms, 0);
            }
            if page.len() < PAGE {
                break;
            }
            after = page.into_iter().next_back().map(|(key, _)| key);
        }
        Ok(Self {
            store,
            signer,
            ended,
        })
    }

    /// A new session and what it adds to a transaction.
    pub(crate) async fn begin(
        &self,
        transaction: Transaction,
        principal: &Principal,
        life: Life,
        client: Client,
        now_unix_ms: i64,
    ) -> Result<(Transaction, proto::Tokens, Endings), Error> {
        let token = RefreshToken::new(principal.into());
        let record = Record::new(principal, &token, life, client, now_unix_ms);
        let tokens = self.tokens(&token, &record, now_unix_ms)?;
        let mut by_use = Vec::new();
        for (key, other) in self.all(&token.holder).await? {
            by_use.push((other.last_used_at_unix_ms, session_of(&key)?));
        }
        by_use.sort_unstable();
        let surplus = (by_use.len() + 1).saturating_sub(SESSIONS_MAX);
        let oldest = by_use.into_iter().take(surplus).map(|(_, session)| session);
        let (transaction, endings) =
            end_all(transaction, &token.holder, oldest.collect(), now_unix_ms)?;
        let key = record_key(&token.holder, &token.session);
        Ok((transaction.put(key, &record)?, tokens, endings))
    }

    /// Begins a transaction that holds only when no other sign-in to the device is committed
    /// meanwhile: so each counts the sessions of those before it. For an account, its own record
    /// does that.
    pub(crate) async fn sign_in_in_turn(
        &self,
        device: CloudId,
        now_unix_ms: i64,
    ) -> Result<Transaction, StoreError> {
        let key = turn_key(device);
        let turn = Turn::new(now_unix_ms);
        let begun = match self.store.get(&key).await? {
            Some(last) => Transaction::new().require_revision(key.clone(), last.revision),
            None => Transaction::new().require_absent(key.clone()),
        };
        begun.put(key, &turn)
    }

    /// New tokens for the newest refresh token of a session, or for the one before it while the
    /// newest was never used.
    pub(crate) async fn refresh(
        &self,
        token: &str,
        address: Option<IpAddr>,
        now_unix_ms: i64,
    ) -> Result<proto::Tokens, Error> {
        let token = RefreshToken::parse(token).ok_or(Error::SessionEnded)?;
        let mut tries = 0;
        loop {
            let (revision, mut record) = self.find(&token, now_unix_ms).await?;
            let used = token.secret.digest();
            if !record.takes(&used) {
                return self.end_copied(&token, now_unix_ms).await;
            }
            let next = token.next();
            record.used(used, &next, address, now_unix_ms);
            let key = record_key(&token.holder, &token.session);
            let rotate = Transaction::new()
                .require_revision(key.clone(), revision)
                .put(key, &record)?;
            tries += 1;
            match self.store.commit(rotate).await {
                Ok(_) => return self.tokens(&next, &record, now_unix_ms),
                // The same session was refreshed or ended at the same time.
                Err(StoreError::Conflict { .. }) if tries < REFRESH_TRIES_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends the session of a refresh token. One that is unknown has ended.
    pub(crate) async fn end_by_token(&self, token: &str, now_unix_ms: i64) -> Result<(), Error> {
        let Some(token) = RefreshToken::parse(token) else {
            return Ok(());
        };
        match self.find(&token, now_unix_ms).await {
            Ok(_) => self.end(&token.holder, token.session, now_unix_ms).await,
            Err(Error::SessionEnded) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends one session of an account.
    ///
    /// # Errors
    /// [`Error::NoSession`] when the account has none with this ID, whoever else has.
    pub(crate) async fn revoke(
        &self,
        account: &AccountId,
        session: &str,
        now_unix_ms: i64,
    ) -> Result<(), Error> {
        let holder = Holder::Account(account.clone());
        // What is no ID of ours cannot be a key.
        let session: uuid::Uuid = session.parse().map_err(|_| Error::NoSession)?;
        let session = session.to_string();
        let found = self.store.get(&record_key(&holder, &session)).await?;
        let record: Record = found.ok_or(Error::NoSession)?.json()?;
        if record.expires_at_unix_ms <= now_unix_ms {
            return Err(Error::NoSession);
        }
        self.end(&holder, session, now_unix_ms).await
    }

    /// Adds the end of all sessions of an account to a transaction, but for one.
    pub(crate) async fn end_others(
        &self,
        transaction: Transaction,
        account: &AccountId,
        spared: Option<&str>,
        now_unix_ms: i64,
    ) -> Result<(Transaction, Endings), Error> {
        let holder = Holder::Account(account.clone());
        let mut sessions = Vec::new();
        for (key, _) in self.all(&holder).await? {
            let session = session_of(&key)?;
            if spared != Some(&session) {
                sessions.push(session);
            }
        }
        Ok(end_all(transaction, &holder, sessions, now_unix_ms)?)
    }

    /// Makes the end of sessions known, after it was committed.
    pub(crate) fn tell(&self, endings: Endings, now_unix_ms: i64) {
        for session in endings.0 {
            self.ended
                .end(&session, now_unix_ms + TOMBSTONE_MS, now_unix_ms);
        }
    }

    /// The live sessions of an account, the one used last first.
    pub(crate) async fn list(
        &self,
        account: &AccountId,
        current: &str,
        now_unix_ms: i64,
    ) -> Result<Vec<proto::Session>, Error> {
        let holder = Holder::Account(account.clone());
        let mut sessions = Vec::new();
        for (key, record) in self.all(&holder).await? {
            if record.expires_at_unix_ms > now_unix_ms {
                let id = session_of(&key)?;
                sessions.push(record.into_proto(id, current));
            }
        }
        sessions.sort_by_key(|session| std::cmp::Reverse(session.last_used_at_unix_ms));
        sessions.truncate(SESSIONS_MAX);
        Ok(sessions)
    }

    /// Whether a live session was used from there.
    pub(crate) async fn used_from(
        &self,
        holder: &Holder,
        place: Place,
        now_unix_ms: i64,
    ) -> Result<bool, Error> {
        let sessions = self.all(holder).await?;
        Ok(sessions.iter().any(|(_, record)| {
            record.expires_at_unix_ms > now_unix_ms
                && record.client.address.map(Place::from) == Some(place)
        }))
    }

    /// Deletes the sessions that nobody refreshed, tombstones of which no token is left, and the
    /// turns of devices that nobody signed in to lately.
    pub(crate) async fn delete_expired(&self, now_unix_ms: i64) -> Result<(), StoreError> {
        let prefixes = [
            prefix!("identity", "session"),
            prefix!("identity", "ended"),
            prefix!("identity", "turn"),
        ];
        for prefix in prefixes {
            crate::expiry::delete_expired(&self.store, &prefix, now_unix_ms).await?;
        }
        Ok(())
    }

    async fn end_copied<T>(&self, token: &RefreshToken, now_unix_ms: i64) -> Result<T, Error> {
        tracing::warn!(
            holder = %token.holder,
            session = token.session,
            "refresh token used twice: session ended"
        );
        self.end(&token.holder, token.session.clone(), now_unix_ms)
            .await?;
        Err(Error::SessionEnded)
    }

    async fn end(&self, holder: &Holder, session: String, now_unix_ms: i64) -> Result<(), Error> {
        let (end, endings) = end_all(Transaction::new(), holder, vec![session], now_unix_ms)?;
        self.store.commit(end).await?;
        self.tell(endings, now_unix_ms);
        Ok(())
    }

    /// The session of the token's family.
    async fn find(
        &self,
        token: &RefreshToken,
        now_unix_ms: i64,
    ) -> Result<(Revision, Record), Error> {
        let key = record_key(&token.holder, &token.session);
        let found = self.store.get(&key).await?.ok_or(Error::SessionEnded)?;
        let record: Record = found.json()?;
        if record.family != token.family.digest() || record.expires_at_unix_ms <= now_unix_ms {
            return Err(Error::SessionEnded);
        }
        Ok((found.revision, record))
    }

    async fn all(&self, holder: &Holder) -> Result<Vec<(Vec<u8>, Record)>, StoreError> {
        let prefix = prefix_of(holder);
        let found = self.store.scan(&prefix, None, SESSIONS_MAX).await?;
        let read = |(key, record): (Vec<u8>, sightline_store::Record)| Ok((key, record.json()?));
        found.into_iter().map(read).collect()
    }

    fn tokens(
        &self,
        token: &RefreshToken,
        record: &Record,
        now_unix_ms: i64,
    ) -> Result<proto::Tokens, Error> {
        let claims = record.claims(&token.session, now_unix_ms, ACCESS_MS);
        Ok(proto::Tokens {
            access_token: self.signer.sign(&claims)?,
            access_expires_at_unix_ms: claims.exp * 1000,
            refresh_token: token.reveal(),
            refresh_expires_at_unix_ms: record.expires_at_unix_ms,
        })
    }
}

/// Deletes sessions and leaves their tombstones.
fn end_all(
    mut transaction: Transaction,
    holder: &Holder,
    sessions: Vec<String>,
    now_unix_ms: i64,
) -> Result<(Transaction, Endings), StoreError> {
    let tombstone = Tombstone {
        expires_at_unix_ms: now_unix_ms + TOMBSTONE_MS,
    };
    for session in &sessions {
        transaction = transaction
            .delete(record_key(holder, session))
            .put(tombstone_key(session), &tombstone)?;
    }
    Ok((transaction, Endings(sessions)))
}
