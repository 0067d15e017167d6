//! A file of devices to import, read as CSV and as JSON: bounded, and every line has its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_rpc::registry::v1::import_devices_request::File;

// The file alone, since the whole registry would bring every dependency of it.
#[allow(unreachable_pub, reason = "the registry shows why it refuses a file")]
#[path = "../../services/registry/src/import_file.rs"]
mod import_file;

use import_file::{FILE_BYTES_MAX, LINES_MAX, lines};

fuzz_target!(|text: &str| {
    let lines_of_text = 1 + text.matches(['\r', '\n']).count();
    for file in [File::Csv(text.to_owned()), File::Json(text.to_owned())] {
        let Ok(lines) = lines(Some(&file)) else {
            continue;
        };
        assert!(text.len() <= FILE_BYTES_MAX);
        assert!((1..=LINES_MAX).contains(&lines.len()));
        assert!(lines.is_sorted_by(|one, next| one.number < next.number));
        let last = lines.last().map_or(0, |line| line.number as usize);
        match file {
            File::Csv(_) => assert!(last <= lines_of_text),
            File::Json(_) => assert_eq!(last, lines.len()),
        }
        for entry in lines.iter().filter_map(|line| line.entry.as_ref()) {
            let claim = entry.claim();
            assert!(claim.device_id.len() + claim.name.len() <= text.len());
        }
    }
});
