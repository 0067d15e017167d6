//! Cameras that break the standard, and the policies that forgive it.

use super::relay::{Faults, Relay};
use super::*;
use crate::config::{SessionIds, Timestamps};

/// A rig of the same camera under several policies, each a channel.
async fn rig<P: Copy>(
    mount: &str,
    answer: fn(&str, usize, String) -> String,
    policies: &[P],
    with: fn(P, Camera) -> Camera,
) -> (Rig, Rtspd, Relay) {
    let simulator = Rtspd::start(&[]).await;
    let relay = Relay::start(
        simulator.port,
        Faults {
            answer,
            ..Faults::NONE
        },
    )
    .await;
    let cameras = policies.iter().map(|p| with(*p, relayed(&relay, mount)));
    (Rig::start(cameras.collect()), simulator, relay)
}

fn with_timestamps(timestamps: Timestamps, camera: Camera) -> Camera {
    Camera {
        timestamps,
        ..camera
    }
}

#[tokio::test]
async fn camera_with_a_new_session_id_in_every_answer_works_unless_the_ids_must_match() {
    let policies = [SessionIds::UseFirst, SessionIds::RequireMatch];
    let other_id = |method: &str, stream, header: String| {
        if method == "SETUP" && stream == 1 {
            header.replace("Session: ", "Session: other-")
        } else {
            header
        }
    };
    let with = |session_id, camera| Camera {
        session_id,
        ..camera
    };
    let (rig, ..) = &rig("h264aac", other_id, &policies, with).await;
    rig.watch(0).pictures(20).await;
    let _viewer = rig.watch(1);
    let detail = rig.state(1, ChannelState::Offline).await;
    assert_eq!(detail, "The connection to the camera broke.");
}

#[tokio::test]
async fn camera_that_keeps_to_one_session_id_works_under_either_policy() {
    let policies = [SessionIds::UseFirst, SessionIds::RequireMatch];
    let with = |session_id, camera| Camera {
        session_id,
        ..camera
    };
    let (rig, ..) = &rig("h264aac", Faults::NONE.answer, &policies, with).await;
    for channel in 0..policies.len() {
        rig.watch(channel).pictures(3).await;
    }
}

/// The start time of the last track, where it stands in the answer to PLAY.
fn last_rtptime(header: &str) -> std::ops::Range<usize> {
    let from = header.rfind("rtptime=").expect("the camera gives it") + "rtptime=".len();
    let digits = header[from..].find(|c: char| !c.is_ascii_digit());
    from..from + digits.unwrap()
}

#[tokio::test]
async fn camera_without_start_times_works_unless_they_are_required() {
    let policies = [
        Timestamps::Permissive,
        Timestamps::Ignore,
        Timestamps::Require,
    ];
    let without = |method: &str, _, mut header: String| {
        if method == "PLAY" {
            let time = last_rtptime(&header);
            header.replace_range(time.start - ";rtptime=".len()..time.end, "");
        }
        header
    };
    let (rig, ..) = &rig("h264pcmu", without, &policies, with_timestamps).await;
    rig.watch(0).pictures(20).await;
    rig.watch(1).pictures(20).await;
    let _viewer = rig.watch(2);
    let detail = rig.state(2, ChannelState::Offline).await;
    assert_eq!(detail, "The connection to the camera broke.");
}

#[tokio::test]
async fn wrong_start_times_tear_picture_and_sound_apart_unless_they_are_ignored() {
    const WRONG_US: i64 = 30_000_000;
    let policies = [
        Timestamps::Permissive,
        Timestamps::Require,
        Timestamps::Ignore,
    ];
    let wrong = |method: &str, _, mut header: String| {
        if method == "PLAY" {
            let time = last_rtptime(&header);
            let right: u32 = header[time.clone()].parse().unwrap();
            // Sound of 8 kHz.
            let wrong = right.wrapping_sub(30 * 8000);
            header.replace_range(time, &wrong.to_string());
        }
        header
    };
    let (rig, ..) = &rig("h264pcmu", wrong, &policies, with_timestamps).await;
    for (channel, apart_us) in [(0, WRONG_US), (1, WRONG_US), (2, 0)] {
        let steps = rig.watch(channel).pictures(20).await;
        let time_us = |step: Option<&Step>| step.unwrap().entry.frame().pts_us;
        let picture_us = time_us(steps.iter().rfind(|s| is_picture(s)));
        let sound_us = time_us(steps.iter().rfind(|s| !is_picture(s)));
        let error_us = sound_us - picture_us - apart_us;
        assert!(error_us.abs() < 2_000_000, "{channel}: {error_us} us");
    }
}
