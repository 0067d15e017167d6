//! The devices that are shared with an account, for the registry.

use std::sync::Arc;
use std::time::Duration;

use sightline_domain::AccountId;
use sightline_rpc::internal::v1::watch_account_response::Event;
use sightline_rpc::internal::v1::{
    SharedDeviceGrant, SharedDevices, Unchanged, WatchAccountRequest, WatchAccountResponse,
};
use sightline_rpc::terms::terms_to_proto;
use tokio::time::Instant;

use crate::Error;
use crate::changes::Listener;
use crate::recipient::RECEIVED_PER_ACCOUNT_MAX;
use crate::records;
use crate::service::Sharing;
use crate::view::Present;
use sightline_rpc::stream::Watch;

/// Longest silence.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// One stream. It is made as it is read: there is no queue between this and the connection.
pub(crate) struct AccountWatch {
    sharing: Arc<Sharing>,
    account: AccountId,
    changes: Listener,
    told: Option<SharedDevices>,
    /// When the next share ends by itself, milliseconds since the Unix epoch.
    ends_at_unix_ms: Option<i64>,
    heartbeat_at: Instant,
}

impl AccountWatch {
    pub(crate) fn new(sharing: Arc<Sharing>, request: &WatchAccountRequest) -> Result<Self, Error> {
        let account = request.account_id.parse().map_err(|_| Error::AccountId)?;
        // Before the list is read, so that no change falls between the two.
        let changes = sharing.changes.listen(records::received(&account));
        Ok(Self {
            sharing,
            account,
            changes,
            told: None,
            ends_at_unix_ms: None,
            heartbeat_at: Instant::now() + HEARTBEAT,
        })
    }

    async fn event(&mut self) -> Result<Event, Error> {
        loop {
            let mut due = self.told.is_none();
            if !due {
                let until_end = self.until_end();
                tokio::select! {
                    wake = self.changes.next() => { wake?; }
                    () = tokio::time::sleep(until_end) => {}
                    // The list is read again then, too: an owner may have gone unnoticed.
                    () = tokio::time::sleep_until(self.heartbeat_at) => due = true,
                }
            }
            let devices = self.read().await?;
            let changed = self.told.as_ref() != Some(&devices);
            if changed || due {
                self.heartbeat_at = Instant::now() + HEARTBEAT;
            }
            if changed {
                self.told = Some(devices.clone());
                return Ok(Event::All(devices));
            }
            if due {
                return Ok(Event::Unchanged(Unchanged {}));
            }
        }
    }

    fn until_end(&self) -> Duration {
        let left = self.ends_at_unix_ms.map(|end| end - self.sharing.now());
        left.map_or(HEARTBEAT, |left_ms| {
            Duration::from_millis(u64::try_from(left_ms).unwrap_or(0))
        })
    }

    async fn read(&mut self) -> Result<SharedDevices, Error> {
        let lists = [records::received(&self.account)];
        let entries = self
            .sharing
            .records
            .entries(&lists, RECEIVED_PER_ACCOUNT_MAX);
        let (mut devices, mut present) = (Vec::new(), Present::new(&self.sharing));
        let mut ends_at_unix_ms = None;
        for (_, entry) in entries.await? {
            let Some((_, share)) = self.sharing.records.share(&entry.id).await? else {
                continue;
            };
            if !present.is_accepted(&share).await? {
                continue;
            }
            let end = share.ends_at_unix_ms();
            ends_at_unix_ms = ends_at_unix_ms.into_iter().chain(end).min();
            devices.push(SharedDeviceGrant {
                device_id: share.device.to_string(),
                share_id: share.id,
                terms: Some(terms_to_proto(&share.terms)),
                owner_hint: share.owner_hint,
                ownership_epoch: share.ownership_epoch,
            });
        }
        self.ends_at_unix_ms = ends_at_unix_ms;
        Ok(SharedDevices { devices })
    }
}

impl Watch for AccountWatch {
    type Item = WatchAccountResponse;
    type Error = Error;

    async fn next(&mut self) -> Result<WatchAccountResponse, Error> {
        let event = self.event().await?;
        Ok(WatchAccountResponse { event: Some(event) })
    }
}
