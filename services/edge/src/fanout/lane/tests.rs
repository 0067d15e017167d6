use std::task::Waker;

use sightline_base::net::Seats;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::rig::{self, Device, until};

/// A ping of a client: no data, masked with zeros.
const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];

/// Both ends of a connection: the edge's, and the viewer's.
async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let viewer = TcpStream::connect(listener.local_addr().unwrap());
    let (edge, viewer) = tokio::join!(listener.accept(), viewer);
    (edge.unwrap().0, viewer.unwrap())
}

/// The edge's end, as a listener gives it.
async fn conn(edge: TcpStream) -> Conn {
    let seats = Seats::new(1, None);
    let seat = seats.take(seats.free().await, edge.peer_addr().unwrap().ip());
    Conn::plain(edge, seat.unwrap())
}

#[test]
fn viewer_that_says_too_much_is_let_go_and_the_one_beside_it_goes_on() {
    rig::run(async |rig| {
        let (connected, flooding) = rig.watch(Device::new()).await;
        let steady = rig.watch_again(&connected).await;
        let (edge, mut flood) = connection().await;
        flooding.hold.attach(conn(edge).await, Reader::default());
        let (edge, mut calm) = connection().await;
        steady.hold.attach(conn(edge).await, Reader::default());
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

#[test]
fn what_a_viewer_has_said_is_read_in_turns() {
    rig::run(async |rig| {
        let (_connected, admission) = rig.watch(Device::new()).await;
        let (edge, mut viewer) = connection().await;
        let said = PING.repeat(2000);
        viewer.write_all(&said).await.unwrap();
        let mut there = vec![0; said.len()];
        while edge.peek(&mut there).await.unwrap() < said.len() {}

        let mut lane = Lane::new(
            conn(edge).await,
            Reader::default(),
            admission.gate,
            &admission.ring,
            admission.hold,
        );
        let mut cx = Context::from_waker(Waker::noop());
        let mut turns = 0;
        while lane.said.bytes < said.len() {
            let before = lane.said.bytes;
            let polled = lane.poll(&mut cx, Instant::now(), &mut Tally::default());
            assert!(polled.is_pending());
            assert!(lane.said.bytes - before <= READS_MAX * READ_BYTES);
            turns += 1;
        }
        assert!(turns > 1, "{turns}");
    });
}

#[test]
fn bound_on_what_is_said_counts_anew_after_its_time() {
    let start = Instant::now();
    let mut said = Said {
        since: start,
        bytes: 0,
    };
    assert_eq!(said.add(SAID_BYTES_MAX, start), Ok(()));
    let later = start + SAID_TIME - Duration::from_millis(1);
    assert_eq!(said.add(1, later), Err(()));
    assert_eq!(said.add(1, start + SAID_TIME), Ok(()));
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
