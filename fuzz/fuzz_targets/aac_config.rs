//! AudioSpecificConfig: what is accepted can be timed and announced.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_media::aac;

fuzz_target!(|config: &[u8]| {
    if let Ok(info) = aac::read_config(config) {
        assert!((1..=96_000).contains(&info.sample_rate));
        assert!((1..=8).contains(&info.channels));
        assert!(["mp4a.40.2", "mp4a.40.5", "mp4a.40.29"].contains(&&*info.codec_string));
    }
});
