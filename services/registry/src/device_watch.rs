//! An account's devices as they are, and every change.
//!
//! The stream is made as it is read: there is no queue between this and the connection. A reader
//! that is too slow for the wake-ups gets the whole list again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use sightline_domain::{AccountId, CloudId};
use sightline_rpc::auth::{Caller, Unauthenticated};
use sightline_rpc::registry::v1::watch_devices_response::Event;
use sightline_rpc::registry::v1::{DeviceList, Heartbeat, WatchDevicesResponse};
use sightline_rpc::token::Invalid;
use sightline_store::MAX_SCAN;
use tokio::time::Instant;

use crate::Error;
use crate::changes::{Listener, Wake};
use crate::listing::PAGE_BYTES_MAX;
use crate::service::Registry;
use crate::stream::Watch;

/// Longest silence; the contract promises 15 seconds.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Streams of one account at a time: screens that show its list.
const WATCHES_PER_ACCOUNT_MAX: usize = 32;

/// One stream.
pub(crate) struct DeviceWatch {
    registry: Arc<Registry>,
    caller: Caller,
    changes: Listener<AccountId>,
    /// The whole list is due.
    start_over: bool,
    /// Devices to be told next: what did not fit into the list.
    pending: VecDeque<CloudId>,
    heartbeat_at: Instant,
}

impl DeviceWatch {
    pub(crate) fn new(registry: Arc<Registry>, caller: Caller) -> Result<Self, Error> {
        // Before the list is read, so that no change falls between the two.
        let changes = registry.changes.of_account(caller.account());
        if changes.count() > WATCHES_PER_ACCOUNT_MAX {
            return Err(Error::TooManyWatches(WATCHES_PER_ACCOUNT_MAX));
        }
        let heartbeat_at = Instant::now() + HEARTBEAT;
        let pending = VecDeque::new();
        Ok(Self {
            registry,
            caller,
            changes,
            start_over: true,
            pending,
            heartbeat_at,
        })
    }

    async fn event(&mut self) -> Result<Event, Error> {
        loop {
            let left = self.until_expiry()?;
            if std::mem::take(&mut self.start_over) {
                return self.list().await;
            }
            if let Some(device) = self.pending.pop_front() {
                return self.device(device).await;
            }
            tokio::select! {
                wake = self.changes.next() => match wake? {
                    Wake::Device(device) => return self.device(device).await,
                    Wake::Everything => self.start_over = true,
                },
                () = tokio::time::sleep_until(self.heartbeat_at) => {
                    self.heartbeat_at = Instant::now() + HEARTBEAT;
                    return Ok(Event::Heartbeat(Heartbeat {}));
                }
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    fn until_expiry(&self) -> Result<Duration, Error> {
        let left_ms = self.caller.expires_at_unix_ms() - self.registry.clock.now_unix_ms();
        match u64::try_from(left_ms) {
            Ok(left_ms) if left_ms > 0 => Ok(Duration::from_millis(left_ms)),
            _ => Err(Unauthenticated::from(Invalid::Expired).into()),
        }
    }

    async fn list(&mut self) -> Result<Event, Error> {
        let account = self.caller.account();
        let found = self
            .registry
            .records
            .devices(account, None, MAX_SCAN)
            .await?;
        let mut ids: VecDeque<CloudId> = found.into_iter().map(|(_, device)| device).collect();
        let (mut devices, mut bytes) = (Vec::new(), 0);
        while bytes <= PAGE_BYTES_MAX
            && let Some(device) = ids.pop_front()
        {
            if let Some(device) = self.registry.device_of(account, device).await? {
                bytes += device.encoded_len();
                devices.push(device);
            }
        }
        self.pending = ids;
        Ok(Event::All(DeviceList { devices }))
    }

    async fn device(&self, device: CloudId) -> Result<Event, Error> {
        Ok(
            match self
                .registry
                .device_of(self.caller.account(), device)
                .await?
            {
                Some(device) => Event::Changed(device),
                None => Event::RemovedId(device.to_string()),
            },
        )
    }
}

impl Watch for DeviceWatch {
    type Item = WatchDevicesResponse;

    async fn next(&mut self) -> Result<WatchDevicesResponse, Error> {
        let event = self.event().await?;
        Ok(WatchDevicesResponse { event: Some(event) })
    }
}
