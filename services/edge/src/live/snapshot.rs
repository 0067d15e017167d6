//! One picture of a channel, as JPEG.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use sightline_rpc::ServiceError as _;
use sightline_rpc::auth::{Caller, Unauthenticated, bearer};

use super::ask;
use crate::edge::Shared;
use crate::error::Error;
use crate::session::{Picture, Snapshot};

/// `GET /v1/snapshot/{device}/{channel}` with `authorization: Bearer`.
pub(super) async fn picture(
    State(edge): State<Arc<Shared>>,
    Path((device, channel)): Path<(String, u32)>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let header = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header.and_then(bearer).ok_or(Unauthenticated::Missing)?;
        let caller = edge
            .verifier
            .authenticate(token, edge.clock.now_unix_ms())?;
        take(&edge, caller, &device, channel).await
    };
    // Somebody else may sit at this browser next, and who is refused may be let in next.
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match answer.await {
        Ok(picture) => {
            let kind = [(header::CONTENT_TYPE, "image/jpeg")];
            (headers, kind, picture.jpeg).into_response()
        }
        Err(error) => {
            let body = serde_json::json!({
                "error": { "reason": error.reason(), "message": error.to_string() }
            });
            (error.code().http(), headers, axum::Json(body)).into_response()
        }
    }
}

/// Asks the device for a picture on behalf of the caller.
pub(super) async fn take(
    edge: &Shared,
    caller: Caller,
    device: &str,
    channel: u32,
) -> Result<Picture, Error> {
    let snapshot = Snapshot {
        caller: caller.clone(),
        channel,
    };
    ask(edge, &caller, device, channel, snapshot).await
}
