//! What an operator may set.

use serde::Deserialize;

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
