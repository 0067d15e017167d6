//! What edges tell and hear.

use std::time::Duration;

use sightline_rpc::internal::v1::{Ownership, WatchOwnershipRequest, WatchOwnershipResponse};
use tokio::time::Instant;

use super::*;

impl Cloud {
    pub(super) async fn watch_ownership(
        &self,
        device: CloudId,
    ) -> Streaming<WatchOwnershipResponse> {
        let request = WatchOwnershipRequest {
            device_id: device.to_string(),
        };
        self.devices()
            .watch_ownership(request)
            .await
            .unwrap()
            .into_inner()
    }

    async fn report_uplink(&self, device: CloudId, epoch: Epoch, uplink_bits_per_s: u64) {
        let request = ReportRequest {
            device_id: device.to_string(),
            epoch: epoch.0,
            description: Some(recorder()),
            uplink_bits_per_s,
        };
        self.devices().report(request).await.unwrap();
    }
}

async fn next(watch: &mut Streaming<WatchOwnershipResponse>) -> WatchOwnershipResponse {
    watch.message().await.unwrap().unwrap()
}

/// The next message that is no heartbeat.
async fn next_change(watch: &mut Streaming<WatchOwnershipResponse>) -> (u64, Ownership) {
    loop {
        let message = next(watch).await;
        if let Some(ownership) = message.ownership {
            return (message.revision, ownership);
        }
    }
}

#[tokio::test]
async fn each_change_of_the_owner_is_told_with_a_higher_epoch_and_revision() {
    let cloud = Cloud::start().await;
    let (ann, bob) = (cloud.person(1), cloud.person(2));
    cloud.connect(cloud_id(1)).await;
    let mut watch = cloud.watch_ownership(cloud_id(1)).await;
    let (mut revision, free) = next_change(&mut watch).await;
    assert_eq!((revision, free), (0, Ownership::default()));
    for (epoch, person) in [(1, &ann), (3, &bob)] {
        person.claim(cloud_id(1), "Home", CODE).await.unwrap();
        let (later, owned) = next_change(&mut watch).await;
        let expected = Ownership {
            epoch,
            account_id: person.account.to_string(),
            device_name: "Home".into(),
            time_zone: "Europe/Berlin".into(),
        };
        assert_eq!(owned, expected);
        assert!(later > revision);
        person.delete(cloud_id(1)).await.unwrap();
        let (freed_at, freed) = next_change(&mut watch).await;
        let epoch = epoch + 1;
        assert_eq!(
            freed,
            Ownership {
                epoch,
                ..Ownership::default()
            }
        );
        assert!(freed_at > later);
        revision = freed_at;
    }
    // A new watch hears the same.
    let mut another = cloud.watch_ownership(cloud_id(1)).await;
    assert_eq!(next(&mut another).await.revision, revision);
}

#[tokio::test]
async fn a_new_time_zone_and_a_new_name_are_told_with_higher_revisions() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let epoch = cloud.owned(cloud_id(1), &ann, "Home").await;
    let mut watch = cloud.watch_ownership(cloud_id(1)).await;
    let (first, _) = next_change(&mut watch).await;
    let moved = DescribeResponse {
        time_zone: "Asia/Omsk".into(),
        ..recorder()
    };
    cloud.report(cloud_id(1), epoch, moved).await.unwrap();
    let (second, ownership) = next_change(&mut watch).await;
    assert_eq!(ownership.time_zone, "Asia/Omsk");
    ann.rename(cloud_id(1), "Office").await.unwrap();
    let (third, ownership) = next_change(&mut watch).await;
    assert_eq!(ownership.device_name, "Office");
    assert!(first < second && second < third);
}

#[tokio::test]
async fn what_else_a_device_tells_does_not_change_its_ownership() {
    let cloud = Cloud::start().await;
    let epoch = cloud.owned(cloud_id(1), &cloud.person(1), "Home").await;
    let mut watch = cloud.watch_ownership(cloud_id(1)).await;
    let before = next(&mut watch).await.revision;
    let changed = DescribeResponse {
        channels: Vec::new(),
        ..recorder()
    };
    cloud.report(cloud_id(1), epoch, changed).await.unwrap();
    let heartbeat = next(&mut watch).await;
    assert_eq!((heartbeat.revision, heartbeat.ownership), (before, None));
}

#[tokio::test(start_paused = true)]
async fn ownership_is_proven_fresh_every_half_second() {
    let cloud = Cloud::start().await;
    let mut watch = cloud.watch_ownership(cloud_id(1)).await;
    assert!(next(&mut watch).await.ownership.is_some());
    for _ in 0..5 {
        let before = Instant::now();
        assert_eq!(next(&mut watch).await.ownership, None);
        assert!(before.elapsed() <= Duration::from_millis(600));
    }
}

#[tokio::test]
async fn a_change_is_told_even_when_nobody_was_woken() {
    let cloud = Cloud::start().await;
    let mut watch = cloud.watch_ownership(cloud_id(1)).await;
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
    assert_eq!(next_change(&mut watch).await.0, revision);
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

#[tokio::test]
async fn a_measured_uplink_is_kept_until_the_next_measurement() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let epoch = cloud.connect(cloud_id(1)).await;
    // Measured before there is an owner.
    cloud.report_uplink(cloud_id(1), epoch, 9_000_000).await;
    let device = ann.claim(cloud_id(1), "Home", CODE).await.unwrap();
    assert_eq!(
        (device.uplink_bits_per_s, device.uplink_needed_bits_per_s),
        (9_000_000, 16_000_000)
    );
    let epoch = cloud.connect(cloud_id(1)).await;
    let device = ann.device(cloud_id(1)).await.unwrap();
    assert_eq!(device.uplink_bits_per_s, 9_000_000);
    cloud.report_uplink(cloud_id(1), epoch, 20_000_000).await;
    let device = ann.device(cloud_id(1)).await.unwrap();
    assert_eq!(device.uplink_bits_per_s, 20_000_000);
}

#[tokio::test]
async fn a_camera_needs_less_uplink_than_a_recorder() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    let epoch = cloud.claim_session(cloud_id(1)).await;
    let camera = DescribeResponse {
        kind: DeviceKind::Camera.into(),
        ..recorder()
    };
    cloud.report(cloud_id(1), epoch, camera).await.unwrap();
    let device = ann.claim(cloud_id(1), "Gate", CODE).await.unwrap();
    assert_eq!(device.uplink_needed_bits_per_s, 2_500_000);
}
