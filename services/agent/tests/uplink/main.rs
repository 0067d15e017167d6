//! The agent as the cloud sees it: on the connection that it dialled.

#![expect(clippy::unwrap_used, unreachable_pub, reason = "all of this is a test")]

mod cloud;
mod process;
#[path = "../../src/camera/tests/relay.rs"]
mod relay;
#[path = "../../src/camera/tests/rtspd.rs"]
mod rtspd;
mod thin_link;
mod users;

use std::time::Duration;

use sightline_agent::config::{Camera, RtspUrl};
use sightline_agent::{Agent, Config, Error, Handle, Uplink};
use sightline_rpc::device::v1::live_response::Event;
use sightline_rpc::device::v1::watch_events_response::Event as Change;
use sightline_rpc::device::v1::{
    Channel, ChannelState, DeviceKind, LiveRequest, LiveResponse, ProbeUplinkRequest,
    SnapshotRequest, VerifyClaimRequest, VerifyClaimResponse, WatchEventsRequest,
    WatchEventsResponse,
};
use sightline_rpc::live::v1::{Codec, StreamKind};
use tokio::time::{Instant, timeout};
use tonic::{Code, Streaming};

use cloud::{Cloud, Device, PATIENCE, SWITCHED, read_to_end};
use rtspd::Rtspd;

async fn status(agent: &Handle, wanted: impl Fn(&Uplink) -> bool) -> Uplink {
    let mut status = agent.status();
    timeout(PATIENCE, status.wait_for(|s| wanted(s)))
        .await
        .unwrap()
        .unwrap()
        .clone()
}

async fn live(device: &mut Device, channel: u32, stream: StreamKind) -> Streaming<LiveResponse> {
    let request = LiveRequest {
        channel,
        stream: stream.into(),
    };
    device.client.live(request).await.unwrap().into_inner()
}

async fn next(stream: &mut Streaming<LiveResponse>) -> Event {
    let message = timeout(PATIENCE, stream.message()).await.unwrap().unwrap();
    message.unwrap().event.unwrap()
}

/// Waits until a channel is in this state.
async fn channel_in_state(
    events: &mut Streaming<WatchEventsResponse>,
    number: u32,
    state: ChannelState,
) -> Channel {
    loop {
        let message = timeout(PATIENCE, events.message())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let Change::Channel(channel) = message.event.unwrap();
        if channel.number == number && channel.state() == state {
            return channel;
        }
    }
}

/// A device with one camera that sends a steady 2 Mbit/s.
fn noise(cloud: &Cloud, simulator: &Rtspd) -> Config {
    let url = RtspUrl::try_from(simulator.url("noise")).unwrap();
    let cameras = vec![Camera::new("noise".to_owned(), url)];
    Config {
        demo: false,
        cameras,
        ..cloud.config()
    }
}

#[tokio::test]
async fn device_is_described_on_the_connection_that_it_dialled() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    let mut device = cloud.device().await;
    assert_eq!(device.cloud_id, agent.cloud_id());
    let described = device.describe(7).await.unwrap();
    assert_eq!(described.cloud_id, agent.cloud_id().to_string());
    assert_eq!(described.kind(), DeviceKind::Nvr);
    assert_eq!(described.channels.len(), 4);
    assert!(
        described
            .channels
            .iter()
            .all(|c| c.streams.len() == 2 && !c.name.is_empty())
    );
    let connected = Uplink::Connected {
        edge: "edge-a".to_owned(),
    };
    assert_eq!(
        status(&agent, |s| *s != Uplink::Connecting).await,
        connected
    );
    agent.shutdown().await;
}

#[tokio::test]
async fn live_stream_begins_with_its_tracks_and_a_key_frame_and_stops_the_camera_after_it() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let events = device
        .client
        .watch_events(WatchEventsRequest {})
        .await
        .unwrap();
    let mut events = events.into_inner();
    channel_in_state(&mut events, 4, ChannelState::Idle).await;

    let mut stream = live(&mut device, 4, StreamKind::Sub).await;
    let Event::Started(started) = next(&mut stream).await else {
        panic!("no start")
    };
    let codecs: Vec<_> = started.tracks.iter().map(|t| t.codec()).collect();
    assert_eq!(codecs, [Codec::H264, Codec::Pcmu]);
    let mut last_us = [i64::MIN; 2];
    for at in 0..60 {
        let Event::Frame(frame) = next(&mut stream).await else {
            panic!("frame {at}")
        };
        assert!(at > 0 || (frame.key && frame.track == started.tracks[0].id));
        let last_us = &mut last_us[frame.track as usize];
        assert!(frame.dts_us > *last_us);
        *last_us = frame.dts_us;
    }
    let streaming = channel_in_state(&mut events, 4, ChannelState::Streaming).await;
    assert_eq!(streaming.streams[1].tracks, started.tracks);
    drop(stream);
    channel_in_state(&mut events, 4, ChannelState::Idle).await;
    agent.shutdown().await;
}

