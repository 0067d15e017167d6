//! How often strangers may try.
//!
//! Counted in memory, per node: a restart forgives, and the records of codes and sessions bound
//! what an attempt can reach in any case.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sightline_domain::attempts::{Allowance, Attempts, Exhausted};
use sightline_domain::{AccountId, CloudId, Email};

/// Wrong passwords for one account or device from places that never signed in to it: at most 106 a
/// day.
const STRANGERS_PER_TARGET: Allowance = Allowance {
    burst: 10,
    refill: Duration::from_secs(15 * 60),
};
/// Wrong passwords for one account or device from a place that signed in to it before. Strangers
/// cannot use these up, so they do not lock the owner out.
const OWNER_PER_TARGET: Allowance = Allowance {
    burst: 10,
    refill: Duration::from_secs(60),
};
/// Wrong passwords from one place, whatever they are for; an office shares one address.
const SIGN_INS_PER_PLACE: Allowance = Allowance {
    burst: 30,
    refill: Duration::from_secs(10),
};
/// Wrong current passwords in changes of the password of one account: somebody who found it signed
/// in must not find the password too.
const CHANGES_PER_ACCOUNT: Allowance = Allowance {
    burst: 5,
    refill: Duration::from_secs(15 * 60),
};
/// Mails to one address. Beyond the pause between two codes, so that nobody fills a mailbox.
const CODES_PER_EMAIL: Allowance = Allowance {
    burst: 5,
    refill: Duration::from_secs(10 * 60),
};
/// Mails asked for from one place.
const CODES_PER_PLACE: Allowance = Allowance {
    burst: 20,
    refill: Duration::from_secs(60),
};
/// Keys of one table, about 10 MB. A table this full refuses new keys; filling one takes more
/// password checks than a machine can do, or a thousand places.
const KEYS_MAX: usize = 100_000;

/// Where a request comes from: an IPv4 address, or the /64 network of an IPv6 address, which one
/// person has to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place(IpAddr);

impl From<IpAddr> for Place {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(v4.into()),
            IpAddr::V6(v6) => Self(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into()),
        }
    }
}

/// What a password is tried on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// An account, whether or not it exists.
    Account(Email),
    /// A device, whether or not it exists.
    Device(CloudId),
}

/// The tables of attempts.
#[derive(Debug)]
pub(crate) struct Limits(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    /// Apart from those of devices: a device is asked without much work, so that table is easier
    /// to fill.
    account_strangers: Attempts<Target>,
    device_strangers: Attempts<Target>,
    owners: Attempts<(Target, Place)>,
    places: Attempts<Place>,
    changes: Attempts<AccountId>,
    codes: Attempts<Email>,
    code_places: Attempts<Place>,
    /// Where a target was signed in to, and when last, milliseconds since the Unix epoch.
    known: HashMap<(Target, Place), i64>,
}

