//! Questions to a connected device, through the edge that holds its connection.

use std::time::Duration;

use sightline_domain::CloudId;
use sightline_rpc::Channel;
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;
use sightline_rpc::internal::v1::{
    VerifyClaimRequest, VerifyClaimResponse, VerifyUserRequest, VerifyUserResponse,
};
use tonic::{Response, Status};

use crate::Error;
use crate::service::Registry;

/// Longest a device may take to check a code or a password, the way to it included.
const VERIFY_TIMEOUT: Duration = Duration::from_secs(10);

impl Registry {
    /// Whether the device has this verification code.
    pub(crate) async fn verify_claim(
        &self,
        question: VerifyClaimRequest,
    ) -> Result<VerifyClaimResponse, Error> {
        let device = question.device_id.parse()?;
        let mut edge = self.edge_of(device).await?;
        answered(device, edge.verify_claim(question)).await
    }

    /// Whether the device has a user with this password. The epoch is the one from before the
    /// device was asked: a sign-in does not outlive a change of the owner in between.
    pub(crate) async fn verify_user(
        &self,
        question: VerifyUserRequest,
    ) -> Result<VerifyUserResponse, Error> {
        let device = question.device_id.parse()?;
        let ownership = self.records.ownership(device).await?;
        let mut edge = self.edge_of(device).await?;
        let answer = answered(device, edge.verify_user(question)).await?;
        Ok(VerifyUserResponse {
            ownership_epoch: ownership.map_or(0, |(_, ownership)| ownership.epoch),
            ..answer
        })
    }

    async fn edge_of(&self, device: CloudId) -> Result<DeviceCallsClient<Channel>, Error> {
        let owner = self
            .coordinator
            .owner(device)
            .await?
            .ok_or(Error::Offline)?;
        self.edges.for_edge(&owner.edge).ok_or(Error::Offline)
    }
}

/// The answer to a question. Without one the device counts as not connected.
async fn answered<T>(
    device: CloudId,
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Error> {
    match tokio::time::timeout(VERIFY_TIMEOUT, answer).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) => {
            tracing::info!(%device, code = ?status.code(), "a question to a device failed");
            Err(Error::NoAnswer)
        }
        Err(_) => {
            tracing::info!(%device, "a question to a device was not answered in time");
            Err(Error::NoAnswer)
        }
    }
}
