//! Live over gRPC. `Watch` does not go through the generated server: its messages are encoded once
//! for all viewers, and the fan-out writes the shared bytes beside the body of the response.

mod request;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Limited};
use sightline_base::net::{Affinity, DirectBody};
use sightline_rpc::live::v1 as live;
use sightline_rpc::live::v1::live_server::Live;
use tonic::metadata::MetadataMap;
use tonic::{Request as GrpcRequest, Response as GrpcResponse, Status};

use super::{admit, snapshot};
use crate::edge::Shared;
use crate::error::Error;
use crate::fanout::Outlet;

pub(super) use request::REQUEST_BYTES_MAX;
use request::decode;

/// `sightline.live.v1.Live/Watch`.
pub(super) async fn watch(State(edge): State<Arc<Shared>>, request: Request<Body>) -> Response {
    match open(&edge, request).await {
        Ok(()) => {
            let kind = HeaderValue::from_static("application/grpc");
            ([(header::CONTENT_TYPE, kind)], Body::empty()).into_response()
        }
        Err(status) => status.into_http::<Body>().into_response(),
    }
}

async fn open(edge: &Arc<Shared>, request: Request<Body>) -> Result<(), Status> {
    let (mut parts, body) = request.into_parts();
    let affinity = parts.extensions.remove::<Affinity>().unwrap_or_default();
    let direct = parts.extensions.remove::<DirectBody>();
    let direct = direct.ok_or_else(|| Status::unimplemented("Watch is gRPC over HTTP/2"))?;
    let metadata = MetadataMap::from_headers(parts.headers);
    let caller = edge
        .verifier
        .caller(&metadata, edge.clock.now_unix_ms())
        .map_err(|error| sightline_rpc::error::status(&Error::from(error)))?;
    let body = Limited::new(body, REQUEST_BYTES_MAX).collect().await;
    let bytes = body
        .map_err(|_| Status::invalid_argument("request too large"))?
        .to_bytes();
    let request = decode(&bytes).ok_or_else(|| Status::invalid_argument("malformed request"))?;
    let stream = request.stream();
    let admitted = admit(edge, caller, &request.device_id, request.channel, stream).await;
    let admission = admitted.map_err(|error| sightline_rpc::error::status(&error))?;
    // A frame then goes from the device to its viewers without another thread.
    affinity.pin_to(admission.arbiter.clone());
    let writer = direct.take();
    let writer = writer.ok_or_else(|| Status::internal("the body is written already"))?;
    admission.hold.attach(Outlet::Grpc(writer));
    Ok(())
}

/// The methods with one answer.
#[derive(Debug)]
pub(super) struct Unary(pub(super) Arc<Shared>);

#[tonic::async_trait]
impl Live for Unary {
    type WatchStream = tokio_stream::Empty<Result<live::WatchResponse, Status>>;

    async fn watch(
        &self,
        _: GrpcRequest<live::WatchRequest>,
    ) -> Result<GrpcResponse<Self::WatchStream>, Status> {
        // Routed to [`watch`] before it could come here.
        Err(Status::unimplemented("served on its own route"))
    }

    async fn get_snapshot(
        &self,
        request: GrpcRequest<live::GetSnapshotRequest>,
    ) -> Result<GrpcResponse<live::GetSnapshotResponse>, Status> {
        let caller = self
            .0
            .verifier
            .caller(request.metadata(), self.0.clock.now_unix_ms());
        let request = request.into_inner();
        let taken = match caller {
            Ok(caller) => {
                snapshot::take(&self.0, caller, &request.device_id, request.channel).await
            }
            Err(error) => Err(error.into()),
        };
        let picture = taken.map_err(|error| sightline_rpc::error::status(&error))?;
        Ok(GrpcResponse::new(live::GetSnapshotResponse {
            jpeg: picture.jpeg,
            taken_at_unix_ms: picture.taken_at_unix_ms,
        }))
    }
}
