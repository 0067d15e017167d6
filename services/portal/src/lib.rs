//! The portal: serves the browser application, which is embedded in the binary.
//!
//! It holds no state, knows no account and calls no service: the application in `web/` speaks
//! gRPC-Web and WebSocket to the same origin by itself. Where to start reading: [`router`] for what
//! is served and how it may be cached, `build.rs` for where the files come from, `web/src/main.ts`
//! for the application.

mod assets;
mod headers;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use http::StatusCode;

/// Serves the application on `/` and below.
///
/// Every other route of the router that it is merged into comes first, since both of its routes
/// are the least specific ones. Paths of no file, such as `/devices`, get the application's page;
/// unknown paths below `/v1/` and anything but GET and HEAD get 404.
pub fn router() -> Router {
    let files = || get(assets::serve).fallback(|| async { StatusCode::NOT_FOUND });
    Router::new()
        .route("/", files())
        .route("/{*path}", files())
        .layer(map_response(headers::protect))
}
