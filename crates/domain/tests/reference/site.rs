//! A whole site against a naive one, and against its projections to single devices, which know
//! neither groups nor layouts.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sightline_domain::access::{
    Device, Kind, Permission, Permissions, Resource, Rights, Schedule, Site, SiteGrant, Subject,
    Terms, zone,
};
use sightline_domain::{AccountId, CloudId, Principal};

use crate::device::brings;
use crate::walk::{Written, config, written};

const USERS: usize = 4;
const DEVICES: usize = 2;
/// Sunday, 22 November 2026, in seconds since the Unix epoch.
const NOW: i64 = 1_795_305_600;

/// Sites that each rule is tried on, with 40 pairs of a user and a resource each: 200,000 answers.
const SITES: u32 = 5_000;

/// One change of a site.
#[derive(Debug, Clone)]
enum Change {
    Join(Subject, String),
    Place(String, Resource),
    Grant(SiteGrant),
    Sell(usize, usize),
    Tariff(usize, Permissions),
}

fn account(n: usize) -> AccountId {
    let text = format!("00000000-0000-4000-8000-0000000000{n:02}");
    text.parse().expect("an account ID")
}

fn device(n: usize) -> CloudId {
    CloudId::of_public_key(&[u8::try_from(n).expect("few devices")])
}

/// Two devices with two channels each, two layouts, a page and a wall.
fn resources() -> Vec<Resource> {
    let of_device = |n| {
        let channel = move |number| Resource::Channel(device(n), number);
        [Resource::Device(device(n)), channel(1), channel(2)]
    };
    let others = [
        Resource::Layout("one".to_owned()),
        Resource::Layout("two".to_owned()),
        Resource::WebPage("page".to_owned()),
        Resource::VideoWall("wall".to_owned()),
    ];
    (0..DEVICES).flat_map(of_device).chain(others).collect()
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        (0..USERS).prop_map(|n| Subject::User(account(n))),
        group().prop_map(Subject::Group),
    ]
}

fn group() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned)
}

fn terms() -> impl Strategy<Value = Terms> {
    let permissions = subsequence(Permission::ALL.to_vec(), 1..3);
    let hours = prop::option::of(written());
    let channels = subsequence(vec![1, 2], 0..=1);
    let ends = prop::option::weighted(0.2, NOW - 100_000..NOW + 1_000_000);
    (permissions, hours, channels, ends).prop_map(|(permissions, hours, channels, ends)| Terms {
        permissions: permissions.into_iter().collect(),
        schedule: hours.as_ref().map_or(Schedule::Always, Written::schedule),
        channels: channels.into_iter().collect(),
        ends_at: ends.map(|end| Timestamp::from_second(end).expect("a moment")),
    })
}

