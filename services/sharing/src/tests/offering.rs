//! How an owner offers a device.

use sightline_rpc::error::Code;
use sightline_store::{Transaction, key};

use super::*;

#[tokio::test]
async fn an_offer_is_seen_by_its_recipient_and_by_nobody_else() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let ann = cloud.person("ann");
    let offer = ann
        .offer(device(1), " Bob@Example.org ", working_hours())
        .await
        .unwrap();
    assert_eq!(offer.state(), ShareState::Offered);
    assert_eq!(offer.recipient_email, "bob@example.org");
    assert_eq!(offer.terms, Some(working_hours()));
    assert_eq!(
        (offer.device_name.as_str(), offer.time_zone.as_str()),
        ("Home", ZONE)
    );
    assert_eq!(ann.given().await, std::slice::from_ref(&offer));
    let received = cloud.person("bob").received().await;
    let expected = Share {
        recipient_email: String::new(),
        owner_hint: "a…n@example.org".into(),
        given_by_caller: false,
        ..offer
    };
    assert_eq!(received, [expected]);
    assert_eq!(cloud.person("eve").received().await, []);
    assert_eq!(cloud.person("eve").given().await, []);
}

#[tokio::test]
async fn an_address_without_an_account_is_answered_like_one_with() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let ann = cloud.person("ann");
    for address in ["bob@example.org", "nobody@example.com"] {
        let found = ann.find(device(1), address).await.unwrap();
        let expected = FindRecipientResponse {
            email: address.into(),
            existing: None,
        };
        assert_eq!(found, expected);
        let offer = ann.offer(device(1), address, live()).await.unwrap();
        assert_eq!(offer.state(), ShareState::Offered);
    }
}

#[tokio::test]
async fn a_search_tells_the_owner_of_the_share_that_stands() {
    let cloud = Cloud::start();
    let (ann, _, share) = cloud.shared().await;
    let found = ann.find(device(1), "BOB@example.org").await.unwrap();
    assert_eq!(found.existing.unwrap().id, share.id);
    ann.revoke(&share.id).await.unwrap();
    let found = ann.find(device(1), "bob@example.org").await.unwrap();
    assert_eq!(found.existing, None);
}

#[tokio::test]
async fn a_device_of_somebody_else_is_refused_like_one_that_does_not_exist() {
    let cloud = Cloud::start();
    let (_, bob, _) = cloud.shared().await;
    cloud.registry.free(device(2));
    // A guest, and a stranger.
    for person in [bob, cloud.person("eve")] {
        let unknown = refusal(person.find(device(9), "dan@example.org").await);
        assert_eq!(unknown.0, Code::NotFound.grpc());
        for n in [1, 2] {
            let refused = person.find(device(n), "dan@example.org").await;
            assert_eq!(refusal(refused), unknown);
            let refused = person.offer(device(n), "dan@example.org", live()).await;
            assert_eq!(refusal(refused), unknown);
        }
        let refused = person.offer(device(9), "dan@example.org", live()).await;
        assert_eq!(refusal(refused), unknown);
    }
}

#[tokio::test]
async fn nobody_shares_with_themselves() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let ann = cloud.person("ann");
    let found = ann.find(device(1), "ann@example.org").await;
    assert_eq!(why(found), "SHARE_WITH_SELF");
    let offered = ann.offer(device(1), "Ann@Example.org", live()).await;
    assert_eq!(why(offered), "SHARE_WITH_SELF");
}

#[tokio::test]
async fn a_repeated_offer_finds_what_the_first_one_made_even_after_an_answer() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    cloud.registry.own(device(2), "ann", "Shop");
    let (ann, id) = (cloud.person("ann"), Uuid::new_v4());
    let again = |n, address| ann.offer_again(device(n), address, live(), id);
    let first = again(1, "bob@example.org").await.unwrap();
    assert_eq!(again(1, "bob@example.org").await.unwrap(), first);
    let bob = cloud.person("bob");
    bob.decline(&first.id).await.unwrap();
    let repeated = again(1, "bob@example.org").await.unwrap();
    assert_eq!(
        (repeated.id, repeated.state),
        (first.id, ShareState::Declined.into())
    );
    assert_eq!(why(again(2, "bob@example.org").await), "INVALID_REQUEST_ID");
    assert_eq!(why(again(1, "eve@example.org").await), "INVALID_REQUEST_ID");
    assert_eq!(ann.given().await.len(), 1);
}

