//! The request of a device: what was accepted once is accepted with more bytes behind it, and all
//! of those are kept.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The file alone, since the whole edge would bring every dependency of it.
#[path = "../../services/edge/src/uplink/head.rs"]
mod head;

use head::{HEAD_BYTES_MAX, read_head};

fuzz_target!(|bytes: &[u8]| {
    let read = read_head(bytes);
    // Only then does the edge read on.
    assert!(read != Ok(None) || bytes.len() < HEAD_BYTES_MAX);
    if let Ok(Some(first)) = read {
        assert!(bytes.len() - first.rest.len() <= HEAD_BYTES_MAX);
        let longer = [bytes, b"more"].concat();
        let again = read_head(&longer)
            .expect("still a request")
            .expect("still whole");
        assert_eq!(again.rest, [&first.rest[..], b"more"].concat());
    }
});
