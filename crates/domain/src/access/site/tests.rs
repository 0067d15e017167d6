use super::*;
use crate::access::schedule::Schedule;
use crate::principal::{DeviceUser, Principal};
use jiff::Timestamp;

fn account(n: u8) -> AccountId {
    let text = format!("00000000-0000-4000-8000-0000000000{n:02}");
    text.parse().unwrap()
}

fn user(n: u8) -> Subject {
    Subject::User(account(n))
}

fn group(name: &str) -> Subject {
    Subject::Group(name.to_owned())
}

fn recorder() -> CloudId {
    CloudId::of_public_key(b"recorder")
}

fn layout() -> Resource {
    Resource::Layout("hall".to_owned())
}

fn page() -> Resource {
    Resource::WebPage("weather".to_owned())
}

fn owned_by(n: u8, ownership_epoch: u64) -> Device {
    Device {
        owner: Some(account(n)),
        ownership_epoch,
        zone: TimeZone::UTC,
        tariff: Permissions::ALL,
    }
}

fn grant(to: Subject, on: Resource, permission: Permission) -> SiteGrant {
    let terms = Terms {
        permissions: permission.into(),
        schedule: Schedule::Always,
        channels: BTreeSet::new(),
        ends_at: None,
    };
    SiteGrant { to, on, terms }
}

/// A recorder of user 1 with two channels, a layout and a web page.
fn site() -> Site {
    let mut site = Site::new(TimeZone::UTC);
    site.put_device(recorder(), owned_by(1, 1)).unwrap();
    for resource in [
        Resource::Channel(recorder(), 1),
        Resource::Channel(recorder(), 2),
        layout(),
        page(),
    ] {
        site.add(resource).unwrap();
    }
    site
}

fn allowed(site: &Site, n: u8, resource: &Resource) -> Permissions {
    let who = Principal::Account(account(n));
    site.resolve(&who, resource, Timestamp::UNIX_EPOCH)
        .permissions
}

#[test]
fn group_that_would_contain_itself_is_refused_by_the_name_of_the_way() {
    let mut site = site();
    site.join(group("night"), "guards").unwrap();
    site.join(group("guards"), "staff").unwrap();
    let refused = site.join(group("staff"), "night");
    let way = "staff > night > guards > staff";
    assert_eq!(refused, Err(InvalidSite::Cycle(way.to_owned())));
    let own = site.join(group("staff"), "staff");
    assert_eq!(own, Err(InvalidSite::Cycle("staff > staff".to_owned())));
}

#[test]
fn refused_membership_leaves_no_trace() {
    let mut site = site();
    site.join(group("night"), "guards").unwrap();
    site.join(group("guards"), "night").unwrap_err();
    site.join(user(2), "guards").unwrap();
    let on_night = grant(group("night"), page(), Permission::ViewLive);
    site.grant("g", on_night).unwrap();
    assert!(allowed(&site, 2, &page()).is_empty());
}

#[test]
fn layout_carries_to_a_channel_only_what_is_placed() {
    let mut site = site();
    site.grant("g", grant(user(2), layout(), Permission::ViewArchive))
        .unwrap();
    let first = Resource::Channel(recorder(), 1);
    site.place("hall", first.clone()).unwrap();
    assert!(allowed(&site, 2, &first).contains(Permission::ViewArchive));
    assert!(allowed(&site, 2, &Resource::Channel(recorder(), 2)).is_empty());
    assert!(allowed(&site, 2, &Resource::Device(recorder())).is_empty());
}

#[test]
fn layout_with_a_whole_device_carries_to_channels_that_come_later() {
    let mut site = site();
    site.grant("g", grant(user(2), layout(), Permission::ViewLive))
        .unwrap();
    site.place("hall", Resource::Device(recorder())).unwrap();
    let third = Resource::Channel(recorder(), 3);
    assert!(allowed(&site, 2, &third).is_empty());
    site.add(third.clone()).unwrap();
    assert!(allowed(&site, 2, &third).contains(Permission::ViewLive));
}

#[test]
fn sold_device_leaves_grants_and_layouts_of_its_former_owner_behind() {
    let mut site = site();
    let device = Resource::Device(recorder());
    site.place("hall", device.clone()).unwrap();
    site.grant("carried", grant(user(2), layout(), Permission::ViewLive))
        .unwrap();
    site.grant(
        "direct",
        grant(user(3), device.clone(), Permission::ViewLive),
    )
    .unwrap();
    site.put_device(recorder(), owned_by(4, 2)).unwrap();
    for former in [1, 2, 3] {
        assert!(allowed(&site, former, &device).is_empty(), "user {former}");
    }
    assert_eq!(allowed(&site, 4, &device), Permissions::ALL);
    assert_eq!(
        site.put_device(recorder(), owned_by(1, 1)),
        Err(InvalidSite::Epoch)
    );
    assert_eq!(
        site.put_device(recorder(), owned_by(1, 2)),
        Err(InvalidSite::Epoch)
    );
}

#[test]
fn removed_device_takes_its_grants_along() {
    let mut site = site();
    let device = Resource::Device(recorder());
    site.grant("g", grant(user(2), device.clone(), Permission::ViewLive))
        .unwrap();
    site.remove(&device);
    site.put_device(recorder(), owned_by(1, 1)).unwrap();
    assert!(allowed(&site, 2, &device).is_empty());
}