#[tokio::test]
async fn open_stream_goes_on_behind_a_gap_when_its_camera_was_restarted() {
    let cloud = Cloud::start().await;
    let simulator = Rtspd::start(&[]).await;
    let agent = Agent::start(noise(&cloud, &simulator)).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let mut stream = live(&mut device, 1, StreamKind::Main).await;
    let Event::Started(started) = next(&mut stream).await else {
        panic!("no start")
    };
    let mut last_us = i64::MIN;
    let mut simulator = Some(simulator);
    // The second time the camera comes back with a smaller picture.
    for size in ["640x360", "320x240"] {
        for _ in 0..20 {
            let Event::Frame(frame) = next(&mut stream).await else {
                panic!("nothing is left out before the restart")
            };
            last_us = frame.pts_us;
        }
        let port = simulator.take().unwrap().port.to_string();
        simulator = Some(Rtspd::start(&["--port", &port, "--size", size]).await);
        let lost = loop {
            match next(&mut stream).await {
                Event::Frame(frame) => last_us = frame.pts_us,
                Event::Gap(gap) => break gap.lost,
                Event::Started(_) => panic!("a start before its gap"),
            }
        };
        // The simulator takes some tenths of a second to start, and the agent a second to try again.
        assert!((8..1000).contains(&lost), "{lost}");
        let mut event = next(&mut stream).await;
        if let Event::Started(again) = &event {
            assert_eq!((again.tracks[0].width, size), (320, "320x240"));
            assert_ne!(*again, started);
            event = next(&mut stream).await;
        } else {
            assert_eq!(size, "640x360", "other tracks are told");
        }
        let Event::Frame(frame) = event else {
            panic!("no frame behind the gap")
        };
        assert!(frame.key && frame.pts_us > last_us);
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn edge_that_reads_too_slowly_goes_on_at_a_key_frame_and_is_told_what_it_lost() {
    let cloud = Cloud::start().await;
    let simulator = Rtspd::start(&[]).await;
    let agent = Agent::start(noise(&cloud, &simulator)).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let mut unread = live(&mut device, 1, StreamKind::Main).await;
    let mut read = live(&mut device, 1, StreamKind::Main).await;
    next(&mut read).await;
    let mut frames = 0;
    // Time passes by the stream that is read: ten seconds of pictures.
    let (mut first_us, mut last_us) = (None, 0);
    while last_us - first_us.unwrap_or(0) < 10_000_000 {
        let Event::Frame(frame) = next(&mut read).await else {
            panic!("a gap in what is read")
        };
        first_us.get_or_insert(frame.pts_us);
        (last_us, frames) = (frame.pts_us, frames + 1);
    }
    let lost = loop {
        match next(&mut unread).await {
            Event::Gap(gap) => break gap.lost,
            Event::Frame(frame) => assert!(frame.pts_us < last_us, "nothing was left out"),
            Event::Started(_) => {}
        }
    };
    assert!((1..frames).contains(&lost), "{lost} of {frames}");
    let Event::Frame(frame) = next(&mut unread).await else {
        panic!("no frame after a gap")
    };
    assert!(frame.key);
    agent.shutdown().await;
}

#[tokio::test]
async fn picture_over_a_thin_uplink_stays_seconds_behind_and_tells_what_it_left_out() {
    // Half of what the camera sends.
    const BYTES_PER_SECOND: usize = 125_000;
    const LAG_MAX: Duration = Duration::from_secs(5);
    let cloud = Cloud::start().await;
    let link = thin_link::to(cloud.address, BYTES_PER_SECOND);
    let simulator = Rtspd::start(&[]).await;
    let config = Config {
        cloud: link.to_string(),
        ..noise(&cloud, &simulator)
    };
    let agent = Agent::start(config).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let mut stream = live(&mut device, 1, StreamKind::Main).await;
    let mut first = None;
    let (mut lost, mut worst) = (0, Duration::ZERO);
    loop {
        match next(&mut stream).await {
            Event::Started(_) => {}
            Event::Gap(gap) => lost += gap.lost,
            Event::Frame(frame) => {
                let (began, first_us) =
                    *first.get_or_insert_with(|| (Instant::now(), frame.pts_us));
                let shown = Duration::from_micros((frame.pts_us - first_us).try_into().unwrap());
                worst = worst.max(began.elapsed().saturating_sub(shown));
                if shown > Duration::from_secs(20) {
                    break;
                }
            }
        }
    }
    assert!(lost > 0);
    assert!(
        worst < LAG_MAX,
        "{worst:?} behind, {lost} pictures left out"
    );
    agent.shutdown().await;
}

#[tokio::test]
async fn edge_without_the_newest_claim_gets_nothing() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    let mut device = cloud.device().await;
    let before_describe = device.client.snapshot(SnapshotRequest { channel: 1 }).await;
    assert_eq!(
        before_describe.unwrap_err().code(),
        Code::FailedPrecondition
    );
    device.describe(5).await.unwrap();
    assert_eq!(
        device.describe(4).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    drop(device);
    let mut device = cloud.device().await;
    assert_eq!(
        device.describe(4).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    let undescribed = device.client.snapshot(SnapshotRequest { channel: 1 }).await;
    assert_eq!(undescribed.unwrap_err().code(), Code::FailedPrecondition);
    device.describe(6).await.unwrap();
    agent.shutdown().await;
}

#[tokio::test]
async fn channel_and_stream_that_do_not_exist_are_not_found() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    for channel in [0, 5, u32::MAX] {
        let request = LiveRequest {
            channel,
            stream: StreamKind::Main.into(),
        };
        assert_eq!(
            device.client.live(request).await.unwrap_err().code(),
            Code::NotFound
        );
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn guessing_the_verification_code_is_stopped_on_every_connection() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    let right = agent.verification_code().reveal();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let mut verify = async |code: &str| -> VerifyClaimResponse {
        let request = VerifyClaimRequest {
            verification_code: code.to_owned(),
        };
        device
            .client
            .verify_claim(request)
            .await
            .unwrap()
            .into_inner()
    };
    assert!(verify(&right).await.accepted);
    for _ in 0..59 {
        let answer = verify("not the code").await;
        assert_eq!(
            answer,
            VerifyClaimResponse {
                accepted: false,
                retry_after_s: 0
            }
        );
    }
    assert!(verify("not the code").await.retry_after_s > 50);
    drop(device);
    let mut device = cloud.device().await;
    device.describe(2).await.unwrap();
    let request = VerifyClaimRequest {
        verification_code: right,
    };
    let answer = device
        .client
        .verify_claim(request)
        .await
        .unwrap()
        .into_inner();
    assert!(!answer.accepted && answer.retry_after_s > 40, "{answer:?}");
    agent.shutdown().await;
}

#[tokio::test]
async fn snapshot_is_a_jpeg_and_serves_all_who_ask_in_the_same_second() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let mut other = device.client.clone();
    let (one, two) = tokio::join!(
        device.client.snapshot(SnapshotRequest { channel: 2 }),
        other.snapshot(SnapshotRequest { channel: 2 }),
    );
    let (one, two) = (one.unwrap().into_inner(), two.unwrap().into_inner());
    assert!(
        one.jpeg.starts_with(&[0xff, 0xd8]) && one.jpeg.len() > 10_000,
        "{}",
        one.jpeg.len()
    );
    assert_eq!(one.taken_at_unix_ms, two.taken_at_unix_ms);
    agent.shutdown().await;
}

#[tokio::test]
async fn snapshot_of_a_camera_is_its_h264_picture_and_h265_is_said_to_be_missing() {
    let cloud = Cloud::start().await;
    let simulator = Rtspd::start(&[]).await;
    let mut cameras = vec![];
    for (main, sub) in [("h264", None), ("h265", Some("h264aac")), ("h265", None)] {
        let url = |mount| RtspUrl::try_from(simulator.url(mount)).unwrap();
        let camera = Camera::new(main.to_owned(), url(main));
        cameras.push(Camera {
            sub: sub.map(url),
            ..camera
        });
    }
    let config = Config {
        demo: false,
        cameras,
        ..cloud.config()
    };
    let agent = Agent::start(config).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    // JPEG's start of frame: baseline, eight bits, 360 lines of 640 pixels, three components.
    let size = [0xff, 0xc0, 0, 17, 8, 0x01, 0x68, 0x02, 0x80, 3];
    for channel in [1, 2] {
        let snapshot = device.client.snapshot(SnapshotRequest { channel });
        let jpeg = snapshot.await.unwrap().into_inner().jpeg;
        assert!(jpeg.windows(size.len()).any(|bytes| bytes == size));
    }
    let refused = device.client.snapshot(SnapshotRequest { channel: 3 });
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("H.265"), "{refused}");
    agent.shutdown().await;
}

#[tokio::test]
async fn device_comes_back_as_the_same_after_its_connection_breaks() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    for epoch in 1..=2 {
        let mut device = cloud.device().await;
        assert_eq!(device.cloud_id, agent.cloud_id());
        device.describe(epoch).await.unwrap();
    }
    agent.shutdown().await;
}

