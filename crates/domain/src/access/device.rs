//! The grants of one device, as the edge that holds its connection decides with them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::permission::{Permission, Permissions};
use super::schedule::Schedule;
use super::terms::{Terms, earlier};
use super::zone;
use crate::principal::{DeviceUser, Principal};
use crate::{AccountId, CloudId};

/// Changes of rights that are looked at to tell how long a permission lasts. Beyond, the answer is
/// the last of them, and whoever asks asks again then.
const CHANGES_MAX: usize = 64;

/// One reason why an account may do something with a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub account: AccountId,
    /// Why, and how much.
    pub source: GrantSource,
}

/// Where a grant comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantSource {
    /// Owns the device: everything, always.
    Ownership,
    /// Accepted a share, or was given something in a site.
    Share {
        /// The share, or the grant in the site.
        id: String,
        /// What it gives.
        terms: Terms,
    },
}

impl GrantSource {
    fn has_hours(&self) -> bool {
        match self {
            Self::Ownership => false,
            Self::Share { terms, .. } => terms.schedule != Schedule::Always,
        }
    }
}

/// All grants of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceGrants {
    /// The device.
    pub device: CloudId,
    /// Rises with each change of the owner.
    pub ownership_epoch: u64,
    /// In which schedules count.
    pub zone: TimeZone,
    /// In no order.
    pub grants: Vec<Grant>,
}

/// What somebody may do at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// With all that is included.
    pub permissions: Permissions,
    /// Until when this answer holds if nobody changes a grant; `None`: for good. It may well hold
    /// longer: it is when the next of the grants comes or goes.
    pub holds_until: Option<Timestamp>,
}

impl Rights {
    pub(super) const NONE: Self = Self {
        permissions: Permissions::NONE,
        holds_until: None,
    };

    /// What a ceiling, such as the one of a tariff, leaves of them.
    #[must_use]
    pub const fn within(self, ceiling: Permissions) -> Self {
        Self {
            permissions: self.permissions.intersection(ceiling),
            holds_until: self.holds_until,
        }
    }
}

impl DeviceGrants {
    /// The grants of a device that told this zone. While it has told none, or a name that says
    /// none, shares with weekly hours are not among them: their hours would open at a time that
    /// nobody chose.
    #[must_use]
    pub fn new(
        device: CloudId,
        ownership_epoch: u64,
        zone_name: &str,
        grants: impl IntoIterator<Item = Grant>,
    ) -> Self {
        let zone = zone::named(zone_name);
        let counts = |grant: &Grant| zone.is_some() || !grant.source.has_hours();
        let grants = grants.into_iter().filter(counts).collect();
        Self {
            device,
            ownership_epoch,
            zone: zone.unwrap_or(TimeZone::UTC),
            grants,
        }
    }

    /// A device that nobody may see.
    #[must_use]
    pub fn none(device: CloudId) -> Self {
        Self {
            device,
            ownership_epoch: 0,
            zone: TimeZone::UTC,
            grants: Vec::new(),
        }
    }

    /// What somebody may do with a channel, or with the whole device.
    #[must_use]
    pub fn rights(&self, who: &Principal, channel: Option<u32>, at: Timestamp) -> Rights {
        match who {
            Principal::Account(account) => self.account_rights(account, channel, at),
            Principal::DeviceUser(user) if self.confirms(user) => Rights {
                permissions: device_user_permissions(user),
                holds_until: None,
            },
            Principal::DeviceUser(_) => Rights::NONE,
        }
    }

    fn account_rights(&self, account: &AccountId, channel: Option<u32>, at: Timestamp) -> Rights {
        let mut rights = Rights::NONE;
        for source in self.sources(account) {
            match source {
                GrantSource::Ownership => {
                    return Rights {
                        permissions: Permissions::ALL,
                        holds_until: None,
                    };
                }
                GrantSource::Share { terms, .. } if terms.covers(channel) => {
                    if terms.in_force(at, &self.zone) {
                        rights.permissions = rights.permissions.union(terms.given());
                    }
                    let change = terms.next_change(at, &self.zone);
                    rights.holds_until = earlier(rights.holds_until, change);
                }
                GrantSource::Share { .. } => {}
            }
        }
        rights
    }

    /// Until when a permission that is held at `at` is held without a break: `None` for good. When
    /// it is not held, that is `at` itself.
    #[must_use]
    pub fn lasts(
        &self,
        who: &Principal,
        channel: Option<u32>,
        permission: Permission,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let mut moment = at;
        for _ in 0..CHANGES_MAX {
            let rights = self.rights(who, channel, moment);
            if !rights.permissions.contains(permission) {
                return Some(moment);
            }
            moment = rights.holds_until?;
        }
        Some(moment)
    }

    /// Whether somebody may know that the device exists: its owner, a guest whose share has not
    /// ended, whatever the hours, and a user of the device.
    #[must_use]
    pub fn may_know(&self, who: &Principal, at: Timestamp) -> bool {
        match who {
            Principal::Account(account) => self.sources(account).any(|source| match source {
                GrantSource::Ownership => true,
                GrantSource::Share { terms, .. } => !terms.ended(at),
            }),
            Principal::DeviceUser(user) => self.confirms(user),
        }
    }

    /// The account that owns the device.
    #[must_use]
    pub fn owner(&self) -> Option<&AccountId> {
        let mut owners = self.grants.iter();
        owners
            .find(|grant| grant.source == GrantSource::Ownership)
            .map(|grant| &grant.account)
    }

    pub(super) fn sources(&self, account: &AccountId) -> impl Iterator<Item = &GrantSource> {
        let of_account = self.grants.iter().filter(move |g| g.account == *account);
        of_account.map(|grant| &grant.source)
    }

    pub(super) fn confirms(&self, user: &DeviceUser) -> bool {
        user.device == self.device && user.ownership_epoch == self.ownership_epoch
    }
}

/// What the device itself lets its users do.
pub(super) fn device_user_permissions(user: &DeviceUser) -> Permissions {
    if user.administrator {
        return Permissions::ALL;
    }
    let viewer = [
        Permission::ViewLive,
        Permission::ViewArchive,
        Permission::Sound,
    ];
    viewer.into_iter().collect()
}
