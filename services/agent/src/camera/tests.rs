//! Cameras over real RTSP, from the camera's port to the ring.

mod policies;
mod relay;
mod rtspd;
mod spoilt;

use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use sightline_media::ring::{Cursor, Listener, Ring, Step};
use sightline_media::{Codec, Tracks};
use sightline_rpc::device::v1::ChannelState;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::*;
use crate::config::{Camera, Secret, Transport};
use relay::Relay;
use rtspd::Rtspd;
use stream::Viewer;

/// Far more than anything here takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of the simulator.
const FRAME_US: i64 = 1_000_000 / 15;

/// The camera behind one of the simulator's mounts.
fn camera(simulator: &Rtspd, mount: &str) -> Camera {
    Camera::new(
        mount.into(),
        RtspUrl::try_from(simulator.url(mount)).unwrap(),
    )
}

/// The same over a relay.
fn relayed(relay: &Relay, mount: &str) -> Camera {
    Camera::new(mount.into(), RtspUrl::try_from(relay.url(mount)).unwrap())
}

struct Rig {
    channels: Vec<Channel>,
    board: Board,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Rig {
    fn start(cameras: Vec<Camera>) -> Self {
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let config = Config {
            cloud: "c".into(),
            cameras,
            ..Config::default()
        };
        config.validate().unwrap();
        let (channels, board) = start(&config, &tasks, &shutdown).unwrap();
        tasks.close();
        Self {
            channels,
            board,
            shutdown,
            tasks,
        }
    }

    fn watch(&self, channel: usize) -> Reader {
        Reader {
            viewer: self.channels[channel].main.watch(),
            place: None,
            expected: None,
        }
    }

    /// Waits until the channel is in this state; its detail.
    async fn state(&self, channel: usize, wanted: ChannelState) -> String {
        let mut board = self.board.subscribe();
        let reached = board.wait_for(|channels| channels[channel].state().0 == wanted);
        timeout(PATIENCE, reached).await.unwrap().unwrap()[channel]
            .state()
            .1
    }

    async fn stop(self) {
        self.shutdown.cancel();
        timeout(PATIENCE, self.tasks.wait()).await.unwrap();
    }
}

/// Reads a stream as the device's `Live` does, over the rings of all pulls.
struct Reader {
    viewer: Viewer,
    place: Option<(Cursor, Listener)>,
    expected: Option<u64>,
}

impl Reader {
    async fn next(&mut self) -> Step {
        timeout(PATIENCE, async {
            loop {
                let Some((cursor, listener)) = &mut self.place else {
                    let open = |r: &Option<_>| r.as_ref().is_some_and(|r: &Ring| !r.is_closed());
                    let ring = self
                        .viewer
                        .ring
                        .wait_for(open)
                        .await
                        .unwrap()
                        .clone()
                        .unwrap();
                    self.place = Some((ring.cursor_expecting(self.expected), ring.listen()));
                    continue;
                };
                let step = poll_fn(|cx| {
                    listener.register(cx.waker());
                    match cursor.try_next() {
                        None if !cursor.is_closed() => Poll::Pending,
                        found => Poll::Ready(found),
                    }
                });
                match step.await {
                    Some(step) => return step,
                    None => {
                        self.expected = cursor.expected();
                        self.place = None;
                    }
                }
            }
        })
        .await
        .unwrap()
    }

