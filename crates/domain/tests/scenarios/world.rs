//! A scenario's people and devices as a site, and what its steps mean for it.

mod check;

use std::collections::BTreeMap;

use jiff::Timestamp;
use sightline_domain::access::{
    Device, InvalidSite, Permission, Permissions, Resource, Site, SiteGrant, Subject, Terms, zone,
};
use sightline_domain::{AccountId, CloudId, Principal};

use crate::scenario::{Change, Grant, KindName, Offer, Right, Scenario, Step, permissions};

/// What everybody has, by person or group and resource.
type Rights = BTreeMap<String, Permissions>;

/// A site that follows a scenario.
pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    site: Site,
    now: Timestamp,
    people: BTreeMap<String, AccountId>,
    resources: BTreeMap<String, Resource>,
    devices: BTreeMap<String, Device>,
    /// Offers by name, with their terms as last edited; accepted ones are grants of the site too.
    offers: BTreeMap<String, (SiteGrant, bool)>,
}

impl<'a> World<'a> {
    pub(crate) fn new(scenario: &'a Scenario) -> Self {
        let site_zone = zone::named(&scenario.zone).expect("a zone of the database");
        let mut world = Self {
            scenario,
            site: Site::new(site_zone),
            now: Timestamp::MIN,
            people: people(scenario),
            resources: BTreeMap::new(),
            devices: BTreeMap::new(),
            offers: BTreeMap::new(),
        };
        world.add_devices();
        world.add_others();
        world.fill();
        world
    }

    fn add_devices(&mut self) {
        for device in &self.scenario.devices {
            let id = CloudId::of_public_key(device.name.as_bytes());
            let state = Device {
                owner: Some(self.people[&device.owner].clone()),
                ownership_epoch: 1,
                zone: self.scenario.zone_of(device),
                tariff: Permissions::ALL,
            };
            self.devices.insert(device.name.clone(), state.clone());
            self.site.put_device(id, state).expect("a new device");
            self.name(&device.name, Resource::Device(id));
            for number in 1..=device.channels {
                let channel = Resource::Channel(id, number);
                self.site.add(channel).expect("a new channel");
            }
        }
    }

    fn add_others(&mut self) {
        let listed = self.scenario.resources.iter();
        let listed = listed.flat_map(|(kind, names)| names.iter().map(|name| (*kind, name)));
        let layouts = self.scenario.layouts.keys();
        for (kind, name) in listed.chain(layouts.map(|name| (KindName::Layout, name))) {
            let id = name.clone();
            let resource = match kind {
                KindName::IoModule => Resource::IoModule(id),
                KindName::WebPage => Resource::WebPage(id),
                KindName::Integration => Resource::Integration(id),
                KindName::HealthMonitor => Resource::HealthMonitor(id),
                KindName::Layout => Resource::Layout(id),
                KindName::VideoWall => Resource::VideoWall(id),
                KindName::Device | KindName::Channel => panic!("{name} belongs to the devices"),
            };
            self.site.add(resource.clone()).expect("a new resource");
            self.name(name, resource);
        }
    }

    fn name(&mut self, name: &str, resource: Resource) {
        let former = self.resources.insert(name.to_owned(), resource);
        assert!(former.is_none(), "two resources are called {name}");
    }

    fn fill(&mut self) {
        let scenario = self.scenario;
        for (layout, placed) in &scenario.layouts {
            for what in placed {
                let resource = self.resources[what].clone();
                self.site.place(layout, resource).expect("a place");
            }
        }
        for (group, members) in &scenario.groups {
            for member in members {
                let member = self.subject(member);
                self.site.join(member, group).expect("no cycle");
            }
        }
        for (name, grant) in &scenario.grants {
            let grant = self.grant(grant);
            self.site.grant(name, grant).expect("a grant");
        }
    }

    fn subject(&self, name: &str) -> Subject {
        match self.people.get(name) {
            Some(account) => Subject::User(account.clone()),
            None => {
                let known = self.scenario.groups.contains_key(name);
                assert!(known, "{name} is neither a person nor a group");
                Subject::Group(name.to_owned())
            }
        }
    }

    fn grant(&self, grant: &Grant) -> SiteGrant {
        SiteGrant {
            to: self.subject(&grant.to),
            on: self.resources[&grant.on].clone(),
            terms: self.scenario.terms(&grant.gives),
        }
    }

    pub(crate) fn replay(&mut self, step: &Step) {
        if let Some(at) = &step.at {
            let at = self.scenario.moment(at);
            assert!(at >= self.now, "time goes forward");
            self.now = at;
        }
        if let Some(change) = &step.change {
            self.change(step, change);
        }
        if step.change.is_none() {
            assert!(
                step.who.is_some(),
                "a step without a change speaks of somebody"
            );
        }
        if let Some(who) = &step.who {
            self.check(step, who);
        }
    }

    fn change(&mut self, step: &Step, change: &Change) {
        let before = step.who.as_ref().map(|who| self.all_rights(who));
        match (self.apply(change), &step.refused) {
            (Ok(()), None) => {}
            (Err(refusal), Some(words)) => {
                let refusal = refusal.to_string();
                assert!(refusal.contains(words), "{refusal}");
            }
            (result, expected) => panic!("{result:?}, not {expected:?}"),
        }
        if let (Some(who), Some(before)) = (&step.who, before) {
            let after = self.all_rights(who);
            assert_eq!(more(&before, &after), in_words(&step.loses), "what is lost");
            assert_eq!(
                more(&after, &before),
                in_words(&step.gains),
                "what is gained"
            );
        }
    }