/// An attempt to sign in that was let through. Counts as a failure unless it [`succeeded`].
///
/// [`succeeded`]: Limits::succeeded
#[derive(Debug)]
#[must_use]
pub(crate) struct SignInAttempt {
    target: Target,
    place: Option<Place>,
    known: bool,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Tables {
            account_strangers: Attempts::new(STRANGERS_PER_TARGET, KEYS_MAX),
            device_strangers: Attempts::new(STRANGERS_PER_TARGET, KEYS_MAX),
            owners: Attempts::new(OWNER_PER_TARGET, KEYS_MAX),
            places: Attempts::new(SIGN_INS_PER_PLACE, KEYS_MAX),
            changes: Attempts::new(CHANGES_PER_ACCOUNT, KEYS_MAX),
            codes: Attempts::new(CODES_PER_EMAIL, KEYS_MAX),
            code_places: Attempts::new(CODES_PER_PLACE, KEYS_MAX),
            known: HashMap::new(),
        }))
    }

    /// Before a password is looked at; then [`Limits::sign_in`].
    pub(crate) fn enter(&self, place: Option<Place>, now_unix_ms: i64) -> Result<(), Exhausted> {
        match place {
            Some(place) => self.tables().places.take(place, now_unix_ms),
            None => Ok(()),
        }
    }

    /// Whether the target was signed in to from there since the start.
    pub(crate) fn knows(&self, target: &Target, place: Place) -> bool {
        self.tables().known.contains_key(&(target.clone(), place))
    }

    /// Before a password is checked. `known` when the place signed in to the target before.
    pub(crate) fn sign_in(
        &self,
        target: Target,
        place: Option<Place>,
        known: bool,
        now_unix_ms: i64,
    ) -> Result<SignInAttempt, Exhausted> {
        let mut tables = self.tables();
        let owner = place.filter(|_| known).map(|place| (target.clone(), place));
        let attempt = SignInAttempt {
            target: target.clone(),
            place,
            known: owner.is_some(),
        };
        let taken = match owner {
            Some(owner) => tables.owners.take(owner, now_unix_ms),
            None => tables.strangers(&target).take(target, now_unix_ms),
        };
        if let (Err(_), Some(place)) = (taken, place) {
            tables.places.give_back(&place);
        }
        taken.map(|()| attempt)
    }

    /// The password was right: the attempt does not count, and its place is the owner's.
    pub(crate) fn succeeded(&self, attempt: SignInAttempt, now_unix_ms: i64) {
        let mut tables = self.tables();
        let SignInAttempt {
            target,
            place,
            known,
        } = attempt;
        if !known {
            tables.strangers(&target).give_back(&target);
        }
        let Some(place) = place else { return };
        tables.places.give_back(&place);
        let owner = (target, place);
        if known {
            tables.owners.give_back(&owner);
        }
        tables.remember(owner, now_unix_ms);
    }

    /// Somebody proved by a code that the account is theirs: strangers who guess do not keep them
    /// out of it.
    pub(crate) fn proved(&self, email: Email, place: Option<Place>, now_unix_ms: i64) {
        if let Some(place) = place {
            let owner = (Target::Account(email), place);
            self.tables().remember(owner, now_unix_ms);
        }
    }

    /// Before the current password is checked in a change of the password.
    pub(crate) fn change(&self, account: &AccountId, now_unix_ms: i64) -> Result<(), Exhausted> {
        self.tables().changes.take(account.clone(), now_unix_ms)
    }

    /// The current password was right.
    pub(crate) fn change_succeeded(&self, account: &AccountId) {
        self.tables().changes.give_back(account);
    }

    /// Before a code is made.
    pub(crate) fn code(
        &self,
        email: &Email,
        place: Option<Place>,
        now_unix_ms: i64,
    ) -> Result<(), Exhausted> {
        let mut tables = self.tables();
        if let Some(place) = place {
            tables.code_places.take(place, now_unix_ms)?;
        }
        tables.codes.take(email.clone(), now_unix_ms)
    }

    /// No code was made after all: whoever asks again too soon only has to wait for the next one.
    pub(crate) fn code_not_made(&self, email: &Email, place: Option<Place>) {
        let mut tables = self.tables();
        if let Some(place) = place {
            tables.code_places.give_back(&place);
        }
        tables.codes.give_back(email);
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn strangers(&mut self, target: &Target) -> &mut Attempts<Target> {
        match target {
            Target::Account(_) => &mut self.account_strangers,
            Target::Device(_) => &mut self.device_strangers,
        }
    }

    /// Keeps the places of the newest sign-ins.
    fn remember(&mut self, owner: (Target, Place), now_unix_ms: i64) {
        if self.known.len() >= KEYS_MAX && !self.known.contains_key(&owner) {
            let oldest = self
                .known
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(key, _)| key.clone());
            oldest.map(|key| self.known.remove(&key));
        }
        self.known.insert(owner, now_unix_ms);
    }
}
