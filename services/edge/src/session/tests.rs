use std::time::Duration;

use actix::{Context, Handler, Message};
use sightline_rpc::live::v1::{EndReason, StreamKind};
use tokio::time::Instant;

use super::feed::{FeedEnded, FeedKey, Run};
use super::{Finish, Session, Snapshot, Task};
use crate::error::{End, Error};
use crate::rig::{self, Device, until};

#[test]
fn device_that_never_says_what_it_is_is_not_owned_afterwards() {
    rig::run(async |rig| {
        let mute = Device {
            describes_after: None,
            ..Device::new()
        };
        let id = mute.id;
        let _connected = rig.connect(mute).await;
        until(async || rig.owner(id).await.is_some()).await;
        until(async || rig.owner(id).await.is_none()).await;
    });
}

#[test]
fn device_that_is_cut_before_it_says_what_it_is_is_not_owned_afterwards() {
    rig::run(async |rig| {
        let mute = Device {
            describes_after: None,
            ..Device::new()
        };
        let id = mute.id;
        let connected = rig.connect(mute).await;
        until(async || rig.owner(id).await.is_some()).await;
        drop(connected);
        until(async || rig.owner(id).await.is_none()).await;
    });
}

#[test]
fn device_that_is_just_connecting_is_asked_as_soon_as_it_can_be() {
    rig::run(async |rig| {
        let slow = Device {
            describes_after: Some(Duration::from_secs(2)),
            ..Device::new()
        };
        let id = slow.id;
        let _connected = rig.connect(slow).await;
        until(async || rig.owner(id).await.is_some()).await;
        assert!(rig.edge.directory.session(id).is_none());
        assert!(rig.verify_claim(id).await.unwrap().accepted);
    });
}

#[test]
fn device_that_is_not_here_is_told_to_be_offline_in_a_few_seconds() {
    rig::run(async |rig| {
        let began = Instant::now();
        let refused = rig.verify_claim(Device::new().id).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::Unavailable);
        assert!(began.elapsed() < Duration::from_secs(5));
    });
}

#[derive(Message)]
#[rtype(result = "()")]
struct Break;

impl Handler<Break> for Session {
    type Result = ();

    fn handle(&mut self, _: Break, _: &mut Context<Self>) {
        panic!("a test breaks the session");
    }
}

#[test]
fn session_that_panics_ends_its_viewers_and_its_claim() {
    rig::run(async |rig| {
        let device = Device::new();
        let id = device.id;
        let (connected, admission) = rig.watch(device).await;
        assert_eq!(admission.gate.check(Instant::now()), Ok(()));
        connected.session.do_send(Break);
        until(async || admission.gate.check(Instant::now()).is_err()).await;
        let end = admission.gate.check(Instant::now()).unwrap_err();
        assert_eq!(end.reason, EndReason::DeviceOffline);
        until(async || rig.owner(id).await.is_none()).await;
        assert!(rig.edge.directory.session(id).is_none());
    });
}

#[test]
fn session_with_a_task_that_panics_ends() {
    rig::run(async |rig| {
        let device = Device::new();
        let id = device.id;
        let (connected, admission) = rig.watch(device).await;
        let _task = Task::start(connected.session.clone(), async {
            panic!("a test breaks the task")
        });
        until(async || rig.owner(id).await.is_none()).await;
        assert!(admission.gate.check(Instant::now()).is_err());
    });
}

/// The end of the first, second or later run of the rig's stream.
fn ended(number: u64) -> FeedEnded {
    let key = FeedKey {
        channel: 1,
        stream: StreamKind::Main,
    };
    FeedEnded {
        run: Run { key, number },
        end: End::new(EndReason::ChannelUnavailable, "a test ends it"),
    }
}

#[test]
fn end_of_an_earlier_stream_leaves_the_running_one_alone() {
    rig::run(async |rig| {
        let (connected, admission) = rig.watch(Device::new()).await;
        connected.session.send(ended(1)).await.unwrap();
        let frames = rig.edge.metrics.frames_in.get();
        until(async || rig.edge.metrics.frames_in.get() > frames).await;
        assert_eq!(admission.gate.check(Instant::now()), Ok(()));
        connected.session.send(ended(0)).await.unwrap();
        until(async || admission.gate.check(Instant::now()).is_err()).await;
        assert_eq!(rig.edge.metrics.feeds.get(), 0);
    });
}

