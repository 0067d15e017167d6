//! A whole site against its projections to single devices, which know neither groups nor layouts.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sightline_domain::access::{
    Device, Kind, Permission, Permissions, Resource, Rights, Schedule, Site, SiteGrant, Subject,
    Terms, zone,
};
use sightline_domain::{AccountId, CloudId, Principal};

use crate::walk::{Written, config, written};

const USERS: usize = 4;
const DEVICES: usize = 2;
/// Sunday, 22 November 2026, in seconds since the Unix epoch.
const NOW: i64 = 1_795_305_600;

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

/// A site with the state of its devices, which are put there anew with each change.
struct Built {
    site: Site,
    devices: Vec<Device>,
    grants: usize,
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
            grants: 0,
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
            Change::Join(member, group) => drop(self.site.join(member, &group)),
            Change::Place(layout, on) => drop(self.site.place(&layout, on)),
            Change::Grant(grant) => {
                self.grants += 1;
                let granted = self.site.grant(&self.grants.to_string(), grant);
                granted.expect("a grant of what is offered");
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
    #![proptest_config(config(500))]

    #[test]
    fn site_and_its_projection_to_a_device_agree(changes in changes(), at in moment()) {
        let built = Built::after(changes);
        for (user, resource) in each() {
            let Some(id) = resource.device() else { continue };
            let projection = built.site.project(id).expect("a known device");
            let known = (0..DEVICES).find(|n| device(*n) == *id).expect("one of them");
            let who = Principal::Account(account(user));
            let projected = projection.rights(&who, resource.channel(), at);
            let tariff = built.devices[known].tariff;
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