    fn apply(&mut self, change: &Change) -> Result<(), InvalidSite> {
        match change {
            Change::Share(offer) => self.offer(offer),
            Change::Accept(share) => self.accept(share)?,
            Change::Decline(share) => drop(self.offers.remove(share).expect("an offer")),
            Change::Edit { share, gives } => self.edit(share, self.scenario.terms(gives))?,
            Change::Revoke(share) => {
                self.offers.remove(share).expect("a share");
                self.site.withdraw(share);
            }
            Change::Delete(device) => self.change_owner(device, None)?,
            Change::Claim { device, by } => {
                let owner = self.people[by].clone();
                self.change_owner(device, Some(owner))?;
            }
            Change::Join { member, group } => self.site.join(self.subject(member), group)?,
            Change::Leave { member, group } => self.site.leave(&self.subject(member), group),
            Change::Place { what, layout } => {
                self.site.place(layout, self.resources[what].clone())?;
            }
            Change::TakeOff { what, layout } => self.site.take_off(layout, &self.resources[what]),
            Change::Grant { name, grant } => self.site.grant(name, self.grant(grant))?,
            Change::Withdraw(name) => self.site.withdraw(name),
            Change::Tariff { device, leaves } => {
                self.devices.get_mut(device).expect("a device").tariff = permissions(leaves);
                self.put(device)?;
            }
        }
        Ok(())
    }

    fn offer(&mut self, offer: &Offer) {
        let terms = self.scenario.terms(&offer.gives);
        terms.check().expect("what a share can give");
        let grant = SiteGrant {
            to: self.subject(&offer.with),
            on: self.resources[&offer.device].clone(),
            terms,
        };
        let former = self.offers.insert(offer.name.clone(), (grant, false));
        assert!(former.is_none(), "two shares are called {}", offer.name);
    }

    fn accept(&mut self, share: &str) -> Result<(), InvalidSite> {
        let (grant, accepted) = self.offers.get_mut(share).expect("an offer");
        *accepted = true;
        self.site.grant(share, grant.clone())
    }

    fn edit(&mut self, share: &str, terms: Terms) -> Result<(), InvalidSite> {
        terms.check().expect("what a share can give");
        let (grant, accepted) = self.offers.get_mut(share).expect("a share");
        grant.terms = terms;
        if *accepted {
            self.site.grant(share, grant.clone())?;
        }
        Ok(())
    }

    /// Shares are left to the ownership epoch, which must be enough to end them.
    fn change_owner(&mut self, device: &str, owner: Option<AccountId>) -> Result<(), InvalidSite> {
        let state = self.devices.get_mut(device).expect("a device");
        assert_ne!(
            state.owner.is_some(),
            owner.is_some(),
            "deleted first, then claimed"
        );
        state.owner = owner;
        state.ownership_epoch += 1;
        self.put(device)
    }

    fn put(&mut self, device: &str) -> Result<(), InvalidSite> {
        let id = *self.resources[device].device().expect("a device");
        self.site.put_device(id, self.devices[device].clone())
    }

    fn resource(&self, step: &Step) -> Resource {
        let named = match (&step.on, self.scenario.devices.as_slice()) {
            (Some(name), _) => &self.resources[name],
            (None, [only]) => &self.resources[&only.name],
            (None, _) => panic!("the step does not say of what it speaks"),
        };
        match (named, step.channel) {
            (Resource::Device(device), Some(number)) => Resource::Channel(*device, number),
            (other, None) => other.clone(),
            (other, Some(_)) => panic!("{other} has no channels"),
        }
    }

    fn all_rights(&self, who: &str) -> Rights {
        let who = Principal::Account(self.people[who].clone());
        let rights = |resource| self.site.resolve(&who, resource, self.now).permissions;
        let named = self.resources.iter();
        named
            .map(|(name, resource)| (name.clone(), rights(resource)))
            .collect()
    }
}

fn people(scenario: &Scenario) -> BTreeMap<String, AccountId> {
    let numbered = scenario.people.iter().zip(1..);
    let account = |number: u32| {
        let text = format!("00000000-0000-4000-8000-{number:012}");
        text.parse().expect("an account ID")
    };
    numbered
        .map(|(name, number)| (name.clone(), account(number)))
        .collect()
}

/// What one has and the other has not, without resources of which that is nothing.
fn more(one: &Rights, other: &Rights) -> BTreeMap<String, Vec<Permission>> {
    let missing = |name: &String, permissions: &Permissions| -> Vec<Permission> {
        permissions
            .iter()
            .filter(|permission| !other[name].contains(*permission))
            .collect()
    };
    one.iter()
        .map(|(name, permissions)| (name.clone(), missing(name, permissions)))
        .filter(|(_, missing)| !missing.is_empty())
        .collect()
}

fn in_words(rights: &BTreeMap<String, Vec<Right>>) -> BTreeMap<String, Vec<Permission>> {
    let listed = |rights: &[Right]| permissions(rights).iter().collect();
    rights
        .iter()
        .map(|(name, rights)| (name.clone(), listed(rights)))
        .collect()
}
