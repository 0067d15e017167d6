//! The devices that are shared with an account, as sharing tells them.

use std::collections::BTreeMap;
use std::time::Duration;

use sightline_domain::access::{Permission, Terms};
use sightline_domain::{AccountId, CloudId};
use sightline_rpc::Channel;
use sightline_rpc::internal::v1::grants_client::GrantsClient;
use sightline_rpc::internal::v1::watch_account_response::Event;
use sightline_rpc::internal::v1::{SharedDeviceGrant, WatchAccountRequest, WatchAccountResponse};
use sightline_rpc::registry::v1::SharedDevice;
use sightline_rpc::terms::{terms_from_proto, terms_to_proto};
use tokio::time::Instant;
use tonic::Streaming;

use crate::Error;

/// Longest until the first list.
const FIRST_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence: three heartbeats.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Shared devices that an account sees; more are left out.
const SHARED_MAX: usize = 1000;

/// A device that is shared with somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    id: String,
    terms: Terms,
    owner_hint: String,
    /// Of the device when the share was made.
    ownership_epoch: u64,
}

/// By device.
pub(crate) type Shares = BTreeMap<CloudId, Share>;

impl Share {
    /// Whether it lets its guest see recordings, in its hours.
    pub(crate) fn gives_archive(&self) -> bool {
        self.terms.given().contains(Permission::ViewArchive)
    }

    /// Whether it can hold under this ownership: it is dead under another one, before sharing says
    /// so.
    pub(crate) fn holds_under(&self, ownership_epoch: u64) -> bool {
        self.ownership_epoch == ownership_epoch
    }

    /// Whether it speaks of a channel.
    pub(crate) fn covers(&self, channel: u32) -> bool {
        self.terms.covers(Some(channel))
    }

    pub(crate) fn to_proto(&self) -> SharedDevice {
        SharedDevice {
            share_id: self.id.clone(),
            terms: Some(terms_to_proto(&self.terms)),
            owner_hint: self.owner_hint.clone(),
        }
    }
}

/// What is shared with an account, and every change.
pub(crate) struct ShareWatch {
    messages: Streaming<WatchAccountResponse>,
    silent_at: Instant,
}

impl ShareWatch {
    /// # Errors
    /// [`Error::SharesUnknown`] when sharing does not answer.
    pub(crate) async fn open(
        mut grants: GrantsClient<Channel>,
        account: &AccountId,
    ) -> Result<(Self, Shares), Error> {
        let request = WatchAccountRequest {
            account_id: account.to_string(),
        };
        let silent_at = Instant::now() + FIRST_TIMEOUT;
        let messages = tokio::time::timeout_at(silent_at, grants.watch_account(request)).await;
        let messages = messages
            .map_err(|_| Error::SharesUnknown)?
            .map_err(|status| unknown(&status))?;
        let mut watch = Self {
            messages: messages.into_inner(),
            silent_at,
        };
        let first = watch.next().await?;
        Ok((watch, first))
    }

    /// The whole list after a change. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// [`Error::SharesUnknown`] when sharing has ended, or is silent for too long.
    pub(crate) async fn next(&mut self) -> Result<Shares, Error> {
        loop {
            let message = tokio::time::timeout_at(self.silent_at, self.messages.message()).await;
            let message = message
                .map_err(|_| Error::SharesUnknown)?
                .map_err(|status| unknown(&status))?
                .ok_or(Error::SharesUnknown)?;
            self.silent_at = Instant::now() + SILENCE_MAX;
            if let Some(Event::All(list)) = message.event {
                let shares = list.devices.iter().filter_map(share);
                return Ok(shares.take(SHARED_MAX).collect());
            }
        }
    }
}

fn unknown(status: &tonic::Status) -> Error {
    tracing::warn!(code = ?status.code(), "sharing does not tell what is shared");
    Error::SharesUnknown
}

/// A share that cannot be understood gives nothing.
fn share(grant: &SharedDeviceGrant) -> Option<(CloudId, Share)> {
    let device = grant.device_id.parse().ok()?;
    let terms = terms_from_proto(grant.terms.as_ref()?);
    let terms = terms
        .inspect_err(|error| tracing::warn!(share = grant.share_id, %error, "terms of a share"))
        .ok()?;
    let share = Share {
        id: grant.share_id.clone(),
        terms,
        owner_hint: grant.owner_hint.clone(),
        ownership_epoch: grant.ownership_epoch,
    };
    Some((device, share))
}
