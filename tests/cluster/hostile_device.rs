//! Devices that lie, and the neighbours who must not notice.

use std::sync::Arc;

use sightline_domain::CloudId;
use sightline_loadtest::device::{Fault, Synthetic};
use sightline_loadtest::viewer::{Event, grpc, websocket};
use sightline_media::FRAME_BYTES_MAX;
use sightline_tests::{Person, Sandbox, errors};

use crate::watching::{
    Bystander, Watch, channel_over_grpc, end, frames, next, over_grpc, over_websocket,
};

/// Frames of a call before the fault.
const BEFORE: u64 = 30;

/// Two who watch channel 1 of a device, and two who watch beside them.
struct Scene {
    sandbox: Sandbox,
    owner: Person,
    hostile: CloudId,
    browser: websocket::Viewer,
    program: grpc::Viewer,
    /// Of channel 2 of the same device, and of another device.
    bystanders: [Bystander; 2],
    // They are connected for as long as these live.
    _uplinks: [sightline_tests::Connected; 2],
}

impl Scene {
    /// The fault is about a second away.
    async fn with(fault: Fault) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let owner = sandbox.person("owner").await.unwrap();
        let honest = Synthetic::new().unwrap();
        let (honest, honest_uplink) = sandbox.device(honest, &owner).await.unwrap();
        let hostile = Synthetic::new().unwrap().channels(2).fault(fault, BEFORE);
        let (hostile, hostile_uplink) = sandbox.device(hostile, &owner).await.unwrap();

        let neighbour = over_websocket(&sandbox, &owner, honest.cloud_id()).await;
        let channel_2 = channel_over_grpc(&sandbox, &owner, hostile.cloud_id(), 2).await;
        let bystanders = [
            Bystander::new(neighbour.unwrap()).await.unwrap(),
            Bystander::new(channel_2.unwrap()).await.unwrap(),
        ];
        let browser = over_websocket(&sandbox, &owner, hostile.cloud_id()).await;
        let program = over_grpc(&sandbox, &owner, hostile.cloud_id()).await;
        Self {
            browser: browser.unwrap(),
            program: program.unwrap(),
            hostile: hostile.cloud_id(),
            sandbox,
            owner,
            bystanders,
            _uplinks: [honest_uplink, hostile_uplink],
        }
    }

    async fn disturbed_nobody(self) {
        for bystander in self.bystanders {
            bystander.lost_nothing().await;
        }
    }
}

/// The frames before the fault, and then the end. It overtakes what has not been sent by then.
async fn sound_until_the_end(viewer: &mut impl Watch) -> String {
    let mut frames = 0;
    loop {
        match next(viewer).await.unwrap() {
            Event::Started { .. } => {}
            Event::Frame(_) => frames += 1,
            Event::Ended { reason, .. } => {
                assert!((BEFORE - 5..=BEFORE).contains(&frames), "{frames} frames");
                return reason;
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The fault ends the stream for both who watch it with this reason, and for nobody else.
async fn fault_ends_the_stream(fault: Fault, reason: &str) {
    let mut scene = Scene::with(fault).await;
    let (browser, program) = tokio::join!(
        sound_until_the_end(&mut scene.browser),
        sound_until_the_end(&mut scene.program)
    );
    assert_eq!(browser, reason, "{fault:?} over WebSocket");
    assert_eq!(program, reason, "{fault:?} over gRPC");
    scene.disturbed_nobody().await;
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
async fn empty_frame_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::EmptyFrame, "BAD_STREAM").await;
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
async fn picture_that_is_due_an_hour_later_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::FarPresentation, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_without_end_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::EndlessTime, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frame_of_an_unknown_track_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::UnknownTrack, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreadable_configuration_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::BadConfig, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_tracks_end_their_own_stream_only() {
    fault_ends_the_stream(Fault::TooManyTracks, "BAD_STREAM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn device_that_ends_its_call_ends_its_own_stream_only() {
    fault_ends_the_stream(Fault::End, "CHANNEL_UNAVAILABLE").await;
}

/// All frames before the fault, then how many were lost, and what it goes on with.
async fn across_the_gap(viewer: &mut impl Watch) -> (u64, bool) {
    frames(viewer, BEFORE as usize).await.unwrap();
    let Event::Gap { lost } = next(viewer).await.unwrap() else {
        panic!("no word of the gap");
    };
    let after = frames(viewer, 25).await.unwrap();
    (lost, after[0].key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gap_without_end_counts_as_a_million_pictures_and_the_stream_goes_on() {
    let mut scene = Scene::with(Fault::EndlessGap).await;
    let (browser, program) = tokio::join!(
        across_the_gap(&mut scene.browser),
        across_the_gap(&mut scene.program)
    );
    // The word came in place of picture 30; the 19 up to the key picture 50 cannot be decoded.
    assert_eq!(browser, (1_000_019, true), "over WebSocket");
    assert_eq!(program, (1_000_019, true), "over gRPC");
    scene.disturbed_nobody().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_can_be_opened_again_after_a_fault() {
    let mut scene = Scene::with(Fault::EmptyFrame).await;
    for _ in 0..2 {
        assert_eq!(end(&mut scene.browser).await.unwrap(), "BAD_STREAM");
        let again = over_websocket(&scene.sandbox, &scene.owner, scene.hostile).await;
        scene.browser = again.unwrap();
    }
    frames(&mut scene.browser, BEFORE as usize).await.unwrap();
    scene.disturbed_nobody().await;
}

/// Two who watch a device while somebody with another key says that they are it.
async fn takes_nothing_over(impostor: impl FnOnce(&Synthetic) -> Synthetic, why: &str) {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let device = Synthetic::new().unwrap();
    let (device, _uplink) = sandbox.device(device, &owner).await.unwrap();
    let id = device.cloud_id();
    let browser = over_websocket(&sandbox, &owner, id).await.unwrap();
    let program = over_grpc(&sandbox, &owner, id).await.unwrap();
    let browser = Bystander::new(browser).await.unwrap();
    let program = Bystander::new(program).await.unwrap();

    let impostor = Arc::new(impostor(&device));
    assert_ne!(impostor.cloud_id(), id);
    // Refused in the handshake, or ended after it.
    if let Ok(connected) = sandbox.connect(&impostor).await {
        connected.ended().await.unwrap();
    }
    errors::logged(why).await.unwrap();
    browser.lost_nothing().await;
    program.lost_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn device_that_says_it_is_another_one_is_refused_for_that_and_takes_nothing_over() {
    let liar = |device: &Synthetic| {
        let fault = Fault::ForeignCloudId(device.cloud_id());
        Synthetic::new().unwrap().fault(fault, 0)
    };
    takes_nothing_over(liar, "error=the device says that it is another one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificate_of_a_known_device_without_its_key_is_refused_and_takes_nothing_over() {
    let thief = |device: &Synthetic| {
        let thief = Synthetic::new().unwrap();
        thief.with_certificate_of(device).unwrap()
    };
    takes_nothing_over(thief, "refused=TLS: invalid peer certificate: BadSignature").await;
}