#[tokio::test]
async fn cloud_that_falls_silent_is_noticed_and_dialled_again() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    // Begins HTTP/2 within the answer (connection preface, empty SETTINGS), then says nothing.
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let silent = cloud.answer(&format!("{SWITCHED}{preface}")).await;
    let waiting = status(&agent, |s| matches!(s, Uplink::Waiting { .. })).await;
    let Uplink::Waiting { reason, .. } = waiting else {
        panic!("{waiting:?}")
    };
    assert!(reason.contains("timed out"), "{reason}");
    cloud.device().await.describe(1).await.unwrap();
    drop(silent);
    agent.shutdown().await;
}

#[tokio::test]
async fn cloud_that_cannot_prove_who_it_is_gets_no_request() {
    let cloud = Cloud::start().await;
    let other = Cloud::start().await;
    let config = Config {
        ca_file: Some(other.ca_file.clone()),
        ..cloud.config()
    };
    let agent = Agent::start(config).unwrap();
    if let Ok(tls) = cloud.handshake().await {
        assert_eq!(read_to_end(tls).await, b"");
    }
    let waiting = status(&agent, |s| matches!(s, Uplink::Waiting { .. })).await;
    assert!(
        matches!(&waiting, Uplink::Waiting { reason, .. } if reason.contains("certificate")),
        "{waiting:?}"
    );
    agent.shutdown().await;
}

