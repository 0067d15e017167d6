use sightline_media::ring::{Limits, Writer, ring};
use sightline_media::{Codec, Frame, Track, Tracks};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::outlet::tests::{PING, connection, websocket};
use super::*;
use crate::rig::{self, Connected, Device, Rig, until};

/// A viewer on a fan-out: what it says goes there.
async fn attach(rig: &Rig, connected: &Connected, fanout: &FanOut) -> TcpStream {
    let admission = rig.watch_again(connected).await;
    let (edge, viewer) = connection().await;
    let outlet = Outlet::WebSocket(websocket(edge).await);
    let gate = Arc::clone(&admission.gate);
    fanout.attach(Lane::new(outlet, gate, fanout.ring(), admission.hold));
    viewer
}

/// A ring of sound.
pub(super) fn sound_ring() -> (Writer, Ring) {
    let (mut writer, ring) = ring(Limits::default());
    let sound = Track::g711(0, Codec::Pcmu).unwrap();
    writer.set_tracks(Tracks::new(vec![sound]).unwrap());
    (writer, ring)
}

/// Publishes so many frames of that size at once.
pub(super) fn publish(writer: &mut Writer, frames: i64, bytes: usize) {
    for at in 0..frames {
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
    let shards = fanout.shards.borrow();
    shards.iter().filter(|s| s.strong_count() > 0).count()
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
        publish(&mut writer, 20, 160);
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
