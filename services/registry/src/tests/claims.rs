//! Looking up and claiming.

use futures::future::join_all;
use sightline_store::{Transaction, key};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tonic_types::StatusExt as _;

use super::*;

#[tokio::test]
async fn a_connected_device_without_owner_shows_what_it_is() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    let spelled = cloud_id(1).compact().to_lowercase();
    let found = cloud.person(1).look_up(&spelled).await.unwrap();
    assert_eq!(found.device_id, cloud_id(1).to_string());
    assert_eq!(
        (found.kind(), found.model.as_str()),
        (DeviceKind::Nvr, "NVR-4")
    );
}

#[tokio::test]
async fn an_offline_device_and_one_that_never_was_are_answered_alike() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let epoch = cloud.connect(cloud_id(1)).await;
    cloud.disconnect(cloud_id(1), epoch).await;
    let offline = ann.look_up(&cloud_id(1).to_string()).await.unwrap_err();
    let never = ann.look_up(&cloud_id(2).to_string()).await.unwrap_err();
    assert_eq!(reason(&offline), "DEVICE_OFFLINE");
    assert_eq!(
        (offline.code(), offline.message()),
        (never.code(), never.message())
    );
    assert_eq!(offline.details(), never.details());
    assert_eq!(
        why(ann.claim(cloud_id(1), "Home", CODE).await),
        "DEVICE_OFFLINE"
    );
    assert_eq!(
        why(ann.claim(cloud_id(2), "Home", CODE).await),
        "DEVICE_OFFLINE"
    );
}

#[tokio::test]
async fn a_mistyped_cloud_id_is_told_from_an_unknown_one() {
    let cloud = Cloud::start().await;
    let mut text = cloud_id(1).to_string();
    text.replace_range(..1, if text.starts_with('0') { "1" } else { "0" });
    let refused = cloud.person(1).look_up(&text).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_DEVICE_ID");
    let fields = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(fields[0].field, "device_id");
}

#[tokio::test]
async fn the_right_code_makes_an_owner() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    cloud.clock.advance_ms(MINUTE_MS);
    let device = ann
        .claim(cloud_id(1), "  Home ", "k7qm 2x9d")
        .await
        .unwrap();
    assert_eq!(
        (device.name.as_str(), device.model.as_str()),
        ("Home", "NVR-4")
    );
    assert_eq!(device.claimed_at_unix_ms, START_MS + MINUTE_MS);
    assert_eq!(device.channels.len(), 2);
    assert_eq!(ann.device(cloud_id(1)).await.unwrap(), device);
    assert_eq!(ann.names().await, ["Home"]);
}

#[tokio::test]
async fn nobody_else_can_claim_a_device_even_with_its_code() {
    let cloud = Cloud::start().await;
    let (ann, eve) = (cloud.person(1), cloud.person(2));
    let epoch = cloud.connect(cloud_id(1)).await;
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    let asked = cloud.edge.asked.load(Ordering::SeqCst);
    let refused = eve.claim(cloud_id(1), "Mine", CODE).await.unwrap_err();
    assert_eq!(reason(&refused), "DEVICE_OWNED");
    assert!(refused.message().contains("belongs to another account"));
    assert_eq!(
        cloud.edge.asked.load(Ordering::SeqCst),
        asked,
        "the device was asked"
    );
    cloud.disconnect(cloud_id(1), epoch).await;
    assert_eq!(
        why(eve.look_up(&cloud_id(1).to_string()).await),
        "DEVICE_OWNED"
    );
    assert_eq!(
        why(ann.look_up(&cloud_id(1).to_string()).await),
        "DEVICE_ALREADY_YOURS"
    );
    assert_eq!(ann.names().await, ["Home"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_a_thousand_claims_at_once_exactly_one_stands() {
    const CLAIMS: u32 = 1000;
    let unlimited = u32::MAX;
    let config = Config {
        claims_per_device_h: unlimited,
        claims_by_all_per_device_h: unlimited,
        ..Config::default()
    };
    let cloud = Cloud::start_with(config).await;
    cloud.connect(cloud_id(1)).await;
    let people: Vec<Person> = (0..CLAIMS).map(|n| cloud.person(n)).collect();
    let start = Arc::new(Barrier::new(people.len()));
    let mut claims = JoinSet::new();
    for person in people.clone() {
        let start = Arc::clone(&start);
        claims.spawn(async move {
            start.wait().await;
            person.claim(cloud_id(1), "Mine", CODE).await
        });
    }
    let answers = claims.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let others = answers.into_iter().filter_map(Result::err);
    assert!(
        others
            .into_iter()
            .all(|status| reason(&status) == "DEVICE_OWNED")
    );
    let mut owners = 0;
    for person in &people {
        owners += person.names().await.len();
    }
    assert_eq!(owners, 1);
}

#[tokio::test]
async fn a_repeated_claim_gives_the_same_answer() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    let id = uuid::Uuid::new_v4();
    let claims = (0..8).map(|_| ann.claim_again(cloud_id(1), "Home", CODE, id));
    let answers: Vec<Device> = join_all(claims)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    cloud.clock.advance_ms(MINUTE_MS);
    let later = ann
        .claim_again(cloud_id(1), "Home", CODE, id)
        .await
        .unwrap();
    assert!(answers.iter().all(|answer| *answer == later));
    assert_eq!(
        why(ann.claim(cloud_id(1), "Home", CODE).await),
        "DEVICE_ALREADY_YOURS"
    );
    assert_eq!(ann.names().await, ["Home"]);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_does_not_answer_is_offline() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    *cloud.edge.mute.lock().unwrap() = Some(cloud_id(1));
    assert_eq!(
        why(cloud.person(1).claim(cloud_id(1), "Home", CODE).await),
        "DEVICE_OFFLINE"
    );
}

#[tokio::test]
async fn what_cannot_be_a_claim_reaches_no_device() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    assert_eq!(why(ann.claim(cloud_id(1), " ", CODE).await), "INVALID_NAME");
    assert_eq!(
        why(ann.claim(cloud_id(1), &"x".repeat(65), CODE).await),
        "INVALID_NAME"
    );
    assert_eq!(
        why(ann.claim(cloud_id(1), "Home", "123").await),
        "WRONG_VERIFICATION_CODE"
    );
    let mut request = ann.request(ClaimDeviceRequest {
        device_id: cloud_id(1).to_string(),
        name: "Home".into(),
        verification_code: CODE.into(),
        request_id: "1".into(),
        administrator: None,
    });
    assert_eq!(
        why(ann.client.clone().claim_device(request).await),
        "INVALID_REQUEST_ID"
    );
    request = Request::new(ClaimDeviceRequest::default());
    assert_eq!(
        why(ann.client.clone().claim_device(request).await),
        "SIGN_IN_REQUIRED"
    );
    assert_eq!(cloud.edge.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_freed_device_can_be_claimed_and_its_epoch_goes_on() {
    let cloud = Cloud::start().await;
    let record = key!("registry", "device", cloud_id(1).compact());
    let freed = crate::records::Ownership {
        epoch: 7,
        owner: None,
    };
    cloud
        .store
        .commit(Transaction::new().put(record.clone(), &freed).unwrap())
        .await
        .unwrap();
    cloud.connect(cloud_id(1)).await;
    cloud
        .person(1)
        .claim(cloud_id(1), "Home", CODE)
        .await
        .unwrap();
    let stored = cloud.store.get(&record).await.unwrap().unwrap();
    assert_eq!(stored.json::<crate::records::Ownership>().unwrap().epoch, 8);
}
