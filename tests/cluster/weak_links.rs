//! What is weak between the camera and the cloud: the camera's power, the line of the house.

use std::time::{Duration, Instant};

use sightline_agent::config::{Camera as CameraConfig, RtspUrl};
use sightline_loadtest::device::Synthetic;
use sightline_loadtest::viewer::Event;
use sightline_tests::Sandbox;
use sightline_tests::camera::Camera;

use crate::thin_link;
use crate::watching::{again, assert_consecutive, frames, next, over_websocket};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn camera_that_restarts_is_watched_again_and_its_neighbour_notices_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (mut camera, steady) = tokio::try_join!(Camera::steady(), Camera::steady()).unwrap();
    let (id, agent) = sandbox
        .agent(&owner, |config| {
            config.cameras = vec![config_of(&steady), config_of(&camera)];
        })
        .await
        .unwrap();
    let open = |channel: u32| {
        let (sandbox, owner) = (&sandbox, &owner);
        async move {
            let path = format!("{}/{channel}", id.compact());
            let keep = sightline_loadtest::viewer::Keep::Head;
            let target = sandbox.target()?;
            sightline_loadtest::viewer::websocket::Viewer::open(&target, &path, &owner.token, keep)
                .await
        }
    };
    let mut neighbour = open(1).await.unwrap();
    frames(&mut neighbour, 1).await.unwrap();
    let undisturbed = tokio::spawn(async move { frames(&mut neighbour, 120).await });
    let mut viewer = open(2).await.unwrap();
    frames(&mut viewer, 15).await.unwrap();

    camera.restart().await.unwrap();
    // Whoever watches goes on, or is told an end and opens the stream again.
    again(|| async {
        let mut viewer = open(2).await?;
        frames(&mut viewer, 30).await
    })
    .await
    .unwrap();
    assert_consecutive(&undisturbed.await.unwrap().unwrap());
    agent.shutdown().await;
}
