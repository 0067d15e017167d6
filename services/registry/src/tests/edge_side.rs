//! What edges tell and hear.

use std::time::Duration;

use sightline_rpc::internal::v1::{Permission, WatchGrantsRequest, WatchGrantsResponse};
use tokio::time::Instant;

use super::*;

impl Cloud {
    async fn grants(&self, device: CloudId) -> Streaming<WatchGrantsResponse> {
        let request = WatchGrantsRequest {
            device_id: device.to_string(),
        };
        self.devices()
            .watch_grants(request)
            .await
            .unwrap()
            .into_inner()
    }
}

async fn next(watch: &mut Streaming<WatchGrantsResponse>) -> WatchGrantsResponse {
    watch.message().await.unwrap().unwrap()
}

/// The next message that is no heartbeat.
async fn next_set(watch: &mut Streaming<WatchGrantsResponse>) -> WatchGrantsResponse {
    loop {
        let message = next(watch).await;
        if message.grants.is_some() {
            return message;
        }
    }
}

#[tokio::test]
async fn the_owner_is_granted_live_view_as_soon_as_there_is_one() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    let mut watch = cloud.grants(cloud_id(1)).await;
    let free = next(&mut watch).await;
    assert_eq!(free.grants.unwrap().grants, []);
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    let owned = next_set(&mut watch).await;
    assert!(owned.revision > free.revision);
    let grants = owned.grants.unwrap().grants;
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].account_id, ann.account.to_string());
    assert_eq!(grants[0].permissions, [i32::from(Permission::ViewLive)]);
    // A new watch hears the same.
    let mut another = cloud.grants(cloud_id(1)).await;
    assert_eq!(next(&mut another).await.revision, owned.revision);
}

#[tokio::test]
async fn what_a_device_tells_does_not_change_its_grants() {
    let cloud = Cloud::start().await;
    let epoch = cloud.connect(cloud_id(1)).await;
    cloud
        .person(1)
        .claim(cloud_id(1), "Home", CODE)
        .await
        .unwrap();
    let mut watch = cloud.grants(cloud_id(1)).await;
    let before = next(&mut watch).await.revision;
    cloud
        .report(cloud_id(1), epoch, DescribeResponse::default())
        .await
        .unwrap();
    let heartbeat = next(&mut watch).await;
    assert_eq!((heartbeat.revision, heartbeat.grants), (before, None));
}

#[tokio::test(start_paused = true)]
async fn grants_are_proven_fresh_every_second() {
    let cloud = Cloud::start().await;
    let mut watch = cloud.grants(cloud_id(1)).await;
    assert!(next(&mut watch).await.grants.is_some());
    for _ in 0..5 {
        let before = Instant::now();
        assert_eq!(next(&mut watch).await.grants, None);
        assert!(before.elapsed() <= Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_change_is_told_even_when_nobody_was_woken() {
    let cloud = Cloud::start().await;
    let mut watch = cloud.grants(cloud_id(1)).await;
    next(&mut watch).await;
    let record = sightline_store::key!("registry", "device", cloud_id(1).compact());
    let freed = crate::records::Ownership {
        epoch: 1,
        owner: None,
    };
    let write = sightline_store::Transaction::new()
        .put(record, &freed)
        .unwrap();
    let revision = cloud.store.commit(write).await.unwrap();
    assert_eq!(next_set(&mut watch).await.revision, revision);
}

#[tokio::test]
async fn a_report_over_an_older_connection_is_refused() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let old = cloud.connect(cloud_id(1)).await;
    ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    let new = cloud.connect(cloud_id(1)).await;
    let stale = cloud
        .report(cloud_id(1), old, DescribeResponse::default())
        .await
        .unwrap_err();
    assert_eq!(
        (stale.code(), reason(&stale).as_str()),
        (tonic::Code::Aborted, "STALE_EPOCH")
    );
    assert_eq!(ann.device(cloud_id(1)).await.unwrap().model, "NVR-4");
    cloud.disconnect(cloud_id(1), new).await;
    assert_eq!(
        why(cloud.report(cloud_id(1), new, recorder()).await),
        "STALE_EPOCH"
    );
}

#[tokio::test]
async fn a_report_that_comes_after_the_claim_is_kept() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let epoch = cloud.claim_session(cloud_id(1)).await;
    let claimed = ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    assert_eq!((claimed.model.as_str(), claimed.channels.len()), ("", 0));
    cloud.report(cloud_id(1), epoch, recorder()).await.unwrap();
    assert_eq!(ann.device(cloud_id(1)).await.unwrap().model, "NVR-4");
}

#[tokio::test]
async fn reports_and_a_claim_at_the_same_time_lose_nothing() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for n in 0..50 {
        let epoch = cloud.claim_session(cloud_id(n)).await;
        let claim = ann.claim(cloud_id(n), "Home", CODE);
        let report = cloud.report(cloud_id(n), epoch, recorder());
        let (claimed, reported) = tokio::join!(claim, report);
        claimed.unwrap();
        reported.unwrap();
        assert_eq!(ann.device(cloud_id(n)).await.unwrap().model, "NVR-4");
    }
}

#[tokio::test]
async fn devices_without_owner_leave_nothing_in_the_store() {
    let cloud = Cloud::start().await;
    for n in 0..20 {
        cloud.connect(cloud_id(n)).await;
    }
    assert!(cloud.store.scan(b"", None, 1).await.unwrap().is_empty());
}
