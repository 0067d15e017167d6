//! Refresh tokens.

use std::fmt;
use std::str::FromStr;

use sightline_domain::{AccountId, CloudId, Principal};

use crate::secret::Secret;

/// Bytes of the secret that changes.
const SECRET_BYTES: usize = 32;
/// Bytes of the secret that stays.
const FAMILY_BYTES: usize = 16;

/// Whose sessions are kept together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// Those of one account.
    Account(AccountId),
    /// Those of all users of one device.
    Device(CloudId),
}

/// What a holder of a device's sessions begins with; no account ID does.
const DEVICE: &str = "device:";

impl From<&Principal> for Holder {
    fn from(principal: &Principal) -> Self {
        match principal {
            Principal::Account(account) => Self::Account(account.clone()),
            Principal::DeviceUser(user) => Self::Device(user.device),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "{account}"),
            Self::Device(device) => write!(f, "{DEVICE}{device}"),
        }
    }
}

impl FromStr for Holder {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text.strip_prefix(DEVICE) {
            Some(device) => Self::Device(device.parse().map_err(drop)?),
            None => Self::Account(text.parse().map_err(drop)?),
        })
    }
}

#[derive(Clone)]
pub(super) struct RefreshToken {
    pub(super) holder: Holder,
    pub(super) session: String,
    pub(super) family: Secret,
    pub(super) secret: Secret,
}

impl RefreshToken {
    /// Longest text that is looked at, bytes; ours have 140.
    const TEXT_BYTES_MAX: usize = 256;

    /// The first of a new session.
    pub(super) fn new(holder: Holder) -> Self {
        Self {
            holder,
            session: uuid::Uuid::new_v4().to_string(),
            family: Secret::random::<FAMILY_BYTES>(),
            secret: Secret::random::<SECRET_BYTES>(),
        }
    }

    /// The one after this.
    pub(super) fn next(&self) -> Self {
        Self {
            secret: Secret::random::<SECRET_BYTES>(),
            ..self.clone()
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let [holder, session, family, secret] = parts[..] else {
            return None;
        };
        (text.len() <= Self::TEXT_BYTES_MAX).then_some(())?;
        Some(Self {
            holder: holder.parse().ok()?,
            session: session.to_owned(),
            family: Secret::from_text(family),
            secret: Secret::from_text(secret),
        })
    }

    pub(super) fn reveal(&self) -> String {
        let Self {
            holder,
            session,
            family,
            secret,
        } = self;
        format!("{holder}.{session}.{}.{}", family.reveal(), secret.reveal())
    }
}
