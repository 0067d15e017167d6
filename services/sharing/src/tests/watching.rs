//! Watching one's shares.

use std::collections::BTreeSet;
use std::time::Duration;

use sightline_rpc::sharing::v1::watch_shares_response::Event;
use tokio::time::Instant;

use super::*;

/// Sooner than any heartbeat.
const HEARTBEAT_MIN: Duration = Duration::from_secs(5);

async fn next(watch: &mut Streaming<WatchSharesResponse>) -> Event {
    watch.message().await.unwrap().unwrap().event.unwrap()
}

async fn next_list(watch: &mut Streaming<WatchSharesResponse>) -> Vec<Share> {
    match next(watch).await {
        Event::All(list) => list.shares,
        other => panic!("not the list: {other:?}"),
    }
}

/// The next share that is told and fits. Changes may be told more than once.
async fn told(watch: &mut Streaming<WatchSharesResponse>, fits: impl Fn(&Share) -> bool) -> Share {
    loop {
        let shares = match next(watch).await {
            Event::All(list) => list.shares,
            Event::Changed(share) => vec![share],
            Event::Heartbeat(_) => Vec::new(),
            Event::RemovedId(id) => panic!("{id} is gone"),
        };
        if let Some(share) = shares.into_iter().find(&fits) {
            return share;
        }
    }
}

async fn told_state(watch: &mut Streaming<WatchSharesResponse>, state: ShareState) -> Share {
    told(watch, |share| share.state() == state).await
}

async fn removed(watch: &mut Streaming<WatchSharesResponse>) -> String {
    loop {
        match next(watch).await {
            Event::RemovedId(id) => return id,
            Event::All(_) | Event::Changed(_) => {}
            Event::Heartbeat(_) => panic!("not told"),
        }
    }
}

/// Why the stream ends, after what it told until then.
async fn end(watch: &mut Streaming<WatchSharesResponse>) -> String {
    loop {
        match watch.message().await {
            Ok(message) => assert!(message.is_some(), "ended without a reason"),
            Err(status) => return reason(&status),
        }
    }
}

#[tokio::test]
async fn both_sides_are_told_of_every_step_as_it_happens() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let mut anns = ann.watch().await.unwrap();
    let mut bobs = bob.watch().await.unwrap();
    assert_eq!(next_list(&mut anns).await, []);
    assert_eq!(next_list(&mut bobs).await, []);
    let offer = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    let seen = told_state(&mut bobs, ShareState::Offered).await;
    assert_eq!(
        (seen.device_name.as_str(), seen.given_by_caller),
        ("Home", false)
    );
    bob.accept(&offer.id).await.unwrap();
    for watch in [&mut anns, &mut bobs] {
        told_state(watch, ShareState::Accepted).await;
    }
    ann.update(&offer.id, archive(), 0).await.unwrap();
    told(&mut bobs, |share| share.widened).await;
    told(&mut anns, |share| share.terms == Some(archive())).await;
    ann.revoke(&offer.id).await.unwrap();
    for watch in [&mut anns, &mut bobs] {
        told_state(watch, ShareState::Ended).await;
    }
}

#[tokio::test]
async fn what_a_recipient_no_longer_sees_is_told_as_removed() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let mut watch = bob.watch().await.unwrap();
    next_list(&mut watch).await;
    let declined = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    told_state(&mut watch, ShareState::Offered).await;
    bob.decline(&declined.id).await.unwrap();
    assert_eq!(removed(&mut watch).await, declined.id);
    let taken_back = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    told_state(&mut watch, ShareState::Offered).await;
    ann.revoke(&taken_back.id).await.unwrap();
    assert_eq!(removed(&mut watch).await, taken_back.id);
}

#[tokio::test]
async fn shares_of_others_are_not_told() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    cloud.registry.own(device(2), "eve", "Mine");
    let (ann, eve) = (cloud.person("ann"), cloud.person("eve"));
    let mut watch = eve.watch().await.unwrap();
    assert_eq!(next_list(&mut watch).await, []);
    ann.offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    eve.offer(device(2), "bob@example.org", live())
        .await
        .unwrap();
    assert_eq!(told(&mut watch, |_| true).await.device_name, "Mine");
}

#[tokio::test]
async fn people_are_told_when_the_device_leaves_its_owner() {
    let cloud = Cloud::start();
    let (ann, bob, _) = cloud.shared().await;
    let (mut anns, mut bobs) = (ann.watch().await.unwrap(), bob.watch().await.unwrap());
    for watch in [&mut anns, &mut bobs] {
        assert_eq!(next_list(watch).await[0].state(), ShareState::Accepted);
    }
    let epoch = cloud.registry.free(device(1)) - 1;
    cloud.end_shares(device(1), epoch).await;
    for watch in [&mut anns, &mut bobs] {
        told_state(watch, ShareState::Ended).await;
    }
}

