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
    json!({ "ended": { "reason": end.name(), "message": end.message } }).to_string()
}

/// The only words of a stream that did not open.
pub(crate) fn refused(error: &Error) -> String {
    json!({ "ended": { "reason": error.reason(), "message": error.to_string() } }).to_string()
}
