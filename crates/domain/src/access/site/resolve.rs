//! What somebody may do with a resource, and until when that holds.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Site, SiteGrant, Subject};
use crate::access::device::{Rights, device_user_permissions};
use crate::access::permission::Permissions;
use crate::access::resource::{GlobalPermission, Resource};
use crate::access::terms::earlier;
use crate::principal::{DeviceUser, Principal};

/// A grant that reaches a resource.
pub(super) struct Reach<'a> {
    pub(super) id: &'a str,
    pub(super) grant: &'a SiteGrant,
    /// The layout that carries it there; `None` when it is on the resource or its device.
    pub(super) layout: Option<&'a str>,
}

impl Site {
    /// What somebody may do with a resource at a moment, and until when this answer holds. Without
    /// any right for what is unknown, so that nobody can tell missing from forbidden.
    #[must_use]
    pub fn resolve(&self, who: &Principal, resource: &Resource, at: Timestamp) -> Rights {
        let rights = match who {
            Principal::Account(account) => {
                self.subject_rights(&Subject::User(account.clone()), resource, at)
            }
            Principal::DeviceUser(user) if self.confirms(user, resource) => Rights {
                permissions: device_user_permissions(user),
                holds_until: None,
            },
            Principal::DeviceUser(_) => Rights::NONE,
        };
        rights.within(self.ceiling(resource))
    }

    /// What somebody may do across the site, by themselves and by their groups.
    #[must_use]
    pub fn global(&self, who: &Subject) -> BTreeSet<GlobalPermission> {
        let subjects = self.membership.closure(who);
        let given = subjects.iter().filter_map(|one| self.global.get(one));
        given.flatten().copied().collect()
    }

    fn subject_rights(&self, who: &Subject, resource: &Resource, at: Timestamp) -> Rights {
        if self.owns(who, resource) {
            return Rights {
                permissions: Permissions::ALL,
                holds_until: None,
            };
        }
        let zone = self.zone_of(resource);
        let mut rights = Rights::NONE;
        for Reach { grant, .. } in self.reaches(&self.membership.closure(who), resource) {
            if grant.terms.in_force(at, zone) {
                rights.permissions = rights.permissions.union(grant.terms.given());
            }
            let change = grant.terms.next_change(at, zone);
            rights.holds_until = earlier(rights.holds_until, change);
        }
        rights
    }

    /// Every live grant of somebody that reaches a resource, whatever the hour.
    pub(super) fn reaches(
        &self,
        subjects: &BTreeSet<Subject>,
        resource: &Resource,
    ) -> Vec<Reach<'_>> {
        let carriers = self.carriers(resource);
        self.live_grants()
            .filter(|(_, grant)| {
                subjects.contains(&grant.to)
                    && carriers.contains(&grant.on)
                    && grant.terms.covers(resource.channel())
            })
            .map(|(id, grant)| {
                let layout = match &grant.on {
                    Resource::Layout(layout) if grant.on != *resource => Some(layout.as_str()),
                    _ => None,
                };
                Reach { id, grant, layout }
            })
            .collect()
    }

    /// Itself, the device that it is a part of, and every layout on which one of them is placed.
    fn carriers(&self, resource: &Resource) -> Vec<Resource> {
        if !self.knows(resource) {
            return Vec::new();
        }
        let mut carriers = vec![resource.clone()];
        if let Resource::Channel(device, _) = resource {
            carriers.push(Resource::Device(*device));
        }
        let layouts: Vec<_> = self
            .live_layouts()
            .filter_map(|(layout, mut placed)| {
                let carries = placed.any(|one| carriers.contains(one));
                carries.then(|| Resource::Layout(layout.to_owned()))
            })
            .collect();
        carriers.extend(layouts);
        carriers
    }

    /// The most that anybody may do with a resource: what its kind offers and its tariff leaves.
    pub(super) fn ceiling(&self, resource: &Resource) -> Permissions {
        let tariff = self.device_of(resource).map(|device| device.tariff);
        let offered = resource.kind().offers();
        offered.intersection(tariff.unwrap_or(Permissions::ALL))
    }

    pub(super) fn owns(&self, who: &Subject, resource: &Resource) -> bool {
        let owner = self.device_of(resource).and_then(|d| d.owner.as_ref());
        self.knows(resource) && matches!((who, owner), (Subject::User(one), Some(o)) if one == o)
    }

    pub(super) fn confirms(&self, user: &DeviceUser, resource: &Resource) -> bool {
        self.knows(resource)
            && resource.device() == Some(&user.device)
            && self.epoch(resource) == user.ownership_epoch
    }

    pub(super) fn zone_of(&self, resource: &Resource) -> &TimeZone {
        self.device_of(resource)
            .map_or(&self.zone, |device| &device.zone)
    }
}
