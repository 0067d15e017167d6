//! The whole model: users and nested groups, resources of all kinds, layouts that carry grants to
//! what is placed on them, owners, and what tariffs leave of it all.
//!
//! Everything that gives a right is a grant, and rights are their union. The only thing that takes
//! away is a tariff, which is a ceiling for everybody, the owner included. What was made under an
//! earlier owner of a device, a grant or a place on a layout, is dead and cannot come back.
//!
//! Only what is in force belongs here: an offer that nobody has accepted is no grant. The files
//! beside this one hold what is asked of a site: `resolve`, `explain`, `matrix`, and `project` for
//! the edge that holds a device.

mod explain;
mod matrix;
mod membership;
mod project;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::permission::{Permission, Permissions};
use super::resource::{GlobalPermission, Kind, Resource};
use super::terms::{CHANNELS_MAX, Terms};
use crate::{AccountId, CloudId};
use membership::Membership;

pub use explain::{Explanation, PATHS_MAX, SitePath};
pub use matrix::{Cell, Toggle};

/// What cannot be part of a site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSite {
    /// A group would be a member of itself, by this way.
    #[error("a group cannot contain itself: {0}")]
    Cycle(String),
    /// Nothing is known of it.
    #[error("there is no {0}")]
    Unknown(Resource),
    /// The permission makes no sense for the kind of resource.
    #[error("{1:?} does not offer {0:?}")]
    NotOffered(Permission, Kind),
    /// It cannot be placed on a layout.
    #[error("{0:?} cannot be placed on a layout")]
    NotPlaceable(Kind),
    /// Channels of something that has none, channel 0, or more than [`CHANNELS_MAX`].
    #[error("only a device has channels, numbered from 1, and a grant names 256 of them at most")]
    Channels,
    /// The device has had this owner, or a later one, already.
    #[error("a change of owner raises the ownership epoch")]
    Epoch,
}

/// Who can be given something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A user.
    User(AccountId),
    /// Everybody in a group, by its ID.
    Group(String),
}

/// A device, as the registry tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Who has claimed it.
    pub owner: Option<AccountId>,
    /// Rises with each change of the owner.
    pub ownership_epoch: u64,
    /// In which schedules count.
    pub zone: TimeZone,
    /// What its tariff leaves of anybody's rights.
    pub tariff: Permissions,
}

/// A grant: who may do what, where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteGrant {
    /// Who.
    pub to: Subject,
    /// Where.
    pub on: Resource,
    /// What and when. Channels only when it is on a device.
    pub terms: Terms,
}

/// Users, groups, resources and grants that belong together.
#[derive(Debug, Clone)]
pub struct Site {
    /// In which schedules count for what is no device.
    zone: TimeZone,
    devices: BTreeMap<CloudId, Device>,
    /// Without devices.
    resources: BTreeSet<Resource>,
    /// What is placed on each layout.
    placed: BTreeMap<String, BTreeMap<Resource, Epoch>>,
    membership: Membership,
    grants: BTreeMap<String, (SiteGrant, Epoch)>,
    global: BTreeMap<Subject, BTreeSet<GlobalPermission>>,
}

/// Ownership epoch of the device that something is about, when it was made; 0 without a device.
type Epoch = u64;

