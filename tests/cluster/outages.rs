//! What breaks and comes back: the device's power, its connection, the cloud.

use sightline_loadtest::device::Synthetic;
use sightline_tests::Sandbox;

use crate::watching::{again, end, frames, over_websocket};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn device_that_loses_power_ends_its_streams_and_can_be_watched_again_after() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let mut viewer = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    frames(&mut viewer, 10).await.unwrap();
    drop(uplink);
    assert_eq!(end(&mut viewer).await.unwrap(), "DEVICE_OFFLINE");

    let _uplink = sandbox.connect(&device).await.unwrap();
    again(|| async {
        let mut viewer = over_websocket(&sandbox, &owner, device.cloud_id()).await?;
        frames(&mut viewer, 10).await
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_connection_of_a_device_replaces_the_older_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, first) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let _second = sandbox.connect(&device).await.unwrap();
    first.ended().await.unwrap();
    again(|| async {
        let mut viewer = over_websocket(&sandbox, &owner, device.cloud_id()).await?;
        frames(&mut viewer, 10).await
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restart_of_the_cloud_tells_viewers_and_keeps_accounts_and_claims() {
    let mut sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (id, _agent) = sandbox
        .agent(&owner, |config| config.demo = true)
        .await
        .unwrap();
    let mut viewer = over_websocket(&sandbox, &owner, id).await.unwrap();
    frames(&mut viewer, 10).await.unwrap();

    let (end, restarted) = tokio::join!(end(&mut viewer), async {
        sandbox.restart().await.unwrap();
        sandbox
    });
    let sandbox = restarted;
    assert_eq!(end.unwrap(), "DRAINING");
    // The same token, the same device, which has come back by itself.
    again(|| async {
        let mut viewer = over_websocket(&sandbox, &owner, id).await?;
        frames(&mut viewer, 10).await
    })
    .await
    .unwrap();
}