#[tokio::test(start_paused = true)]
async fn people_are_told_when_a_share_is_over() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let end = cloud.clock_now() + 3_000;
    let offer = ann
        .offer(device(1), "bob@example.org", until(end))
        .await
        .unwrap();
    bob.accept(&offer.id).await.unwrap();
    let mut watch = bob.watch().await.unwrap();
    assert_eq!(next_list(&mut watch).await[0].state(), ShareState::Accepted);
    let started = Instant::now();
    cloud.clock.set_unix_ms(end);
    told_state(&mut watch, ShareState::Ended).await;
    assert!(started.elapsed() < HEARTBEAT_MIN, "told by a heartbeat");
}

#[tokio::test]
async fn a_reader_that_is_too_slow_gets_the_whole_list_again() {
    let cloud = Cloud::start_generous();
    let ann = cloud.person("ann");
    let mut watch = ann.watch().await.unwrap();
    next_list(&mut watch).await;
    for n in 0..60 {
        cloud.registry.own(device(n), "ann", &format!("{n:02}"));
        let to = format!("guest-{n}@example.com");
        ann.offer(device(n), &to, live()).await.unwrap();
    }
    let (mut known, mut lists) = (BTreeSet::new(), 0);
    while known.len() < 60 {
        match next(&mut watch).await {
            Event::All(list) => {
                lists += usize::from(!list.shares.is_empty());
                known = list
                    .shares
                    .into_iter()
                    .map(|share| share.device_name)
                    .collect();
            }
            Event::Changed(share) => {
                known.insert(share.device_name);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(lists > 0);
}

#[tokio::test]
async fn a_watch_ends_with_the_token() {
    let cloud = Cloud::start();
    let (ann, bob) = (
        cloud.person("ann"),
        cloud.person_until("bob", cloud.clock_now() + 1000),
    );
    cloud.registry.own(device(1), "ann", "Home");
    let mut watch = bob.watch().await.unwrap();
    next_list(&mut watch).await;
    cloud.clock.advance_ms(1000);
    // The offer would be told next.
    ann.offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    assert_eq!(end(&mut watch).await, "TOKEN_EXPIRED");
    assert_eq!(why(bob.watch().await), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_watch_ends_with_its_session_and_with_no_other() {
    let cloud = Cloud::start();
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let (mut anns, mut bobs) = (ann.watch().await.unwrap(), bob.watch().await.unwrap());
    next_list(&mut anns).await;
    next_list(&mut bobs).await;
    let (verifier, now) = (cloud.signer.verifier(), cloud.clock_now());
    verifier.ended_sessions().end("bob", now + DAY_MS, now);
    assert_eq!(end(&mut bobs).await, "SESSION_ENDED");
    cloud.registry.own(device(1), "ann", "Home");
    ann.offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    told_state(&mut anns, ShareState::Offered).await;
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_a_heartbeat_within_fifteen_seconds() {
    let cloud = Cloud::start();
    let mut watch = cloud.person("ann").watch().await.unwrap();
    let (mut heartbeats, mut last) = (0, Instant::now());
    while heartbeats < 3 {
        heartbeats += usize::from(matches!(next(&mut watch).await, Event::Heartbeat(_)));
        assert!(last.elapsed() <= Duration::from_secs(15));
        last = Instant::now();
    }
}

#[tokio::test]
async fn one_account_cannot_hold_any_number_of_watches() {
    let cloud = Cloud::start();
    let ann = cloud.person("ann");
    let mut watches = Vec::new();
    for _ in 0..32 {
        watches.push(ann.watch().await.unwrap());
    }
    assert_eq!(why(ann.watch().await), "TOO_MANY_WATCHES");
    assert!(cloud.person("bob").watch().await.is_ok());
    watches.pop();
    assert!(ann.watch().await.is_ok());
}

#[tokio::test]
async fn watches_end_with_the_service() {
    let cloud = Cloud::start();
    let mut person = cloud.person("ann");
    let mut watch = person.watch().await.unwrap();
    next_list(&mut watch).await;
    let Cloud { service, .. } = cloud;
    drop(service);
    // The client holds the service, too.
    person.client = SharingClient::new(local(tonic::service::Routes::default()));
    assert_eq!(end(&mut watch).await, "UNAVAILABLE");
}
