//! What edges hear of a device's grants.

use std::time::Duration;

use sightline_rpc::internal::v1::{GrantSet, WatchDeviceRequest, WatchDeviceResponse};
use tokio::time::{Instant, timeout};

use super::neighbours::HEARTBEAT;
use super::*;

impl Cloud {
    async fn watch_device(&self, device: CloudId) -> Streaming<WatchDeviceResponse> {
        let request = WatchDeviceRequest {
            device_id: device.to_string(),
        };
        self.grants()
            .watch_device(request)
            .await
            .unwrap()
            .into_inner()
    }
}

async fn next(watch: &mut Streaming<WatchDeviceResponse>) -> WatchDeviceResponse {
    watch.message().await.unwrap().unwrap()
}

/// The next message that is no heartbeat.
async fn next_set(watch: &mut Streaming<WatchDeviceResponse>) -> (u64, GrantSet) {
    loop {
        let message = next(watch).await;
        if let Some(grants) = message.grants {
            return (message.revision, grants);
        }
    }
}

fn accounts(set: &GrantSet) -> Vec<String> {
    let grants = set.grants.iter();
    grants.map(|grant| grant.account_id.clone()).collect()
}

#[tokio::test]
async fn an_edge_hears_the_owner_and_whoever_has_accepted() {
    let cloud = Cloud::start();
    let (ann, _, share) = cloud.shared().await;
    // An offer gives nothing.
    ann.offer(device(1), "eve@example.org", live())
        .await
        .unwrap();
    let mut watch = cloud.watch_device(device(1)).await;
    let (_, set) = next_set(&mut watch).await;
    assert_eq!((set.epoch, set.time_zone.as_str()), (1, ZONE));
    let (owner, guest) = (&set.grants[0], &set.grants[1]);
    assert_eq!(
        (owner.account_id.clone(), &owner.terms),
        (account("ann").to_string(), &None)
    );
    assert_eq!(guest.account_id, account("bob").to_string());
    assert_eq!((&guest.share_id, &guest.terms), (&share.id, &Some(live())));
    assert_eq!(set.grants.len(), 2);
}

#[tokio::test]
async fn each_change_is_told_whole_with_a_higher_revision() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    let mut watch = cloud.watch_device(device(1)).await;
    let (first, _) = next_set(&mut watch).await;
    ann.update(&share.id, archive(), 0).await.unwrap();
    let (edited, set) = next_set(&mut watch).await;
    assert_eq!(set.grants[1].terms, Some(archive()));
    bob.decline(&share.id).await.unwrap();
    let (declined, set) = next_set(&mut watch).await;
    assert_eq!(accounts(&set), [account("ann").to_string()]);
    assert!(first < edited && edited < declined);
}

#[tokio::test]
async fn changes_do_not_wait_for_a_heartbeat() {
    let cloud = Cloud::start();
    let (ann, _, share) = cloud.shared().await;
    let mut watch = cloud.watch_device(device(1)).await;
    next_set(&mut watch).await;
    let mut waits = Vec::new();
    for round in 0..20 {
        let terms = if round % 2 == 0 { archive() } else { live() };
        let started = Instant::now();
        ann.update(&share.id, terms, 0).await.unwrap();
        next_set(&mut watch).await;
        waits.push(started.elapsed());
    }
    // The machine may be busy at times, and a heartbeat come by chance.
    waits.sort();
    assert!(waits[10] < HEARTBEAT / 2, "{waits:?}");
}

