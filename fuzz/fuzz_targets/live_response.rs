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

const LIMITS: Limits = Limits {
    frames: 16,
    bytes: 2048,
    keep_us: 300_000,
    lag_us: 200_000,
};

/// The messages in the bytes; the last one may be cut off.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (prefix, rest) = bytes.split_first_chunk::<5>()?;
        let len = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
        let message;
        (message, bytes) = rest.split_at(len);
        Some(message)
    })
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
    for message in messages(bytes) {
        let Ok(message) = LiveResponse::decode(Bytes::copy_from_slice(message)) else {
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
