//! Length-prefixed NAL units: the walk ends, covers the frame exactly, and agrees with the checks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_media::nal;

fuzz_target!(|frame: &[u8]| {
    let units: Result<Vec<&[u8]>, _> = nal::units(frame).collect();
    assert_eq!(nal::lengths_to_annex_b(frame).is_ok(), units.is_ok());
    if let Ok(units) = &units {
        let covered: usize = units.iter().map(|unit| 4 + unit.len()).sum();
        assert_eq!(covered, frame.len());
    }
    for check in [nal::check_h264, nal::check_h265] {
        // A key picture is a picture.
        assert!(check(frame, true).is_err() || check(frame, false).is_ok());
        assert!(check(frame, false).is_err() || units.is_ok());
    }
});
