//! What an owner sees, and others do not.

use sightline_rpc::registry::v1::{DeviceOrder, DeviceStatus};

use super::*;

/// Devices 0 to 24, claimed in an order that is not that of their names.
async fn with_25_devices(cloud: &Cloud, owner: &Person) {
    for n in 0..25 {
        cloud.connect(cloud_id(n)).await;
        let name = format!(
            "{} {:02}",
            if n % 2 == 0 { "gate" } else { "Gate" },
            n * 7 % 25
        );
        owner.claim(cloud_id(n), &name, CODE).await.unwrap();
    }
}

#[tokio::test]
async fn pages_hold_every_device_once_by_name_in_any_case() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    with_25_devices(&cloud, &ann).await;
    let (mut names, mut token, mut sizes) = (Vec::new(), String::new(), Vec::new());
    loop {
        let page = ann.page(10, &token).await.unwrap();
        sizes.push(page.devices.len());
        names.extend(
            page.devices
                .into_iter()
                .map(|device| device.name.to_lowercase()),
        );
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let sorted: Vec<String> = (0..25).map(|n| format!("gate {n:02}")).collect();
    assert_eq!((names, sizes), (sorted, vec![10, 10, 5]));
}

#[tokio::test]
async fn devices_of_one_name_are_told_apart_by_their_ids() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for n in 0..5 {
        cloud.connect(cloud_id(n)).await;
        ann.claim(cloud_id(n), "Home", CODE).await.unwrap();
    }
    let first = ann.page(3, "").await.unwrap();
    let second = ann.page(3, &first.next_page_token).await.unwrap();
    let ids: Vec<String> = first
        .devices
        .into_iter()
        .chain(second.devices)
        .map(|device| device.id)
        .collect();
    let mut sorted: Vec<String> = (0..5).map(|n| cloud_id(n).to_string()).collect();
    sorted.sort();
    assert_eq!(ids, sorted);
}

#[tokio::test]
async fn a_page_token_of_somebody_else_shows_none_of_their_devices() {
    let cloud = Cloud::start().await;
    let (ann, eve) = (cloud.person(1), cloud.person(2));
    with_25_devices(&cloud, &ann).await;
    cloud.connect(cloud_id(99)).await;
    eve.claim(cloud_id(99), "zoo", CODE).await.unwrap();
    let token = ann.page(10, "").await.unwrap().next_page_token;
    let page = eve.page(10, &token).await.unwrap();
    assert_eq!(
        page.devices
            .iter()
            .map(|d| d.name.as_str())
            .collect::<Vec<_>>(),
        ["zoo"]
    );
    for garbage in ["!", "%", &"A".repeat(5000)] {
        assert_eq!(why(eve.page(10, garbage).await), "INVALID_PAGE_TOKEN");
    }
    // "../" in base64url.
    assert_eq!(why(eve.page(10, "Li4v").await), "INVALID_PAGE_TOKEN");
}

#[tokio::test]
async fn a_page_of_any_size_is_answered() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    with_25_devices(&cloud, &ann).await;
    assert_eq!(ann.page(u32::MAX, "").await.unwrap().devices.len(), 25);
    assert_eq!(ann.page(1, "").await.unwrap().devices.len(), 1);
    let exact = ann.page(25, "").await.unwrap();
    assert_eq!(
        (exact.devices.len(), exact.next_page_token.as_str()),
        (25, "")
    );
}

#[tokio::test]
async fn a_device_of_somebody_else_is_as_good_as_none() {
    let cloud = Cloud::start().await;
    let (ann, eve) = (cloud.person(1), cloud.person(2));
    cloud.connect(cloud_id(1)).await;
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    let foreign = eve.device(cloud_id(1)).await.unwrap_err();
    let missing = eve.device(cloud_id(2)).await.unwrap_err();
    assert_eq!(reason(&foreign), "DEVICE_NOT_FOUND");
    assert_eq!(
        (foreign.code(), foreign.message()),
        (missing.code(), missing.message())
    );
    assert_eq!(foreign.details(), missing.details());
    assert!(eve.names().await.is_empty());
}

#[tokio::test]
async fn an_offline_device_keeps_its_description_and_shows_when_it_was_seen() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let epoch = cloud.connect(cloud_id(1)).await;
    let online = ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    assert_eq!(
        (online.status(), online.last_seen_at_unix_ms),
        (DeviceStatus::Online, 0)
    );
    cloud.clock.advance_ms(MINUTE_MS);
    let mut watch = ann.watch().await.unwrap();
    watch.message().await.unwrap();
    cloud.disconnect(cloud_id(1), epoch).await;
    let seen_at = START_MS + MINUTE_MS;
    loop {
        let offline = ann.device(cloud_id(1)).await.unwrap();
        assert_eq!(offline.status(), DeviceStatus::Offline);
        assert_eq!(offline.channels, online.channels);
        if offline.last_seen_at_unix_ms == seen_at {
            break;
        }
        watch.message().await.unwrap();
    }
}

