use std::sync::mpsc::{Receiver, channel};

use super::super::frames::{END_HEADERS, HEAD_BYTES, SETTINGS};
use super::*;

const WINDOWS: Windows = Windows {
    stream_bytes: 100,
    connection_bytes: 300,
    frame_bytes_max: 200,
};
const TAKEN: u32 = 1;
const OTHER: u32 = 3;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let head = Head {
        len: u32::try_from(payload.len()).unwrap(),
        kind,
        flags,
        stream,
    };
    [&head.bytes(), payload].concat()
}

fn head_of(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, b"head")
}

/// Bodies of which one is taken, and what is taken of it.
fn bodies() -> (Bodies, Receiver<Vec<u8>>) {
    let (send, taken) = channel();
    let mut bodies = Bodies::new(WINDOWS);
    let take = move |bytes: &[u8]| send.send(bytes.to_vec()).unwrap();
    bodies.attach(TAKEN, Box::new(take));
    (bodies, taken)
}

/// What goes to h2 of bytes that come in pieces, and what is taken.
fn passed(bytes: &[u8], size: usize) -> Result<(Vec<u8>, Vec<u8>), Violation> {
    let (mut bodies, taken) = bodies();
    let mut for_h2 = BytesMut::new();
    for piece in bytes.chunks(size) {
        bodies.pass(piece, &mut for_h2)?;
    }
    Ok((for_h2.to_vec(), taken.try_iter().flatten().collect()))
}

#[test]
fn body_that_is_taken_goes_beside_h2_however_its_bytes_come() {
    let for_h2_first = [
        frame(SETTINGS, 0, 0, &[7; 6]),
        head_of(TAKEN),
        head_of(OTHER),
    ]
    .concat();
    let of_other = frame(DATA, 0, OTHER, b"other");
    let trailers = frame(HEADERS, END_HEADERS | END_STREAM, TAKEN, b"trailers");
    let bytes = [
        &for_h2_first[..],
        &frame(DATA, 0, TAKEN, b"one "),
        &of_other,
        &frame(DATA, 0, TAKEN, b""),
        &frame(DATA, PADDED, TAKEN, b"\x03two padded pad"),
        &trailers,
    ]
    .concat();
    let for_h2 = [for_h2_first, of_other, trailers].concat();
    for size in 1..=bytes.len() {
        let passed = passed(&bytes, size).unwrap();
        assert_eq!(
            passed,
            (for_h2.clone(), b"one two padded ".to_vec()),
            "{size}"
        );
    }
}

#[test]
fn end_of_a_body_that_is_taken_is_heard_by_h2() {
    for last in [&b"last"[..], b""] {
        let end = frame(DATA, END_STREAM, TAKEN, last);
        let (for_h2, taken) = passed(&[head_of(TAKEN), end].concat(), 5).unwrap();
        let wanted = [head_of(TAKEN), frame(DATA, END_STREAM, TAKEN, b"")].concat();
        assert_eq!((&for_h2[..], &taken[..]), (&wanted[..], last));
    }
}

#[test]
fn data_out_of_place_is_for_h2_to_judge() {
    let data = frame(DATA, 0, TAKEN, b"data");
    let reset = frame(RST_STREAM, 0, TAKEN, &[0; 4]);
    let trailers = frame(HEADERS, END_STREAM, TAKEN, b"trailers");
    let too_large = frame(DATA, 0, TAKEN, &[0; WINDOWS.frame_bytes_max as usize + 1]);
    for bytes in [
        data.clone(),
        [head_of(TAKEN), too_large].concat(),
        [head_of(TAKEN), reset, data.clone()].concat(),
        [head_of(TAKEN), trailers, data].concat(),
    ] {
        assert_eq!(passed(&bytes, 64), Ok((bytes, Vec::new())));
    }
}

#[test]
fn frame_that_is_shorter_than_its_padding_ends_the_connection() {
    for payload in [&b""[..], b"\x01", b"\x05four"] {
        let bytes = [head_of(TAKEN), frame(DATA, PADDED, TAKEN, payload)].concat();
        assert_eq!(passed(&bytes, 64), Err(Violation::Padding));
        assert_eq!(passed(&bytes, 1), Err(Violation::Padding));
    }
    let all_padding = frame(DATA, PADDED, TAKEN, b"\x04four");
    let bytes = [head_of(TAKEN), all_padding].concat();
    assert_eq!(passed(&bytes, 64), Ok((head_of(TAKEN), Vec::new())));
}

