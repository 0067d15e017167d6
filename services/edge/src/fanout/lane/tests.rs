use std::task::Waker;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::*;
use crate::fanout::Outlet;
use crate::fanout::outlet::tests::{PING, connection, websocket};
use crate::fanout::tests::{publish, sound_ring};
use crate::metrics::Metrics;
use crate::rig::{self, Device, until};

#[test]
fn viewer_that_says_too_much_is_let_go_and_the_one_beside_it_goes_on() {
    rig::run(async |rig| {
        let (connected, flooding) = rig.watch(Device::new()).await;
        let steady = rig.watch_again(&connected).await;
        let (edge, mut flood) = connection().await;
        flooding
            .hold
            .attach(Outlet::WebSocket(websocket(edge).await));
        let (edge, mut calm) = connection().await;
        steady.hold.attach(Outlet::WebSocket(websocket(edge).await));
        calm.write_all(&PING).await.unwrap();

        let flood = tokio::spawn(async move {
            // Until the edge hangs up.
            while flood.write_all(&PING.repeat(1000)).await.is_ok() {}
        });
        flood.await.unwrap();
        until(async || rig.edge.metrics.viewers.get() == 1).await;
        assert!(steady.gate.check(Instant::now()).is_ok());
        let mut sent = [0; 64 << 10];
        for _ in 0..3 {
            calm.read_exact(&mut sent).await.unwrap();
        }
    });
}

/// A connection on which little is on its way.
async fn thin_connection() -> (TcpStream, TcpStream) {
    let listener = TcpSocket::new_v4().unwrap();
    listener.set_send_buffer_size(8 << 10).unwrap();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(1).unwrap();
    let viewer = TcpSocket::new_v4().unwrap();
    viewer.set_recv_buffer_size(8 << 10).unwrap();
    let viewer = viewer.connect(listener.local_addr().unwrap());
    let (edge, viewer) = tokio::join!(listener.accept(), viewer);
    (edge.unwrap().0, viewer.unwrap())
}

#[test]
fn frames_that_were_on_their_way_when_the_gate_was_shut_are_not_sent() {
    const SOUND_BYTES: usize = 40_000;
    rig::run(async |rig| {
        let (_connected, admission) = rig.watch(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let (edge, mut viewer) = thin_connection().await;
        let outlet = Outlet::WebSocket(websocket(edge).await);
        let gate = Arc::clone(&admission.gate);
        let mut lane = Lane::new(outlet, Arc::clone(&gate), &ring, admission.hold);
        publish(&mut writer, 0..8, SOUND_BYTES);
        let mut look = async || {
            // Lets the runtime see which sockets are ready.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut tally = Tally::default();
            let cx = &mut Context::from_waker(Waker::noop());
            let over = lane.poll(cx, Instant::now(), true, &mut tally);
            (over.is_ready(), tally.frames)
        };
        assert_eq!(look().await, (false, 8), "all are on their way");
        // Of the first the viewer takes a part, so that the edge can go on.
        viewer.read_exact(&mut [0; SOUND_BYTES / 2]).await.unwrap();
        gate.shut(End::new(EndReason::AccessEnded, "a test ends it"));
        let rest = tokio::spawn(async move {
            let mut rest = Vec::new();
            viewer.read_to_end(&mut rest).await.map(|_| rest)
        });
        until(async || look().await.0).await;
        drop(lane);
        // In fragments a sample has two bytes.
        let rest = rest.await.unwrap().unwrap();
        assert!(rest.len() < 4 * SOUND_BYTES, "{} bytes", rest.len());
    });
}

#[test]
fn frames_of_a_pass_that_moved_no_byte_are_counted() {
    let metrics = Metrics::default();
    let tally = Tally {
        frames: 3,
        bytes: 0,
        skipped: 2,
    };
    tally.add_to(&metrics);
    assert_eq!(metrics.frames_out.get(), 3);
    assert_eq!(metrics.pictures_skipped.get(), 2);
}
