//! What an operator may set.

use serde::Deserialize;

/// Configuration of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Wrong verification codes of one account for one device, per hour. The device has a limit of
    /// its own for all of them together.
    pub claims_per_device_h: u32,
    /// Claims by one account that fail, per hour: with a wrong code, of a device that is not
    /// connected, or of one that has another owner.
    pub claims_per_account_h: u32,
    /// Cloud IDs that one account may look up, per hour.
    pub lookups_per_account_h: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            claims_per_device_h: 10,
            claims_per_account_h: 20,
            lookups_per_account_h: 600,
        }
    }
}
