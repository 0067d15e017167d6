//! What an operator may set.

use std::time::Duration;

use serde::Deserialize;
use sightline_domain::attempts::Allowance;

/// Configuration of sharing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Addresses that one account may look up, per hour.
    pub lookups_per_account_h: u32,
    /// Offers that one account may make, per hour: each one shows up on a stranger's screen.
    pub offers_per_account_h: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lookups_per_account_h: 30,
            offers_per_account_h: 30,
        }
    }
}

/// So many in a row, and so many an hour from then on.
pub(crate) fn per_hour(count: u32) -> Allowance {
    let count = count.max(1);
    Allowance {
        burst: count,
        refill: Duration::from_secs(3600) / count,
    }
}
