//! What sharing asks of other services: who owns a device, and whose address is which.

use std::time::Duration;

use sightline_domain::{AccountId, CloudId, Email};
use sightline_rpc::Channel;
use sightline_rpc::internal::v1::accounts_client::AccountsClient;
use sightline_rpc::internal::v1::devices_client::DevicesClient;
use sightline_rpc::internal::v1::{
    GetEmailRequest, Ownership, WatchOwnershipRequest, WatchOwnershipResponse,
};
use tokio::time::timeout;
use tonic::{Status, Streaming};

use crate::Error;

/// Longest wait for an answer of another service; a person is waiting.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The way to the registry and to identity.
#[derive(Debug, Clone)]
pub(crate) struct Peers {
    pub(crate) devices: DevicesClient<Channel>,
    pub(crate) accounts: AccountsClient<Channel>,
}

impl Peers {
    /// Who owns a device at this moment. A device that does not exist has no owner.
    ///
    /// # Errors
    /// [`Error::Peer`].
    pub(crate) async fn ownership(&self, device: CloudId) -> Result<Ownership, Error> {
        let first = async {
            let mut watch = self.watch_ownership(device).await?;
            let message = watch.message().await.map_err(|error| registry(&error))?;
            message
                .and_then(|message| message.ownership)
                .ok_or(Error::Peer("registry"))
        };
        let answer = timeout(ANSWER_TIMEOUT, first).await;
        answer.unwrap_or(Err(Error::Peer("registry")))
    }

    /// Follows who owns a device.
    ///
    /// # Errors
    /// [`Error::Peer`].
    pub(crate) async fn watch_ownership(
        &self,
        device: CloudId,
    ) -> Result<Streaming<WatchOwnershipResponse>, Error> {
        let request = WatchOwnershipRequest {
            device_id: device.to_string(),
        };
        let mut devices = self.devices.clone();
        let answer = timeout(ANSWER_TIMEOUT, devices.watch_ownership(request));
        match answer.await {
            Ok(Ok(watch)) => Ok(watch.into_inner()),
            Ok(Err(error)) => Err(registry(&error)),
            Err(_) => Err(Error::Peer("registry")),
        }
    }

    /// The address of an account.
    ///
    /// # Errors
    /// [`Error::Peer`].
    pub(crate) async fn email(&self, account: &AccountId) -> Result<Email, Error> {
        let request = GetEmailRequest {
            account_id: account.to_string(),
        };
        let mut accounts = self.accounts.clone();
        match timeout(ANSWER_TIMEOUT, accounts.get_email(request)).await {
            Ok(Ok(answer)) => Ok(answer.into_inner().email.parse()?),
            Ok(Err(status)) => {
                tracing::warn!(code = ?status.code(), "ask identity for an address");
                Err(Error::Peer("identity"))
            }
            Err(_) => Err(Error::Peer("identity")),
        }
    }
}

/// The registry has refused, or is gone.
pub(crate) fn registry(status: &Status) -> Error {
    tracing::warn!(code = ?status.code(), detail = status.message(), "ask the registry for an owner");
    Error::Peer("registry")
}
