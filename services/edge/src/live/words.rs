//! The texts between the fragments of a WebSocket stream, as JSON.

use serde_json::json;
use sightline_media::{Tracks, fmp4};

use crate::error::{End, Error};
use sightline_rpc::ServiceError as _;

/// Before an initialisation segment.
pub(crate) fn codecs(tracks: &Tracks) -> String {
    let codecs = fmp4::codecs(tracks);
    let video = tracks.video();
    json!({
        "mime": format!("video/mp4; codecs=\"{codecs}\""),
        "codecs": codecs,
        "width": video.map(|t| t.width),
        "height": video.map(|t| t.height),
    })
    .to_string()
}

/// Pictures were left out.
pub(crate) fn gap(lost: u64) -> String {
    json!({ "gap": { "lost": lost } }).to_string()
}

/// The last words of a stream.
pub(crate) fn ended(end: &End) -> String {
    ending(end.name(), &end.message, end.opens_at_unix_ms)
}

/// The only words of a stream that did not open.
pub(crate) fn refused(error: &Error) -> String {
    let opens_at_unix_ms = match error {
        Error::OutsideHours { opens_at_unix_ms } => *opens_at_unix_ms,
        _ => 0,
    };
    ending(error.reason(), &error.to_string(), opens_at_unix_ms)
}

fn ending(reason: &str, message: &str, opens_at_unix_ms: i64) -> String {
    let mut ended = json!({ "reason": reason, "message": message });
    if opens_at_unix_ms != 0 {
        ended["opens_at_unix_ms"] = opens_at_unix_ms.into();
    }
    json!({ "ended": ended }).to_string()
}
