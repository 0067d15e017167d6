//! How often strangers may try.
//!
//! Counted in memory, per node: a restart forgives, and the records of codes and sessions bound
//! what an attempt can reach in any case.

mod place;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use place::PlaceAttempts;
pub(crate) use sightline_base::place::{Network, Place};
use sightline_domain::attempts::{Allowance, Attempts, Exhausted};
use sightline_domain::{AccountId, CloudId, Email};

use crate::codes::Purpose;

/// Wrong passwords for one account from places that never signed in to it: at most 106 a day.
const STRANGERS_PER_ACCOUNT: Allowance = Allowance {
    burst: 10,
    refill: Duration::from_secs(15 * 60),
};
/// Wrong passwords for one device from places that never signed in to it: at most six in any hour.
/// A device looks at fifteen an hour and then at no more, not even right ones, so strangers must
/// not reach that.
const STRANGERS_PER_DEVICE: Allowance = Allowance {
    burst: 3,
    refill: Duration::from_secs(20 * 60),
};
/// Right passwords for one device an hour. Each makes a session, and a device that a stranger
/// connected accepts whatever it is asked.
const SESSIONS_PER_DEVICE_H: u32 = 60;
/// Right passwords for devices from one place an hour; an office shares one address.
const DEVICE_SESSIONS_PER_PLACE_H: u32 = 120;
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
/// Mails of one purpose to one address. Beyond the pause between two codes, so that nobody fills a
/// mailbox.
const CODES_PER_EMAIL: Allowance = Allowance {
    burst: 5,
    refill: Duration::from_secs(10 * 60),
};
/// Mails asked for from one place.
const CODES_PER_PLACE: Allowance = Allowance {
    burst: 20,
    refill: Duration::from_secs(60),
};
/// Wrong codes entered from one place, whatever they are for.
const CODE_CHECKS_PER_PLACE: Allowance = Allowance {
    burst: 20,
    refill: Duration::from_secs(60),
};
/// Keys of one table, about 10 MB. A table this full refuses new keys; filling one takes more
/// password checks than a machine can do, or about a hundred networks.
const KEYS_MAX: usize = 100_000;

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
    places: PlaceAttempts,
    device_sessions: Attempts<CloudId>,
    device_session_places: PlaceAttempts,
    changes: Attempts<AccountId>,
    codes: Attempts<(Purpose, Email)>,
    code_places: PlaceAttempts,
    code_checks: PlaceAttempts,
    /// Where a target was signed in to, and when last, milliseconds since the Unix epoch.
    known: HashMap<(Target, Place), i64>,
}

/// An attempt to sign in that was let through. Counts as a wrong password unless it
/// [`succeeded`], and at a device as a session too unless it [`failed`].
///
/// [`succeeded`]: Limits::succeeded
/// [`failed`]: Limits::failed
#[derive(Debug)]
#[must_use]
pub(crate) struct SignInAttempt {
    target: Target,
    place: Option<Place>,
    known: bool,
}

impl Limits {
    pub(crate) fn new() -> Self {
        let per_hour = Allowance::per_hour;
        Self(Mutex::new(Tables {
            account_strangers: Attempts::new(STRANGERS_PER_ACCOUNT, KEYS_MAX),
            device_strangers: Attempts::new(STRANGERS_PER_DEVICE, KEYS_MAX),
            owners: Attempts::new(OWNER_PER_TARGET, KEYS_MAX),
            places: PlaceAttempts::new(SIGN_INS_PER_PLACE, KEYS_MAX),
            device_sessions: Attempts::new(per_hour(SESSIONS_PER_DEVICE_H), KEYS_MAX),
            device_session_places: PlaceAttempts::new(
                per_hour(DEVICE_SESSIONS_PER_PLACE_H),
                KEYS_MAX,
            ),
            changes: Attempts::new(CHANGES_PER_ACCOUNT, KEYS_MAX),
            codes: Attempts::new(CODES_PER_EMAIL, KEYS_MAX),
            code_places: PlaceAttempts::new(CODES_PER_PLACE, KEYS_MAX),
            code_checks: PlaceAttempts::new(CODE_CHECKS_PER_PLACE, KEYS_MAX),
            known: HashMap::new(),
        }))
    }

    /// Before a password is looked at; then [`Limits::sign_in`].
    pub(crate) fn enter(&self, place: Option<Place>, now_unix_ms: i64) -> Result<(), Exhausted> {
        self.tables().places.take(place, now_unix_ms)
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
        let attempt = SignInAttempt {
            target,
            place,
            known: known && place.is_some(),
        };
        let taken = tables.take_session(&attempt, now_unix_ms).and_then(|()| {
            let guess = tables.take_guess(&attempt, now_unix_ms);
            guess.inspect_err(|_| tables.give_back_session(&attempt))
        });
        match taken {
            Ok(()) => Ok(attempt),
            Err(exhausted) => {
                tables.places.give_back(place);
                Err(exhausted)
            }
        }
    }

    /// The password was right: the attempt is no wrong one, and its place is the owner's.
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
        tables.places.give_back(place);
        let Some(place) = place else { return };
        let owner = (target, place);
        if known {
            tables.owners.give_back(&owner);
        }
        tables.remember(owner, now_unix_ms);
    }

    /// The password was wrong: the attempt makes no session.
    pub(crate) fn failed(&self, attempt: &SignInAttempt) {
        self.tables().give_back_session(attempt);
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
        purpose: Purpose,
        email: &Email,
        place: Option<Place>,
        now_unix_ms: i64,
    ) -> Result<(), Exhausted> {
        let mut tables = self.tables();
        tables.code_places.take(place, now_unix_ms)?;
        tables.codes.take((purpose, email.clone()), now_unix_ms)
    }

    /// No code was made after all: whoever asks again too soon only has to wait for the next one.
    pub(crate) fn code_not_made(&self, purpose: Purpose, email: &Email, place: Option<Place>) {
        let mut tables = self.tables();
        tables.code_places.give_back(place);
        tables.codes.give_back(&(purpose, email.clone()));
    }

    /// Before a code that was entered is looked at.
    pub(crate) fn code_check(
        &self,
        place: Option<Place>,
        now_unix_ms: i64,
    ) -> Result<(), Exhausted> {
        self.tables().code_checks.take(place, now_unix_ms)
    }

    /// The code was right.
    pub(crate) fn code_check_succeeded(&self, place: Option<Place>) {
        self.tables().code_checks.give_back(place);
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

    /// Takes what a wrong password costs.
    fn take_guess(&mut self, attempt: &SignInAttempt, now_unix_ms: i64) -> Result<(), Exhausted> {
        let target = attempt.target.clone();
        match attempt.place.filter(|_| attempt.known) {
            Some(place) => self.owners.take((target, place), now_unix_ms),
            None => self.strangers(&target).take(target, now_unix_ms),
        }
    }

    /// Takes what a right password of a device costs. Before it is known to be right, or a refusal
    /// would tell that it is.
    fn take_session(&mut self, attempt: &SignInAttempt, now_unix_ms: i64) -> Result<(), Exhausted> {
        let Target::Device(device) = attempt.target else {
            return Ok(());
        };
        self.device_session_places
            .take(attempt.place, now_unix_ms)?;
        let taken = self.device_sessions.take(device, now_unix_ms);
        taken.inspect_err(|_| self.device_session_places.give_back(attempt.place))
    }

    fn give_back_session(&mut self, attempt: &SignInAttempt) {
        if let Target::Device(device) = attempt.target {
            self.device_session_places.give_back(attempt.place);
            self.device_sessions.give_back(&device);
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
