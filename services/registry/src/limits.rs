//! How often somebody may try to claim and to look up.
//!
//! A device looks at so many wrong attempts and then at no more, not even right ones. Whoever knows
//! its cloud ID, which is no secret, must not be able to use those up: that would keep the rightful
//! person from claiming it, and its users from signing in to it. So attempts are counted by account
//! and by network before they are counted for the device, and some of the device's are kept for
//! first attempts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sightline_base::place::Network;
use sightline_domain::attempts::{Allowance, Attempts, Exhausted};
use sightline_domain::{AccountId, CloudId};

use crate::config::Config;

/// Keys of one table of attempts, about 10 MB; see [`Attempts`] for what happens beyond.
const ATTEMPT_KEYS_MAX: usize = 100_000;

/// What a claim guesses. A device counts wrong attempts at each apart, and so does the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Secret {
    /// The verification code.
    Code,
    /// The password of an administrator, which also opens the device to its users.
    Password,
}

/// One secret of one device.
type Lock = (CloudId, Secret);

/// Attempts to claim and to look up.
#[derive(Debug)]
pub(crate) struct Limits(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    claims: Attempts<AccountId>,
    lookups: Attempts<AccountId>,
    of_account: Attempts<(Lock, AccountId)>,
    of_network: Attempts<(Lock, Network)>,
    of_all: Attempts<Lock>,
    /// When those of all are used up: for accounts and networks that have not been wrong.
    of_newcomers: Attempts<Lock>,
}

/// Leave for one question to a device, on top of the claim's. Counts as wrong unless one of the
/// methods of [`Limits`] takes it.
#[derive(Debug)]
#[must_use]
pub(crate) struct Guess {
    lock: Lock,
    account: AccountId,
    /// `None` within this process.
    network: Option<Network>,
    newcomer: bool,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        fn per_hour<K: Eq + std::hash::Hash>(count: u32) -> Attempts<K> {
            Attempts::new(Allowance::per_hour(count), ATTEMPT_KEYS_MAX)
        }
        Self(Mutex::new(Tables {
            claims: per_hour(config.claims_per_account_h),
            lookups: per_hour(config.lookups_per_account_h),
            of_account: per_hour(config.claims_per_device_h),
            of_network: per_hour(config.claims_per_device_h),
            of_all: per_hour(config.claims_by_all_per_device_h),
            of_newcomers: per_hour(config.claims_by_all_per_device_h / 2),
        }))
    }

    /// Before anything is told of a device.
    pub(crate) fn claim(&self, account: &AccountId, now: i64) -> Result<(), Exhausted> {
        self.tables().claims.take(account.clone(), now)
    }

    /// Before the device of a claim is asked.
    ///
    /// # Errors
    /// [`Exhausted`], and the claim does not count.
    pub(crate) fn guess(
        &self,
        device: CloudId,
        secret: Secret,
        account: &AccountId,
        network: Option<Network>,
        now: i64,
    ) -> Result<Guess, Exhausted> {
        let mut tables = self.tables();
        let guess = Guess {
            lock: (device, secret),
            account: account.clone(),
            network,
            newcomer: false,
        };
        let taken = tables.take(guess, now);
        taken.inspect_err(|_| tables.claims.give_back(account))
    }

    /// The device accepted.
    pub(crate) fn was_right(&self, guess: &Guess) {
        let mut tables = self.tables();
        tables.claims.give_back(&guess.account);
        tables.give_back(guess);
    }

    /// The device was not asked, since it is not connected. That is learned at the price of a
    /// look-up, so that a file with many such devices does not end the import of the others.
    pub(crate) fn was_not_asked(&self, guess: &Guess, now: i64) {
        let mut tables = self.tables();
        tables.give_back(guess);
        tables.count_as_lookup(&guess.account, now);
    }

    /// The device was asked and did not answer: it may have counted the attempt.
    pub(crate) fn was_not_answered(&self, guess: &Guess, now: i64) {
        self.tables().count_as_lookup(&guess.account, now);
    }

    pub(crate) fn lookup(&self, account: &AccountId, now: i64) -> Result<(), Exhausted> {
        self.tables().lookups.take(account.clone(), now)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn take(&mut self, guess: Guess, now: i64) -> Result<Guess, Exhausted> {
        let lock = guess.lock;
        let by_account = (lock, guess.account.clone());
        let by_network = guess.network.map(|network| (lock, network));
        let is_first = self.of_account.is_full(&by_account, now)
            && by_network.is_none_or(|key| self.of_network.is_full(&key, now));
        self.of_account.take(by_account.clone(), now)?;
        if let Some(key) = by_network {
            let taken = self.of_network.take(key, now);
            taken.inspect_err(|_| self.of_account.give_back(&by_account))?;
        }
        let newcomer = match self.of_all.take(lock, now) {
            Ok(()) => Ok(false),
            Err(_) if is_first => self.of_newcomers.take(lock, now).map(|()| true),
            Err(exhausted) => Err(exhausted),
        };
        let newcomer = newcomer.inspect_err(|_| self.give_back_own(&guess))?;
        Ok(Guess { newcomer, ..guess })
    }

    fn give_back(&mut self, guess: &Guess) {
        self.give_back_own(guess);
        if guess.newcomer {
            self.of_newcomers.give_back(&guess.lock);
        } else {
            self.of_all.give_back(&guess.lock);
        }
    }

    /// What counts for the account and the network.
    fn give_back_own(&mut self, guess: &Guess) {
        let lock = guess.lock;
        self.of_account.give_back(&(lock, guess.account.clone()));
        if let Some(network) = guess.network {
            self.of_network.give_back(&(lock, network));
        }
    }

    /// Beyond the look-ups it stays a failed claim.
    fn count_as_lookup(&mut self, account: &AccountId, now: i64) {
        if self.lookups.take(account.clone(), now).is_ok() {
            self.claims.give_back(account);
        }
    }
}