/// A change that gives something, if it is possible at all.
fn gift() -> impl Strategy<Value = Change> {
    let layout = select(vec!["one", "two"]).prop_map(str::to_owned);
    prop_oneof![
        (subject(), group()).prop_map(|(member, group)| Change::Join(member, group)),
        (layout, select(resources())).prop_map(|(layout, on)| Change::Place(layout, on)),
        (subject(), select(resources()), terms()).prop_map(|(to, on, mut terms)| {
            if on.kind() != Kind::Device {
                terms.channels.clear();
            }
            let permissions = terms.permissions.iter();
            let offered = permissions.filter(|one| on.kind().offers().contains(*one));
            terms.permissions = offered.collect();
            Change::Grant(SiteGrant { to, on, terms })
        }),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let tariff = subsequence(Permission::ALL.to_vec(), 0..=9);
    prop_oneof![
        8 => gift(),
        1 => (0..DEVICES, 0..USERS).prop_map(|(device, to)| Change::Sell(device, to)),
        1 => (0..DEVICES, tariff).prop_map(|(device, tariff)| {
            Change::Tariff(device, tariff.into_iter().collect())
        }),
    ]
}

/// A site, beside lists of all that was done to it.
struct Built {
    site: Site,
    devices: Vec<Device>,
    joined: Vec<(Subject, String)>,
    /// With the ownership epoch of the device.
    placed: Vec<(String, Resource, u64)>,
    grants: Vec<(SiteGrant, u64)>,
}

impl Built {
    fn new() -> Self {
        let zone = zone::named("Europe/Berlin").expect("a zone of the database");
        let owned = Device {
            owner: Some(account(0)),
            ownership_epoch: 1,
            zone: zone.clone(),
            tariff: Permissions::ALL,
        };
        let mut built = Self {
            site: Site::new(zone),
            devices: vec![owned; DEVICES],
            joined: Vec::new(),
            placed: Vec::new(),
            grants: Vec::new(),
        };
        (0..DEVICES).for_each(|n| built.put(n));
        for resource in resources() {
            if resource.kind() != Kind::Device {
                built.site.add(resource).expect("a new resource");
            }
        }
        built
    }

    fn put(&mut self, n: usize) {
        let put = self.site.put_device(device(n), self.devices[n].clone());
        put.expect("a later epoch");
    }

    /// A change that is refused changes nothing.
    fn apply(&mut self, change: Change) {
        match change {
            Change::Join(member, group) => {
                let joined = self.site.join(member.clone(), &group);
                let outer = self.naive_groups(&Subject::Group(group.clone()));
                assert_eq!(joined.is_err(), outer.contains(&member));
                if joined.is_ok() {
                    self.joined.push((member, group));
                }
            }
            Change::Place(layout, on) => {
                if self.site.place(&layout, on.clone()).is_ok() {
                    let epoch = self.epoch(&on);
                    self.placed
                        .retain(|(one, what, _)| (one, what) != (&layout, &on));
                    self.placed.push((layout, on, epoch));
                }
            }
            Change::Grant(grant) => {
                let id = self.grants.len().to_string();
                let granted = self.site.grant(&id, grant.clone());
                granted.expect("a grant of what is offered");
                let epoch = self.epoch(&grant.on);
                self.grants.push((grant, epoch));
            }
            Change::Sell(n, to) => {
                self.devices[n].owner = Some(account(to));
                self.devices[n].ownership_epoch += 1;
                self.put(n);
            }
            Change::Tariff(n, tariff) => {
                self.devices[n].tariff = tariff;
                self.put(n);
            }
        }
    }

    fn after(changes: Vec<Change>) -> Self {
        let mut built = Self::new();
        changes.into_iter().for_each(|change| built.apply(change));
        built
    }

    fn epoch(&self, resource: &Resource) -> u64 {
        self.state(resource)
            .map_or(0, |device| device.ownership_epoch)
    }

    fn state(&self, resource: &Resource) -> Option<&Device> {
        let id = resource.device()?;
        (0..DEVICES)
            .find(|n| device(*n) == *id)
            .map(|n| &self.devices[n])
    }

    /// Somebody and all groups around them, by going through all memberships until none is new.
    fn naive_groups(&self, of: &Subject) -> Vec<Subject> {
        let mut all = vec![of.clone()];
        for _ in &self.joined {
            for (member, group) in &self.joined {
                let group = Subject::Group(group.clone());
                if all.contains(member) && !all.contains(&group) {
                    all.push(group);
                }
            }
        }
        all
    }

    fn naive_rights(&self, n: usize, resource: &Resource, at: Timestamp) -> Permissions {
        let state = self.state(resource);
        let owned = state.is_some_and(|device| device.owner == Some(account(n)));
        let subjects = self.naive_groups(&Subject::User(account(n)));
        let zone = zone::named("Europe/Berlin").expect("a zone of the database");
        let mut held = if owned {
            Permission::ALL.to_vec()
        } else {
            Vec::new()
        };
        for (grant, epoch) in &self.grants {
            if subjects.contains(&grant.to)
                && *epoch == self.epoch(&grant.on)
                && self.naive_reach(grant, resource)
                && grant.terms.in_force(at, &zone)
            {
                let given = grant.terms.permissions.iter();
                held.extend(given.flat_map(brings));
            }
        }
        let offered = resource.kind().offers();
        let left = state.map_or(Permissions::ALL, |device| device.tariff);
        held.retain(|one| offered.contains(*one) && left.contains(*one));
        held.into_iter().collect()
    }

    fn naive_reach(&self, grant: &SiteGrant, resource: &Resource) -> bool {
        let parts = |of: &Resource| {
            let whole = matches!(of, Resource::Device(device) if resource.device() == Some(device));
            of == resource || whole
        };
        let chosen = &grant.terms.channels;
        let of_channel = |number: u32| chosen.contains(&number);
        let meant = chosen.is_empty() || resource.channel().is_some_and(of_channel);
        let carried = self.placed.iter().any(|(layout, what, epoch)| {
            grant.on == Resource::Layout(layout.clone())
                && *epoch == self.epoch(what)
                && parts(what)
        });
        (parts(&grant.on) && meant) || carried
    }

    fn rights(&self, n: usize, resource: &Resource, at: Timestamp) -> Rights {
        let who = Principal::Account(account(n));
        self.site.resolve(&who, resource, at)
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 0..24)
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (NOW..NOW + 7 * 24 * 3600).prop_map(|second| Timestamp::from_second(second).expect("a moment"))
}

fn each() -> impl Iterator<Item = (usize, Resource)> {
    (0..USERS).flat_map(|user| {
        resources()
            .into_iter()
            .map(move |resource| (user, resource))
    })
}

proptest! {
    #![proptest_config(config(SITES))]

    #[test]
    fn rights_are_those_of_the_naive_site(changes in changes(), at in moment()) {
        let built = Built::after(changes);
        for (user, resource) in each() {
            let rights = built.rights(user, &resource, at).permissions;
            prop_assert_eq!(rights, built.naive_rights(user, &resource, at), "{}", resource);
        }
    }

    #[test]
    fn site_and_its_projection_to_a_device_agree(changes in changes(), at in moment()) {
        let built = Built::after(changes);
        for (user, resource) in each() {
            let Some(id) = resource.device() else { continue };
            let projection = built.site.project(id).expect("a known device");
            let who = Principal::Account(account(user));
            let projected = projection.rights(&who, resource.channel(), at);
            let tariff = built.state(&resource).expect("one of them").tariff;
            prop_assert_eq!(built.rights(user, &resource, at), projected.within(tariff));
        }
    }

    #[test]
    fn a_gift_takes_nothing_from_anybody(changes in changes(), gift in gift(), at in moment()) {
        let mut built = Built::after(changes);
        let rights = |built: &Built| -> Vec<Permissions> {
            each().map(|(user, on)| built.rights(user, &on, at).permissions).collect()
        };
        let before = rights(&built);
        built.apply(gift);
        for (before, after) in before.into_iter().zip(rights(&built)) {
            prop_assert!(after.is_superset(before));
        }
    }

    #[test]
    fn every_right_has_a_path_and_every_path_in_force_is_a_right(
        changes in changes(), at in moment()
    ) {
        let built = Built::after(changes);
        for (user, resource) in each() {
            let rights = built.rights(user, &resource, at).permissions;
            let who = Principal::Account(account(user));
            for permission in Permission::ALL {
                let explanation = built.site.explain(&who, &resource, permission, at);
                let in_force = explanation.paths.iter().any(|one| one.path.in_force);
                prop_assert_eq!(in_force, rights.contains(permission), "{}", resource);
            }
        }
    }

    #[test]
    fn answer_holds_as_long_as_it_says(
        changes in changes(), at in moment(), seconds in 0..40 * 24 * 3600_i64
    ) {
        let built = Built::after(changes);
        let later = Timestamp::from_second(at.as_second() + seconds).expect("a moment");
        for (user, resource) in each() {
            let rights = built.rights(user, &resource, at);
            let last = rights.holds_until.map_or(later, |until| {
                let before = Timestamp::from_millisecond(until.as_millisecond() - 1);
                later.min(before.expect("a moment"))
            });
            let then = built.rights(user, &resource, last).permissions;
            prop_assert_eq!(then, rights.permissions);
        }
    }
}
