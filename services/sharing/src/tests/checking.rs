//! What follows from shares: rights at a moment, and the reasons for them.

use sightline_rpc::sharing::v1::path::By;

use super::*;

#[tokio::test]
async fn the_working_hours_of_the_walk_through_hold_to_the_second() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let offer = ann
        .offer(device(1), "bob@example.org", working_hours())
        .await;
    bob.accept(&offer.unwrap().id).await.unwrap();
    // Moment, whether the device may be seen, and when that changes.
    let moments = [
        (
            "2026-11-23T09:59:59.999+03:00",
            false,
            "2026-11-23T10:00:00+03:00",
        ),
        (
            "2026-11-23T10:00:00+03:00",
            true,
            "2026-11-23T18:00:00+03:00",
        ),
        (
            "2026-11-23T17:59:59.999+03:00",
            true,
            "2026-11-23T18:00:00+03:00",
        ),
        (
            "2026-11-23T18:00:00+03:00",
            false,
            "2026-11-23T20:00:00+03:00",
        ),
        (
            "2026-11-27T21:59:59+03:00",
            true,
            "2026-11-27T22:00:00+03:00",
        ),
        (
            "2026-11-28T12:00:00+03:00",
            false,
            "2026-11-30T10:00:00+03:00",
        ),
        (
            "2026-11-29T20:30:00+03:00",
            false,
            "2026-11-30T10:00:00+03:00",
        ),
    ];
    for (moment, open, until) in moments {
        cloud.clock.set_unix_ms(ms(moment));
        let rights = bob.check(device(1), 0).await;
        let expected = if open {
            vec![Permission::ViewLive, Permission::Sound]
        } else {
            Vec::new()
        };
        assert_eq!(
            rights.permissions().collect::<Vec<_>>(),
            expected,
            "{moment}"
        );
        assert_eq!(rights.holds_until_unix_ms, ms(until), "{moment}");
    }
}

#[tokio::test]
async fn weekly_hours_are_closed_and_all_else_is_open_while_the_zone_is_not_known() {
    let cloud = Cloud::start();
    let (_, bob, share) = cloud.shared().await;
    for unknown in ["", "MSK-3"] {
        cloud.registry.set_zone(device(1), unknown);
        assert!(bob.may_view(device(1)).await);
    }
    // Open at this moment in the zone of the device, and in UTC as well.
    cloud.clock.set_unix_ms(ms("2026-11-23T12:00:00Z"));
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    ann.update(&share.id, working_hours(), 0).await.unwrap();
    for unknown in ["", "MSK-3", "Etc/Unknown", "Mars/Olympus"] {
        cloud.registry.set_zone(device(1), unknown);
        assert!(!bob.may_view(device(1)).await, "{unknown}");
        assert!(ann.may_view(device(1)).await);
        assert_eq!(bob.received().await[0].time_zone, "");
    }
    cloud.registry.set_zone(device(1), ZONE);
    assert!(bob.may_view(device(1)).await);
}

#[tokio::test]
async fn an_owner_may_do_everything_for_good() {
    let cloud = Cloud::start();
    let (ann, ..) = cloud.shared().await;
    let rights = ann.check(device(1), 7).await;
    assert_eq!(
        (rights.permissions.len(), rights.holds_until_unix_ms),
        (9, 0)
    );
}

