//! The devices that are shared with an account, for the registry.

use std::sync::Arc;
use std::time::Duration;

use sightline_base::topics::Wake;
use sightline_domain::AccountId;
use sightline_rpc::internal::v1::watch_account_response::Event;
use sightline_rpc::internal::v1::{
    SharedDeviceGrant, SharedDevices, Unchanged, WatchAccountRequest, WatchAccountResponse,
};
use sightline_rpc::stream::Watch;
use sightline_rpc::terms::terms_to_proto;
use tokio::time::Instant;

use crate::Error;
use crate::changes::Listener;
use crate::recipient::RECEIVED_PER_ACCOUNT_MAX;
use crate::records;
use crate::service::Sharing;
use crate::view::Present;

/// Longest silence.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// One stream. It is made as it is read: there is no queue between this and the connection.
pub(crate) struct AccountWatch {
    sharing: Arc<Sharing>,
    account: AccountId,
    changes: Listener,
    told: Option<SharedDevices>,
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
            heartbeat_at: Instant::now() + HEARTBEAT,
        })
    }

    async fn event(&mut self) -> Result<Event, Error> {
        loop {
            let Some(told) = &self.told else {
                let devices = self.read().await?;
                return Ok(self.tell(devices));
            };
            let until_end = self.until_end(told);
            let (devices, due) = tokio::select! {
                wake = self.changes.next() => match wake? {
                    Wake::Of(share) => (self.read_one(told.clone(), &share).await?, false),
                    Wake::Everything => (self.read().await?, false),
                },
                () = tokio::time::sleep(until_end) => (self.without_ended(told), false),
                // The list is read again then, too: an owner may have gone unnoticed.
                () = tokio::time::sleep_until(self.heartbeat_at) => (self.read().await?, true),
            };
            if *told != devices {
                return Ok(self.tell(devices));
            }
            if due {
                self.heartbeat_at = Instant::now() + HEARTBEAT;
                return Ok(Event::Unchanged(Unchanged {}));
            }
        }
    }

    fn tell(&mut self, devices: SharedDevices) -> Event {
        self.heartbeat_at = Instant::now() + HEARTBEAT;
        self.told = Some(devices.clone());
        Event::All(devices)
    }

    /// Until the next share ends by itself.
    fn until_end(&self, told: &SharedDevices) -> Duration {
        let end = told.devices.iter().filter_map(ends_at_unix_ms).min();
        end.map_or(HEARTBEAT, |end| {
            let left_ms = u64::try_from(end - self.sharing.now()).unwrap_or(0);
            Duration::from_millis(left_ms)
        })
    }

    fn without_ended(&self, told: &SharedDevices) -> SharedDevices {
        let mut devices = told.devices.clone();
        let now = self.sharing.now();
        devices.retain(|grant| ends_at_unix_ms(grant).is_none_or(|end| end > now));
        SharedDevices { devices }
    }

    /// The whole list.
    async fn read(&self) -> Result<SharedDevices, Error> {
        let lists = [records::received(&self.account)];
        let records = &self.sharing.records;
        let entries = records.entries(&lists, RECEIVED_PER_ACCOUNT_MAX).await?;
        let (mut devices, mut present) = (Vec::new(), Present::new(&self.sharing));
        for (_, entry) in entries {
            devices.extend(self.grant(&mut present, &entry.id).await?);
        }
        Ok(SharedDevices { devices })
    }

    /// The list with one share as it is now. The others are not read again: each would cost a
    /// question to the registry.
    async fn read_one(&self, mut list: SharedDevices, id: &str) -> Result<SharedDevices, Error> {
        let grant = self.grant(&mut Present::new(&self.sharing), id).await?;
        let devices = &mut list.devices;
        match (devices.iter().position(|known| known.share_id == id), grant) {
            (Some(place), Some(grant)) => devices[place] = grant,
            (Some(place), None) => {
                devices.remove(place);
            }
            (None, grant) => devices.extend(grant),
        }
        Ok(list)
    }

    async fn grant(
        &self,
        present: &mut Present<'_>,
        id: &str,
    ) -> Result<Option<SharedDeviceGrant>, Error> {
        let Some((_, share)) = self.sharing.records.share(id).await? else {
            return Ok(None);
        };
        let holds = present.is_accepted(&share).await?;
        Ok(holds.then(|| SharedDeviceGrant {
            device_id: share.device.to_string(),
            terms: Some(terms_to_proto(&share.terms)),
            ownership_epoch: share.ownership_epoch,
            share_id: share.id,
            owner_hint: share.owner_hint,
        }))
    }
}

/// When a share ends by itself, milliseconds since the Unix epoch.
fn ends_at_unix_ms(grant: &SharedDeviceGrant) -> Option<i64> {
    let end = grant.terms.as_ref().map(|terms| terms.ends_at_unix_ms);
    end.filter(|end| *end != 0)
}

impl Watch for AccountWatch {
    type Item = WatchAccountResponse;
    type Error = Error;

    async fn next(&mut self) -> Result<WatchAccountResponse, Error> {
        let event = self.event().await?;
        Ok(WatchAccountResponse { event: Some(event) })
    }
}
