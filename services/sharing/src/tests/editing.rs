//! What an owner does with shares that stand, and what ends them.

use super::*;

#[tokio::test]
async fn an_edit_keeps_a_share_accepted_and_holds_at_once() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    let edited = ann
        .update(&share.id, archive(), share.version)
        .await
        .unwrap();
    assert_eq!(edited.state(), ShareState::Accepted);
    assert!(edited.version > share.version);
    let rights = bob.check(device(1), 0).await;
    assert!(
        rights
            .permissions()
            .any(|one| one == Permission::ViewArchive)
    );
}

#[tokio::test]
async fn a_recipient_is_told_of_wider_terms_until_they_have_looked() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    ann.update(&share.id, working_hours(), 0).await.unwrap();
    assert!(!bob.received().await[0].widened, "narrower terms are wider");
    let wider = ann.update(&share.id, archive(), 0).await.unwrap();
    assert!(!wider.widened, "the owner is told");
    // Narrower again, and yet wider than what was accepted may have been.
    ann.update(&share.id, live(), 0).await.unwrap();
    assert!(bob.received().await[0].widened);
    let seen = bob.accept(&share.id).await.unwrap();
    assert_eq!((seen.widened, seen.state()), (false, ShareState::Accepted));
    assert!(!bob.received().await[0].widened);
}

#[tokio::test]
async fn an_offer_that_becomes_wider_before_the_answer_is_just_an_offer() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let offer = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    let edited = ann.update(&offer.id, archive(), 1).await.unwrap();
    assert_eq!(edited.state(), ShareState::Offered);
    let accepted = bob.accept(&offer.id).await.unwrap();
    assert_eq!((accepted.terms, accepted.widened), (Some(archive()), false));
}