#[test]
fn viewer_of_a_stream_that_has_ended_leaves_the_one_after_it_running() {
    rig::run(async |rig| {
        let (connected, of_the_first) = rig.watch(Device::new()).await;
        connected.session.send(ended(0)).await.unwrap();
        let of_the_second = rig.watch_again(&connected).await;
        assert_eq!(rig.edge.metrics.viewers.get(), 2);
        drop(of_the_first);
        until(async || rig.edge.metrics.viewers.get() == 1).await;
        let began = Instant::now();
        until(async || began.elapsed() > rig.edge.config.linger() * 2).await;
        assert_eq!(rig.edge.metrics.feeds.get(), 1, "it was stopped");
        assert_eq!(of_the_second.gate.check(Instant::now()), Ok(()));
    });
}

#[test]
fn session_that_is_ended_tells_its_viewers_why() {
    rig::run(async |rig| {
        let (connected, admission) = rig.watch(Device::new()).await;
        let end = End::new(EndReason::Draining, "this node is restarting");
        connected.session.do_send(Finish(end.clone()));
        until(async || rig.edge.metrics.devices.get() == 0).await;
        assert_eq!(admission.gate.check(Instant::now()), Err(end));
    });
}

#[test]
fn stream_on_which_the_device_says_nothing_ends_with_a_reason() {
    rig::run(async |rig| {
        let silent = Device {
            frame_interval: None,
            ..Device::new()
        };
        let (_connected, admission) = rig.watch(silent).await;
        until(async || admission.gate.check(Instant::now()).is_err()).await;
        let end = admission.gate.check(Instant::now()).unwrap_err();
        assert_eq!(end.reason, EndReason::ChannelUnavailable);
        assert_eq!(rig.edge.metrics.feeds.get(), 0, "nothing is asked any more");
    });
}

#[test]
fn stream_with_a_frame_in_half_a_minute_goes_on() {
    rig::run(async |rig| {
        let slow = Device {
            frame_interval: Some(Duration::from_secs(30)),
            ..Device::new()
        };
        let (_connected, admission) = rig.watch(slow).await;
        until(async || rig.edge.metrics.frames_in.get() == 10).await;
        assert_eq!(admission.gate.check(Instant::now()), Ok(()));
    });
}

#[test]
fn end_of_a_sign_in_is_seen_by_a_session_that_nobody_tells_of_it() {
    rig::run(async |rig| {
        let (_connected, admission) = rig.watch(Device::new()).await;
        // Whoever tells sessions has stopped.
        rig.edge.draining.cancel();
        let sign_in = admission.gate.permit().caller().session().to_owned();
        let ended = rig.edge.verifier.ended_sessions();
        ended.end(&sign_in, i64::MAX, 0);
        until(async || admission.gate.check(Instant::now()).is_err()).await;
        let end = admission.gate.check(Instant::now()).unwrap_err();
        assert_eq!(end.reason, EndReason::SessionEnded);
    });
}

#[test]
fn viewer_who_comes_when_all_others_had_gone_is_looked_at_like_the_first() {
    rig::run(async |rig| {
        let (connected, first) = rig.watch(Device::new()).await;
        drop(first);
        until(async || rig.edge.metrics.viewers.get() == 0).await;
        let second = rig.watch_again(&connected).await;
        rig.edge.draining.cancel();
        let sign_in = second.gate.permit().caller().session().to_owned();
        rig.edge
            .verifier
            .ended_sessions()
            .end(&sign_in, i64::MAX, 0);
        until(async || second.gate.check(Instant::now()).is_err()).await;
    });
}

#[test]
fn picture_that_does_not_come_is_given_up_and_no_longer_counted() {
    rig::run(async |rig| {
        let (connected, _admission) = rig.watch(Device::new()).await;
        let asked = connected.session.send(Snapshot {
            caller: rig.owner.clone(),
            channel: 1,
        });
        let asked = tokio::spawn(asked);
        until(async || rig.edge.metrics.snapshots.get() == 1).await;
        let answer = asked.await.unwrap().unwrap();
        assert!(matches!(answer, Err(Error::ChannelUnavailable(_))));
        assert_eq!(rig.edge.metrics.snapshots.get(), 0);
    });
}
