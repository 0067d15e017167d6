//! Watching one's devices.

use std::time::Duration;

use sightline_rpc::registry::v1::DeviceStatus;
use sightline_rpc::registry::v1::watch_devices_response::Event;
use tokio::time::Instant;

use super::*;

pub(super) async fn next(watch: &mut Streaming<WatchDevicesResponse>) -> Event {
    watch.message().await.unwrap().unwrap().event.unwrap()
}

pub(super) async fn next_list(watch: &mut Streaming<WatchDevicesResponse>) -> Vec<Device> {
    match next(watch).await {
        Event::All(list) => list.devices,
        other => panic!("not the list: {other:?}"),
    }
}

/// The next device that is told and fits. Lists may be told again, and changes more than once.
pub(super) async fn told(
    watch: &mut Streaming<WatchDevicesResponse>,
    fits: impl Fn(&Device) -> bool,
) -> Device {
    loop {
        let devices = match next(watch).await {
            Event::All(list) => list.devices,
            Event::Changed(device) => vec![device],
            Event::Heartbeat(_) => Vec::new(),
            Event::RemovedId(id) => panic!("{id} is gone"),
        };
        if let Some(device) = devices.into_iter().find(&fits) {
            return device;
        }
    }
}

/// Why the stream ends, after what it told until then.
pub(super) async fn end(watch: &mut Streaming<WatchDevicesResponse>) -> String {
    loop {
        match watch.message().await {
            Ok(message) => assert!(message.is_some(), "ended without a reason"),
            Err(status) => return reason(&status),
        }
    }
}

#[tokio::test]
async fn claims_and_connections_are_told_as_they_happen() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let mut watch = ann.watch().await.unwrap();
    assert!(next_list(&mut watch).await.is_empty());
    let epoch = cloud.connect(cloud_id(1)).await;
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    told(&mut watch, |d| {
        d.name == "Home" && d.status() == DeviceStatus::Online
    })
    .await;
    cloud.disconnect(cloud_id(1), epoch).await;
    told(&mut watch, |d| d.status() == DeviceStatus::Offline).await;
    let epoch = cloud.connect(cloud_id(1)).await;
    told(&mut watch, |d| d.status() == DeviceStatus::Online).await;
    let mut renamed = recorder();
    renamed.channels[0].name = "Pond".into();
    cloud.report(cloud_id(1), epoch, renamed).await.unwrap();
    told(&mut watch, |d| d.channels[0].name == "Pond").await;
}

#[tokio::test]
async fn changes_of_other_peoples_devices_are_not_told() {
    let cloud = Cloud::start().await;
    let (ann, eve) = (cloud.person(1), cloud.person(2));
    let mut watch = eve.watch().await.unwrap();
    assert!(next_list(&mut watch).await.is_empty());
    for n in [1, 2] {
        cloud.connect(cloud_id(n)).await;
    }
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    eve.claim(cloud_id(2), "Mine", CODE).await.unwrap();
    assert_eq!(told(&mut watch, |_| true).await.name, "Mine");
}

#[tokio::test]
async fn a_deleted_device_is_told_as_removed() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    let mut watch = ann.watch().await.unwrap();
    told(&mut watch, |_| true).await;
    ann.delete(cloud_id(1)).await.unwrap();
    loop {
        match next(&mut watch).await {
            Event::RemovedId(removed) => break assert_eq!(removed, cloud_id(1).to_string()),
            other => assert!(!matches!(other, Event::Heartbeat(_)), "not told"),
        }
    }
}

