//! What an operator may set.

use serde::Deserialize;

/// Configuration of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Wrong verification codes for one device, per hour. A code has 40 bits, so this is about
    /// noise; the device has a limit of its own.
    pub claims_per_device_h: u32,
    /// Claims with a wrong code, or of a device that is not connected, by one account per hour.
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
