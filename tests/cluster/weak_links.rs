//! What is weak between the camera and the cloud: the camera's power, the line of the house.

use std::time::{Duration, Instant};

use sightline_agent::config::{Camera as CameraConfig, RtspUrl};
use sightline_loadtest::device::Synthetic;
use sightline_loadtest::viewer::{Event, Keep, Seen, websocket};
use sightline_tests::camera::Camera;
use sightline_tests::{PATIENCE, Sandbox};

use crate::thin_link;
use crate::watching::{Watch, assert_consecutive, frames, next, over_grpc, over_websocket};

/// 1 Mbit/s: half of what the camera sends.
const BYTES_PER_SECOND: usize = 125_000;
/// How long the thin line is watched.
const WATCHED: Duration = Duration::from_secs(12);
/// How far the picture may fall behind on it: the queues of two programs and two systems. Without
/// a bound it would be half of [`WATCHED`].
const LATE_MAX: Duration = Duration::from_secs(4);

fn config_of(camera: &Camera) -> CameraConfig {
    let url = RtspUrl::try_from(camera.url()).unwrap();
    CameraConfig::new("Camera".to_owned(), url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uplink_of_1_mbit_loses_pictures_rather_than_time_and_disturbs_nobody() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (other, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let camera = Camera::steady().await.unwrap();
    let link = thin_link::to(sandbox.devices(), BYTES_PER_SECOND);
    let (id, agent) = sandbox
        .agent(&owner, |config| {
            config.cloud = link.to_string();
            config.cameras = vec![config_of(&camera)];
        })
        .await
        .unwrap();

    let mut neighbour = over_websocket(&sandbox, &owner, other.cloud_id())
        .await
        .unwrap();
    let undisturbed = tokio::spawn(async move { frames(&mut neighbour, 250).await });
    let mut viewer = over_websocket(&sandbox, &owner, id).await.unwrap();
    let (mut lost, mut first, mut last) = (0, None, None);
    let mut began = Instant::now();
    while first.is_none() || began.elapsed() < WATCHED {
        match next(&mut viewer).await.unwrap() {
            Event::Frame(frame) => {
                if first.is_none() {
                    began = Instant::now();
                }
                first.get_or_insert(frame.dts);
                last = Some((frame.dts, began.elapsed()));
            }
            Event::Gap { lost: more } => lost += more,
            Event::Started { .. } => {}
            Event::Ended { reason, .. } => panic!("the stream ended: {reason}"),
        }
    }
    let (dts, at) = last.unwrap();
    let shown = Duration::from_micros(u64::try_from(dts - first.unwrap()).unwrap());
    assert!(lost > 0, "half of the pictures cannot have come through");
    assert!(
        shown + LATE_MAX > at,
        "after {at:?} the picture is of {shown:?}"
    );
    assert_consecutive(&undisturbed.await.unwrap().unwrap());
    agent.shutdown().await;
}

/// Longest time between two pictures of a camera that runs, microseconds; a restart takes longer.
const RUNNING_US: i64 = 500_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_streams_go_on_at_a_key_picture_after_a_restart_of_their_camera() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (mut camera, steady) = tokio::try_join!(Camera::steady(), Camera::steady()).unwrap();
    let (id, agent) = sandbox
        .agent(&owner, |config| {
            config.cameras = vec![config_of(&camera), config_of(&steady)];
        })
        .await
        .unwrap();
    let path = format!("{}/2", id.compact());
    let target = sandbox.target().unwrap();
    let mut neighbour = websocket::Viewer::open(&target, &path, &owner.token, Keep::Head)
        .await
        .unwrap();
    frames(&mut neighbour, 1).await.unwrap();
    let undisturbed = tokio::spawn(async move { frames(&mut neighbour, 120).await });
    let mut browser = over_websocket(&sandbox, &owner, id).await.unwrap();
    let mut program = over_grpc(&sandbox, &owner, id).await.unwrap();
    let in_browser = frames(&mut browser, 15).await.unwrap();
    let in_program = frames(&mut program, 15).await.unwrap();

    camera.restart().await.unwrap();
    let (in_browser, in_program) = tokio::join!(
        across_the_restart(&mut browser, in_browser),
        across_the_restart(&mut program, in_program)
    );
    assert_consecutive(&in_browser[1..]);
    for seen in [in_browser, in_program] {
        let [before, after, ..] = &seen[..] else {
            panic!("{} pictures", seen.len())
        };
        assert!(after.key, "nothing can be decoded");
        let missing = Duration::from_micros(u64::try_from(after.dts - before.dts).unwrap());
        assert!(missing < PATIENCE, "{missing:?} are missing");
    }
    assert_consecutive(&undisturbed.await.unwrap().unwrap());
    agent.shutdown().await;
}

/// The last picture before the restart, and thirty from the first one after it; an end of the
/// stream is an error. Words of a gap or a new beginning may come between the two.
async fn across_the_restart(viewer: &mut impl Watch, seen: Vec<Seen>) -> Vec<Seen> {
    let mut last = seen.last().unwrap().clone();
    let mut words = false;
    let first = loop {
        match next(viewer).await.unwrap() {
            Event::Frame(frame) if frame.dts - last.dts > RUNNING_US => break frame,
            Event::Frame(frame) => {
                assert!(frame.dts > last.dts, "time runs backwards");
                assert!(!words, "words, and no restart");
                last = frame;
            }
            Event::Gap { .. } | Event::Started { .. } => words = true,
            Event::Ended { reason, .. } => panic!("the stream ended: {reason}"),
        }
    };
    let mut seen = vec![last, first];
    seen.extend(frames(viewer, 30).await.unwrap());
    seen
}