impl Site {
    /// Without anything. `zone` is the one of schedules on what is no device.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            devices: BTreeMap::new(),
            resources: BTreeSet::new(),
            placed: BTreeMap::new(),
            membership: Membership::default(),
            grants: BTreeMap::new(),
            global: BTreeMap::new(),
        }
    }

    /// Adds a device, or tells what has changed of it. A new owner leaves nothing alive of what was
    /// made under the old one.
    ///
    /// # Errors
    /// [`InvalidSite::Epoch`].
    pub fn put_device(&mut self, id: CloudId, device: Device) -> Result<(), InvalidSite> {
        if let Some(known) = self.devices.get(&id) {
            let same_owner = known.owner == device.owner;
            if device.ownership_epoch < known.ownership_epoch
                || (device.ownership_epoch == known.ownership_epoch && !same_owner)
            {
                return Err(InvalidSite::Epoch);
            }
        }
        self.devices.insert(id, device);
        Ok(())
    }

    /// Adds a resource that is no device.
    ///
    /// # Errors
    /// [`InvalidSite::Unknown`] for a device, and for a channel of an unknown one;
    /// [`InvalidSite::Channels`] for channel 0.
    pub fn add(&mut self, resource: Resource) -> Result<(), InvalidSite> {
        if let Some(device) = resource.device() {
            let known = self.devices.contains_key(device);
            if !known || resource.kind() == Kind::Device {
                return Err(InvalidSite::Unknown(resource));
            }
        }
        if resource.channel() == Some(0) {
            return Err(InvalidSite::Channels);
        }
        self.resources.insert(resource);
        Ok(())
    }

    /// Removes a resource, with the grants on it and its places on layouts; a device with its
    /// channels, a layout with what it carried.
    pub fn remove(&mut self, resource: &Resource) {
        let goes = |other: &Resource| {
            other == resource
                || (resource.kind() == Kind::Device && other.device() == resource.device())
        };
        match resource {
            Resource::Device(device) => {
                self.devices.remove(device);
            }
            Resource::Layout(layout) => {
                self.placed.remove(layout);
            }
            _ => {}
        }
        self.resources.retain(|other| !goes(other));
        self.grants.retain(|_, (grant, _)| !goes(&grant.on));
        for on_layout in self.placed.values_mut() {
            on_layout.retain(|other, _| !goes(other));
        }
    }

    /// Makes a user or a group a member of a group.
    ///
    /// # Errors
    /// [`InvalidSite::Cycle`].
    pub fn join(&mut self, member: Subject, group: &str) -> Result<(), InvalidSite> {
        self.membership.add(member, group)
    }

    /// Ends a membership.
    pub fn leave(&mut self, member: &Subject, group: &str) {
        self.membership.remove(member, group);
    }

    /// Places a resource on a layout: whoever has a permission on the layout has it there too.
    ///
    /// # Errors
    /// [`InvalidSite::Unknown`], [`InvalidSite::NotPlaceable`].
    pub fn place(&mut self, layout: &str, resource: Resource) -> Result<(), InvalidSite> {
        let on = Resource::Layout(layout.to_owned());
        for needed in [&on, &resource] {
            if !self.knows(needed) {
                return Err(InvalidSite::Unknown(needed.clone()));
            }
        }
        if !resource.kind().is_placeable() {
            return Err(InvalidSite::NotPlaceable(resource.kind()));
        }
        let epoch = self.epoch(&resource);
        let on_layout = self.placed.entry(layout.to_owned()).or_default();
        on_layout.insert(resource, epoch);
        Ok(())
    }

    /// Takes a resource off a layout.
    pub fn take_off(&mut self, layout: &str, resource: &Resource) {
        if let Some(on_layout) = self.placed.get_mut(layout) {
            on_layout.remove(resource);
        }
    }

    /// Adds a grant, or changes the one with this ID.
    ///
    /// # Errors
    /// [`InvalidSite::Unknown`], [`InvalidSite::NotOffered`], [`InvalidSite::Channels`].
    pub fn grant(&mut self, id: &str, grant: SiteGrant) -> Result<(), InvalidSite> {
        if !self.knows(&grant.on) {
            return Err(InvalidSite::Unknown(grant.on));
        }
        let kind = grant.on.kind();
        let offered = kind.offers();
        let mut chosen = grant.terms.permissions.iter();
        if let Some(senseless) = chosen.find(|one| !offered.contains(*one)) {
            return Err(InvalidSite::NotOffered(senseless, kind));
        }
        let channels = &grant.terms.channels;
        let misplaced = kind != Kind::Device && !channels.is_empty();
        if misplaced || channels.contains(&0) || channels.len() > CHANNELS_MAX {
            return Err(InvalidSite::Channels);
        }
        let epoch = self.epoch(&grant.on);
        self.grants.insert(id.to_owned(), (grant, epoch));
        Ok(())
    }

    /// Ends a grant.
    pub fn withdraw(&mut self, id: &str) {
        self.grants.remove(id);
    }

    /// Gives a permission across the site.
    pub fn grant_global(&mut self, to: Subject, permission: GlobalPermission) {
        self.global.entry(to).or_default().insert(permission);
    }

    /// Takes back what [`Self::grant_global`] gave.
    pub fn withdraw_global(&mut self, to: &Subject, permission: GlobalPermission) {
        if let Some(given) = self.global.get_mut(to) {
            given.remove(&permission);
        }
    }

    /// Every resource of a kind.
    pub fn resources(&self, kind: Kind) -> impl Iterator<Item = Resource> {
        let devices = self.devices.keys().cloned().map(Resource::Device);
        let all = devices.chain(self.resources.iter().cloned());
        all.filter(move |resource| resource.kind() == kind)
    }

    fn knows(&self, resource: &Resource) -> bool {
        match resource {
            Resource::Device(device) => self.devices.contains_key(device),
            other => self.resources.contains(other),
        }
    }

    fn device_of(&self, resource: &Resource) -> Option<&Device> {
        self.devices.get(resource.device()?)
    }

    fn epoch(&self, resource: &Resource) -> Epoch {
        self.device_of(resource)
            .map_or(0, |device| device.ownership_epoch)
    }

    /// Live grants with their IDs.
    fn live_grants(&self) -> impl Iterator<Item = (&str, &SiteGrant)> {
        let alive = |(grant, epoch): &(SiteGrant, Epoch)| *epoch == self.epoch(&grant.on);
        let alive = self.grants.iter().filter(move |(_, held)| alive(held));
        alive.map(|(id, (grant, _))| (id.as_str(), grant))
    }

    /// Layouts with what is placed on them and alive.
    fn live_layouts(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &Resource>)> {
        self.placed.iter().map(|(layout, placed)| {
            let alive = placed
                .iter()
                .filter(|(resource, epoch)| **epoch == self.epoch(resource));
            (layout.as_str(), alive.map(|(resource, _)| resource))
        })
    }
}

#[cfg(test)]
mod tests;