    async fn pictures(&mut self, count: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        while steps.iter().filter(|s: &&Step| is_picture(s)).count() < count {
            steps.push(self.next().await);
        }
        steps
    }
}

fn is_picture(step: &Step) -> bool {
    step.entry.frame().track == step.entry.tracks().video().unwrap().id
}

fn assert_times_rise(steps: &[Step]) {
    let mut last = HashMap::new();
    for step in steps {
        let frame = step.entry.frame();
        if let Some(before) = last.insert(frame.track, frame.dts_us) {
            assert!(
                before < frame.dts_us,
                "track {}: {before} {}",
                frame.track,
                frame.dts_us
            );
        }
    }
}

/// Presentation times of the pictures, in the order in which they are shown.
fn shown_us(steps: &[Step]) -> Vec<i64> {
    let pictures = steps.iter().filter(|s| is_picture(s));
    let mut times: Vec<_> = pictures.map(|s| s.entry.frame().pts_us).collect();
    times.sort_unstable();
    times
}

fn assert_none_missing(steps: &[Step]) {
    for pair in shown_us(steps).windows(2) {
        assert!(
            (pair[1] - pair[0] - FRAME_US).abs() < 1000,
            "{:?}",
            shown_us(steps)
        );
    }
}

/// Each packet of sound begins where the one before ends; how many there are.
fn assert_no_sound_missing(steps: &[Step]) -> usize {
    let sounds: Vec<_> = steps
        .iter()
        .filter(|s| !is_picture(s))
        .map(|s| &s.entry)
        .collect();
    for pair in sounds.windows(2) {
        let end_us = pair[0].frame().pts_us + i64::from(pair[0].duration_us());
        let gap_us = pair[1].frame().pts_us - end_us;
        assert!(gap_us.abs() < 1000, "{gap_us} us between two packets");
    }
    sounds.len()
}

fn codecs(tracks: &Tracks) -> Vec<Codec> {
    tracks.iter().map(|t| t.codec).collect()
}

#[tokio::test]
async fn every_codec_arrives_whole_and_in_time() {
    let simulator = Rtspd::start(&[]).await;
    let mounts = [
        ("h264aac", vec![Codec::H264, Codec::Aac]),
        ("h264pcmu", vec![Codec::H264, Codec::Pcmu]),
        ("h264pcma", vec![Codec::H264, Codec::Pcma]),
        ("h265", vec![Codec::H265]),
    ];
    let rig = Rig::start(
        mounts
            .iter()
            .map(|(mount, _)| camera(&simulator, mount))
            .collect(),
    );
    for (channel, (mount, wanted)) in mounts.iter().enumerate() {
        let steps = rig.watch(channel).pictures(40).await;
        let tracks = steps[0].entry.tracks();
        assert_eq!(&codecs(tracks), wanted, "{mount}");
        let video = tracks.video().unwrap();
        assert_eq!((video.width, video.height), (640, 360), "{mount}");
        assert!(
            steps[0].entry.frame().key && is_picture(&steps[0]),
            "{mount}"
        );
        assert_times_rise(&steps);
        assert_none_missing(&steps);
        assert_eq!(
            assert_no_sound_missing(&steps) > 5,
            wanted.len() == 2,
            "{mount}"
        );
    }
    rig.stop().await;
}

#[tokio::test]
async fn b_pictures_get_rising_decoding_times_and_keep_their_presentation_times() {
    let simulator = Rtspd::start(&["--gop", "30"]).await;
    let rig = Rig::start(vec![camera(&simulator, "h264b")]);
    let steps = rig.watch(0).pictures(70).await;
    assert_times_rise(&steps);
    let reordered = steps
        .windows(2)
        .any(|pair| pair[1].entry.frame().pts_us < pair[0].entry.frame().pts_us);
    assert!(reordered, "the simulator sends B pictures");
    // The last ones are still waiting for pictures that are shown before them.
    let shown = shown_us(&steps);
    for pair in shown[..shown.len() - 4].windows(2) {
        assert!((pair[1] - pair[0] - FRAME_US).abs() < 1000, "{shown:?}");
    }
    // Once the depth of the reordering is known, decoding never comes after showing.
    for step in &steps[40..] {
        assert!(step.entry.frame().dts_us <= step.entry.frame().pts_us);
    }
    rig.stop().await;
}

#[tokio::test]
async fn restart_of_the_camera_is_a_gap_of_as_many_pictures_as_the_time_has_room_for() {
    let simulator = Rtspd::start(&[]).await;
    let rig = Rig::start(vec![camera(&simulator, "h264aac")]);
    let mut reader = rig.watch(0);
    // From key frame to key frame at least, so that the camera's rate is known.
    let mut steps = reader.pictures(35).await;
    let port = simulator.port.to_string();
    drop(simulator);
    let detail = rig.state(0, ChannelState::Offline).await;
    assert!(detail.starts_with("The c"), "{detail}");
    let _simulator = Rtspd::start(&["--port", &port]).await;
    rig.state(0, ChannelState::Streaming).await;
    steps.extend(reader.pictures(30).await);
    assert_times_rise(&steps);
    let pictures: Vec<_> = steps.iter().filter(|s| is_picture(s)).collect();
    let gaps: Vec<_> = (1..pictures.len())
        .filter(|at| pictures[*at].lost > 0)
        .collect();
    let [at] = gaps[..] else {
        panic!("one restart is one gap: {gaps:?}")
    };
    assert!(pictures[at].entry.frame().key);
    let passed_us = pictures[at].entry.frame().pts_us - pictures[at - 1].entry.frame().pts_us;
    let room = (passed_us + FRAME_US / 2) / FRAME_US - 1;
    let lost = i64::try_from(pictures[at].lost).unwrap();
    assert!((lost - room).abs() <= 1, "{lost} in {passed_us} us");
    rig.stop().await;
}

#[tokio::test]
async fn viewer_who_comes_back_soon_finds_the_stream_running_and_later_it_stops() {
    let simulator = Rtspd::start(&[]).await;
    let rig = Rig::start(vec![camera(&simulator, "h264")]);
    let mut first = rig.watch(0);
    let ring_of = |reader: &Reader| reader.viewer.ring.borrow().clone().unwrap();
    first.pictures(3).await;
    let ring = ring_of(&first);
    drop(first);
    let mut second = rig.watch(0);
    second.pictures(20).await;
    assert!(!ring.is_closed());
    drop(second);
    rig.state(0, ChannelState::Idle).await;
    assert!(ring.is_closed());
    rig.stop().await;
}

#[tokio::test]
async fn only_what_is_watched_is_pulled_unless_always() {
    let counting = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = counting.local_addr().unwrap().port();
    let named = |path: &str, always| {
        let url = RtspUrl::try_from(format!("rtsp://127.0.0.1:{port}/{path}")).unwrap();
        Camera {
            always,
            ..Camera::new(path.into(), url)
        }
    };
    let cameras = vec![
        named("asleep", false),
        named("always", true),
        named("seen", false),
    ];
    let rig = Rig::start(cameras);
    let _viewer = rig.watch(2);
    let mut asked = Vec::new();
    // Twice each, so that one that must not be asked has had its chance.
    while asked.iter().filter(|p| **p == "seen").count() < 2 {
        let (mut socket, _) = timeout(PATIENCE, counting.accept()).await.unwrap().unwrap();
        let mut request = vec![0; 1024];
        let read = tokio::io::AsyncReadExt::read(&mut socket, &mut request)
            .await
            .unwrap();
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        asked.push(if request.contains("/seen") {
            "seen"
        } else if request.contains("/always") {
            "always"
        } else {
            panic!("{request}")
        });
    }
    assert!(asked.contains(&"always"), "{asked:?}");
    rig.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_camera_is_said_in_a_sentence() {
    let simulator = Rtspd::start(&[]).await;
    let away = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let away = RtspUrl::try_from(format!("rtsp://127.0.0.1:{away}/")).unwrap();
    let cases = [
        (
            camera(&simulator, "mjpeg"),
            "sends MJPEG, which is not supported; set it to H.264",
        ),
        (camera(&simulator, "aac"), "has no picture"),
        (camera(&simulator, "nothing"), "no stream at this address"),
        (Camera::new("away".into(), away), "cannot be reached"),
    ];
    let rig = Rig::start(cases.iter().map(|(camera, _)| camera.clone()).collect());
    for (channel, (camera, wanted)) in cases.iter().enumerate() {
        let _viewer = rig.watch(channel);
        let detail = rig.state(channel, ChannelState::Offline).await;
        assert!(detail.contains(wanted), "{}: {detail}", camera.name);
        assert!(
            !detail.contains("127.0.0.1"),
            "addresses stay here: {detail}"
        );
    }
    rig.stop().await;
}

#[tokio::test]
async fn camera_is_signed_in_to_and_says_when_the_password_is_wrong() {
    let simulator = Rtspd::start(&["--user", "viewer", "--password", "s3cret"]).await;
    let with_password = |password: &str| Camera {
        user: Some("viewer".into()),
        password: Some(Secret::from(password.to_owned())),
        ..camera(&simulator, "h264")
    };
    let rig = Rig::start(vec![
        with_password("s3cret"),
        with_password("wrong"),
        camera(&simulator, "h264"),
    ]);
    rig.watch(0).pictures(3).await;
    for channel in [1, 2] {
        let _viewer = rig.watch(channel);
        let detail = rig.state(channel, ChannelState::Offline).await;
        assert_eq!(detail, "The camera refuses the user name or password.");
    }
    rig.stop().await;
}