#[tokio::test]
async fn a_reader_that_is_too_slow_gets_the_whole_list_again() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let mut watch = ann.watch().await.unwrap();
    next_list(&mut watch).await;
    for n in 0..60 {
        cloud.connect(cloud_id(n)).await;
        ann.claim(cloud_id(n), &format!("{n:02}"), CODE)
            .await
            .unwrap();
    }
    let mut known = std::collections::BTreeSet::new();
    let mut lists = 0;
    while known.len() < 60 {
        match next(&mut watch).await {
            Event::All(list) => {
                lists += usize::from(!list.devices.is_empty());
                known = list.devices.into_iter().map(|device| device.name).collect();
            }
            Event::Changed(device) => {
                known.insert(device.name);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(lists > 0);
}

#[tokio::test]
async fn a_list_beyond_a_message_comes_in_several() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let mut large = recorder();
    let channel = |number| device::Channel {
        number,
        name: "n".repeat(64),
        detail: "d".repeat(160),
        ..device::Channel::default()
    };
    large.channels = (1..=128).map(channel).collect();
    for n in 0..100 {
        let epoch = cloud.claim_session(cloud_id(n)).await;
        cloud
            .report(cloud_id(n), epoch, large.clone())
            .await
            .unwrap();
        ann.claim(cloud_id(n), "Home", CODE).await.unwrap();
    }
    let mut watch = ann.watch().await.unwrap();
    let first = next_list(&mut watch).await;
    assert!((50..100).contains(&first.len()), "{}", first.len());
    let mut ids: std::collections::BTreeSet<String> = first.into_iter().map(|d| d.id).collect();
    while ids.len() < 100 {
        ids.insert(told(&mut watch, |_| true).await.id);
    }
    let page = ann.page(500, "").await.unwrap();
    assert!(page.devices.len() < 100 && !page.next_page_token.is_empty());
}

#[tokio::test]
async fn a_watch_ends_with_the_token() {
    let cloud = Cloud::start().await;
    let ann = cloud.person_until(1, START_MS + 1000);
    let mut watch = ann.watch().await.unwrap();
    next_list(&mut watch).await;
    cloud.clock.advance_ms(1000);
    // The claim would be told next.
    cloud.connect(cloud_id(1)).await;
    cloud
        .person(1)
        .claim(cloud_id(1), "Home", CODE)
        .await
        .unwrap();
    assert_eq!(end(&mut watch).await, "TOKEN_EXPIRED");
    assert_eq!(watch.message().await.unwrap(), None);
    assert_eq!(why(ann.watch().await), "TOKEN_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_a_heartbeat_within_fifteen_seconds() {
    let cloud = Cloud::start().await;
    let mut watch = cloud.person(1).watch().await.unwrap();
    let (mut heartbeats, mut last) = (0, Instant::now());
    while heartbeats < 3 {
        heartbeats += usize::from(matches!(next(&mut watch).await, Event::Heartbeat(_)));
        assert!(last.elapsed() <= Duration::from_secs(15));
        last = Instant::now();
    }
}

#[tokio::test]
async fn one_account_cannot_hold_any_number_of_watches() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let mut watches = Vec::new();
    for _ in 0..32 {
        watches.push(ann.watch().await.unwrap());
    }
    assert_eq!(why(ann.watch().await), "TOO_MANY_WATCHES");
    assert!(cloud.person(2).watch().await.is_ok());
    watches.pop();
    assert!(ann.watch().await.is_ok());
}

#[tokio::test]
async fn watches_of_a_devices_ownership_keep_none_of_its_users_out() {
    let cloud = Cloud::start().await;
    let mut watches = Vec::new();
    for _ in 0..40 {
        watches.push(cloud.watch_ownership(cloud_id(1)).await);
    }
    let user = cloud.device_user(cloud_id(1), 0);
    assert!(user.watch().await.is_ok());
}

#[tokio::test]
async fn watches_end_with_the_service() {
    let cloud = Cloud::start().await;
    let mut person = cloud.person(1);
    let mut watch = person.watch().await.unwrap();
    next_list(&mut watch).await;
    let Cloud { service, .. } = cloud;
    drop(service);
    // The client holds the service, too.
    person.client = RegistryClient::new(local(tonic::service::Routes::default()));
    assert_eq!(end(&mut watch).await, "UNAVAILABLE");
}

#[tokio::test]
async fn a_watch_ends_at_once_when_its_session_does() {
    let cloud = Cloud::start().await;
    let (ann, bob) = (cloud.person(1), cloud.person(2));
    let mut watch = ann.watch().await.unwrap();
    let mut other = bob.watch().await.unwrap();
    next_list(&mut watch).await;
    next_list(&mut other).await;
    let sessions = cloud.signer.verifier();
    let expires_at = START_MS + TOKEN_LIFE_MS;
    sessions
        .ended_sessions()
        .end("session 1", expires_at, START_MS);
    assert_eq!(end(&mut watch).await, "SESSION_ENDED");
    assert_eq!(why(ann.watch().await), "SESSION_ENDED");
    cloud.owned(cloud_id(2), &bob, "Mine").await;
    assert_eq!(told(&mut other, |_| true).await.name, "Mine");
}

#[tokio::test]
async fn a_new_name_is_told() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.owned(cloud_id(1), &ann, "Home").await;
    let mut watch = ann.watch().await.unwrap();
    next_list(&mut watch).await;
    ann.rename(cloud_id(1), "HOME").await.unwrap();
    told(&mut watch, |device| device.name == "HOME").await;
}
