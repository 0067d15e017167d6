//! Why somebody may do something with a device: every path, not the first that is found.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::device::{DeviceGrants, GrantSource, device_user_permissions};
use super::permission::Permission;
use super::terms::Terms;
use crate::principal::Principal;

/// One reason why somebody has a permission, or will have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where it comes from.
    pub by: PathSource,
    /// Whether it gives the permission now.
    pub in_force: bool,
    /// When it comes or goes next if nobody changes it; `None`: never.
    pub changes_at: Option<Timestamp>,
    /// The permission that was given, when that is another one, which includes the one asked for.
    pub given: Option<Permission>,
}

/// What leads to a permission on a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathSource {
    /// Owns the device.
    Ownership,
    /// Was given a share, or something in a site; the ID of the grant.
    Share(String),
    /// Signed in with a user name of the device itself.
    DeviceUser(String),
}

impl DeviceGrants {
    /// Every path by which somebody has a permission on a channel, or on the whole device, or will
    /// have it. What has ended is no path.
    #[must_use]
    pub fn explain(
        &self,
        who: &Principal,
        channel: Option<u32>,
        permission: Permission,
        at: Timestamp,
    ) -> Vec<Path> {
        match who {
            Principal::Account(account) => self
                .sources(account)
                .filter_map(|source| self.path(source, channel, permission, at))
                .collect(),
            Principal::DeviceUser(user)
                if self.confirms(user) && device_user_permissions(user).contains(permission) =>
            {
                vec![Path::for_good(PathSource::DeviceUser(user.name.clone()))]
            }
            Principal::DeviceUser(_) => Vec::new(),
        }
    }

    fn path(
        &self,
        source: &GrantSource,
        channel: Option<u32>,
        permission: Permission,
        at: Timestamp,
    ) -> Option<Path> {
        match source {
            GrantSource::Ownership => Some(Path::for_good(PathSource::Ownership)),
            GrantSource::Share { terms, .. } if !terms.covers(channel) => None,
            GrantSource::Share { id, terms } => {
                let source = PathSource::Share(id.clone());
                Path::of_terms(source, terms, &self.zone, permission, at)
            }
        }
    }
}

impl Path {
    pub(super) fn for_good(by: PathSource) -> Self {
        Self {
            by,
            in_force: true,
            changes_at: None,
            given: None,
        }
    }

    /// The path that terms make; `None` when they do not give the permission, or never will again.
    pub(super) fn of_terms(
        by: PathSource,
        terms: &Terms,
        zone: &TimeZone,
        permission: Permission,
        at: Timestamp,
    ) -> Option<Self> {
        let in_force = terms.in_force(at, zone);
        let changes_at = terms.next_change(at, zone);
        let comes_or_is = in_force || changes_at.is_some();
        (comes_or_is && terms.given().contains(permission)).then(|| Self {
            by,
            in_force,
            changes_at,
            given: terms.given_instead_of(permission),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::permission::Permissions;
    use crate::access::schedule::{Hours, Interval, Minute, Schedule};
    use crate::access::{Grant, zone};
    use crate::principal::DeviceUser;
    use crate::{AccountId, CloudId};
    use jiff::civil::Weekday;

    fn account(n: u8) -> AccountId {
        format!("00000000-0000-4000-8000-0000000000{n:02}")
            .parse()
            .unwrap()
    }

    fn device() -> CloudId {
        CloudId::of_public_key(b"recorder")
    }

    fn share(id: &str, permissions: Permissions, schedule: Schedule) -> Grant {
        let terms = Terms {
            permissions,
            schedule,
            channels: [1].into(),
            ends_at: None,
        };
        Grant {
            account: account(2),
            source: GrantSource::Share {
                id: id.to_owned(),
                terms,
            },
        }
    }

    fn mondays() -> Schedule {
        let interval = Interval {
            from: Minute::new(600).unwrap(),
            to: Minute::new(1079).unwrap(),
        };
        let monday = std::iter::once(Weekday::Monday).collect();
        Schedule::Weekly(Hours::new(vec![interval], monday).unwrap())
    }

    fn grants() -> DeviceGrants {
        DeviceGrants {
            device: device(),
            ownership_epoch: 3,
            zone: zone::named("Europe/Moscow").unwrap(),
            grants: vec![
                Grant {
                    account: account(1),
                    source: GrantSource::Ownership,
                },
                share("hours", Permission::ViewArchive.into(), mondays()),
                share("always", Permission::ViewLive.into(), Schedule::Always),
            ],
        }
    }

    fn at(zoned: &str) -> Timestamp {
        zoned.parse::<jiff::Zoned>().unwrap().timestamp()
    }

    #[test]
    fn live_view_is_told_by_the_share_of_it_and_by_the_one_of_the_archive() {
        let guest = Principal::Account(account(2));
        let sunday = at("2026-11-22T12:00:00+03:00[Europe/Moscow]");
        let paths = grants().explain(&guest, Some(1), Permission::ViewLive, sunday);
        assert_eq!(
            paths,
            [
                Path {
                    by: PathSource::Share("hours".to_owned()),
                    in_force: false,
                    changes_at: Some(at("2026-11-23T10:00:00+03:00[Europe/Moscow]")),
                    given: Some(Permission::ViewArchive),
                },
                Path {
                    by: PathSource::Share("always".to_owned()),
                    in_force: true,
                    changes_at: None,
                    given: None,
                },
            ]
        );
    }

    #[test]
    fn no_path_leads_to_another_channel_or_to_what_was_not_given() {
        let guest = Principal::Account(account(2));
        let now = at("2026-11-23T12:00:00+03:00[Europe/Moscow]");
        for (channel, permission) in [
            (Some(2), Permission::ViewLive),
            (None, Permission::ViewLive),
            (Some(1), Permission::ExportArchive),
        ] {
            assert_eq!(grants().explain(&guest, channel, permission, now), []);
        }
    }

    #[test]
    fn device_user_of_an_earlier_owner_has_no_path() {
        let mut user = DeviceUser {
            device: device(),
            name: "admin".to_owned(),
            administrator: true,
            ownership_epoch: 3,
        };
        let now = at("2026-11-23T12:00:00+03:00[Europe/Moscow]");
        let explain = |user: &DeviceUser| {
            let who = Principal::DeviceUser(user.clone());
            grants().explain(&who, None, Permission::EditSettings, now)
        };
        assert_eq!(
            explain(&user)[0].by,
            PathSource::DeviceUser("admin".to_owned())
        );
        user.ownership_epoch = 2;
        assert_eq!(explain(&user), []);
    }
}
