//! The ways out: gRPC, WebSocket and single pictures, all behind one admission.

mod grpc;
mod snapshot;
#[cfg(test)]
mod tests;
mod websocket;
pub(crate) mod words;

use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, Handler, Message};
use axum::Router;
use axum::routing::{get, post};
use sightline_domain::CloudId;
use sightline_rpc::auth::Caller;
use sightline_rpc::internal::v1 as internal;
use sightline_rpc::live::v1::live_server::LiveServer;
use tokio::time::Instant;

use crate::edge::Shared;
use crate::error::Error;
use crate::permit::Grants;
use crate::session::{Admission, Admit, GrantsHeard, Session};

/// Longest that somebody waits to hear that a device is offline.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(3);

/// All routes of an edge.
pub(crate) fn router(edge: &Arc<Shared>) -> Router {
    let unary = LiveServer::new(grpc::Unary(Arc::clone(edge)))
        .max_decoding_message_size(grpc::REQUEST_BYTES_MAX);
    Router::new()
        .route("/v1/live/{device}/{channel}", get(websocket::upgrade))
        .route("/v1/snapshot/{device}/{channel}", get(snapshot::picture))
        .route("/sightline.live.v1.Live/Watch", post(grpc::watch))
        .with_state(Arc::clone(edge))
        .route_service("/sightline.live.v1.Live/{method}", unary)
}

/// Asks the session of a device on behalf of the caller.
///
/// Whoever the session does not know, and whoever asks for a device that is not connected, is looked
/// up at the grants' service, in the same way and with the same work: a stranger hears the same of a
/// device that is missing, of one that is not theirs, and of one that is just coming or going. Who
/// has accepted a share a moment ago is let in by it, and whose share was widened by its new terms.
async fn ask<M, T>(
    edge: &Shared,
    caller: &Caller,
    device: &str,
    channel: u32,
    question: M,
) -> Result<T, Error>
where
    M: Message<Result = Result<T, Error>> + Clone + Send + 'static,
    T: Send + 'static,
    Session: Handler<M>,
{
    let device: CloudId = device.parse().map_err(|_| Error::NotFound)?;
    if edge.draining.is_cancelled() {
        return Err(Error::Draining);
    }
    let session = edge.directory.session(device);
    let answer = put(session.as_ref(), question.clone()).await;
    let may_be_old = matches!(
        answer,
        Err(Error::NotFound
            | Error::NotAllowed
            | Error::OutsideHours { .. }
            | Error::GrantsStale
            | Error::DeviceOffline)
    );
    if !may_be_old {
        return answer;
    }
    let look_up = tokio::time::timeout(LOOK_UP_TIMEOUT, newest_grants(edge, device));
    let Ok(Ok(news)) = look_up.await else {
        return Err(Error::GrantsStale);
    };
    let (now, now_unix_ms) = (Instant::now(), edge.clock.now_unix_ms());
    let grants = Grants::heard(device, news.clone());
    grants.permit_live(caller, channel, now, now_unix_ms)?;
    if let Some(session) = &session {
        tell(session, news).await;
    }
    put(session.as_ref(), question).await
}

async fn put<M, T>(session: Option<&Addr<Session>>, question: M) -> Result<T, Error>
where
    M: Message<Result = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
    Session: Handler<M>,
{
    match session {
        Some(session) => session
            .send(question)
            .await
            .unwrap_or(Err(Error::DeviceOffline)),
        None => Err(Error::DeviceOffline),
    }
}

/// What a session does not know yet; it is on its way to it. That it has gone by now is noticed by
/// the question.
async fn tell(session: &Addr<Session>, news: internal::WatchDeviceResponse) {
    let _ = session.send(GrantsHeard(news)).await;
}

/// The grants of a device at this moment.
async fn newest_grants(
    edge: &Shared,
    device: CloudId,
) -> Result<internal::WatchDeviceResponse, tonic::Status> {
    let request = internal::WatchDeviceRequest {
        device_id: device.to_string(),
    };
    let mut client = edge.grants.clone();
    let mut news = client.watch_device(request).await?.into_inner();
    let first = news.message().await?;
    first.ok_or_else(|| tonic::Status::unavailable("no grants came"))
}

/// Lets a viewer in.
async fn admit(
    edge: &Shared,
    caller: Caller,
    device: &str,
    channel: u32,
    stream: sightline_rpc::live::v1::StreamKind,
) -> Result<Admission, Error> {
    let admit = Admit {
        caller: caller.clone(),
        channel,
        stream,
    };
    ask(edge, &caller, device, channel, admit).await
}
