//! What guests and users of a device see.

use sightline_rpc::registry::v1::watch_devices_response::Event;
use sightline_rpc::registry::v1::{DeviceStatus, Relation, SharedDevice};
use sightline_rpc::sharing::v1::{Interval, Permission, Schedule, Terms};

use super::watching::{end, next, next_list, told};
use super::*;

/// A recorder with recordings, and with a camera in trouble.
fn troubled() -> DescribeResponse {
    let mut told = DescribeResponse {
        has_storage: true,
        software_version: "1.0".into(),
        ..recorder()
    };
    told.channels[0].detail = "192.168.1.7 refuses the password".into();
    told
}

/// Device 1 of the first person, shared with the second.
async fn shared(cloud: &Cloud, terms: Terms) -> (Person, Person) {
    let (ann, guest) = (cloud.person(1), cloud.person(2));
    let epoch = cloud.claim_session(cloud_id(1)).await;
    cloud.report(cloud_id(1), epoch, troubled()).await.unwrap();
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    cloud.sharing.share(cloud_id(1), &guest.account, terms);
    (ann, guest)
}

#[tokio::test]
async fn a_guest_sees_the_device_and_nothing_of_its_owner_or_network() {
    let cloud = Cloud::start().await;
    let (_, guest) = shared(&cloud, live()).await;
    let seen = guest.device(cloud_id(1)).await.unwrap();
    let mut channels = troubled().channels;
    channels[0].detail.clear();
    let expected = Device {
        id: cloud_id(1).to_string(),
        name: "Home".into(),
        status: DeviceStatus::Online.into(),
        kind: DeviceKind::Nvr.into(),
        model: "NVR-4".into(),
        time_zone: "Europe/Berlin".into(),
        channels,
        shared: Some(SharedDevice {
            share_id: "share-1".into(),
            terms: Some(live()),
            owner_hint: "a…n@example.org".into(),
        }),
        ..Device::default()
    };
    assert_eq!(seen, expected);
    let page = guest.page(0, "").await.unwrap();
    assert_eq!(page.devices, [expected]);
}

#[tokio::test]
async fn a_guest_sees_the_channels_of_the_share_alone() {
    let cloud = Cloud::start().await;
    let terms = Terms {
        channels: vec![2],
        ..live()
    };
    let (ann, guest) = shared(&cloud, terms).await;
    let seen = guest.device(cloud_id(1)).await.unwrap();
    assert_eq!(seen.channels.len(), 1);
    assert_eq!(seen.channels[0].name, "Gate");
    assert_eq!(ann.device(cloud_id(1)).await.unwrap().channels.len(), 2);
}

#[tokio::test]
async fn a_guest_is_offered_the_archive_with_the_right_alone_and_an_owner_always() {
    let cloud = Cloud::start().await;
    let (ann, guest) = shared(&cloud, live()).await;
    assert!(ann.device(cloud_id(1)).await.unwrap().has_storage);
    assert!(!guest.device(cloud_id(1)).await.unwrap().has_storage);
    let archive = Terms {
        permissions: vec![Permission::ViewArchive.into()],
        ..Terms::default()
    };
    cloud
        .sharing
        .share(cloud_id(1), &guest.account, archive.clone());
    assert!(guest.device(cloud_id(1)).await.unwrap().has_storage);
    // No device without a disk offers it to anybody.
    cloud.owned(cloud_id(2), &ann, "Gate").await;
    cloud.sharing.share(cloud_id(2), &guest.account, archive);
    assert!(!guest.device(cloud_id(2)).await.unwrap().has_storage);
}

#[tokio::test]
async fn a_guest_sees_a_device_outside_the_hours_of_the_share() {
    let cloud = Cloud::start().await;
    let never_now = Terms {
        schedule: Some(Schedule {
            intervals: vec![Interval {
                from_minute: 3,
                to_minute: 3,
            }],
            weekdays: vec![1],
        }),
        ..live()
    };
    let (_, guest) = shared(&cloud, never_now.clone()).await;
    let seen = guest.device(cloud_id(1)).await.unwrap();
    assert_eq!(seen.shared.unwrap().terms, Some(never_now));
}

#[tokio::test]
async fn a_revoked_guest_is_a_stranger() {
    let cloud = Cloud::start().await;
    let (_, guest) = shared(&cloud, live()).await;
    cloud.sharing.revoke(cloud_id(1), &guest.account);
    let revoked = guest.device(cloud_id(1)).await.unwrap_err();
    let missing = guest.device(cloud_id(2)).await.unwrap_err();
    assert_eq!(
        (revoked.code(), revoked.message()),
        (missing.code(), missing.message())
    );
    assert_eq!(revoked.details(), missing.details());
    assert!(guest.names().await.is_empty());
}

