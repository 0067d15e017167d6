//! What a recipient does with an offer.

use sightline_store::{Transaction, key};

use super::*;

#[tokio::test]
async fn an_offer_gives_nothing_before_it_is_accepted() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let offer = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    assert!(!bob.may_view(device(1)).await);
    let accepted = bob.accept(&offer.id).await.unwrap();
    assert_eq!(accepted.state(), ShareState::Accepted);
    assert!(bob.may_view(device(1)).await);
    assert_eq!(bob.received().await, [accepted]);
    assert_eq!(ann.given().await[0].state(), ShareState::Accepted);
}

#[tokio::test]
async fn only_whoever_has_the_address_answers_and_others_cannot_tell_a_share_from_none() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let ann = cloud.person("ann");
    let offer = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    let nothing = Uuid::new_v4().to_string();
    for person in [&ann, &cloud.person("eve")] {
        let unknown = refusal(person.accept(&nothing).await);
        assert_eq!(unknown.0, tonic::Code::NotFound);
        assert_eq!(refusal(person.accept(&offer.id).await), unknown);
        assert_eq!(refusal(person.decline(&offer.id).await), unknown);
        assert_eq!(refusal(person.decline(&nothing).await), unknown);
        assert_eq!(refusal(person.decline("no UUID").await), unknown);
    }
    assert!(cloud.person("bob").accept(&offer.id).await.is_ok());
}

#[tokio::test]
async fn a_declined_offer_leaves_the_recipients_list_and_may_be_made_anew() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let offer = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    bob.decline(&offer.id).await.unwrap();
    assert_eq!(bob.received().await, []);
    assert_eq!(ann.given().await[0].state(), ShareState::Declined);
    assert_eq!(why(bob.accept(&offer.id).await), "SHARE_NOT_FOUND");
    // A call whose answer was lost is repeated.
    bob.decline(&offer.id).await.unwrap();
    let anew = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    assert_eq!(bob.accept(&anew.id).await.unwrap().id, anew.id);
}

#[tokio::test]
async fn a_share_that_is_given_back_gives_nothing_more() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    bob.decline(&share.id).await.unwrap();
    assert!(!bob.may_view(device(1)).await);
    assert_eq!(bob.received().await, []);
    assert_eq!(ann.given().await[0].state(), ShareState::Declined);
}

#[tokio::test]
async fn accepting_again_changes_nothing() {
    let cloud = Cloud::start();
    let (_, bob, share) = cloud.shared().await;
    cloud.clock.advance_ms(MINUTE_MS);
    assert_eq!(bob.accept(&share.id).await.unwrap(), share);
}

#[tokio::test]
async fn an_offer_that_is_over_or_taken_back_cannot_be_accepted_and_is_not_shown() {
    let cloud = Cloud::start();
    for n in [1, 2, 3] {
        cloud.registry.own(device(n), "ann", "Home");
    }
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let end = cloud.clock_now() + HOUR_MS;
    let over = ann.offer(device(1), "bob@example.org", until(end)).await;
    let taken_back = ann.offer(device(2), "bob@example.org", live()).await;
    let orphaned = ann.offer(device(3), "bob@example.org", live()).await;
    assert_eq!(bob.received().await.len(), 3);
    cloud.clock.set_unix_ms(end);
    ann.revoke(&taken_back.as_ref().unwrap().id).await.unwrap();
    cloud.registry.free(device(3));
    assert_eq!(bob.received().await, []);
    for offer in [over, taken_back, orphaned] {
        let accepted = bob.accept(&offer.unwrap().id).await;
        assert_eq!(why(accepted), "SHARE_NOT_FOUND");
    }
}

#[tokio::test]
async fn an_account_holds_a_thousand_shares_at_most() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let offer = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    let entry = crate::records::Entry {
        id: "none".into(),
        device: device(2),
    };
    for chunk in 0..10 {
        let mut fill = Transaction::new();
        for n in 0..100 {
            let place = format!("{:019}.none", chunk * 100 + n);
            let list = key!("sharing", "received", account("bob"), place);
            fill = fill.put(list, &entry).unwrap();
        }
        cloud.store.commit(fill).await.unwrap();
    }
    assert_eq!(why(bob.accept(&offer.id).await), "TOO_MANY_RECEIVED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accepting_and_revoking_at_once_leave_the_share_ended() {
    let cloud = Cloud::start_generous();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let mut accepted_first = 0;
    for _ in 0..50 {
        let offer = ann
            .offer(device(1), "bob@example.org", live())
            .await
            .unwrap();
        let (recipient, id) = (bob.clone(), offer.id.clone());
        let accepting = tokio::spawn(async move { recipient.accept(&id).await });
        ann.revoke(&offer.id).await.unwrap();
        accepted_first += usize::from(accepting.await.unwrap().is_ok());
        assert!(!bob.may_view(device(1)).await);
        let given = ann.given().await;
        assert!(given.iter().all(|share| share.state() == ShareState::Ended));
        // Who had accepted is told; who had not sees no trace.
        assert_eq!(bob.received().await.len(), accepted_first);
    }
}

#[tokio::test]
async fn whoever_signed_in_by_device_has_no_shares() {
    let cloud = Cloud::start();
    let (_, _, share) = cloud.shared().await;
    let guard = cloud.device_user(device(1), 1);
    let list = ListSharesRequest {
        direction: Direction::Given.into(),
        ..ListSharesRequest::default()
    };
    let answers = [
        why(guard.find(device(1), "dan@example.org").await),
        why(guard.offer(device(1), "dan@example.org", live()).await),
        why(guard.page(list).await),
        why(guard.accept(&share.id).await),
        why(guard.decline(&share.id).await),
        why(guard.update(&share.id, archive(), 0).await),
        why(guard.revoke(&share.id).await),
        why(guard.watch().await),
    ];
    assert!(
        answers.iter().all(|why| why == "ACCOUNT_NEEDED"),
        "{answers:?}"
    );
}
