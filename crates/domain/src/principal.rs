//! Who asks.

use crate::{AccountId, CloudId};

/// Somebody whose sign-in was checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// An account of the cloud.
    Account(AccountId),
    /// Somebody who signed in by device: a user of the device itself, who sees that device alone.
    DeviceUser(DeviceUser),
}

/// A user of a device, as the device itself confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceUser {
    /// The device.
    pub device: CloudId,
    /// Name on the device.
    pub name: String,
    /// Whether the device lets this user do everything.
    pub administrator: bool,
    /// Ownership epoch of the device when it was asked. A sign-in under an earlier owner is dead.
    pub ownership_epoch: u64,
}

impl Principal {
    /// The account, when it is one.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Account(account) => Some(account),
            Self::DeviceUser(_) => None,
        }
    }
}
