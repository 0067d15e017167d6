//! The permission check: what the session knows of grants, and the proof that it was asked.
//!
//! A [`Permit`] can be made in this file only, from grants that are fresh. The data path takes a
//! permit to build a [`crate::gate::Gate`], and delivers nothing once the gate is shut.

use std::time::Duration;

use jiff::Timestamp;
use sightline_domain::access::{DeviceGrants, Grant, GrantSource, Permission};
use sightline_domain::{CloudId, Principal};
use sightline_rpc::auth::Caller;
use sightline_rpc::internal::v1 as internal;
use sightline_rpc::live::v1::EndReason;
use sightline_rpc::terms::terms_from_proto;
use tokio::time::Instant;

use crate::error::{End, Error};

/// Grants that were not heard of for this long are stale: nothing new opens.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(3);
/// Most grants of one device; more than that cannot have been made by a person.
const GRANTS_MAX: usize = 10_000;
/// Changes of rights that are looked at to tell when a permission of hours begins again; with the
/// hours of a week that is days ahead.
const CHANGES_MAX: usize = 64;

/// What watching live needs. Picture and sound of a stream come together, so both.
const LIVE: [Permission; 2] = [Permission::ViewLive, Permission::Sound];

/// Leave to watch one channel live, until a moment. Not clonable: one permit, one viewer.
#[derive(Debug)]
pub(crate) struct Permit {
    caller: Caller,
    channel: u32,
    until_unix_ms: i64,
    until: Instant,
    then: End,
}

impl Permit {
    /// Who may.
    #[must_use]
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What.
    #[must_use]
    pub(crate) fn channel(&self) -> u32 {
        self.channel
    }

    /// When it ends by itself, by the wall clock as it went when the permit was made. The data
    /// path goes by this one, through [`crate::gate::Gate`].
    #[must_use]
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// When it ends by itself, by the wall clock; the session looks at this one too, because a
    /// wall clock can be set.
    #[must_use]
    pub(crate) fn until_unix_ms(&self) -> i64 {
        self.until_unix_ms
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
    grants: DeviceGrants,
    heard_at: Option<Instant>,
}

impl Grants {
    /// Nothing heard yet: allows nothing.
    pub(crate) fn unknown(device: CloudId) -> Self {
        Self {
            revision: 0,
            grants: DeviceGrants::none(device),
            heard_at: None,
        }
    }

    /// What the service says at this moment.
    pub(crate) fn heard(device: CloudId, news: internal::WatchDeviceResponse) -> Self {
        let mut grants = Self::unknown(device);
        grants.hear(news, Instant::now());
        grants
    }

    /// Takes over what the service says. An answer older than what is known changes nothing, and
    /// a heartbeat proves freshness only for the revision that is held.
    pub(crate) fn hear(&mut self, news: internal::WatchDeviceResponse, now: Instant) {
        match news.grants {
            Some(set) if news.revision >= self.revision => {
                self.grants = device_grants(self.grants.device, set);
                self.revision = news.revision;
                self.heard_at = Some(now);
            }
            None if news.revision == self.revision && self.heard_at.is_some() => {
                self.heard_at = Some(now);
            }
            _ => {}
        }
    }

    /// Of the device's owner, as last heard.
    pub(crate) fn ownership_epoch(&self) -> u64 {
        self.grants.ownership_epoch
    }

    /// For how long nothing was heard; forever at first.
    pub(crate) fn silence(&self, now: Instant) -> Duration {
        self.heard_at
            .map_or(Duration::MAX, |at| now.saturating_duration_since(at))
    }

    /// Whether not even what is open may go on: nothing was heard for longer than the grace.
    pub(crate) fn are_unconfirmed(&self, grace: Duration, now: Instant) -> bool {
        self.silence(now) > STALE_AFTER + grace
    }

    /// Leave to watch a channel live, or the reason why not.
    ///
    /// # Errors
    /// [`Error::GrantsStale`] when grants are not fresh; [`Error::NotFound`] for whoever may not
    /// know of the device: a stranger learns nothing; else what keeps a guest out.
    pub(crate) fn permit_live(
        &self,
        caller: &Caller,
        channel: u32,
        now: Instant,
        now_unix_ms: i64,
    ) -> Result<Permit, Error> {
        if self.silence(now) > STALE_AFTER {
            return Err(Error::GrantsStale);
        }
        self.permit(caller, channel, now, now_unix_ms)
    }