#[tokio::test]
async fn full_cloud_is_left_alone_for_as_long_as_it_asks() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    cloud
        .answer("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\n\r\n")
        .await;
    let waiting = status(&agent, |s| matches!(s, Uplink::Waiting { .. })).await;
    let Uplink::Waiting { reason, retry_s } = waiting else {
        panic!("{waiting:?}")
    };
    assert!(
        (30..40).contains(&retry_s) && reason.contains("503"),
        "{reason}, {retry_s}"
    );
    agent.shutdown().await;
}

#[tokio::test]
async fn shutdown_ends_the_connection_and_all_tasks_while_streams_are_open() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let mut stream = live(&mut device, 1, StreamKind::Sub).await;
    next(&mut stream).await;
    timeout(PATIENCE, agent.shutdown()).await.unwrap();
    while let Ok(Some(_)) = timeout(PATIENCE, stream.message()).await.unwrap() {}
    // The directory is free again.
    Agent::start(cloud.config()).unwrap().shutdown().await;
}

#[tokio::test]
async fn two_agents_cannot_be_one_device() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    assert!(matches!(
        Agent::start(cloud.config()),
        Err(Error::DataDir(_))
    ));
    agent.shutdown().await;
}

#[tokio::test]
async fn status_command_shows_state_and_identity_of_a_running_agent() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    cloud.device().await.describe(1).await.unwrap();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_sightline-agent"))
        .arg("status")
        .arg("--data-dir")
        .arg(cloud.config().data_dir)
        .output();
    let output = timeout(Duration::from_secs(30), output)
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains(&agent.cloud_id().to_string()), "{text}");
    assert!(text.contains(&agent.verification_code().reveal()), "{text}");
    assert!(text.contains("1 (administrators: 1)"), "{text}");
    assert!(
        text.contains("https://127.0.0.1:8443/#/claim?id="),
        "{text}"
    );
    assert_eq!(text.matches(": idle").count(), 4, "{text}");
    agent.shutdown().await;
}

#[tokio::test]
async fn uplink_is_measured_by_as_many_bytes_as_asked_for_over_a_thin_link_too() {
    const BYTES_PER_SECOND: usize = 500_000;
    let cloud = Cloud::start().await;
    let link = thin_link::to(cloud.address, BYTES_PER_SECOND);
    let config = Config {
        cloud: link.to_string(),
        ..cloud.config()
    };
    let agent = Agent::start(config).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let request = ProbeUplinkRequest { bytes: 1_000_000 };
    let began = Instant::now();
    let mut filler = device
        .client
        .probe_uplink(request)
        .await
        .unwrap()
        .into_inner();
    let whole = ProbeUplinkRequest { bytes: 4_194_304 };
    let second = device.client.probe_uplink(whole).await;
    assert_eq!(second.unwrap_err().code(), Code::ResourceExhausted);
    let mut bytes = 0;
    while let Some(message) = timeout(PATIENCE, filler.message()).await.unwrap().unwrap() {
        assert!(message.filler.len() <= 64 << 10);
        bytes += message.filler.len();
    }
    assert_eq!(bytes, 1_000_000);
    // What the link had room for before it took its time does not count.
    let measured = 1e6 / began.elapsed().as_secs_f64();
    assert!(
        (0.5..1.3).contains(&(measured / BYTES_PER_SECOND as f64)),
        "{measured} bytes per second"
    );
    let too_much = ProbeUplinkRequest { bytes: 4_194_305 };
    let refused = device.client.probe_uplink(too_much).await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    agent.shutdown().await;
}