#[tokio::test]
async fn a_new_owner_leaves_nothing_of_the_shares_before() {
    let cloud = Cloud::start();
    cloud.shared().await;
    let mut watch = cloud.watch_device(device(1)).await;
    let (before, _) = next_set(&mut watch).await;
    cloud.registry.free(device(1));
    let (free, set) = next_set(&mut watch).await;
    assert_eq!((set.epoch, set.grants), (2, Vec::new()));
    cloud.registry.own(device(1), "dan", "Mine");
    let (owned, set) = next_set(&mut watch).await;
    assert_eq!(accounts(&set), [account("dan").to_string()]);
    assert!(before < free && free < owned);
    // What is written down later changes no grant.
    cloud.end_shares(device(1), 1).await;
    let (after, set) = next_set(&mut watch).await;
    assert_eq!(accounts(&set), [account("dan").to_string()]);
    assert!(after > owned);
}

#[tokio::test]
async fn a_device_that_nobody_owns_has_no_grants() {
    let cloud = Cloud::start();
    let mut watch = cloud.watch_device(device(9)).await;
    let message = next(&mut watch).await;
    assert_eq!(
        (message.revision, message.grants),
        (0, Some(GrantSet::default()))
    );
}

#[tokio::test]
async fn an_edge_hears_of_no_weekly_hours_until_the_zone_is_known() {
    let cloud = Cloud::start();
    let (ann, _, share) = cloud.shared().await;
    ann.update(&share.id, working_hours(), 0).await.unwrap();
    cloud.registry.set_zone(device(1), "");
    let mut watch = cloud.watch_device(device(1)).await;
    let (_, set) = next_set(&mut watch).await;
    assert_eq!(accounts(&set), [account("ann").to_string()]);
    cloud.registry.set_zone(device(1), ZONE);
    let (_, set) = next_set(&mut watch).await;
    assert_eq!((set.grants.len(), set.time_zone.as_str()), (2, ZONE));
}

#[tokio::test(start_paused = true)]
async fn heartbeats_repeat_the_revision_at_least_twice_a_second() {
    let cloud = Cloud::start();
    cloud.shared().await;
    let mut watch = cloud.watch_device(device(1)).await;
    let (revision, _) = next_set(&mut watch).await;
    for _ in 0..10 {
        let last = Instant::now();
        let expected = WatchDeviceResponse {
            revision,
            grants: None,
        };
        assert_eq!(next(&mut watch).await, expected);
        assert!(last.elapsed() <= Duration::from_millis(500));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_while_the_registry_is_silent_not_even_a_change() {
    let cloud = Cloud::start();
    let (_, bob, share) = cloud.shared().await;
    let mut watch = cloud.watch_device(device(1)).await;
    let (before, _) = next_set(&mut watch).await;
    cloud.registry.fall_silent();
    // A heartbeat may have been on its way.
    let minute = Duration::from_secs(60);
    while timeout(minute, watch.message()).await.is_ok() {}
    bob.decline(&share.id).await.unwrap();
    assert!(timeout(minute, watch.message()).await.is_err());
    cloud.registry.speak_again();
    let (after, set) = next_set(&mut watch).await;
    assert_eq!(accounts(&set), [account("ann").to_string()]);
    assert!(after > before);
}

#[tokio::test]
async fn a_watch_ends_when_the_registry_goes() {
    let cloud = Cloud::start();
    cloud.shared().await;
    let mut watch = cloud.watch_device(device(1)).await;
    next_set(&mut watch).await;
    cloud.registry.go();
    loop {
        match watch.message().await {
            Ok(message) => assert!(message.is_some(), "ended without a reason"),
            Err(status) => break assert_eq!(reason(&status), "UNAVAILABLE"),
        }
    }
}

#[tokio::test]
async fn revisions_rise_also_when_a_share_is_forgotten() {
    let cloud = Cloud::start();
    let (ann, _, share) = cloud.shared().await;
    ann.revoke(&share.id).await.unwrap();
    let (before, _) = next_set(&mut cloud.watch_device(device(1)).await).await;
    cloud.clock.advance_ms(30 * DAY_MS);
    cloud.service.sharing.sweep().await.unwrap();
    let (after, _) = next_set(&mut cloud.watch_device(device(1)).await).await;
    assert!(after > before);
}
