//! Questions to the device that touch nobody's pictures: who may claim it, who its users are.

use std::time::Duration;

use actix::{Context, Handler, Message, ResponseFuture};
use sightline_rpc::device::v1 as device;

use super::Session;

/// Longest a device may take to check a code or a password.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether somebody knows the device's verification code.
#[derive(Message)]
#[rtype(result = "Result<device::VerifyClaimResponse, tonic::Status>")]
pub(crate) struct VerifyClaim(pub(crate) device::VerifyClaimRequest);

impl Handler<VerifyClaim> for Session {
    type Result = ResponseFuture<Result<device::VerifyClaimResponse, tonic::Status>>;

    fn handle(
        &mut self,
        VerifyClaim(question): VerifyClaim,
        _: &mut Context<Self>,
    ) -> Self::Result {
        let mut tunnel = self.tunnel.clone();
        Box::pin(in_time(async move {
            tunnel.client().verify_claim(question).await
        }))
    }
}

/// Whether somebody is a user of the device.
#[derive(Message)]
#[rtype(result = "Result<device::VerifyUserResponse, tonic::Status>")]
pub(crate) struct VerifyUser(pub(crate) device::VerifyUserRequest);

impl Handler<VerifyUser> for Session {
    type Result = ResponseFuture<Result<device::VerifyUserResponse, tonic::Status>>;

    fn handle(&mut self, VerifyUser(question): VerifyUser, _: &mut Context<Self>) -> Self::Result {
        let mut tunnel = self.tunnel.clone();
        Box::pin(in_time(async move {
            tunnel.client().verify_user(question).await
        }))
    }
}

async fn in_time<T>(
    call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
) -> Result<T, tonic::Status> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => Ok(answer?.into_inner()),
        Err(_) => Err(tonic::Status::unavailable("the device does not answer")),
    }
}
