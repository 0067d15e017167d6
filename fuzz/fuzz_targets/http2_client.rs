//! What a client of HTTP/2 sends, on its way to h2: it passes as it came, but for flow control.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

// The files alone, since the whole crate would bring every dependency of it.
#[allow(dead_code, reason = "only what a client sends is of interest")]
#[path = "../../crates/base/src/net/http2/frames.rs"]
mod frames;
#[path = "../../crates/base/src/net/http2/incoming.rs"]
mod incoming;
#[allow(dead_code, reason = "only what a client sends is of interest")]
#[path = "../../crates/base/src/net/http2/windows.rs"]
mod windows;

use frames::{DATA, Frames, HEADERS, PREFACE, Piece, SETTINGS, WINDOW_UPDATE};
use incoming::Incoming;
use windows::{FRAME_BYTES_MIN, Windows};

/// The stream that a writer writes.
const WRITTEN: u32 = 1;
/// A window at most, bytes (RFC 9113, 6.9.1).
const WINDOW_BYTES_MAX: usize = (1 << 31) - 1;

/// A connection whose first stream has a writer, or has none.
struct Connection {
    incoming: Incoming,
    windows: Windows,
    out: BytesMut,
}

impl Connection {
    fn new(has_writer: bool) -> Self {
        let (mut incoming, mut windows, mut out) =
            (Incoming::new(), Windows::new(), BytesMut::new());
        let preface = incoming.pass(PREFACE, &mut windows, &mut out);
        assert_eq!((preface, &out[..]), (Ok(()), &PREFACE[..]));
        out.clear();
        if has_writer {
            windows.opens(WRITTEN).expect("it is the first");
            windows.accept(WRITTEN);
            windows.attach_writer(WRITTEN);
            windows.respond(WRITTEN);
        }
        Self {
            incoming,
            windows,
            out,
        }
    }
}

/// Type, stream and payload of each frame that is whole.
fn frames_of(mut bytes: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    let mut frames = Frames::of_server();
    let mut seen: Vec<(u8, u32, Vec<u8>)> = Vec::new();
    while let Some(piece) = frames.next(&mut bytes) {
        match piece {
            Piece::Preface(_) => unreachable!("servers send none"),
            Piece::Head(head) => seen.push((head.kind, head.stream, Vec::new())),
            Piece::Payload(payload) => {
                let (_, _, of_last) = seen.last_mut().expect("a head comes first");
                of_last.extend_from_slice(payload);
            }
        }
    }
    if !frames.is_payload_over() {
        seen.pop();
    }
    seen
}

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (has_writer, cut, bytes) = input;
    let mut whole = Connection::new(has_writer);
    let passed = whole
        .incoming
        .pass(bytes, &mut whole.windows, &mut whole.out);

    // In however many pieces it comes.
    let mut cut_up = Connection::new(has_writer);
    let mut pieces = bytes.chunks(usize::from(cut).max(1));
    let in_pieces = pieces.try_for_each(|piece| {
        cut_up
            .incoming
            .pass(piece, &mut cut_up.windows, &mut cut_up.out)
    });
    assert_eq!(passed, in_pieces);
    if passed.is_err() {
        return;
    }
    assert_eq!(whole.out, cut_up.out);
    assert!(whole.out.len() <= bytes.len());
    let room = whole.windows.room(WRITTEN);
    assert_eq!(room, cut_up.windows.room(WRITTEN));
    assert!(room.is_none_or(|room| room <= WINDOW_BYTES_MAX));
    assert!(whole.windows.frame_bytes_max() >= FRAME_BYTES_MIN as usize);

    // h2 sees every frame but updates that are not for it, and all of those that are not flow control.
    let sent = frames_of(bytes);
    let mut seen = frames_of(&whole.out).into_iter();
    for (kind, stream, payload) in sent {
        let is_update = kind == WINDOW_UPDATE && payload.len() == 4;
        let is_writers = has_writer && (stream == 0 || stream == WRITTEN);
        if is_update && is_writers && payload[..] != [0; 4] && payload[..] != [0x80, 0, 0, 0] {
            continue;
        }
        let passed = seen.next().expect("it is not flow control of the writer");
        assert_eq!(
            (passed.0, passed.1, passed.2.len()),
            (kind, stream, payload.len())
        );
        if [DATA, HEADERS].contains(&kind) {
            assert_eq!(passed.2, payload);
        }
        assert!(kind == SETTINGS || passed.2 == payload);
    }
    assert_eq!(seen.next(), None);
});
