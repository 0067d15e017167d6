//! Renaming and deleting.

use std::time::Duration;

use futures::future::join_all;
use sightline_rpc::registry::v1::ListDevicesRequest;

use super::*;

impl Cloud {
    /// Waits until the shares of so many ownerships were ended, and tells which.
    async fn ended_shares(&self, count: usize) -> Vec<(String, u64)> {
        let mut ended = self.sharing.ended.subscribe();
        let ended = ended.wait_for(|ended| ended.len() >= count).await.unwrap();
        let ended = ended.iter();
        ended
            .map(|one| (one.device_id.clone(), one.epoch))
            .collect()
    }
}

#[tokio::test]
async fn a_renamed_device_moves_in_the_list_and_is_found_by_its_new_name_alone() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for (n, name) in [(1, "Attic"), (2, "Barn"), (3, "Cellar")] {
        cloud.owned(cloud_id(n), &ann, name).await;
    }
    let renamed = ann.rename(cloud_id(1), " Yard ").await.unwrap();
    assert_eq!(renamed, ann.device(cloud_id(1)).await.unwrap());
    assert_eq!(ann.names().await, ["Barn", "Cellar", "Yard"]);
    let attic = ListDevicesRequest {
        search: "attic".into(),
        ..ListDevicesRequest::default()
    };
    assert_eq!(ann.list(attic).await.unwrap().total, 0);
    // The same index entry, and the same name.
    ann.rename(cloud_id(1), "YARD").await.unwrap();
    ann.rename(cloud_id(1), "YARD").await.unwrap();
    assert_eq!(ann.names().await, ["Barn", "Cellar", "YARD"]);
    assert_eq!(why(ann.rename(cloud_id(1), " ").await), "INVALID_NAME");
}

#[tokio::test]
async fn only_the_owner_changes_a_device_and_others_do_not_learn_that_it_exists() {
    let cloud = Cloud::start().await;
    let (ann, eve, guest) = (cloud.person(1), cloud.person(2), cloud.person(3));
    cloud.owned(cloud_id(1), &ann, "Home").await;
    cloud.sharing.share(cloud_id(1), &guest.account, live());
    for person in [&eve, &guest] {
        let foreign = person.rename(cloud_id(1), "Mine").await.unwrap_err();
        let missing = person.rename(cloud_id(2), "Mine").await.unwrap_err();
        assert_same_refusal(&foreign, &missing);
        let foreign = person.delete(cloud_id(1)).await.unwrap_err();
        let missing = person.delete(cloud_id(2)).await.unwrap_err();
        assert_same_refusal(&foreign, &missing);
    }
    let user = cloud.device_user(cloud_id(1), 1);
    assert_eq!(why(user.delete(cloud_id(1)).await), "ACCOUNT_NEEDED");
    assert_eq!(
        why(user.rename(cloud_id(2), "Mine").await),
        "ACCOUNT_NEEDED"
    );
    assert_eq!(ann.names().await, ["Home"]);
}

fn assert_same_refusal(one: &Status, other: &Status) {
    assert_eq!(reason(one), "DEVICE_NOT_FOUND");
    assert_eq!((one.code(), one.message()), (other.code(), other.message()));
    assert_eq!(one.details(), other.details());
}

#[tokio::test]
async fn a_deleted_device_is_free_at_once_and_shows_what_it_is() {
    let cloud = Cloud::start().await;
    let (ann, bob) = (cloud.person(1), cloud.person(2));
    cloud.owned(cloud_id(1), &ann, "Home").await;
    ann.delete(cloud_id(1)).await.unwrap();
    assert_eq!(why(ann.device(cloud_id(1)).await), "DEVICE_NOT_FOUND");
    assert_eq!(why(ann.delete(cloud_id(1)).await), "DEVICE_NOT_FOUND");
    let found = bob.look_up(&cloud_id(1).to_string()).await.unwrap();
    assert_eq!(found.model, "NVR-4");
    let device = bob.claim(cloud_id(1), "Mine", CODE).await.unwrap();
    assert_eq!((device.model.as_str(), device.channels.len()), ("NVR-4", 2));
}

