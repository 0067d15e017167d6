//! Devices that lie, and the neighbours who must not notice.

use sightline_loadtest::device::{Fault, Synthetic};
use sightline_media::FRAME_BYTES_MAX;
use sightline_tests::Sandbox;
use std::sync::Arc;

use crate::watching::{assert_consecutive, end, frames, over_websocket};

/// Ends the stream of the device with these words, while a neighbour's goes on without a hole.
async fn fault_ends_the_stream(fault: Fault, reason: &str) {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (honest, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let hostile = Synthetic::new().unwrap().fault(fault, 30);
    let (hostile, _hostile_uplink) = sandbox.device(hostile, &owner).await.unwrap();

    let mut neighbour = over_websocket(&sandbox, &owner, honest.cloud_id())
        .await
        .unwrap();
    let before = frames(&mut neighbour, 10).await.unwrap();
    let mut victim = over_websocket(&sandbox, &owner, hostile.cloud_id())
        .await
        .unwrap();
    frames(&mut victim, 25).await.unwrap();
    assert_eq!(end(&mut victim).await.unwrap(), reason, "{fault:?}");
    let after = frames(&mut neighbour, 60).await.unwrap();
    assert_consecutive(&[before, after].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frame_over_the_limit_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::FrameOf(FRAME_BYTES_MAX + 1), "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_over_the_limit_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::FrameOf(3 * FRAME_BYTES_MAX), "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frame_with_lying_lengths_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::BrokenLengths, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn false_key_frame_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::FalseKey, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_that_runs_backwards_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::BackwardTime, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_without_end_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::EndlessTime, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreadable_configuration_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::BadConfig, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn device_that_ends_its_call_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::End, "CHANNEL_UNAVAILABLE").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_with_a_known_cloud_id_takes_nothing_over() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let mut viewer = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    let before = frames(&mut viewer, 10).await.unwrap();

    let impostor = Arc::new(Synthetic::new().unwrap().fault(Fault::ForeignCloudId, 0));
    let connected = sandbox.connect(&impostor).await.unwrap();
    connected.ended().await.unwrap();

    let after = frames(&mut viewer, 50).await.unwrap();
    assert_consecutive(&[before, after].concat());
}