#[test]
fn server_gets_room_for_what_was_taken_once_half_of_a_window_is_used() {
    let (mut bodies, _taken) = bodies();
    let mut for_h2 = BytesMut::new();
    bodies.pass(&head_of(TAKEN), &mut for_h2).unwrap();
    let mut updates = |len| {
        let data = frame(DATA, 0, TAKEN, &vec![0; len]);
        bodies.pass(&data, &mut for_h2).unwrap();
        bodies.update();
        std::mem::take(&mut bodies.updates).to_vec()
    };
    let update = |stream, bytes: u32| frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes());
    assert_eq!(updates(49), b"");
    assert_eq!(updates(0), b"");
    assert_eq!(updates(1), update(TAKEN, 50));
    assert_eq!(updates(49), b"");
    let both = [update(0, 150), update(TAKEN, 100)].concat();
    assert_eq!(updates(51), both);
    // A padded frame takes as much room as it is long.
    let padded = frame(DATA, PADDED, TAKEN, &[49; 50]);
    bodies.pass(&padded, &mut for_h2).unwrap();
    bodies.update();
    assert_eq!(bodies.updates.to_vec(), update(TAKEN, 50));
}

#[test]
fn updates_that_do_not_go_out_do_not_pile_up() {
    let (mut bodies, _taken) = bodies();
    let mut for_h2 = BytesMut::new();
    bodies.pass(&head_of(TAKEN), &mut for_h2).unwrap();
    let data = frame(DATA, 0, TAKEN, &[0; 50]);
    for _ in 0..3 {
        bodies.pass(&data, &mut for_h2).unwrap();
        bodies.update();
    }
    let update = |bytes: u32| frame(WINDOW_UPDATE, 0, TAKEN, &bytes.to_be_bytes());
    assert_eq!(bodies.updates.to_vec(), update(50));
    bodies.updates.clear();
    bodies.update();
    let rest = [frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 150]), update(100)].concat();
    assert_eq!(bodies.updates.to_vec(), rest);
}

#[test]
fn server_that_sends_more_than_it_has_room_for_ends_the_connection() {
    let all_of = |bytes| frame(DATA, 0, TAKEN, &vec![0; bytes]);
    let whole = [head_of(TAKEN), all_of(60), all_of(40)].concat();
    assert!(passed(&whole, 64).is_ok());
    let more = [&whole[..], &all_of(1)].concat();
    assert_eq!(passed(&more, 64), Err(Violation::Window));
    // On all streams together.
    let (mut bodies, _taken) = bodies();
    let mut for_h2 = BytesMut::new();
    let mut pass = |stream| {
        let bytes = [head_of(stream), frame(DATA, 0, stream, &[0; 100])].concat();
        bodies.attach(stream, Box::new(|_| {}));
        bodies.pass(&bytes, &mut for_h2)
    };
    assert_eq!([5, 7, 9].map(&mut pass), [Ok(()); 3]);
    assert_eq!(pass(11), Err(Violation::Window));
}

#[test]
fn what_is_detached_within_a_frame_gets_no_more_of_it() {
    let (mut bodies, taken) = bodies();
    let mut for_h2 = BytesMut::new();
    let bytes = [head_of(TAKEN), frame(DATA, 0, TAKEN, b"half")].concat();
    let half = bytes.len() - 2;
    bodies.pass(&bytes[..half], &mut for_h2).unwrap();
    bodies.detach(TAKEN);
    let next = frame(DATA, 0, TAKEN, b"for h2");
    for_h2.clear();
    bodies.pass(&bytes[half..], &mut for_h2).unwrap();
    bodies.pass(&next, &mut for_h2).unwrap();
    assert_eq!(taken.try_iter().flatten().collect::<Vec<_>>(), b"ha");
    assert_eq!(for_h2[..], next[..]);
    assert_eq!(next.len(), HEAD_BYTES + 6);
}
