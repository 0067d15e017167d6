//! What is stored of a session.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sightline_domain::{CloudId, Principal};
use sightline_rpc::identity::v1 as proto;
use sightline_rpc::token::{Claims, DeviceClaims};
use sightline_store::{key, prefix};

use super::token::{Holder, RefreshToken};
use crate::Error;
use crate::secret::SecretDigest;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// How long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Life {
    /// 30 days after its last use: "remember me".
    Remembered,
    /// 12 hours after its last use.
    Day,
    /// 12 hours after the sign-in, used or not: what a device said of its user is not asked again.
    Once,
}

impl Life {
    fn end(self, created_at_unix_ms: i64, last_used_at_unix_ms: i64) -> i64 {
        match self {
            Self::Remembered => last_used_at_unix_ms + 30 * 24 * HOUR_MS,
            Self::Day => last_used_at_unix_ms + 12 * HOUR_MS,
            Self::Once => created_at_unix_ms + 12 * HOUR_MS,
        }
    }
}

/// The program at the other end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Client {
    /// What it calls itself.
    pub(crate) user_agent: String,
    /// Where it was last.
    pub(crate) address: Option<IpAddr>,
}

/// A session as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// As in the access tokens.
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<DeviceClaims>,
    pub(super) family: SecretDigest,
    /// Of the newest token.
    secret: SecretDigest,
    /// Of the token before it; gone when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<SecretDigest>,
    life: Life,
    pub(super) client: Client,
    created_at_unix_ms: i64,
    pub(super) last_used_at_unix_ms: i64,
    pub(super) expires_at_unix_ms: i64,
}

impl Record {
    pub(super) fn new(
        principal: &Principal,
        token: &RefreshToken,
        life: Life,
        client: Client,
        now_unix_ms: i64,
    ) -> Self {
        let Claims { sub, device, .. } = Claims::new(principal, token.session.clone(), 0, 0);
        Self {
            sub,
            device,
            family: token.family.digest(),
            secret: token.secret.digest(),
            previous: None,
            life,
            client,
            created_at_unix_ms: now_unix_ms,
            last_used_at_unix_ms: now_unix_ms,
            expires_at_unix_ms: life.end(now_unix_ms, now_unix_ms),
        }
    }

    /// Whether a token with this secret is the newest, or the one before it, whose answer may have
    /// been lost. Once the newest has been used, the one before it is another.
    pub(super) fn takes(&self, secret: &SecretDigest) -> bool {
        *secret == self.secret || Some(secret) == self.previous.as_ref()
    }

    /// After a refresh with the token of the secret `used`.
    pub(super) fn used(
        &mut self,
        used: SecretDigest,
        next: &RefreshToken,
        address: Option<IpAddr>,
        now_unix_ms: i64,
    ) {
        self.previous = Some(used);
        self.secret = next.secret.digest();
        self.client.address = address.or(self.client.address);
        self.last_used_at_unix_ms = now_unix_ms;
        self.expires_at_unix_ms = self.life.end(self.created_at_unix_ms, now_unix_ms);
    }

    /// Of an access token. None outlives its session.
    pub(super) fn claims(&self, session: &str, now_unix_ms: i64, access_ms: i64) -> Claims {
        Claims {
            sub: self.sub.clone(),
            device: self.device.clone(),
            sid: session.to_owned(),
            iat: now_unix_ms / 1000,
            exp: (now_unix_ms + access_ms).min(self.expires_at_unix_ms) / 1000,
            session_exp: Some(self.expires_at_unix_ms / 1000),
        }
    }

    pub(super) fn into_proto(self, id: String, current: &str) -> proto::Session {
        proto::Session {
            current: id == current,
            id,
            user_agent: self.client.user_agent,
            address: self
                .client
                .address
                .map_or_else(String::new, |ip| ip.to_string()),
            created_at_unix_ms: self.created_at_unix_ms,
            last_used_at_unix_ms: self.last_used_at_unix_ms,
            expires_at_unix_ms: self.expires_at_unix_ms,
        }
    }
}

/// What is left of a session that ended before its time.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tombstone {
    /// When no access token of the session is valid any more.
    pub(super) expires_at_unix_ms: i64,
}

/// The last sign-in to a device. Its revision is what counts.
#[derive(Debug, Serialize)]
pub(super) struct Turn {
    expires_at_unix_ms: i64,
}

impl Turn {
    /// Kept long past any request that read it.
    pub(super) fn new(now_unix_ms: i64) -> Self {
        Self {
            expires_at_unix_ms: now_unix_ms + HOUR_MS,
        }
    }
}

pub(super) fn prefix_of(holder: &Holder) -> Vec<u8> {
    prefix!("identity", "session", holder)
}

pub(super) fn record_key(holder: &Holder, session: &str) -> Vec<u8> {
    key!("identity", "session", holder, session)
}

pub(super) fn tombstone_key(session: &str) -> Vec<u8> {
    key!("identity", "ended", session)
}

pub(super) fn turn_key(device: CloudId) -> Vec<u8> {
    key!("identity", "turn", device)
}

/// The session that a key of a session or a tombstone is about: its last part.
pub(super) fn session_of(key: &[u8]) -> Result<String, Error> {
    std::str::from_utf8(key)
        .ok()
        .and_then(|key| key.rsplit('/').next())
        .map(str::to_owned)
        .ok_or(Error::Damaged("key of a session"))
}
