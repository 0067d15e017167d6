use std::future::poll_fn;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::frames::{DATA, Head, PREFACE, WINDOW_UPDATE};
use super::*;
use crate::net::Seats;

/// Of the writer, and of h2.
const WRITTEN: u32 = 1;
const OTHER: u32 = 3;
const CONNECTION_BYTES: usize = 65_535;

/// A connection on which a response with a writer has begun, and its client.
async fn link() -> (Link, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (accepted, client) = tokio::join!(listener.accept(), client);
    let (socket, peer) = accepted.unwrap();
    let seats = Seats::new(1, None);
    let seat = seats.take(seats.free().await, peer.ip()).unwrap();
    let link = Link::new(Conn::plain(socket, seat));
    let windows = &mut link.lock().windows;
    windows.opens(WRITTEN).unwrap();
    windows.accept(WRITTEN);
    windows.attach_writer(WRITTEN);
    windows.respond(WRITTEN);
    (link.clone(), client.unwrap())
}

fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let head = Head {
        len: u32::try_from(payload.len()).unwrap(),
        kind,
        flags: 0,
        stream,
    };
    [&head.bytes(), payload].concat()
}

/// What h2 has to send, once.
async fn send(link: &Link, bytes: &[u8]) -> Poll<usize> {
    poll_fn(|cx| {
        let sent = link.lock().poll_send(cx, &[IoSlice::new(bytes)]);
        Poll::Ready(sent.map(Result::unwrap))
    })
    .await
}

/// What the writer has to send, once.
async fn write(link: &Link, body: &[u8]) -> Poll<usize> {
    let mut body = VecDeque::from([Bytes::copy_from_slice(body)]);
    poll_fn(|cx| {
        let written = link.lock().poll_write_body(cx, WRITTEN, &mut body);
        Poll::Ready(written.map(Result::unwrap))
    })
    .await
}

#[tokio::test]
async fn writer_waits_until_a_frame_of_h2_is_whole() {
    let (link, mut client) = link().await;
    let of_h2 = frame(DATA, OTHER, b"of h2");
    let (first, second) = of_h2.split_at(11);
    assert_eq!(send(&link, first).await, Poll::Ready(11));
    assert_eq!(write(&link, b"body").await, Poll::Pending);
    assert_eq!(send(&link, second).await, Poll::Ready(second.len()));
    assert_eq!(write(&link, b"body").await, Poll::Ready(4));
    let both = [of_h2, frame(DATA, WRITTEN, b"body")].concat();
    let mut read = vec![0; both.len()];
    client.read_exact(&mut read).await.unwrap();
    assert_eq!(read, both);
}

#[tokio::test]
async fn writer_leaves_the_window_to_a_frame_of_h2_that_waits() {
    let (link, mut client) = link().await;
    {
        let mut state = link.lock();
        state.windows.update(WRITTEN, 1 << 20).unwrap();
        state.windows.send(WRITTEN, CONNECTION_BYTES);
    }
    let of_h2 = frame(DATA, OTHER, &[0; 1000]);
    assert_eq!(send(&link, &of_h2).await, Poll::Pending);
    client.write_all(PREFACE).await.unwrap();
    for (given, left) in [(600_u32, 600), (400, 0)] {
        let update = frame(WINDOW_UPDATE, 0, &given.to_be_bytes());
        client.write_all(&update).await.unwrap();
        let mut sent = send(&link, &of_h2).await;
        while sent.is_pending() && link.lock().windows.connection() != left {
            tokio::task::yield_now().await;
            sent = send(&link, &of_h2).await;
        }
        let expected = if left == 0 {
            Poll::Ready(of_h2.len())
        } else {
            assert_eq!(write(&link, b"body").await, Poll::Pending);
            Poll::Pending
        };
        assert_eq!(sent, expected);
    }
}
