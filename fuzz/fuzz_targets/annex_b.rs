//! Annex B streams: their units survive the way to lengths and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_media::{Codec, nal};

fuzz_target!(|stream: &[u8]| {
    for unit in nal::split_annex_b(stream) {
        assert!(!unit.is_empty() && !unit.ends_with(&[0]));
        assert!(!unit.windows(3).any(|window| window == [0, 0, 1]));
    }
    for codec in [Codec::H264, Codec::H265] {
        let frame = nal::annex_b_to_lengths(stream, codec);
        let back = nal::lengths_to_annex_b(&frame).expect("own lengths add up");
        let units: Vec<&[u8]> = nal::units(&frame)
            .map(|unit| unit.expect("own lengths add up"))
            .collect();
        assert!(nal::split_annex_b(&back).eq(units.iter().copied()));
        assert_eq!(nal::annex_b_to_lengths(&back, codec), frame);
    }
});
