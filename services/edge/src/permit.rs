//! The permission check: what the session knows of grants, and the proof that it was asked.
//!
//! A [`Permit`] can be made in this file only, from grants that are fresh. The data path takes a
//! permit to build a [`crate::gate::Gate`], and delivers nothing once the gate is shut.

use std::time::Duration;

use sightline_domain::AccountId;
use sightline_domain::access::{self, Grant, Permission};
use sightline_rpc::auth::Caller;
use sightline_rpc::internal::v1 as internal;
use sightline_rpc::live::v1::EndReason;
use tokio::time::Instant;

use crate::error::{End, Error};

/// Grants that were not heard of for this long are stale: nothing new opens.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(3);
/// Most grants of one device; more than that cannot have been made by a person.
const GRANTS_MAX: usize = 10_000;

/// Leave to watch one device live, until a moment. Not clonable: one permit, one viewer.
#[derive(Debug)]
pub(crate) struct Permit {
    account: AccountId,
    until: Instant,
    then: End,
}

impl Permit {
    /// Who may.
    #[must_use]
    pub(crate) fn account(&self) -> &AccountId {
        &self.account
    }

    /// When it ends by itself.
    #[must_use]
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// What the viewer is told at that moment.
    #[must_use]
    pub(crate) fn then(&self) -> &End {
        &self.then
    }
}

/// The effective grants of one device, as last heard from their service.
#[derive(Debug)]
pub(crate) struct Grants {
    revision: u64,
    grants: Vec<Grant>,
    heard_at: Option<Instant>,
}

impl Grants {
    /// Nothing heard yet: allows nothing.
    pub(crate) fn unknown() -> Self {
        Self {
            revision: 0,
            grants: Vec::new(),
            heard_at: None,
        }
    }

    /// Takes over what the service says. An answer older than what is known changes nothing, and
    /// a heartbeat proves freshness only for the revision that is held.
    pub(crate) fn hear(&mut self, news: internal::WatchGrantsResponse, now: Instant) {
        match news.grants {
            Some(set) if news.revision >= self.revision => {
                self.grants = set
                    .grants
                    .into_iter()
                    .take(GRANTS_MAX)
                    .filter_map(grant)
                    .collect();
                self.revision = news.revision;
                self.heard_at = Some(now);
            }
            None if news.revision == self.revision && self.heard_at.is_some() => {
                self.heard_at = Some(now);
            }
            _ => {}
        }
    }

    /// For how long nothing was heard; forever at first.
    pub(crate) fn silence(&self, now: Instant) -> Duration {
        self.heard_at
            .map_or(Duration::MAX, |at| now.saturating_duration_since(at))
    }

    /// Leave to watch live, or the reason why not.
    ///
    /// # Errors
    /// [`Error::GrantsStale`] when grants are not fresh, [`Error::NotFound`] when there is none:
    /// a stranger learns nothing.
    pub(crate) fn permit_live(
        &self,
        caller: &Caller,
        now: Instant,
        now_unix_ms: i64,
    ) -> Result<Permit, Error> {
        if self.silence(now) > STALE_AFTER {
            return Err(Error::GrantsStale);
        }
        if !self.allows_live(caller.account()) {
            return Err(Error::NotFound);
        }
        let left_ms = caller.expires_at_unix_ms().saturating_sub(now_unix_ms);
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        Ok(Permit {
            account: caller.account().clone(),
            until: now + left,
            then: End::new(EndReason::TokenExpired, "the access token expired"),
        })
    }

    /// Whether an account that is watching may go on.
    pub(crate) fn allows_live(&self, account: &AccountId) -> bool {
        access::allows(&self.grants, account, Permission::ViewLive)
    }
}

pub(crate) fn grant(grant: internal::Grant) -> Option<Grant> {
    let permissions = grant
        .permissions()
        .filter_map(|permission| match permission {
            internal::Permission::ViewLive => Some(Permission::ViewLive),
            internal::Permission::Unspecified => None,
        })
        .collect();
    Some(Grant {
        account: grant.account_id.parse().ok()?,
        permissions,
    })
}
