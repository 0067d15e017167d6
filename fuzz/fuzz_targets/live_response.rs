//! A stream as a device sends it: messages of `Device/Live` with their gRPC prefixes, through the
//! same code as in the edge, to what a browser and a program get.
#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use sightline_media::fmp4;
use sightline_media::ring::{Cursor, Limits, ring};
use sightline_media::track::{CONFIG_BYTES_MAX, TRACKS_MAX};
use sightline_rpc::device::v1::LiveResponse;
use sightline_rpc::media::{frame_from_proto, frame_to_proto, publish, tracks_to_proto};

// The file alone, since the whole crate would bring every dependency of it.
#[allow(dead_code, reason = "only what a device sends is of interest")]
#[path = "../../services/edge/src/uplink/messages.rs"]
mod messages;

use messages::{BadMessage, Messages};

/// A longer message is refused.
const MESSAGE_BYTES_MAX: usize = 8192;
/// A piece that ends within prefixes and messages.
const PIECE_BYTES: usize = 7;
const LIMITS: Limits = Limits {
    frames: 16,
    bytes: 2048,
    keep_us: 300_000,
    lag_us: 200_000,
};

/// The messages in bytes that come in such pieces, and what ended them early.
fn messages<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Bytes>, Option<BadMessage>) {
    let mut messages = Messages::new(MESSAGE_BYTES_MAX);
    let mut seen = Vec::new();
    for mut piece in pieces {
        loop {
            match messages.next(&mut piece) {
                Ok(Some(message)) => seen.push(message),
                Ok(None) => break,
                Err(bad) => return (seen, Some(bad)),
            }
        }
        assert!(piece.is_empty());
    }
    (seen, None)
}

/// Reads all that is there, as viewers do; their parts are within the limits.
fn read(cursor: &mut Cursor) {
    let mut fragment = BytesMut::new();
    while let Some(step) = cursor.try_next() {
        let entry = &step.entry;
        assert!((1..=LIMITS.bytes).contains(&entry.frame().data.len()));
        let tracks = entry.tracks();
        assert!((1..=TRACKS_MAX).contains(&tracks.iter().count()));
        assert!(tracks.iter().all(|t| t.config.len() <= CONFIG_BYTES_MAX));
        assert!(tracks.iter().all(|t| t.id <= 7));
        let started = tracks_to_proto(tracks);
        assert_eq!(started.tracks.len(), tracks.iter().count());
        let init = fmp4::init_segment(tracks).expect("tracks that were accepted");
        assert_eq!(&init[4..8], b"ftyp");
        fragment.clear();
        fmp4::put_fragment(&mut fragment, entry);
        assert_eq!(fragment.len(), fmp4::fragment_len(entry));
        let same = frame_from_proto(frame_to_proto(entry.frame()));
        assert_eq!(same.as_ref(), Ok(entry.frame()));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (mut writer, ring) = ring(LIMITS);
    let mut cursor = ring.cursor();
    let seen = messages(std::iter::once(bytes));
    assert_eq!(seen, messages(bytes.chunks(PIECE_BYTES)));
    for message in seen.0 {
        assert!(message.len() <= MESSAGE_BYTES_MAX);
        let Ok(message) = LiveResponse::decode(message) else {
            break;
        };
        let Some(event) = message.event else { continue };
        if publish(event, &mut writer).is_err() {
            break;
        }
        assert!(ring.bytes() <= LIMITS.bytes as u64);
        read(&mut cursor);
    }
    drop(writer);
    read(&mut cursor);
    assert!(cursor.is_closed());
});
