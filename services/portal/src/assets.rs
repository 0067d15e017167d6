//! Embedded files as HTTP answers.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, StatusCode, Uri};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The page of the application; also the answer to its own addresses.
const INDEX: &str = "index.html";

/// Folder whose file names contain a hash of their content (Vite's `assetsDir`).
const HASHED: &str = "assets/";

/// Paths of the API, never of the application.
const API: &str = "v1/";

/// A changed file has another name, so that a year (the longest that caches honour) is safe.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Kept, but compared with the server's each time, so that an upgrade shows at once.
const REVALIDATE: &str = "no-cache";

/// What `build.rs` prepared; embedded in debug builds too, so that every binary stands alone.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Web;

pub(crate) async fn serve(uri: Uri, request: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with(API) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let name = if is_file_name(path) { path } else { INDEX };
    match Web::get(name) {
        Some(file) => answer(name, file, &request),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whether the path asks for a file rather than for a view of the application.
fn is_file_name(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'))
}

fn answer(name: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let (file, encoding) = match Web::get(&format!("{name}.br")) {
        Some(brotli) if accepts_brotli(request) => (brotli, Some("br")),
        _ => (file, None),
    };
    let etag = etag(&file);
    let headers = [
        (CACHE_CONTROL, cache_control(name)),
        (VARY, ACCEPT_ENCODING.as_str()),
    ];
    if request
        .get(IF_NONE_MATCH)
        .is_some_and(|seen| seen.as_bytes() == etag.as_bytes())
    {
        return (StatusCode::NOT_MODIFIED, headers, [(ETAG, etag)]).into_response();
    }
    let body = (
        headers,
        [(ETAG, etag), (CONTENT_TYPE, content_type(name).to_owned())],
        file.data,
    );
    match encoding {
        Some(encoding) => ([(CONTENT_ENCODING, encoding)], body).into_response(),
        None => body.into_response(),
    }
}

fn cache_control(name: &str) -> &'static str {
    if name.starts_with(HASHED) {
        IMMUTABLE
    } else {
        REVALIDATE
    }
}

/// Strong entity tag: the SHA-256 of the bytes that are sent (RFC 9110, 8.8.3).
fn etag(file: &EmbeddedFile) -> String {
    let hex: String = file
        .metadata
        .sha256_hash()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

/// Whether `Accept-Encoding` names `br` without refusing it by `q=0` (RFC 9110, 12.5.3).
fn accepts_brotli(request: &HeaderMap) -> bool {
    request
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|q| q.parse::<f32>().ok())
                .is_some_and(|q| q <= 0.0);
            name.trim() == "br" && !refused
        })
}

/// Types of the files that the build makes; anything else is bytes, never guessed.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn brotli_is_sent_only_to_those_who_accept_it() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepts_brotli(&headers)
        };
        assert!(accepts("gzip, deflate, br, zstd"));
        assert!(accepts("br;q=0.5"));
        assert!(!accepts("br;q=0, gzip"));
        assert!(!accepts("gzip"));
        assert!(!accepts_brotli(&HeaderMap::new()));
    }

    #[test]
    fn only_files_whose_names_change_with_them_are_kept_for_good() {
        assert!(cache_control("assets/index-1a2b.js").contains("immutable"));
        for name in [INDEX, "favicon.svg", "deep/assets/index.js"] {
            assert_eq!(cache_control(name), "no-cache", "{name}");
        }
    }

    #[test]
    fn dots_in_folders_do_not_make_a_view_a_file() {
        assert!(is_file_name("assets/index-1a2b.js"));
        assert!(!is_file_name("v1.2/devices"));
        assert!(!is_file_name(""));
    }
}
