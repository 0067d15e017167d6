//! Who is calling.

use sightline_domain::{AccountId, Principal};
use tonic::metadata::MetadataMap;

use crate::token::{Invalid, Verifier};
use crate::{Code, ServiceError};

/// Who is behind a request. Exists only by a token that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    principal: Principal,
    session: String,
    expires_at_unix_ms: i64,
    session_expires_at_unix_ms: i64,
}

impl Caller {
    /// An account, or a user of a device.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The account.
    ///
    /// # Errors
    /// [`Unauthenticated::AccountNeeded`] when somebody signed in by device.
    pub fn account(&self) -> Result<&AccountId, Unauthenticated> {
        self.principal
            .account()
            .ok_or(Unauthenticated::AccountNeeded)
    }

    /// The sign-in that the token comes from.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// When the token ends, milliseconds since the Unix epoch: nothing is opened with it after.
    #[must_use]
    pub fn expires_at_unix_ms(&self) -> i64 {
        self.expires_at_unix_ms
    }

    /// When the sign-in ends by itself, milliseconds since the Unix epoch. What is open by then
    /// ends; the end of a session before that is told by
    /// [`EndedSessions`](crate::sessions::EndedSessions).
    #[must_use]
    pub fn session_expires_at_unix_ms(&self) -> i64 {
        self.session_expires_at_unix_ms
    }
}

/// No token, or one that is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// No `authorization: Bearer` in the request.
    #[error("sign in first")]
    Missing,
    /// The token was refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Signed in by device, where only an account can do what was asked.
    #[error("this needs an account; you are signed in to one device")]
    AccountNeeded,
}

impl ServiceError for Unauthenticated {
    fn code(&self) -> Code {
        match self {
            Self::Missing | Self::Invalid(_) => Code::Unauthenticated,
            Self::AccountNeeded => Code::PermissionDenied,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(Invalid::Expired) => "TOKEN_EXPIRED",
            Self::Invalid(Invalid::SessionEnded) => "SESSION_ENDED",
            Self::AccountNeeded => "ACCOUNT_NEEDED",
            _ => "SIGN_IN_REQUIRED",
        }
    }
}

impl Verifier {
    /// The caller that a token names.
    ///
    /// # Errors
    /// [`Unauthenticated`].
    pub fn authenticate(&self, token: &str, now_unix_ms: i64) -> Result<Caller, Unauthenticated> {
        let claims = self.verify(token, now_unix_ms)?;
        Ok(Caller {
            principal: claims.principal().ok_or(Invalid::Foreign)?,
            session: claims.sid,
            expires_at_unix_ms: claims.exp.saturating_mul(1000),
            session_expires_at_unix_ms: claims
                .session_exp
                .unwrap_or(claims.exp)
                .saturating_mul(1000),
        })
    }

    /// The caller of a gRPC request, from `authorization: Bearer`.
    ///
    /// # Errors
    /// [`Unauthenticated`].
    pub fn caller(
        &self,
        metadata: &MetadataMap,
        now_unix_ms: i64,
    ) -> Result<Caller, Unauthenticated> {
        let header = metadata
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        self.authenticate(
            header.and_then(bearer).ok_or(Unauthenticated::Missing)?,
            now_unix_ms,
        )
    }
}

/// The token in the value of an `authorization` header (RFC 6750, 2.1).
#[must_use]
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