#[tokio::test]
async fn a_share_of_one_channel_gives_no_other_and_not_the_device() {
    let cloud = Cloud::start();
    cloud.registry.own(device(1), "ann", "Home");
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let terms = Terms {
        channels: vec![2],
        ..live()
    };
    let offer = ann
        .offer(device(1), "bob@example.org", terms)
        .await
        .unwrap();
    bob.accept(&offer.id).await.unwrap();
    let allowed = |rights: CheckResponse| !rights.permissions.is_empty();
    assert!(allowed(bob.check(device(1), 2).await));
    assert!(!allowed(bob.check(device(1), 1).await));
    assert!(!allowed(bob.check(device(1), 0).await));
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_device_not_even_that_it_exists() {
    let cloud = Cloud::start();
    cloud.shared().await;
    let eve = cloud.person("eve");
    for n in [1, 9] {
        assert_eq!(eve.check(device(n), 0).await, CheckResponse::default());
        let paths = eve.explain(device(n), Permission::ViewLive, "").await;
        assert_eq!(paths.unwrap(), []);
    }
}

#[tokio::test]
async fn a_user_of_the_device_may_see_it_until_it_changes_hands() {
    let cloud = Cloud::start();
    cloud.shared().await;
    cloud.registry.own(device(2), "ann", "Shop");
    let guard = cloud.device_user(device(1), 1);
    assert!(guard.may_view(device(1)).await);
    assert!(!guard.may_view(device(2)).await);
    let paths = guard
        .explain(device(1), Permission::ViewLive, "")
        .await
        .unwrap();
    assert!(matches!(&paths[0].by, Some(By::DeviceUser(user)) if user.name == "guard"));
    cloud.registry.own(device(1), "dan", "Mine");
    assert!(!guard.may_view(device(1)).await);
}

#[tokio::test]
async fn an_explanation_names_the_share_and_what_it_gives() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    let terms = Terms {
        permissions: vec![Permission::ViewArchive.into()],
        ..working_hours()
    };
    ann.update(&share.id, terms, 0).await.unwrap();
    let expected = Path {
        in_force: true,
        changes_at_unix_ms: ms("2026-11-23T18:00:00+03:00"),
        by: Some(By::ShareId(share.id.clone())),
        given: Permission::ViewArchive.into(),
    };
    let own = bob.explain(device(1), Permission::ViewLive, "").await;
    assert_eq!(own.unwrap(), std::slice::from_ref(&expected));
    let recipients = ann
        .explain(device(1), Permission::ViewLive, &share.id)
        .await;
    assert_eq!(recipients.unwrap(), [expected]);
    let owners = ann
        .explain(device(1), Permission::ViewLive, "")
        .await
        .unwrap();
    assert!(matches!(owners[0].by, Some(By::Ownership(_))));
    let none = ann
        .explain(device(1), Permission::ExportArchive, &share.id)
        .await;
    assert_eq!(none.unwrap(), []);
}

#[tokio::test]
async fn only_the_owner_explains_the_rights_of_others() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    cloud.registry.own(device(2), "ann", "Shop");
    let nothing = Uuid::new_v4().to_string();
    for person in [&bob, &cloud.person("eve"), &cloud.device_user(device(1), 1)] {
        let explain = |id| person.explain(device(1), Permission::ViewLive, id);
        let unknown = refusal(explain(&nothing).await);
        assert_eq!(refusal(explain(&share.id).await), unknown);
    }
    let elsewhere = ann
        .explain(device(2), Permission::ViewLive, &share.id)
        .await;
    assert_eq!(why(elsewhere), "SHARE_NOT_FOUND");
    let nothing = ann.explain(device(1), Permission::Unspecified, "").await;
    assert_eq!(why(nothing), "INVALID_PERMISSION");
}

#[tokio::test]
async fn nobody_is_answered_without_a_token() {
    let cloud = Cloud::start();
    let (_, mut bob, share) = cloud.shared().await;
    bob.token = "none".into();
    let answers = [
        why(bob.find(device(1), "dan@example.org").await),
        why(bob.offer(device(1), "dan@example.org", live()).await),
        why(bob.page(ListSharesRequest::default()).await),
        why(bob.accept(&share.id).await),
        why(bob.decline(&share.id).await),
        why(bob.update(&share.id, archive(), 0).await),
        why(bob.revoke(&share.id).await),
        why(bob.watch().await),
        why(bob.explain(device(1), Permission::ViewLive, "").await),
    ];
    assert!(
        answers.iter().all(|why| why == "SIGN_IN_REQUIRED"),
        "{answers:?}"
    );
}
