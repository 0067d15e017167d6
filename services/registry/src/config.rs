//! What an operator may set.

use serde::Deserialize;

/// Configuration of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Wrong verification codes for one device by one account, and from one address, per hour;
    /// wrong passwords of its administrators likewise, counted apart.
    pub claims_per_device_h: u32,
    /// The same by everybody together. Half as many more are kept for first attempts, so that a
    /// stranger with many accounts does not use up those of the rightful person. The device has a
    /// limit of its own, which all of them together must not reach.
    pub claims_by_all_per_device_h: u32,
    /// Claims by one account that fail, per hour: with a wrong code or password, or of a device that
    /// has another owner.
    pub claims_per_account_h: u32,
    /// Cloud IDs that one account may look up, per hour. A claim of a device that is not connected
    /// is one of them.
    pub lookups_per_account_h: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            claims_per_device_h: 5,
            claims_by_all_per_device_h: 8,
            claims_per_account_h: 20,
            lookups_per_account_h: 600,
        }
    }
}