#[tokio::test]
async fn terms_that_a_share_cannot_have_are_refused() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let ann = cloud.person("ann");
    let settings = Terms {
        permissions: vec![Permission::EditSettings.into()],
        ..live()
    };
    let no_day = Terms {
        schedule: Some(Schedule::default()),
        ..live()
    };
    let over = until(cloud.clock_now());
    for terms in [Terms::default(), settings, no_day, over] {
        let offered = ann.offer(device(1), "bob@example.org", terms).await;
        assert_eq!(why(offered), "INVALID_TERMS");
    }
    let offered = ann.offer(device(1), "bob", live()).await;
    assert_eq!(why(offered), "INVALID_EMAIL");
    assert_eq!(ann.given().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_offers_to_one_address_exactly_one_stands() {
    let cloud = Cloud::start_generous();
    cloud.registry.own(device(1), "ann", "Home");
    let ann = cloud.person("ann");
    let offers = (0..100).map(|_| {
        let ann = ann.clone();
        async move { ann.offer(device(1), "bob@example.org", live()).await }
    });
    let (made, refused): (Vec<_>, Vec<_>) =
        at_once(offers).await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for offer in refused {
        assert_eq!(why(offer), "SHARE_EXISTS");
    }
    assert_eq!(ann.given().await.len(), 1);
    assert_eq!(cloud.person("bob").received().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_calls_with_one_request_id_all_get_the_one_share() {
    let cloud = Cloud::start_generous();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, id) = (cloud.person("ann"), Uuid::new_v4());
    let calls = (0..100).map(|_| {
        let ann = ann.clone();
        async move {
            ann.offer_again(device(1), "bob@example.org", live(), id)
                .await
        }
    });
    let made = at_once(calls).await;
    let ids: std::collections::BTreeSet<_> = made.into_iter().map(|m| m.unwrap().id).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_device_is_shared_with_a_hundred_people_at_most_even_when_all_are_asked_at_once() {
    let cloud = Cloud::start_generous();
    cloud.registry.own(device(1), "ann", "Home");
    let ann = cloud.person("ann");
    let offers = (0..110).map(|n| {
        let (ann, to) = (ann.clone(), format!("guest-{n}@example.com"));
        async move { ann.offer(device(1), &to, live()).await }
    });
    let (made, refused): (Vec<_>, Vec<_>) =
        at_once(offers).await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (100, 10));
    for offer in refused {
        assert_eq!(why(offer), "TOO_MANY_SHARES");
    }
    let one = made.into_iter().next().unwrap().unwrap();
    ann.revoke(&one.id).await.unwrap();
    assert!(
        ann.offer(device(1), "bob@example.org", live())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_address_is_not_buried_in_offers_and_those_taken_back_do_not_count() {
    let cloud = Cloud::start_generous();
    let ann = cloud.person("ann");
    let mut last = None;
    for n in 0..100 {
        let owner = if n == 99 {
            "ann".into()
        } else {
            format!("o{}", n / 10)
        };
        cloud.registry.own(device(n), &owner, "Home");
        let owner = cloud.person(&owner);
        let offer = owner.offer(device(n), "bob@example.org", live()).await;
        last = Some(offer.unwrap());
    }
    cloud.registry.own(device(100), "ann", "Home");
    let one_more = || ann.offer(device(100), "bob@example.org", live());
    assert_eq!(why(one_more().await), "TOO_MANY_OFFERS");
    ann.revoke(&last.unwrap().id).await.unwrap();
    assert!(one_more().await.is_ok());
    assert_eq!(cloud.person("bob").received().await.len(), 100);
}

#[tokio::test]
async fn one_account_cannot_take_all_the_room_for_offers_to_an_address() {
    let cloud = Cloud::start_generous();
    let (ann, eve) = (cloud.person("ann"), cloud.person("eve"));
    for n in 0..11 {
        cloud.registry.own(device(n), "eve", "Bait");
    }
    for n in 0..10 {
        let offer = eve.offer(device(n), "bob@example.org", live()).await;
        offer.unwrap();
    }
    let one_more = eve.offer(device(10), "bob@example.org", live()).await;
    assert_eq!(why(one_more), "TOO_MANY_OFFERS");
    assert!(
        eve.offer(device(10), "dan@example.org", live())
            .await
            .is_ok()
    );
    cloud.registry.own(device(20), "ann", "Home");
    assert!(
        ann.offer(device(20), "bob@example.org", live())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_account_gives_five_thousand_shares_at_most() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let entry = crate::records::Entry {
        id: "none".into(),
        device: device(2),
    };
    for chunk in 0..50 {
        let mut fill = Transaction::new();
        for n in 0..100 {
            let place = format!("{:019}.none", chunk * 100 + n);
            let list = key!("sharing", "given", account("ann"), place);
            fill = fill.put(list, &entry).unwrap();
        }
        cloud.store.commit(fill).await.unwrap();
    }
    let ann = cloud.person("ann");
    let offered = ann.offer(device(1), "bob@example.org", live()).await;
    assert_eq!(why(offered), "TOO_MANY_GIVEN");
}

#[tokio::test]
async fn searches_and_offers_are_limited_per_account() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    cloud.registry.own(device(2), "eve", "Shop");
    let ann = cloud.person("ann");
    for n in 0..30 {
        let address = format!("guest-{n}@example.com");
        ann.find(device(1), &address).await.unwrap();
        ann.offer(device(1), &address, live()).await.unwrap();
    }
    let refused = ann.find(device(1), "bob@example.org").await;
    assert_eq!(why(refused), "TOO_MANY_ATTEMPTS");
    let refused = ann.offer(device(1), "bob@example.org", live()).await;
    assert_eq!(why(refused), "TOO_MANY_ATTEMPTS");
    let eve = cloud.person("eve");
    assert!(eve.find(device(2), "bob@example.org").await.is_ok());
    cloud.clock.advance_ms(2 * MINUTE_MS);
    assert!(ann.find(device(1), "bob@example.org").await.is_ok());
    assert!(
        ann.offer(device(1), "bob@example.org", live())
            .await
            .is_ok()
    );
}
