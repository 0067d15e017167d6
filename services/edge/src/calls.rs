//! Questions of the registry to a connected device.

use std::sync::Weak;

use sightline_domain::CloudId;
use sightline_rpc::internal::v1 as internal;
use sightline_rpc::internal::v1::device_calls_server::DeviceCalls;
use tonic::{Request, Response, Status};

use crate::edge::Shared;
use crate::session::VerifyClaim;

/// Serves `sightline.internal.v1.DeviceCalls`.
///
/// Weak, since the edge holds a way to the registry and the registry this way back.
#[derive(Debug)]
pub(crate) struct Calls(pub(crate) Weak<Shared>);

#[tonic::async_trait]
impl DeviceCalls for Calls {
    async fn verify_claim(
        &self,
        request: Request<internal::VerifyClaimRequest>,
    ) -> Result<Response<internal::VerifyClaimResponse>, Status> {
        let request = request.into_inner();
        let device: CloudId = request
            .device_id
            .parse()
            .map_err(|_| Status::invalid_argument("not a cloud ID"))?;
        let offline = || Status::unavailable("the device is not connected to this edge");
        let edge = self.0.upgrade().ok_or_else(offline)?;
        let session = edge.directory.session(device).ok_or_else(offline)?;
        let verify = VerifyClaim {
            verification_code: request.verification_code,
        };
        let answer = session.send(verify).await.map_err(|_| offline())??;
        Ok(Response::new(internal::VerifyClaimResponse {
            accepted: answer.accepted,
            retry_after_s: answer.retry_after_s,
        }))
    }
}