#[tokio::test]
async fn a_deleted_device_leaves_nothing_but_its_epoch() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let epoch = cloud.owned(cloud_id(1), &ann, "Home").await;
    ann.rename(cloud_id(1), "Yard").await.unwrap();
    ann.delete(cloud_id(1)).await.unwrap();
    cloud.report(cloud_id(1), epoch, recorder()).await.unwrap();
    cloud.disconnect(cloud_id(1), epoch).await;
    let left = cloud.store.scan(b"", None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    let record: crate::records::Ownership = left[0].1.json().unwrap();
    assert_eq!((record.epoch, record.owner), (2, None));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_shares_is_told_until_sharing_hears_it() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.owned(cloud_id(1), &ann, "Home").await;
    cloud.sharing.failures.store(3, Ordering::SeqCst);
    ann.delete(cloud_id(1)).await.unwrap();
    let ended = cloud.ended_shares(1).await;
    assert_eq!(ended, [(cloud_id(1).to_string(), 1)]);
}

#[tokio::test]
async fn a_delete_whose_caller_goes_away_is_never_half_done() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for turns in 0..40 {
        cloud.owned(cloud_id(turns), &ann, "Home").await;
        tokio::select! {
            biased;
            _ = ann.delete(cloud_id(turns)) => {}
            () = async { for _ in 0..turns { tokio::task::yield_now().await } } => {}
        }
        // By now it was deleted, or is being so, or nothing has happened.
        let _ = ann.delete(cloud_id(turns)).await;
        assert_eq!(why(ann.device(cloud_id(turns)).await), "DEVICE_NOT_FOUND");
    }
    let told = tokio::time::timeout(Duration::from_secs(10), cloud.ended_shares(40));
    let told = told.await.expect("told of every device");
    let devices: std::collections::BTreeSet<_> = told.into_iter().map(|(id, _)| id).collect();
    assert_eq!(devices.len(), 40);
}

#[tokio::test]
async fn a_sign_in_by_device_is_dead_under_another_owner() {
    let cloud = Cloud::start().await;
    let (ann, bob) = (cloud.person(1), cloud.person(2));
    cloud.owned(cloud_id(1), &ann, "Home").await;
    let user = cloud.device_user(cloud_id(1), 1);
    assert_eq!(user.device(cloud_id(1)).await.unwrap().name, "NVR-4");
    ann.delete(cloud_id(1)).await.unwrap();
    assert_eq!(why(user.device(cloud_id(1)).await), "DEVICE_NOT_FOUND");
    bob.claim(cloud_id(1), "Mine", CODE).await.unwrap();
    assert_eq!(why(user.device(cloud_id(1)).await), "DEVICE_NOT_FOUND");
    assert!(user.names().await.is_empty());
}

#[tokio::test]
async fn racing_deletes_and_claims_never_leave_two_owners_or_half_a_record() {
    let config = Config {
        claims_per_device_h: u32::MAX,
        claims_by_all_per_device_h: u32::MAX,
        claims_per_account_h: u32::MAX,
        ..Config::default()
    };
    let cloud = &Cloud::start_with(config).await;
    cloud.connect(cloud_id(1)).await;
    let people: Vec<Person> = (0..50).map(|n| cloud.person(n)).collect();
    let allowed = [
        "DEVICE_OWNED",
        "DEVICE_ALREADY_YOURS",
        "DEVICE_NOT_FOUND",
        "CONFLICT",
    ];
    let rounds = people.iter().map(|person| async {
        for _ in 0..10 {
            let claimed = person.claim(cloud_id(1), "Mine", CODE).await.map(|_| ());
            let deleted = person.delete(cloud_id(1)).await;
            for refused in [claimed, deleted].into_iter().filter_map(Result::err) {
                let reason = reason(&refused);
                assert!(allowed.contains(&reason.as_str()), "{reason}");
            }
        }
    });
    join_all(rounds).await;
    let claims = people.iter().map(|p| p.claim(cloud_id(1), "Mine", CODE));
    let answers = join_all(claims).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let mut lists = 0;
    for person in &people {
        lists += person.names().await.len();
    }
    assert_eq!(lists, 1);
    // One ownership, one index entry, and what the device told.
    let count = |prefix| async move { cloud.store.scan(prefix, None, 10).await.unwrap().len() };
    assert_eq!(count(b"registry/device/".as_slice()).await, 1);
    assert_eq!(count(b"registry/owner/").await, 1);
    assert!(count(b"").await <= 3);
}

#[tokio::test]
async fn racing_renames_lose_no_device_from_the_list() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.owned(cloud_id(1), &ann, "Home").await;
    let names: Vec<String> = (0..20).map(|n| format!("name {n}")).collect();
    let answers = join_all(names.iter().map(|name| ann.rename(cloud_id(1), name))).await;
    assert!(answers.iter().any(Result::is_ok));
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(reason(&refused), "CONFLICT");
    }
    let device = ann.device(cloud_id(1)).await.unwrap();
    assert_eq!(ann.names().await, [device.name]);
}
