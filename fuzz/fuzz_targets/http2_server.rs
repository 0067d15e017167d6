//! What a server of HTTP/2 sends, on its way to h2: but for the bodies that somebody takes, it passes as it
//! came.
#![no_main]

use std::sync::mpsc::channel;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

// The files alone, since the whole crate would bring every dependency of it.
#[allow(dead_code, reason = "only what a server sends is of interest")]
#[path = "../../crates/base/src/net/http2/client/bodies.rs"]
mod bodies;
#[allow(dead_code, reason = "only what a server sends is of interest")]
#[path = "../../crates/base/src/net/http2/frames.rs"]
mod frames;

use bodies::{Bodies, Violation};
use frames::{DATA, END_STREAM, Frames, HEADERS, Head, PADDED, Piece, RST_STREAM};

// As in the file of the client, which has more than that.
type Take = Box<dyn FnMut(&[u8]) + Send>;

#[derive(Debug, Clone, Copy)]
struct Windows {
    stream_bytes: u32,
    connection_bytes: u32,
    frame_bytes_max: u32,
}

const WINDOWS: Windows = Windows {
    stream_bytes: 200,
    connection_bytes: 250,
    frame_bytes_max: 100,
};
/// The stream whose body is taken.
const TAKEN: u32 = 1;

/// What is for h2, what was taken, and what the server is told, of bytes that come in pieces.
fn pass(bytes: &[u8], size: usize) -> Result<(BytesMut, Vec<u8>, BytesMut), Violation> {
    let (send, taken) = channel();
    let mut bodies = Bodies::new(WINDOWS);
    let take = move |bytes: &[u8]| send.send(bytes.to_vec()).expect("it is received below");
    bodies.attach(TAKEN, Box::new(take));
    let mut for_h2 = BytesMut::new();
    for piece in bytes.chunks(size.max(1)) {
        bodies.pass(piece, &mut for_h2)?;
    }
    bodies.update();
    let taken = taken.try_iter().flatten().collect();
    Ok((for_h2, taken, bodies.updates))
}

/// Head and payload of each frame; the last payload may be cut off.
fn frames_of(mut bytes: &[u8]) -> Vec<(Head, Vec<u8>)> {
    let mut frames = Frames::of_server();
    let mut seen: Vec<(Head, Vec<u8>)> = Vec::new();
    while let Some(piece) = frames.next(&mut bytes) {
        match piece {
            Piece::Preface(_) => unreachable!("servers send none"),
            Piece::Head(head) => seen.push((head, Vec::new())),
            Piece::Payload(payload) => {
                let (_, of_last) = seen.last_mut().expect("a head comes first");
                of_last.extend_from_slice(payload);
            }
        }
    }
    seen
}

/// The data in a payload that may be cut off.
fn data(head: Head, payload: &[u8]) -> &[u8] {
    match (head.flags & PADDED, payload) {
        (0, _) => payload,
        (_, [padding, rest @ ..]) => {
            let len = (head.len as usize - 1).saturating_sub(usize::from(*padding));
            &rest[..rest.len().min(len)]
        }
        (_, []) => payload,
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = pass(bytes, bytes.len());
    assert_eq!(whole, pass(bytes, usize::from(size)));
    let Ok((for_h2, taken, updates)) = whole else {
        return;
    };
    assert!(for_h2.len() <= bytes.len());
    assert!(updates.len() <= 2 * 13);

    let (mut has_begun, mut is_over) = (false, false);
    let mut seen = frames_of(&for_h2).into_iter();
    let mut wanted = Vec::new();
    for (head, payload) in frames_of(bytes) {
        let is_last = head.flags & END_STREAM != 0;
        let is_taken = head.stream == TAKEN && has_begun && !is_over;
        if is_taken && head.kind == DATA && head.len <= WINDOWS.frame_bytes_max {
            wanted.extend_from_slice(data(head, &payload));
            if !is_last || payload.len() < head.len as usize {
                continue;
            }
            is_over = true;
            let (last, nothing) = seen.next().expect("h2 hears of the end");
            assert_eq!((last.kind, last.stream, last.len), (DATA, TAKEN, 0));
            assert_eq!((last.flags, nothing), (END_STREAM, Vec::new()));
            continue;
        }
        match head.kind {
            HEADERS if head.stream == TAKEN && !is_last => has_begun = true,
            HEADERS | RST_STREAM if head.stream == TAKEN => is_over = true,
            _ => {}
        }
        assert_eq!(seen.next(), Some((head, payload)));
    }
    assert_eq!(seen.next(), None);
    assert_eq!(taken, wanted);
});
