//! `avcC` and the sequence parameter set in it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sightline_media::track::CONFIG_BYTES_MAX;
use sightline_media::{Codec, Track, h264};

fuzz_target!(|record: &[u8]| {
    let track = Track::video(0, Codec::H264, Bytes::copy_from_slice(record));
    let Ok(info) = h264::read_config(record) else {
        assert!(track.is_err());
        return;
    };
    assert_eq!(track.is_ok(), record.len() <= CONFIG_BYTES_MAX);
    assert!((1..=16_384).contains(&info.width) && (1..=16_384).contains(&info.height));
    assert_eq!(info.codec_string.len(), "avc1.64001f".len());
    let sets = h264::parameter_sets(record).expect("the record was read");
    let pps = sets
        .iter()
        .find(|set| set[0] & 0x1f == 8)
        .expect("one of each kind");
    let made = h264::config_from_parameter_sets(sets[0], pps).expect("both were read");
    let again = h264::read_config(&made).expect("own record");
    assert_eq!((again.width, again.height), (info.width, info.height));
});
