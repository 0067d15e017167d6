use std::sync::mpsc;
use std::time::Duration;

use h2::server;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use sightline_rpc::device::v1::live_response::Event;
use sightline_rpc::live::v1::{Gap, StreamKind};
use tokio::io::BufReader;
use tokio::time::timeout;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);
const REQUEST: LiveRequest = LiveRequest {
    channel: 1,
    stream: StreamKind::Main as i32,
};

/// How a device answers the call.
#[derive(Default)]
struct Answer {
    http_status: StatusCode,
    /// In the head.
    head: HeaderMap,
    /// One DATA frame each.
    body: Vec<Vec<u8>>,
    /// At the end; without any, the call is reset.
    trailers: Option<HeaderMap>,
}

fn grpc_status(code: Code, message: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", HeaderValue::from(code as u16));
    headers.insert("grpc-message", HeaderValue::from_static(message));
    headers
}

fn gap(lost: u64) -> Event {
    Event::Gap(Gap { lost })
}

fn message(event: &Event) -> Vec<u8> {
    let event = Some(event.clone());
    prefixed(&LiveResponse { event }.encode_to_vec())
}

fn prefixed(message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap();
    [&[0], &len.to_be_bytes()[..], message].concat()
}

/// What comes of a call: its messages, and how it ended.
fn call(answer: Answer) -> (Vec<Event>, Result<(), Status>) {
    actix::System::new().block_on(async {
        let (edge, device) = tokio::io::duplex(64 << 10);
        let device = actix::spawn(async move {
            let mut device = server::handshake(device).await.unwrap();
            let (request, mut respond) = device.accept().await.unwrap().unwrap();
            assert_eq!(request.uri().path(), "/sightline.device.v1.Device/Live");
            assert_eq!(request.headers()["content-type"], "application/grpc");
            let mut head = Response::builder()
                .status(answer.http_status)
                .body(())
                .unwrap();
            *head.headers_mut() = answer.head;
            let mut stream = respond.send_response(head, false).unwrap();
            for data in answer.body {
                stream.send_data(data.into(), false).unwrap();
            }
            match answer.trailers {
                Some(trailers) => stream.send_trailers(trailers).unwrap(),
                None => stream.send_reset(h2::Reason::CANCEL),
            }
            while device.accept().await.is_some() {}
        });
        let tunnel = Tunnel::open(BufReader::new(edge), Vec::new())
            .await
            .unwrap();
        let called = timeout(PATIENCE, all(&tunnel)).await.unwrap();
        device.abort();
        called
    })
}

async fn all(tunnel: &Tunnel) -> (Vec<Event>, Result<(), Status>) {
    let (send, receive) = mpsc::channel();
    let take = move |event| {
        send.send(event).unwrap();
        Ok(())
    };
    let ended = match Live::open(tunnel, &REQUEST, take).await {
        Ok(mut live) => live.ended().await,
        Err(status) => Err(status),
    };
    (receive.try_iter().collect(), ended)
}

/// A device that tells of gaps until nobody wants to hear.
async fn send_gaps(device: tokio::io::DuplexStream) {
    let mut device = server::handshake(device).await.unwrap();
    let (_, mut respond) = device.accept().await.unwrap().unwrap();
    let mut stream = respond.send_response(Response::new(()), false).unwrap();
    for lost in 0..10 {
        stream.send_data(message(&gap(lost)).into(), false).unwrap();
    }
    while device.accept().await.is_some() {}
}

#[test]
fn messages_come_whole_however_the_device_cuts_them_and_then_the_end() {
    let messages: Vec<_> = [1, 300, 70_000].map(gap).into();
    let bytes: Vec<u8> = messages.iter().flat_map(message).collect();
    for size in [1, 4, bytes.len()] {
        let (seen, ended) = call(Answer {
            body: bytes.chunks(size).map(<[_]>::to_vec).collect(),
            trailers: Some(grpc_status(Code::Ok, "")),
            ..Answer::default()
        });
        ended.unwrap();
        assert_eq!(seen, messages, "{size}");
    }
}

#[test]
fn what_a_device_says_why_it_refuses_or_ends_a_call_is_heard() {
    let refusal = grpc_status(Code::NotFound, "no such channel");
    let refused = call(Answer {
        head: refusal.clone(),
        trailers: Some(HeaderMap::new()),
        ..Answer::default()
    });
    let ended = call(Answer {
        body: vec![message(&gap(1))],
        trailers: Some(refusal),
        ..Answer::default()
    });
    assert_eq!((refused.0.len(), ended.0.len()), (0, 1));
    for (_, ended) in [refused, ended] {
        let status = ended.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.message(), "no such channel");
    }
}

#[test]
fn call_that_is_cut_or_reset_has_not_ended_well() {
    let cut = call(Answer {
        body: vec![prefixed(&[0; 100])[..50].to_vec()],
        trailers: Some(grpc_status(Code::Ok, "")),
        ..Answer::default()
    });
    assert_eq!(cut.1.unwrap_err().code(), Code::Internal);
    let reset = call(Answer::default());
    assert_eq!(reset.1.unwrap_err().code(), Code::Cancelled);
}

#[test]
fn what_is_no_grpc_is_refused() {
    let not_found = call(Answer {
        http_status: StatusCode::NOT_FOUND,
        trailers: Some(HeaderMap::new()),
        ..Answer::default()
    });
    assert_eq!(not_found.1.unwrap_err().code(), Code::Unknown);
    for (body, code) in [
        (vec![1, 0, 0, 0, 0], Code::Internal),
        (vec![0, 0xff, 0xff, 0xff, 0xff], Code::OutOfRange),
        (prefixed(&[0xff; 20]), Code::Internal),
    ] {
        let (seen, ended) = call(Answer {
            body: vec![body],
            trailers: Some(grpc_status(Code::Ok, "")),
            ..Answer::default()
        });
        assert_eq!(seen, []);
        assert_eq!(ended.unwrap_err().code(), code);
    }
}

/// Runs a test on the connection of a device that tells of gaps.
fn on_gaps(test: impl AsyncFnOnce(&Tunnel)) {
    actix::System::new().block_on(async {
        let (edge, device) = tokio::io::duplex(64 << 10);
        let device = actix::spawn(send_gaps(device));
        let edge = BufReader::new(edge);
        test(&Tunnel::open(edge, Vec::new()).await.unwrap()).await;
        device.abort();
    });
}

#[test]
fn what_is_refused_ends_the_call_and_nothing_more_is_taken() {
    on_gaps(async |tunnel| {
        let (send, taken) = mpsc::channel();
        let take = move |event| {
            send.send(event).unwrap();
            Err(sightline_media::Error::BadTracks("a test refuses it"))
        };
        let live = Live::open(tunnel, &REQUEST, take);
        let mut live = timeout(PATIENCE, live).await.unwrap().unwrap();
        let ended = timeout(PATIENCE, live.ended()).await.unwrap();
        let status = ended.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains("a test refuses it"));
        assert_eq!(taken.try_iter().count(), 1);
    });
}

#[test]
fn panic_of_whoever_takes_ends_the_connection() {
    on_gaps(async |tunnel| {
        let closed = tunnel.closed();
        let live = Live::open(tunnel, &REQUEST, |_| panic!("a test's own"));
        let _live = timeout(PATIENCE, live).await.unwrap();
        timeout(PATIENCE, closed.cancelled()).await.unwrap();
    });
}
