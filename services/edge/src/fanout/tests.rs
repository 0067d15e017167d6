use std::collections::BTreeSet;
use std::ops::Range;

use sightline_media::ring::{Limits, Writer, ring};
use sightline_media::{Codec, Frame, Track, Tracks};
use sightline_rpc::live::v1::EndReason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::outlet::tests::{PING, connection, websocket};
use super::*;
use crate::error::End;
use crate::gate::Gate;
use crate::rig::{self, Connected, Device, Rig, until};

/// A viewer's connection that can be put on a fan-out, its gate, and the viewer's end.
async fn lane(rig: &Rig, connected: &Connected, ring: &Ring) -> (Lane, Arc<Gate>, TcpStream) {
    let admission = rig.watch_again(connected).await;
    let (edge, viewer) = connection().await;
    let outlet = Outlet::WebSocket(websocket(edge).await);
    let gate = Arc::clone(&admission.gate);
    let lane = Lane::new(outlet, Arc::clone(&gate), ring, admission.hold);
    (lane, gate, viewer)
}

/// A viewer on a fan-out: what it says goes there.
async fn attach(rig: &Rig, connected: &Connected, fanout: &FanOut) -> TcpStream {
    let (lane, _gate, viewer) = lane(rig, connected, fanout.ring()).await;
    fanout.attach(lane);
    viewer
}

/// A ring of sound.
pub(super) fn sound_ring() -> (Writer, Ring) {
    let (mut writer, ring) = ring(Limits::default());
    let sound = Track::g711(0, Codec::Pcmu).unwrap();
    writer.set_tracks(Tracks::new(vec![sound]).unwrap());
    (writer, ring)
}

/// Publishes the frames with these numbers, of that size, at once.
pub(super) fn publish(writer: &mut Writer, frames: Range<i64>, bytes: usize) {
    for at in frames {
        let frame = Frame {
            track: 0,
            key: true,
            pts_us: at * 20_000,
            dts_us: at * 20_000,
            data: vec![0xff; bytes].into(),
        };
        writer.push(frame).unwrap();
    }
}

fn shards(fanout: &FanOut) -> usize {
    let audience = fanout.audience.borrow().upgrade();
    audience.map_or(0, |audience| audience.shards.borrow().len())
}

#[test]
fn room_of_a_viewer_who_has_gone_is_given_to_another() {
    rig::run(async |rig| {
        let connected = rig.connect(Device::new()).await;
        let (_writer, ring) = sound_ring();
        let fanout = FanOut::new(ring, Arc::default());
        let mut viewers = Vec::new();
        for _ in 0..64 {
            viewers.push(attach(&rig, &connected, &fanout).await);
        }
        assert_eq!(shards(&fanout), 1);
        viewers.remove(17);
        until(async || rig.edge.metrics.viewers.get() == 63).await;
        viewers.push(attach(&rig, &connected, &fanout).await);
        assert_eq!(shards(&fanout), 1);
        viewers.push(attach(&rig, &connected, &fanout).await);
        assert_eq!(shards(&fanout), 2);
        viewers.clear();
        until(async || shards(&fanout) == 0).await;
    });
}