#[tokio::test]
async fn an_edit_of_an_older_version_is_refused() {
    let cloud = Cloud::start();
    let (ann, _, share) = cloud.shared().await;
    ann.update(&share.id, archive(), share.version)
        .await
        .unwrap();
    let stale = ann.update(&share.id, live(), share.version).await;
    assert_eq!(stale.as_ref().unwrap_err().code(), tonic::Code::Aborted);
    assert_eq!(why(stale), "VERSION_CONFLICT");
    assert_eq!(ann.given().await[0].terms, Some(archive()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_edits_of_one_version_exactly_one_stands() {
    let cloud = Cloud::start();
    let (ann, _, share) = cloud.shared().await;
    let edits = (0..20).map(|_| {
        let (ann, share) = (ann.clone(), share.clone());
        async move { ann.update(&share.id, archive(), share.version).await }
    });
    let made = at_once(edits).await;
    assert_eq!(made.iter().filter(|edit| edit.is_ok()).count(), 1);
    assert_eq!(ann.given().await[0].version, share.version + 1);
}

#[tokio::test]
async fn a_revoked_share_gives_nothing_and_both_see_it_ended() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    ann.revoke(&share.id).await.unwrap();
    assert!(!bob.may_view(device(1)).await);
    assert_eq!(ann.given().await[0].state(), ShareState::Ended);
    assert_eq!(bob.received().await[0].state(), ShareState::Ended);
    // A call whose answer was lost is repeated.
    ann.revoke(&share.id).await.unwrap();
    assert_eq!(why(ann.update(&share.id, live(), 0).await), "SHARE_ENDED");
    assert_eq!(why(bob.accept(&share.id).await), "SHARE_ENDED");
    assert_eq!(why(bob.decline(&share.id).await), "SHARE_ENDED");
    let anew = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    assert!(bob.accept(&anew.id).await.is_ok());
}

#[tokio::test]
async fn only_the_owner_edits_and_others_cannot_tell_a_share_from_none() {
    let cloud = Cloud::start();
    let (_, bob, share) = cloud.shared().await;
    let nothing = Uuid::new_v4().to_string();
    for person in [bob, cloud.person("eve")] {
        let unknown = refusal(person.update(&nothing, live(), 0).await);
        assert_eq!(unknown.0, tonic::Code::NotFound);
        assert_eq!(refusal(person.update(&share.id, live(), 0).await), unknown);
        assert_eq!(refusal(person.revoke(&share.id).await), unknown);
        assert_eq!(refusal(person.revoke(&nothing).await), unknown);
    }
}

#[tokio::test]
async fn shares_of_a_device_that_changed_hands_are_dead_for_all() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    for owner in ["dan", "ann"] {
        cloud.registry.own(device(1), owner, "Secret");
        assert!(!bob.may_view(device(1)).await);
        for person in [&ann, &cloud.person("dan")] {
            let edited = person.update(&share.id, archive(), 0).await;
            assert_eq!(why(edited), "SHARE_NOT_FOUND");
            assert_eq!(why(person.revoke(&share.id).await), "SHARE_NOT_FOUND");
        }
        // Both are told by the name that they knew.
        for shares in [ann.given().await, bob.received().await] {
            assert_eq!(shares.len(), 1);
            assert_eq!(shares[0].state(), ShareState::Ended);
            assert_eq!(shares[0].device_name, "Home");
        }
        assert_eq!(cloud.person("dan").given().await, []);
    }
    let found = ann.find(device(1), "bob@example.org").await.unwrap();
    assert_eq!(found.existing, None);
    assert!(
        ann.offer(device(1), "bob@example.org", live())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_share_that_is_over_makes_room_for_a_new_one() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let end = cloud.clock_now() + HOUR_MS;
    let offer = ann
        .offer(device(1), "bob@example.org", until(end))
        .await
        .unwrap();
    bob.accept(&offer.id).await.unwrap();
    cloud.clock.set_unix_ms(end - 1);
    assert!(bob.may_view(device(1)).await);
    let exists = ann.offer(device(1), "bob@example.org", live()).await;
    assert_eq!(why(exists), "SHARE_EXISTS");
    cloud.clock.set_unix_ms(end);
    assert!(!bob.may_view(device(1)).await);
    assert_eq!(why(ann.update(&offer.id, live(), 0).await), "SHARE_ENDED");
    let anew = ann
        .offer(device(1), "bob@example.org", live())
        .await
        .unwrap();
    let states: Vec<_> = ann.given().await.iter().map(Share::state).collect();
    assert_eq!(states, [ShareState::Offered, ShareState::Ended]);
    assert!(bob.accept(&anew.id).await.is_ok());
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten_and_what_lives_is_not() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    cloud.registry.own(device(2), "ann", "Shop");
    let kept = ann
        .offer(device(2), "bob@example.org", live())
        .await
        .unwrap();
    ann.revoke(&share.id).await.unwrap();
    cloud.clock.advance_ms(30 * DAY_MS - 1);
    cloud.service.sharing.sweep().await.unwrap();
    assert_eq!(bob.received().await.len(), 2);
    cloud.clock.advance_ms(1);
    cloud.service.sharing.sweep().await.unwrap();
    for shares in [ann.given().await, bob.received().await] {
        let ids: Vec<_> = shares.into_iter().map(|share| share.id).collect();
        assert_eq!(ids, std::slice::from_ref(&kept.id));
    }
    assert_eq!(why(bob.accept(&share.id).await), "SHARE_NOT_FOUND");
}

#[tokio::test]
async fn a_sweep_ends_shares_whose_owner_has_gone_unnoticed() {
    let cloud = Cloud::start();
    let (ann, ..) = cloud.shared().await;
    cloud.registry.free(device(1));
    cloud.service.sharing.sweep().await.unwrap();
    let version = ann.given().await[0].version;
    assert_eq!(version, 3, "not written down");
    cloud.clock.advance_ms(30 * DAY_MS);
    cloud.service.sharing.sweep().await.unwrap();
    assert_eq!(ann.given().await, []);
}

#[tokio::test]
async fn changes_of_terms_are_limited_per_account() {
    let cloud = Cloud::start();
    let (ann, _, share) = cloud.shared().await;
    for _ in 0..600 {
        ann.update(&share.id, live(), 0).await.unwrap();
    }
    let refused = ann.update(&share.id, archive(), 0).await;
    assert_eq!(why(refused), "TOO_MANY_ATTEMPTS");
    cloud.registry.own(device(2), "eve", "Shop");
    let eve = cloud.person("eve");
    let offer = eve.offer(device(2), "bob@example.org", live()).await;
    assert!(eve.update(&offer.unwrap().id, archive(), 0).await.is_ok());
    cloud.clock.advance_ms(6_000);
    assert!(ann.update(&share.id, archive(), 0).await.is_ok());
}

#[tokio::test]
async fn a_share_that_cannot_be_swept_does_not_stop_the_sweep() {
    let cloud = Cloud::start();
    let (ann, ..) = cloud.shared().await;
    cloud.registry.own(device(2), "ann", "Shop");
    let offer = ann.offer(device(2), "bob@example.org", live()).await;
    ann.revoke(&offer.unwrap().id).await.unwrap();
    cloud.clock.advance_ms(30 * DAY_MS);
    // The first share is still live, and its owner cannot be asked for.
    cloud.registry.go();
    assert_eq!(cloud.service.sharing.sweep().await.unwrap(), 1);
    let left = cloud.store.scan(b"sharing/share/", None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn what_ended_while_nothing_ran_is_swept_at_the_start() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    drop((ann, bob));
    let (mut changes, parts) = (cloud.store.changes(b"sharing/"), cloud.parts.clone());
    cloud.registry.free(device(1));
    let _again = Service::start(&Config::default(), parts);
    loop {
        let change = changes.next().await.unwrap();
        let key = format!("sharing/share/{}", share.id);
        if change.key == key.as_bytes() {
            break;
        }
    }
}

#[tokio::test]
async fn nothing_is_answered_while_the_owner_is_unknown() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    cloud.registry.go();
    assert_eq!(
        why(ann.update(&share.id, archive(), 0).await),
        "UNAVAILABLE"
    );
    assert_eq!(why(bob.accept(&share.id).await), "UNAVAILABLE");
    let offered = ann.offer(device(1), "dan@example.org", live()).await;
    assert_eq!(why(offered), "UNAVAILABLE");
    let explained = bob.explain(device(1), Permission::ViewLive, "").await;
    assert_eq!(why(explained), "UNAVAILABLE");
}
