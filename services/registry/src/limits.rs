//! How often somebody may try to claim and to look up.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sightline_domain::attempts::{Allowance, Attempts, Exhausted};
use sightline_domain::{AccountId, CloudId};

use crate::config::Config;

/// Keys of one table of attempts, about 10 MB; see [`Attempts`] for what happens beyond.
const ATTEMPT_KEYS_MAX: usize = 100_000;

/// Attempts to claim and to look up.
#[derive(Debug)]
pub(crate) struct Limits(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    /// Per account as well, or anybody could keep the owner of a device from claiming it.
    devices: Attempts<(CloudId, AccountId)>,
    accounts: Attempts<AccountId>,
    lookups: Attempts<AccountId>,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self(Mutex::new(Tables {
            devices: Attempts::new(
                Allowance::per_hour(config.claims_per_device_h),
                ATTEMPT_KEYS_MAX,
            ),
            accounts: Attempts::new(
                Allowance::per_hour(config.claims_per_account_h),
                ATTEMPT_KEYS_MAX,
            ),
            lookups: Attempts::new(
                Allowance::per_hour(config.lookups_per_account_h),
                ATTEMPT_KEYS_MAX,
            ),
        }))
    }

    pub(crate) fn claim(
        &self,
        account: &AccountId,
        device: CloudId,
        now: i64,
    ) -> Result<(), Exhausted> {
        let mut tables = self.tables();
        tables.accounts.take(account.clone(), now)?;
        tables
            .devices
            .take((device, account.clone()), now)
            .inspect_err(|_| tables.accounts.give_back(account))
    }

    /// The claim did not fail for want of a right answer.
    pub(crate) fn claim_was_right(&self, account: &AccountId, device: CloudId) {
        let mut tables = self.tables();
        tables.accounts.give_back(account);
        tables.devices.give_back(&(device, account.clone()));
    }

    /// The device was not asked. To have claimed it counts for the account all the same.
    pub(crate) fn claim_was_offline(&self, account: &AccountId, device: CloudId) {
        self.tables().devices.give_back(&(device, account.clone()));
    }

    pub(crate) fn lookup(&self, account: &AccountId, now: i64) -> Result<(), Exhausted> {
        self.tables().lookups.take(account.clone(), now)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
