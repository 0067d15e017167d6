//! Questions of the registry to a connected device.

use std::sync::Weak;
use std::time::Duration;

use actix::Addr;
use sightline_domain::CloudId;
use sightline_rpc::device::v1 as device;
use sightline_rpc::internal::v1 as internal;
use sightline_rpc::internal::v1::device_calls_server::DeviceCalls;
use tonic::{Request, Response, Status};

use crate::edge::Shared;
use crate::session::{Session, VerifyClaim, VerifyUser};

/// Longest wait for a device that is just connecting.
const CONNECTING_MAX: Duration = Duration::from_secs(3);

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
        let question = device::VerifyClaimRequest {
            verification_code: request.verification_code,
        };
        let session = self.session(&request.device_id).await?;
        let answer = session.send(VerifyClaim(question)).await;
        let answer = answer.map_err(|_| offline())??;
        Ok(Response::new(internal::VerifyClaimResponse {
            accepted: answer.accepted,
            retry_after_s: answer.retry_after_s,
        }))
    }

    async fn verify_user(
        &self,
        request: Request<internal::VerifyUserRequest>,
    ) -> Result<Response<internal::VerifyUserResponse>, Status> {
        let request = request.into_inner();
        let question = device::VerifyUserRequest {
            user_name: request.user_name,
            password: request.password,
        };
        let session = self.session(&request.device_id).await?;
        let answer = session.send(VerifyUser(question)).await;
        let answer = answer.map_err(|_| offline())??;
        Ok(Response::new(internal::VerifyUserResponse {
            accepted: answer.accepted,
            administrator: answer.administrator,
            retry_after_s: answer.retry_after_s,
            // The registry knows it.
            ownership_epoch: 0,
        }))
    }
}

impl Calls {
    /// The registry asks the edge that has claimed the device, and a claim is made before the device
    /// has said what it is: who asks in between waits for that.
    async fn session(&self, device: &str) -> Result<Addr<Session>, Status> {
        let device: CloudId = device
            .parse()
            .map_err(|_| Status::invalid_argument("not a cloud ID"))?;
        let edge = self.0.upgrade().ok_or_else(offline)?;
        let session = edge.directory.session_to_come(device);
        let session = tokio::time::timeout(CONNECTING_MAX, session).await;
        session.map_err(|_| offline())
    }
}

fn offline() -> Status {
    Status::unavailable("the device is not connected to this edge")
}
