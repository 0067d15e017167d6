use std::task::Waker;

use sightline_base::net::Seats;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::rig::{self, Device};

/// A ping of a client: no data, masked with zeros.
pub(crate) const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];

/// Both ends of a connection: the edge's, and the viewer's.
pub(crate) async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let viewer = TcpStream::connect(listener.local_addr().unwrap());
    let (edge, viewer) = tokio::join!(listener.accept(), viewer);
    (edge.unwrap().0, viewer.unwrap())
}

/// The edge's end, as a WebSocket whose viewer has been let in.
pub(crate) async fn websocket(edge: TcpStream) -> WebSocket {
    let seats = Seats::new(1, None);
    let seat = seats.take(seats.free().await, edge.peer_addr().unwrap().ip());
    let conn = Conn::plain(edge, seat.unwrap());
    WebSocket::new(conn, Reader::default())
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

        let mut websocket = websocket(edge).await;
        let mut messages = VecDeque::new();
        let mut cx = Context::from_waker(Waker::noop());
        let mut turns = 0;
        while websocket.hearing.said.bytes < said.len() {
            let before = websocket.hearing.said.bytes;
            let heard =
                websocket.poll_read(&mut cx, Instant::now(), &admission.hold, &mut messages);
            assert_eq!(heard, Ok(()));
            assert!(websocket.hearing.said.bytes - before <= READS_MAX * READ_BYTES);
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
