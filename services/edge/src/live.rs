//! The ways out: gRPC, WebSocket and single pictures, all behind one admission.

mod grpc;
mod snapshot;
mod websocket;
pub(crate) mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use sightline_domain::access::{self, Permission};
use sightline_domain::{AccountId, CloudId};
use sightline_rpc::auth::Caller;
use sightline_rpc::internal::v1 as internal;
use sightline_rpc::live::v1::live_server::LiveServer;

use crate::edge::Shared;
use crate::error::Error;
use crate::session::{Admission, Admit, Session};

/// Longest that somebody waits to hear that a device is offline.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(3);

/// All routes of an edge.
pub(crate) fn router(edge: &Arc<Shared>) -> Router {
    let unary = LiveServer::new(grpc::Unary(Arc::clone(edge)));
    Router::new()
        .route("/v1/live/{device}/{channel}", get(websocket::upgrade))
        .route("/v1/snapshot/{device}/{channel}", get(snapshot::picture))
        .route("/sightline.live.v1.Live/Watch", post(grpc::watch))
        .with_state(Arc::clone(edge))
        .route_service("/sightline.live.v1.Live/{method}", unary)
}

/// The session of a device that the caller may watch, or the reason why there is none. A stranger
/// hears the same of a device that is missing and of one that is not theirs.
async fn find(edge: &Shared, caller: &Caller, device: &str) -> Result<actix::Addr<Session>, Error> {
    let device: CloudId = device.parse().map_err(|_| Error::NotFound)?;
    if edge.draining.is_cancelled() {
        return Err(Error::Draining);
    }
    if let Some(session) = edge.directory.session(device) {
        return Ok(session);
    }
    let look_up = is_allowed(edge, caller.account(), device);
    match tokio::time::timeout(LOOK_UP_TIMEOUT, look_up).await {
        Ok(Ok(true)) => Err(Error::DeviceOffline),
        Ok(Ok(false)) => Err(Error::NotFound),
        Ok(Err(_)) | Err(_) => Err(Error::GrantsStale),
    }
}

/// Whether the account could watch the device if it were connected.
async fn is_allowed(
    edge: &Shared,
    account: &AccountId,
    device: CloudId,
) -> Result<bool, tonic::Status> {
    let request = internal::WatchGrantsRequest {
        device_id: device.to_string(),
    };
    let mut news = edge
        .devices
        .clone()
        .watch_grants(request)
        .await?
        .into_inner();
    let first = news
        .message()
        .await?
        .and_then(|news| news.grants)
        .unwrap_or_default();
    let grants: Vec<_> = first
        .grants
        .into_iter()
        .filter_map(crate::permit::grant)
        .collect();
    Ok(access::allows(&grants, account, Permission::ViewLive))
}

/// Lets a viewer in.
async fn admit(
    edge: &Shared,
    caller: Caller,
    device: &str,
    channel: u32,
    stream: sightline_rpc::live::v1::StreamKind,
) -> Result<Admission, Error> {
    let session = find(edge, &caller, device).await?;
    let admit = Admit {
        caller,
        channel,
        stream,
    };
    session
        .send(admit)
        .await
        .unwrap_or(Err(Error::DeviceOffline))
}
