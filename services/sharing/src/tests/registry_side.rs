//! What the registry hears of an account's shared devices, and tells of their end.

use std::time::Duration;

use sightline_rpc::internal::v1::watch_account_response::Event;
use sightline_rpc::internal::v1::{SharedDeviceGrant, WatchAccountRequest, WatchAccountResponse};
use tokio::time::Instant;

use super::*;

impl Cloud {
    async fn watch_account(&self, name: &str) -> Streaming<WatchAccountResponse> {
        let request = WatchAccountRequest {
            account_id: account(name).to_string(),
        };
        self.grants()
            .watch_account(request)
            .await
            .unwrap()
            .into_inner()
    }
}

async fn next(watch: &mut Streaming<WatchAccountResponse>) -> Event {
    watch.message().await.unwrap().unwrap().event.unwrap()
}

async fn next_list(watch: &mut Streaming<WatchAccountResponse>) -> Vec<SharedDeviceGrant> {
    match next(watch).await {
        Event::All(list) => list.devices,
        Event::Unchanged(_) => panic!("not the list"),
    }
}

#[tokio::test]
async fn the_registry_hears_what_is_accepted_whole_after_each_change() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    let mut watch = cloud.watch_account("bob").await;
    let mut expected = SharedDeviceGrant {
        device_id: device(1).to_string(),
        share_id: share.id.clone(),
        terms: Some(live()),
        owner_hint: "a…n@example.org".into(),
        ownership_epoch: 1,
    };
    assert_eq!(next_list(&mut watch).await, std::slice::from_ref(&expected));
    ann.update(&share.id, working_hours(), 0).await.unwrap();
    expected.terms = Some(working_hours());
    assert_eq!(next_list(&mut watch).await, std::slice::from_ref(&expected));
    cloud.registry.own(device(2), "ann", "Shop");
    // The offer is no change of the list.
    let offer = ann
        .offer(device(2), "bob@example.org", live())
        .await
        .unwrap();
    bob.accept(&offer.id).await.unwrap();
    let shares: Vec<_> = next_list(&mut watch)
        .await
        .into_iter()
        .map(|d| d.share_id)
        .collect();
    assert_eq!(shares.len(), 2);
    assert!(shares.contains(&offer.id));
    ann.revoke(&share.id).await.unwrap();
    assert_eq!(next_list(&mut watch).await[0].share_id, offer.id);
    bob.decline(&offer.id).await.unwrap();
    assert_eq!(next_list(&mut watch).await, []);
}

#[tokio::test]
async fn a_change_of_one_share_asks_for_the_owner_of_that_device_alone() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    for n in 2..12 {
        cloud.registry.own(device(n), "ann", "Shop");
        let offer = ann.offer(device(n), "bob@example.org", live()).await;
        bob.accept(&offer.unwrap().id).await.unwrap();
    }
    let mut watch = cloud.watch_account("bob").await;
    assert_eq!(next_list(&mut watch).await.len(), 11);
    // Wakes come in order: behind this one there are none of the acceptances left.
    ann.update(&share.id, archive(), 0).await.unwrap();
    assert_eq!(next_list(&mut watch).await.len(), 11);
    let before = cloud.registry.questions();
    ann.update(&share.id, live(), 0).await.unwrap();
    assert_eq!(next_list(&mut watch).await.len(), 11);
    // The update's own, and the one for the list.
    assert_eq!(cloud.registry.questions() - before, 2);
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_list_is_confirmed_every_ten_seconds() {
    let cloud = Cloud::start();
    cloud.shared().await;
    let mut watch = cloud.watch_account("bob").await;
    next_list(&mut watch).await;
    for _ in 0..3 {
        let last = Instant::now();
        assert!(matches!(next(&mut watch).await, Event::Unchanged(_)));
        assert!(last.elapsed() <= Duration::from_millis(10_100));
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_that_is_over_leaves_the_list_when_its_time_comes() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let end = cloud.clock_now() + 3_000;
    let offer = ann
        .offer(device(1), "bob@example.org", until(end))
        .await
        .unwrap();
    bob.accept(&offer.id).await.unwrap();
    let mut watch = cloud.watch_account("bob").await;
    assert_eq!(next_list(&mut watch).await.len(), 1);
    let started = Instant::now();
    cloud.clock.set_unix_ms(end);
    assert_eq!(next_list(&mut watch).await, []);
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_left_its_owner_leaves_the_list_even_when_nobody_tells() {
    let cloud = Cloud::start();
    cloud.shared().await;
    let mut watch = cloud.watch_account("bob").await;
    assert_eq!(next_list(&mut watch).await.len(), 1);
    cloud.registry.free(device(1));
    assert_eq!(next_list(&mut watch).await, []);
}

#[tokio::test]
async fn ending_the_shares_of_an_epoch_twice_leaves_those_of_the_next_alone() {
    let cloud = Cloud::start();
    let (_, bob, old) = cloud.shared().await;
    let epoch = cloud.registry.own(device(1), "dan", "Mine");
    cloud.clock.advance_ms(1);
    let dan = cloud.person("dan");
    let offer = dan
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    bob.accept(&offer.id).await.unwrap();
    for _ in 0..2 {
        cloud.end_shares(device(1), epoch - 1).await;
    }
    assert!(bob.may_view(device(1)).await);
    let states: Vec<_> = bob.received().await.iter().map(Share::state).collect();
    assert_eq!(states, [ShareState::Accepted, ShareState::Ended]);
    assert_ne!(old.id, offer.id);
}