#[test]
fn tariff_is_a_ceiling_for_the_owner_too() {
    let mut site = site();
    let tariff = Permission::ViewLive.into();
    let device = Device {
        tariff,
        ..owned_by(1, 1)
    };
    site.put_device(recorder(), device).unwrap();
    let device = Resource::Device(recorder());
    assert_eq!(allowed(&site, 1, &device), tariff);
    let owner = Principal::Account(account(1));
    let now = Timestamp::UNIX_EPOCH;
    let archive = site.explain(&owner, &device, Permission::ViewArchive, now);
    assert_eq!(archive, Explanation::default());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut site = site();
    let wall = Resource::VideoWall("lobby".to_owned());
    site.add(wall.clone()).unwrap();
    assert_eq!(
        site.grant("g", grant(user(2), page(), Permission::ViewArchive)),
        Err(InvalidSite::NotOffered(
            Permission::ViewArchive,
            Kind::WebPage
        ))
    );
    assert_eq!(
        site.place("hall", wall),
        Err(InvalidSite::NotPlaceable(Kind::VideoWall))
    );
    let mut of_no_channel = grant(user(2), page(), Permission::ViewLive);
    of_no_channel.terms.channels = [1].into();
    assert_eq!(site.grant("g", of_no_channel), Err(InvalidSite::Channels));
    let absent = Resource::WebPage("absent".to_owned());
    assert_eq!(
        site.place("hall", absent.clone()),
        Err(InvalidSite::Unknown(absent))
    );
}

#[test]
fn cell_shows_a_sign_for_each_way() {
    let mut site = site();
    site.join(user(2), "guards").unwrap();
    site.place("hall", page()).unwrap();
    let live = Permission::ViewLive;
    let cell = |site: &Site| site.cell(&user(2), &page(), live, Timestamp::UNIX_EPOCH);
    assert_eq!(cell(&site), Cell::default());
    site.grant("own", grant(user(2), page(), live)).unwrap();
    site.grant("hall", grant(group("guards"), layout(), live))
        .unwrap();
    let all = Cell {
        owned: false,
        granted: true,
        by_layout: true,
        by_groups: true,
    };
    assert_eq!(cell(&site), all);
}

#[test]
fn heading_grants_what_is_missing_and_then_withdraws_all() {
    let mut site = site();
    let second = Resource::WebPage("support".to_owned());
    site.add(second.clone()).unwrap();
    let live = Permission::ViewLive;
    site.grant("first", grant(user(2), page(), live)).unwrap();
    let toggle = |site: &Site, permission| {
        site.toggle(&user(2), Kind::WebPage, permission, Timestamp::UNIX_EPOCH)
    };
    assert_eq!(
        toggle(&site, live),
        Some(Toggle::Grant(vec![second.clone()]))
    );
    site.grant("second", grant(user(2), second.clone(), live))
        .unwrap();
    let both = vec![second, page()];
    assert_eq!(toggle(&site, live), Some(Toggle::Withdraw(both)));
    assert_eq!(toggle(&site, Permission::ViewArchive), None);
}

#[test]
fn global_permissions_come_through_nested_groups() {
    let mut site = site();
    site.join(user(2), "guards").unwrap();
    site.join(group("guards"), "staff").unwrap();
    site.grant_global(group("staff"), GlobalPermission::ViewEventLog);
    let log = BTreeSet::from([GlobalPermission::ViewEventLog]);
    assert_eq!(site.global(&user(2)), log);
    assert_eq!(site.global(&user(3)), BTreeSet::new());
    site.withdraw_global(&group("staff"), GlobalPermission::ViewEventLog);
    assert_eq!(site.global(&user(2)), BTreeSet::new());
}

#[test]
fn explanation_of_many_ways_is_cut_and_says_so() {
    let mut site = site();
    // Each floor doubles the ways from the one below to the one above: they cannot all be walked.
    let floors = 60;
    for floor in 0..floors {
        for room in ["a", "b"] {
            let room = format!("{room}{floor}");
            site.join(group(&format!("floor{floor}")), &room).unwrap();
            site.join(group(&room), &format!("floor{}", floor + 1))
                .unwrap();
        }
    }
    site.join(user(2), "floor0").unwrap();
    let roof = group(&format!("floor{floors}"));
    site.grant("g", grant(roof, page(), Permission::ViewLive))
        .unwrap();
    let who = Principal::Account(account(2));
    let now = Timestamp::UNIX_EPOCH;
    let explanation = site.explain(&who, &page(), Permission::ViewLive, now);
    assert_eq!(explanation.paths.len(), PATHS_MAX);
    assert!(explanation.more);
    let ways: BTreeSet<_> = explanation.paths.iter().map(|one| &one.groups).collect();
    assert_eq!(ways.len(), PATHS_MAX);
}

#[test]
fn device_user_sees_that_device_alone_under_that_owner_alone() {
    let mut site = site();
    let other = CloudId::of_public_key(b"other");
    site.put_device(other, owned_by(1, 1)).unwrap();
    let who = Principal::DeviceUser(DeviceUser {
        device: recorder(),
        name: "admin".to_owned(),
        administrator: true,
        ownership_epoch: 1,
    });
    let at = Timestamp::UNIX_EPOCH;
    let rights = |site: &Site, resource| site.resolve(&who, &resource, at).permissions;
    let own = Resource::Channel(recorder(), 2);
    assert_eq!(rights(&site, own.clone()), Permissions::ALL);
    assert!(rights(&site, Resource::Device(other)).is_empty());
    assert!(rights(&site, page()).is_empty());
    site.put_device(recorder(), owned_by(3, 2)).unwrap();
    assert!(rights(&site, own).is_empty());
}
