//! Viewers that read too slowly, and those who must not notice.

use std::time::{Duration, Instant};

use sightline_base::clock::SystemClock;
use sightline_domain::CloudId;
use sightline_loadtest::device::Synthetic;
use sightline_loadtest::stream::Shape;
use sightline_loadtest::viewer::{Event, Keep, Seen, grpc, websocket};
use sightline_rpc::live::v1::WatchRequest;
use sightline_tests::{Person, Sandbox};

use crate::watching::{
    Bystander, Watch, assert_consecutive, broken, frames, next, over_grpc, over_websocket,
};

/// Receive buffer of a slow viewer, so that it is the edge that waits and not the system's buffers.
const RECEIVE_BYTES: u32 = 16 << 10;
/// What HTTP/2 begins with (RFC 9113, 6.9.2).
const WINDOW_BYTES: u32 = 65_535;

async fn thin_websocket(
    sandbox: &Sandbox,
    person: &Person,
    device: CloudId,
    channel: u32,
) -> websocket::Viewer {
    let thin = sandbox.target().unwrap().with_receive_bytes(RECEIVE_BYTES);
    let path = format!("{}/{channel}", device.compact());
    websocket::Viewer::open(&thin, &path, &person.token, Keep::Head)
        .await
        .unwrap()
}

async fn thin_grpc(
    sandbox: &Sandbox,
    person: &Person,
    device: CloudId,
    channel: u32,
) -> grpc::Viewer {
    let thin = sandbox.target().unwrap().with_receive_bytes(RECEIVE_BYTES);
    let request = WatchRequest {
        device_id: device.to_string(),
        channel,
        ..WatchRequest::default()
    };
    grpc::Viewer::open_with_window(&thin, &request, &person.token, Keep::Head, WINDOW_BYTES)
        .await
        .unwrap()
}

/// Pictures between two that arrived, by their times.
fn pictures_between(last: &Seen, next: &Seen) -> u64 {
    let interval_us = i64::try_from(Shape::FOUR_MBIT.interval().as_micros()).unwrap();
    u64::try_from((next.dts - last.dts) / interval_us - 1).unwrap()
}

/// Reads on: what was on its way, then the word of the gap, then the first picture after it.
async fn is_told_what_it_lost(viewer: &mut impl Watch, mut last: Seen) {
    let (lost, first) = loop {
        match next(viewer).await.unwrap() {
            Event::Frame(frame) => {
                assert_eq!(pictures_between(&last, &frame), 0, "a hole without a word");
                last = frame;
            }
            Event::Gap { lost } => match next(viewer).await.unwrap() {
                Event::Frame(frame) => break (lost, frame),
                other => panic!("after a gap came {other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    assert!(first.key, "it goes on with a picture that can be decoded");
    assert_eq!(lost, pictures_between(&last, &first), "the count is exact");
    assert!(lost > 50, "whole groups of pictures: {lost}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_stop_reading_skip_to_a_key_frame_and_are_told_what_they_lost() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let device = Synthetic::new().unwrap();
    let (device, _uplink) = sandbox.device(device, &owner).await.unwrap();
    let id = device.cloud_id();
    let mut steady = over_websocket(&sandbox, &owner, id).await.unwrap();
    let program = over_grpc(&sandbox, &owner, id).await.unwrap();
    let program = Bystander::new(program).await.unwrap();
    let mut browser = thin_websocket(&sandbox, &owner, id, 1).await;
    let mut slow = thin_grpc(&sandbox, &owner, id, 1).await;
    let in_browser = frames(&mut browser, 5).await.unwrap().pop().unwrap();
    let in_slow = frames(&mut slow, 5).await.unwrap().pop().unwrap();

    // Ten seconds of pictures pass by; the other viewers get every one.
    let seen = frames(&mut steady, 250).await.unwrap();
    assert_consecutive(&seen);
    is_told_what_it_lost(&mut browser, in_browser).await;
    is_told_what_it_lost(&mut slow, in_slow).await;
    program.lost_nothing().await;
}

/// `STALL_MAX` of the edge.
const STALL_MAX: Duration = Duration::from_secs(30);
/// What the buffers on the way take before nothing more is taken, and the time for last words.
const BESIDES_MAX: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_read_nothing_for_thirty_seconds_are_let_go_and_disturb_nobody() {
    let quick = |config: &mut sightline::Config| config.edge.linger_ms = 200;
    let sandbox = Sandbox::with(SystemClock::shared(), quick).await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let device = Synthetic::new().unwrap().channels(2);
    let (device, _uplink) = sandbox.device(device, &owner).await.unwrap();
    let id = device.cloud_id();
    let steady = over_websocket(&sandbox, &owner, id).await.unwrap();
    let program = over_grpc(&sandbox, &owner, id).await.unwrap();
    let steady = Bystander::new(steady).await.unwrap();
    let program = Bystander::new(program).await.unwrap();
    // Both watch channel 2, which is asked of the device for as long as one of them is there.
    let mut calls = device.live_calls();
    let mut browser = thin_websocket(&sandbox, &owner, id, 2).await;
    let mut slow = thin_grpc(&sandbox, &owner, id, 2).await;
    frames(&mut browser, 5).await.unwrap();
    let last = frames(&mut slow, 5).await.unwrap().pop().unwrap();
    let stopped = Instant::now();

    let let_go = calls.wait_for(|calls| *calls == 1);
    tokio::time::timeout(STALL_MAX + BESIDES_MAX, let_go)
        .await
        .expect("they still hold their places")
        .unwrap();
    assert!(stopped.elapsed() > STALL_MAX, "{:?}", stopped.elapsed());
    // What was on its way when they stopped to read, and then why there is no more.
    let reason = loop {
        match next(&mut slow).await.unwrap() {
            Event::Frame(frame) => {
                let late = Duration::from_micros(u64::try_from(frame.dts - last.dts).unwrap());
                assert!(late < BESIDES_MAX, "a picture of {late:?} later");
            }
            Event::Ended { reason, .. } => break reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason, "TOO_SLOW");
    // A WebSocket that takes nothing cannot take last words: it is cut.
    broken(&mut browser).await.unwrap();
    steady.lost_nothing().await;
    program.lost_nothing().await;
}