#[tokio::test]
async fn a_share_of_a_device_without_owner_shows_nothing() {
    let cloud = Cloud::start().await;
    let (ann, guest) = shared(&cloud, live()).await;
    ann.delete(cloud_id(1)).await.unwrap();
    assert_eq!(why(guest.device(cloud_id(1)).await), "DEVICE_NOT_FOUND");
    assert_eq!(guest.page(0, "").await.unwrap().total, 0);
}

#[tokio::test]
async fn a_guest_who_claims_the_device_sees_it_once_as_an_owner() {
    let cloud = Cloud::start().await;
    let (ann, guest) = shared(&cloud, live()).await;
    ann.delete(cloud_id(1)).await.unwrap();
    guest.claim(cloud_id(1), "Mine", CODE).await.unwrap();
    let page = guest.page(0, "").await.unwrap();
    assert_eq!((page.devices.len(), page.total), (1, 1));
    assert_eq!(page.devices[0].shared, None);
    assert_eq!(page.devices[0].software_version, "1.0");
}

#[tokio::test]
async fn shares_are_told_as_they_come_change_and_go() {
    let cloud = Cloud::start().await;
    let guest = cloud.person(2);
    let mut watch = guest.watch().await.unwrap();
    assert!(next_list(&mut watch).await.is_empty());
    shared(&cloud, live()).await;
    let seen = told(&mut watch, |device| device.name == "Home").await;
    assert!(seen.shared.is_some());
    let narrower = Terms {
        channels: vec![1],
        ..live()
    };
    cloud.sharing.share(cloud_id(1), &guest.account, narrower);
    told(&mut watch, |device| device.channels.len() == 1).await;
    cloud.sharing.revoke(cloud_id(1), &guest.account);
    removed(&mut watch).await;
}

/// Reads until device 1 is told as removed.
async fn removed(watch: &mut Streaming<WatchDevicesResponse>) {
    loop {
        match next(watch).await {
            Event::RemovedId(id) => return assert_eq!(id, cloud_id(1).to_string()),
            Event::Heartbeat(_) => panic!("not told"),
            Event::All(_) | Event::Changed(_) => {}
        }
    }
}

#[tokio::test]
async fn what_becomes_of_a_shared_device_is_told_to_its_guests() {
    let cloud = Cloud::start().await;
    let (ann, guest) = shared(&cloud, live()).await;
    let mut watch = guest.watch().await.unwrap();
    assert_eq!(next_list(&mut watch).await.len(), 1);
    let epoch = cloud.connect(cloud_id(1)).await;
    told(&mut watch, |d| {
        !d.has_storage && d.channels[0].name == "Yard"
    })
    .await;
    cloud.disconnect(cloud_id(1), epoch).await;
    told(&mut watch, |d| d.status() == DeviceStatus::Offline).await;
    ann.rename(cloud_id(1), "Office").await.unwrap();
    told(&mut watch, |d| d.name == "Office").await;
    let epoch = cloud.claim_session(cloud_id(1)).await;
    told(&mut watch, |d| d.status() == DeviceStatus::Online).await;
    let mut renamed = recorder();
    renamed.channels[0].name = "Pond".into();
    cloud.report(cloud_id(1), epoch, renamed).await.unwrap();
    told(&mut watch, |d| d.channels[0].name == "Pond").await;
    ann.delete(cloud_id(1)).await.unwrap();
    removed(&mut watch).await;
}

