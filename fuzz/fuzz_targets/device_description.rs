//! What a device tells of itself: what is kept is bounded, and nothing in it acts on a screen.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use sightline_rpc::device::v1::DescribeResponse;
use sightline_store::MAX_VALUE_BYTES;

// The file alone, since the whole registry would bring every dependency of it.
#[path = "../../services/registry/src/description.rs"]
mod description;

use description::Description;

/// The registry's errors, as far as the file names them.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("too large")]
    DescriptionTooLarge,
    #[error(transparent)]
    Store(#[from] sightline_store::Error),
}

/// No more characters than may be shown, none that a terminal or a browser obeys.
fn check(text: &str, chars_max: usize) {
    assert!(text.chars().count() <= chars_max);
    assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'));
    assert_eq!(text.trim(), text);
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(told) = DescribeResponse::decode(bytes) else {
        return;
    };
    let description = match Description::from_device(&told) {
        Ok(description) => description,
        Err(Error::DescriptionTooLarge) => return,
        Err(Error::Store(error)) => panic!("no JSON: {error}"),
    };
    let json = serde_json::to_vec(&description).expect("it was written before");
    assert!(json.len() < MAX_VALUE_BYTES);
    let read: Description = serde_json::from_slice(&json).expect("our own JSON");
    assert_eq!(read, description);
    for text in [
        &description.vendor,
        &description.model,
        &description.software_version,
        &description.time_zone,
    ] {
        check(text, 64);
    }
    let channels = description.channels();
    assert!(channels.len() <= 128.min(told.channels.len()));
    for channel in channels {
        check(&channel.name, 64);
        check(&channel.detail, 160);
        assert!(channel.streams.len() <= 2);
        for stream in channel.streams {
            assert!(stream.tracks.len() <= 2);
            assert!(stream.tracks.iter().all(|track| track.config.is_empty()));
            stream
                .tracks
                .iter()
                .for_each(|t| check(&t.codec_string, 64));
        }
    }
});
