//! `hvcC` and the sequence parameter set in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_media::h265;

fuzz_target!(|record: &[u8]| {
    let Ok(info) = h265::read_config(record) else {
        return;
    };
    assert!((1..=16_384).contains(&info.width) && (1..=16_384).contains(&info.height));
    let mut parts = info.codec_string.split('.');
    assert_eq!(parts.next(), Some("hvc1"));
    assert!((3..=9).contains(&parts.count()), "{}", info.codec_string);
});