#[tokio::test]
async fn a_share_of_an_earlier_owner_is_dead_before_sharing_says_so() {
    let cloud = Cloud::start().await;
    let (ann, guest) = shared(&cloud, live()).await;
    let bob = cloud.person(3);
    let mut watch = guest.watch().await.unwrap();
    assert_eq!(next_list(&mut watch).await.len(), 1);
    ann.delete(cloud_id(1)).await.unwrap();
    bob.claim(cloud_id(1), "Bob's", CODE).await.unwrap();
    bob.rename(cloud_id(1), "Bob's own").await.unwrap();
    // What the guest is told next comes after all of that.
    cloud.owned(cloud_id(2), &guest, "Mine").await;
    loop {
        match next(&mut watch).await {
            Event::Changed(device) if device.name == "Mine" => break,
            // From before.
            Event::Changed(device) => assert_eq!(device.name, "Home"),
            Event::RemovedId(id) => assert_eq!(id, cloud_id(1).to_string()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_share_of_an_earlier_owner_that_is_heard_late_shows_nothing() {
    let cloud = Cloud::start().await;
    let (ann, guest) = shared(&cloud, live()).await;
    let bob = cloud.person(3);
    ann.delete(cloud_id(1)).await.unwrap();
    bob.claim(cloud_id(1), "Bob's", CODE).await.unwrap();
    assert_eq!(why(guest.device(cloud_id(1)).await), "DEVICE_NOT_FOUND");
    assert_eq!(guest.page(0, "").await.unwrap().total, 0);
    assert!(
        next_list(&mut guest.watch().await.unwrap())
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn own_devices_come_before_shared_ones_and_can_be_told_apart() {
    let cloud = Cloud::start().await;
    let (_, guest) = shared(&cloud, live()).await;
    cloud.owned(cloud_id(2), &guest, "Zoo").await;
    assert_eq!(guest.names().await, ["Zoo", "Home"]);
    for (relation, names) in [(Relation::Own, ["Zoo"]), (Relation::Shared, ["Home"])] {
        let page = guest
            .list(ListDevicesRequest {
                relation: relation.into(),
                ..ListDevicesRequest::default()
            })
            .await
            .unwrap();
        let found: Vec<&str> = page.devices.iter().map(|d| d.name.as_str()).collect();
        assert_eq!((found.as_slice(), page.total), (&names[..], 1));
    }
}

#[tokio::test]
async fn own_devices_can_be_listed_while_sharing_is_down() {
    let cloud = Cloud::start().await;
    let (ann, _) = shared(&cloud, live()).await;
    cloud.sharing.down.store(true, Ordering::SeqCst);
    assert_eq!(ann.device(cloud_id(1)).await.unwrap().name, "Home");
    let own = ListDevicesRequest {
        relation: Relation::Own.into(),
        ..ListDevicesRequest::default()
    };
    assert_eq!(ann.list(own).await.unwrap().total, 1);
    assert_eq!(why(ann.page(0, "").await), "UNAVAILABLE");
    let mut watch = ann.watch().await.unwrap();
    assert_eq!(end(&mut watch).await, "UNAVAILABLE");
}

#[tokio::test]
async fn somebody_who_signed_in_by_device_sees_that_device_alone_by_its_model() {
    let cloud = Cloud::start().await;
    let (ann, _) = shared(&cloud, live()).await;
    cloud.owned(cloud_id(2), &ann, "Gate").await;
    let user = cloud.device_user(cloud_id(1), 1);
    let seen = user.device(cloud_id(1)).await.unwrap();
    assert_eq!((seen.name.as_str(), seen.claimed_at_unix_ms), ("NVR-4", 0));
    assert!(seen.has_storage && seen.shared.is_none());
    assert_eq!(why(user.device(cloud_id(2)).await), "DEVICE_NOT_FOUND");
    assert_eq!(user.page(0, "").await.unwrap().devices, [seen]);
    assert_eq!(
        why(user.look_up(&cloud_id(3).to_string()).await),
        "ACCOUNT_NEEDED"
    );
}

#[tokio::test]
async fn a_device_without_a_model_has_a_name_for_its_users() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.claim_session(cloud_id(1)).await;
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    let user = cloud.device_user(cloud_id(1), 1);
    assert_eq!(user.names().await, ["Device"]);
}

#[tokio::test]
async fn a_device_that_nobody_owns_is_seen_by_its_users() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    assert_eq!(cloud.device_user(cloud_id(1), 0).names().await, ["NVR-4"]);
    let earlier = cloud.device_user(cloud_id(1), 1);
    assert!(earlier.names().await.is_empty());
}

#[tokio::test]
async fn a_user_of_a_device_is_told_what_becomes_of_it() {
    let cloud = Cloud::start().await;
    let (ann, _) = shared(&cloud, live()).await;
    let mut watch = cloud.device_user(cloud_id(1), 1).watch().await.unwrap();
    assert_eq!(next_list(&mut watch).await[0].name, "NVR-4");
    cloud.claim_session(cloud_id(1)).await;
    told(&mut watch, |d| d.status() == DeviceStatus::Online).await;
    ann.delete(cloud_id(1)).await.unwrap();
    removed(&mut watch).await;
}
