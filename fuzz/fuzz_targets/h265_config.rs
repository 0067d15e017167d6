//! `hvcC` and the sequence parameter set in it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sightline_media::track::CONFIG_BYTES_MAX;
use sightline_media::{Codec, Track, h265};

fuzz_target!(|record: &[u8]| {
    let track = Track::video(0, Codec::H265, Bytes::copy_from_slice(record));
    let Ok(info) = h265::read_config(record) else {
        assert!(track.is_err());
        return;
    };
    assert_eq!(track.is_ok(), record.len() <= CONFIG_BYTES_MAX);
    assert!((1..=16_384).contains(&info.width) && (1..=16_384).contains(&info.height));
    let mut parts = info.codec_string.split('.');
    assert_eq!(parts.next(), Some("hvc1"));
    assert!((3..=9).contains(&parts.count()), "{}", info.codec_string);
});