#[test]
fn viewer_is_sent_all_that_came_at_once() {
    rig::run(async |rig| {
        let connected = rig.connect(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let metrics: Arc<Metrics> = Arc::default();
        let fanout = FanOut::new(ring, Arc::clone(&metrics));
        let _viewer = attach(&rig, &connected, &fanout).await;
        publish(&mut writer, 0..20, 160);
        until(async || metrics.frames_out.get() == 20).await;
    });
}

#[test]
fn viewer_is_heard_while_no_frame_comes() {
    rig::run(async |rig| {
        let connected = rig.connect(Device::new()).await;
        let (_writer, ring) = sound_ring();
        let fanout = FanOut::new(ring, Arc::default());
        let mut viewers = Vec::new();
        for _ in 0..3 {
            viewers.push(attach(&rig, &connected, &fanout).await);
        }
        for viewer in &mut viewers {
            for _ in 0..3 {
                viewer.write_all(&PING).await.unwrap();
                let mut pong = [0; 2];
                viewer.read_exact(&mut pong).await.unwrap();
                assert_eq!(pong, [0x8a, 0]);
            }
        }
    });
}

/// What others on the arbiter see of a fan-out of 65 viewers that has 24 frames for each: how many
/// have gone out, from none to all.
async fn seen_by_others(rig: &Rig, turn: Duration) -> BTreeSet<u64> {
    const ALL: u64 = 65 * 24;
    let connected = rig.connect(Device::new()).await;
    let (mut writer, ring) = sound_ring();
    let metrics: Arc<Metrics> = Arc::default();
    let fanout = FanOut {
        ring,
        metrics: Arc::clone(&metrics),
        audience: RefCell::default(),
        turn,
    };
    let mut viewers = Vec::new();
    for _ in 0..65 {
        viewers.push(attach(rig, &connected, &fanout).await);
    }
    publish(&mut writer, 0..1, 160);
    until(async || metrics.frames_out.get() == 65).await;

    publish(&mut writer, 1..25, 160);
    let other = actix::spawn(async move {
        let mut seen = BTreeSet::new();
        while seen.last() != Some(&ALL) {
            seen.insert(metrics.frames_out.get() - 65);
            yield_now().await;
        }
        seen
    });
    other.await.unwrap()
}

#[test]
fn others_on_the_arbiter_have_their_turn_between_two_shards() {
    rig::run(async |rig| {
        let seen = seen_by_others(&rig, Duration::ZERO).await;
        assert!(seen.contains(&(64 * 24)), "{seen:?}");
    });
}

#[test]
fn turn_has_as_many_writes_as_there_is_time_for() {
    rig::run(async |rig| {
        // Three writes for each: more than the runtime lets a task do.
        let seen = seen_by_others(&rig, Duration::from_secs(3600)).await;
        assert!(seen.is_subset(&[0, 65 * 24].into()), "{seen:?}");
    });
}

/// Two shards, of 64 viewers and of one, whose gate it is, and who have had all frames. Nobody but
/// the test serves them.
async fn two_shards(
    rig: &Rig,
    connected: &Connected,
    writer: &mut Writer,
    ring: &Ring,
) -> (Audience, Arc<Gate>, Vec<TcpStream>) {
    let metrics: Arc<Metrics> = Arc::default();
    let audience = Audience::new(ring.clone(), Arc::clone(&metrics));
    let mut viewers = Vec::new();
    let last_gate = loop {
        let (lane, gate, viewer) = lane(rig, connected, ring).await;
        audience.add(lane);
        viewers.push(viewer);
        if audience.shards.borrow().len() == 2 {
            break gate;
        }
    };
    publish(writer, 0..1, 160);
    let all = viewers.len() as u64;
    until(async || !audience.step() && metrics.frames_out.get() == all).await;
    (audience, last_gate, viewers)
}

#[test]
fn viewer_who_has_to_go_does_not_wait_for_the_turn_of_its_shard() {
    rig::run(async |rig| {
        let connected = rig.connect(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let (audience, gate, _viewers) = two_shards(&rig, &connected, &mut writer, &ring).await;
        publish(&mut writer, 1..2, 160);
        gate.shut(End::new(EndReason::AccessEnded, "a test ends it"));
        assert!(
            !audience.step(),
            "the first shard is served, the second is empty"
        );
        assert_eq!(audience.shards.borrow().len(), 1);
    });
}

#[test]
fn every_shard_has_its_turn_though_more_frames_come() {
    rig::run(async |rig| {
        let connected = rig.connect(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let (audience, _gate, _viewers) = two_shards(&rig, &connected, &mut writer, &ring).await;
        let behind = || -> Vec<bool> {
            let shards = audience.shards.borrow();
            shards
                .iter()
                .map(|s| s.is_behind(ring.published()))
                .collect()
        };
        publish(&mut writer, 1..2, 160);
        audience.step();
        let first = behind();
        assert!(
            first == [true, false] || first == [false, true],
            "{first:?}"
        );
        publish(&mut writer, 2..3, 160);
        audience.step();
        let second = behind();
        assert_eq!(second, [first[1], first[0]]);
    });
}

#[test]
fn viewer_who_has_to_go_is_not_sent_the_frame_that_its_shard_is_served() {
    rig::run(async |rig| {
        let connected = rig.connect(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let (audience, gate, _viewers) = two_shards(&rig, &connected, &mut writer, &ring).await;
        publish(&mut writer, 1..2, 160);
        gate.shut(End::new(EndReason::AccessEnded, "a test ends it"));
        let shards = audience.shards.borrow();
        let (newest, metrics) = (ring.newest().unwrap(), Metrics::default());
        shards[1].serve_all(&newest, Instant::now(), &metrics);
        assert_eq!(metrics.frames_out.get(), 0);
        assert!(shards[1].is_empty());
        shards[0].serve_all(&newest, Instant::now(), &metrics);
        assert_eq!(metrics.frames_out.get(), 64);
    });
}

#[test]
fn viewers_are_let_go_when_what_writes_to_them_panics() {
    rig::run(async |rig| {
        let connected = rig.connect(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let fanout = FanOut::new(ring, Arc::default());
        let _viewer = attach(&rig, &connected, &fanout).await;
        until(async || shards(&fanout) == 1).await;
        assert_eq!(rig.edge.metrics.viewers.get(), 1);

        let audience = fanout.audience.borrow().upgrade().unwrap();
        // The task finds its shards borrowed for good.
        std::mem::forget(audience.shards.borrow_mut());
        publish(&mut writer, 0..1, 160);
        until(async || Rc::strong_count(&audience) == 1).await;
        drop(audience);
        until(async || rig.edge.metrics.viewers.get() == 0).await;
    });
}
