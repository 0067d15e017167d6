//! Account records and their index by e-mail address.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sightline_domain::{AccountId, Email};
use sightline_rpc::identity::v1 as proto;
use sightline_store::{Error as StoreError, Revision, Store, Transaction, key};

use crate::Error;

/// An account as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) email: Email,
    /// PHC string.
    pub(crate) password_hash: String,
    pub(crate) language: Language,
    pub(crate) created_at_unix_ms: i64,
}

/// Of mails and of the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    English,
    Russian,
}

impl From<proto::Language> for Language {
    fn from(language: proto::Language) -> Self {
        match language {
            proto::Language::Russian => Self::Russian,
            proto::Language::English | proto::Language::Unspecified => Self::English,
        }
    }
}

impl From<Language> for proto::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::English => Self::English,
            Language::Russian => Self::Russian,
        }
    }
}

impl Account {
    /// With a new ID.
    pub(crate) fn new(
        email: Email,
        password_hash: String,
        language: Language,
        now_unix_ms: i64,
    ) -> Result<Self, Error> {
        let id = uuid::Uuid::now_v7().to_string();
        let id = id.parse().map_err(|_| Error::Damaged("account ID"))?;
        Ok(Self {
            id,
            email,
            password_hash,
            language,
            created_at_unix_ms: now_unix_ms,
        })
    }

    /// What its owner sees.
    pub(crate) fn to_proto(&self) -> proto::Account {
        proto::Account {
            id: self.id.to_string(),
            email: self.email.to_string(),
            language: proto::Language::from(self.language).into(),
            created_at_unix_ms: self.created_at_unix_ms,
        }
    }
}

/// The accounts in the store.
#[derive(Debug)]
pub(crate) struct Accounts {
    store: Arc<dyn Store>,
}

impl Accounts {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    pub(crate) async fn get(
        &self,
        id: &AccountId,
    ) -> Result<Option<(Revision, Account)>, StoreError> {
        let record = self.store.get(&account_key(id)).await?;
        record
            .map(|found| Ok((found.revision, found.json()?)))
            .transpose()
    }

    pub(crate) async fn find(
        &self,
        email: &Email,
    ) -> Result<Option<(Revision, Account)>, StoreError> {
        match self.store.get(&email_key(email)).await? {
            Some(index) => self.get(&index.json()?).await,
            None => Ok(None),
        }
    }

    /// What creates an account, if its address has none.
    pub(crate) fn insert(
        transaction: Transaction,
        account: &Account,
    ) -> Result<Transaction, StoreError> {
        transaction
            .require_absent(email_key(&account.email))
            .put(email_key(&account.email), &account.id)?
            .put(account_key(&account.id), account)
    }

    /// What writes an account that was read at this revision. Each sign-in writes it too: so
    /// sign-ins and changes of the password happen one after the other, and no session of an old
    /// password is left behind by a change.
    pub(crate) fn update(
        transaction: Transaction,
        revision: Revision,
        account: &Account,
    ) -> Result<Transaction, StoreError> {
        transaction
            .require_revision(account_key(&account.id), revision)
            .put(account_key(&account.id), account)
    }
}

fn account_key(id: &AccountId) -> Vec<u8> {
    key!("identity", "account", id)
}

fn email_key(email: &Email) -> Vec<u8> {
    key!("identity", "email", email)
}
