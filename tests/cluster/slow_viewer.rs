//! Viewers that read too slowly, and those who must not notice.

use sightline_loadtest::device::Synthetic;
use sightline_loadtest::viewer::{Event, Keep, websocket};
use sightline_tests::Sandbox;

use crate::watching::{assert_consecutive, frames, next, over_websocket};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewer_that_stops_reading_skips_to_a_key_frame_and_is_told_what_it_lost() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let mut steady = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    // A small window, so that it is the edge that waits and not the system's buffers.
    let thin = sandbox.target().unwrap().with_receive_bytes(16 << 10);
    let path = format!("{}/1", device.cloud_id().compact());
    let mut slow = websocket::Viewer::open(&thin, &path, &owner.token, Keep::Head)
        .await
        .unwrap();
    let mut last = frames(&mut slow, 5).await.unwrap().pop().unwrap();

    // Ten seconds of pictures pass by; the other viewer gets every one.
    let seen = frames(&mut steady, 250).await.unwrap();
    assert_consecutive(&seen);

    let (lost, first) = loop {
        match next(&mut slow).await.unwrap() {
            Event::Frame(frame) => {
                assert_eq!(
                    frame.sequence,
                    last.sequence.map(|n| n + 1),
                    "a hole without a word"
                );
                last = frame;
            }
            Event::Gap { lost } => match next(&mut slow).await.unwrap() {
                Event::Frame(frame) => break (lost, frame),
                other => panic!("after a gap came {other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    assert!(first.key, "it goes on with a picture that can be decoded");
    let skipped = i64::from(first.sequence.unwrap()) - i64::from(last.sequence.unwrap()) - 1;
    assert_eq!(i64::try_from(lost).unwrap(), skipped, "the count is exact");
    assert!(lost > 50, "whole groups of pictures: {lost}");
}