/// Names of what a search finds.
async fn found(person: &Person, search: &str) -> Vec<String> {
    let request = ListDevicesRequest {
        search: search.into(),
        ..ListDevicesRequest::default()
    };
    let page = person.list(request).await.unwrap();
    assert_eq!(page.total as usize, page.devices.len());
    page.devices.into_iter().map(|device| device.name).collect()
}

#[tokio::test]
async fn a_search_finds_parts_of_names_and_of_cloud_ids_in_any_case() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for (n, name) in [(1, "Ворота, СЕВЕР"), (2, "Attic"), (3, "gate north")] {
        cloud.owned(cloud_id(n), &ann, name).await;
    }
    assert_eq!(found(&ann, "ворота, с").await, ["Ворота, СЕВЕР"]);
    assert_eq!(found(&ann, " GATE ").await, ["gate north"]);
    assert!(found(&ann, "south").await.is_empty());
    let (dashed, compact) = (cloud_id(2).to_string(), cloud_id(2).compact());
    for part in [&dashed[3..11], &compact[3..10], &compact.to_lowercase()] {
        assert_eq!(found(&ann, part).await, ["Attic"], "{part}");
    }
    let long = ListDevicesRequest {
        search: "x".repeat(65),
        ..ListDevicesRequest::default()
    };
    assert_eq!(why(ann.list(long).await), "INVALID_SEARCH");
}

#[tokio::test]
async fn devices_are_filtered_by_status_and_counted() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for n in 0..6 {
        let epoch = cloud.owned(cloud_id(n), &ann, &format!("{n}")).await;
        if n % 3 == 0 {
            cloud.disconnect(cloud_id(n), epoch).await;
        }
    }
    for (status, names) in [
        (DeviceStatus::Online, vec!["1", "2", "4", "5"]),
        (DeviceStatus::Offline, vec!["0", "3"]),
    ] {
        let page = ann
            .list(ListDevicesRequest {
                status: status.into(),
                page_size: 1,
                ..ListDevicesRequest::default()
            })
            .await
            .unwrap();
        assert_eq!(page.devices[0].name, names[0]);
        assert_eq!((page.total as usize, page.devices.len()), (names.len(), 1));
    }
}

#[tokio::test]
async fn every_order_goes_both_ways_through_all_pages() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for (n, name) in [(1, "d"), (2, "B"), (3, "a"), (4, "C"), (5, "e")] {
        cloud.clock.advance_ms(1);
        let epoch = cloud.owned(cloud_id(n), &ann, name).await;
        if n > 3 {
            cloud.disconnect(cloud_id(n), epoch).await;
        }
    }
    let mut by_id: Vec<(String, &str)> = [(1, "d"), (2, "B"), (3, "a"), (4, "C"), (5, "e")]
        .map(|(n, name)| (cloud_id(n).compact(), name))
        .to_vec();
    by_id.sort();
    let by_id: Vec<&str> = by_id.into_iter().map(|(_, name)| name).collect();
    for (order, expected) in [
        (DeviceOrder::Unspecified, vec!["a", "B", "C", "d", "e"]),
        (DeviceOrder::Name, vec!["a", "B", "C", "d", "e"]),
        (DeviceOrder::Id, by_id),
        (DeviceOrder::Status, vec!["a", "B", "d", "C", "e"]),
        (DeviceOrder::Claimed, vec!["d", "B", "a", "C", "e"]),
    ] {
        for descending in [false, true] {
            let mut request = ListDevicesRequest {
                page_size: 2,
                order: order.into(),
                descending,
                ..ListDevicesRequest::default()
            };
            let mut names = Vec::new();
            loop {
                let page = ann.list(request.clone()).await.unwrap();
                names.extend(page.devices.into_iter().map(|device| device.name));
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
            if descending {
                names.reverse();
            }
            assert_eq!(names, expected, "{order:?}, descending: {descending}");
        }
    }
}

#[tokio::test]
async fn a_page_token_belongs_to_its_query() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    with_25_devices(&cloud, &ann).await;
    let first = ListDevicesRequest {
        page_size: 10,
        search: "gate".into(),
        ..ListDevicesRequest::default()
    };
    let page_token = ann.list(first.clone()).await.unwrap().next_page_token;
    let next = ListDevicesRequest {
        page_token,
        ..first
    };
    assert_eq!(ann.list(next.clone()).await.unwrap().devices.len(), 10);
    // The size is no part of it.
    let larger = ListDevicesRequest {
        page_size: 50,
        ..next.clone()
    };
    assert_eq!(ann.list(larger).await.unwrap().devices.len(), 15);
    for other in [
        ListDevicesRequest {
            search: "gat".into(),
            ..next.clone()
        },
        ListDevicesRequest {
            descending: true,
            ..next.clone()
        },
        ListDevicesRequest {
            order: DeviceOrder::Id.into(),
            ..next.clone()
        },
        ListDevicesRequest {
            status: DeviceStatus::Online.into(),
            ..next.clone()
        },
        ListDevicesRequest {
            relation: 1,
            ..next
        },
    ] {
        assert_eq!(why(ann.list(other).await), "INVALID_PAGE_TOKEN");
    }
}