    /// Leave to go on for a viewer that is watching. Grants that are not fresh may be used for
    /// this as long as the grace lasts.
    ///
    /// # Errors
    /// What the viewer is told.
    pub(crate) fn permit_on(
        &self,
        permit: &Permit,
        now: Instant,
        now_unix_ms: i64,
    ) -> Result<Permit, End> {
        if permit.caller.session_expires_at_unix_ms() <= now_unix_ms {
            return Err(signed_in_too_long());
        }
        self.permit(&permit.caller, permit.channel, now, now_unix_ms)
            .map_err(|error| match error {
                Error::OutsideHours { opens_at_unix_ms } => outside_hours(opens_at_unix_ms),
                _ => End::new(EndReason::AccessEnded, "the permission ended"),
            })
    }

    fn permit(
        &self,
        caller: &Caller,
        channel: u32,
        now: Instant,
        now_unix_ms: i64,
    ) -> Result<Permit, Error> {
        let who = caller.principal();
        let at = Timestamp::from_millisecond(now_unix_ms).map_err(|_| Error::GrantsStale)?;
        if !self.grants.may_know(who, at) {
            return Err(Error::NotFound);
        }
        let (ends_at, then) = match self.live_lasts(who, channel, at) {
            Some(end) if end <= at => {
                return Err(match self.live_opens(who, channel, at) {
                    Some(opens) => Error::OutsideHours {
                        opens_at_unix_ms: opens.as_millisecond(),
                    },
                    None => Error::NotAllowed,
                });
            }
            Some(end) => (end.as_millisecond(), self.farewell(who, channel, end)),
            None => (i64::MAX, signed_in_too_long()),
        };
        let expires = caller.session_expires_at_unix_ms();
        let (until_unix_ms, then) = if expires <= ends_at {
            (expires, signed_in_too_long())
        } else {
            (ends_at, then)
        };
        let left_ms = u64::try_from(until_unix_ms.saturating_sub(now_unix_ms)).unwrap_or(0);
        Ok(Permit {
            caller: caller.clone(),
            channel,
            until_unix_ms,
            until: now + Duration::from_millis(left_ms),
            then,
        })
    }

    /// Until when all that live needs is held without a break; `None` for good.
    fn live_lasts(&self, who: &Principal, channel: u32, at: Timestamp) -> Option<Timestamp> {
        let ends = LIVE.map(|one| self.grants.lasts(who, Some(channel), one, at));
        ends.into_iter().flatten().min()
    }

    /// When live may be watched next.
    fn live_opens(&self, who: &Principal, channel: u32, at: Timestamp) -> Option<Timestamp> {
        if !self.could_watch(who, channel) {
            return None;
        }
        let mut moment = at;
        for _ in 0..CHANGES_MAX {
            let rights = self.grants.rights(who, Some(channel), moment);
            if LIVE.into_iter().all(|one| rights.permissions.contains(one)) {
                return Some(moment);
            }
            moment = rights.holds_until?;
        }
        None
    }

    /// Whether any grant gives live at some time; to ask so first keeps a guest without it from
    /// having weeks of hours looked through.
    fn could_watch(&self, who: &Principal, channel: u32) -> bool {
        let Principal::Account(account) = who else {
            return true;
        };
        let mut grants = self.grants.grants.iter().filter(|g| g.account == *account);
        grants.any(|grant| match &grant.source {
            GrantSource::Ownership => true,
            GrantSource::Share { terms, .. } => {
                let given = terms.given();
                terms.covers(Some(channel)) && LIVE.into_iter().all(|one| given.contains(one))
            }
        })
    }

    fn farewell(&self, who: &Principal, channel: u32, end: Timestamp) -> End {
        match self.live_opens(who, channel, end) {
            Some(opens) => outside_hours(opens.as_millisecond()),
            None => End::new(EndReason::AccessEnded, "the permission ended"),
        }
    }
}

fn signed_in_too_long() -> End {
    End::new(EndReason::TokenExpired, "the sign-in expired")
}

fn outside_hours(opens_at_unix_ms: i64) -> End {
    End {
        opens_at_unix_ms,
        ..End::new(
            EndReason::OutsideHours,
            "the hours of the share are over for now",
        )
    }
}

fn device_grants(device: CloudId, set: internal::GrantSet) -> DeviceGrants {
    let grants = set.grants.into_iter().take(GRANTS_MAX).filter_map(grant);
    DeviceGrants::new(device, set.epoch, &set.time_zone, grants)
}

/// A grant that is not understood gives nothing.
fn grant(grant: internal::Grant) -> Option<Grant> {
    let source = if grant.share_id.is_empty() {
        GrantSource::Ownership
    } else {
        GrantSource::Share {
            id: grant.share_id,
            terms: terms_from_proto(&grant.terms?).ok()?,
        }
    };
    Some(Grant {
        account: grant.account_id.parse().ok()?,
        source,
    })
}

#[cfg(test)]
pub(crate) mod tests;
