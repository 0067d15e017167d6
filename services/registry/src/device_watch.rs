//! Somebody's devices as they are, and every change.
//!
//! The stream is made as it is read: there is no queue between this and the connection. A reader
//! that is too slow for the wake-ups gets the whole list again.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use sightline_base::topics::Wake;
use sightline_domain::{AccountId, CloudId, DeviceUser, Principal};
use sightline_rpc::registry::v1::watch_devices_response::Event;
use sightline_rpc::registry::v1::{Device, DeviceList, Heartbeat, WatchDevicesResponse};
use sightline_rpc::session::Session;
use sightline_rpc::stream::Watch;
use tokio::time::Instant;

use crate::Error;
use crate::changes::{Following, Listener, Topic};
use crate::listing::PAGE_BYTES_MAX;
use crate::service::Registry;
use crate::shares::{ShareWatch, Shares};

/// Longest silence; the contract promises 15 seconds.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Streams of one account, or of one device, at a time: screens that show its list.
const WATCHES_MAX: usize = 32;

/// One stream.
pub(crate) struct DeviceWatch {
    registry: Arc<Registry>,
    session: Session,
    viewer: Viewer,
    changes: Listener,
    /// The whole list is due.
    start_over: bool,
    /// Devices to be told next: what did not fit into the list, and what sharing has changed. It
    /// is emptied before more is looked for, so it holds each device of the viewer twice at most.
    pending: VecDeque<CloudId>,
    heartbeat_at: Instant,
}

enum Viewer {
    Account {
        account: AccountId,
        shared: Option<Box<Shared>>,
    },
    DeviceUser(DeviceUser),
}

/// What is shared with an account.
struct Shared {
    watch: ShareWatch,
    shares: Shares,
    _following: Following,
}

impl DeviceWatch {
    pub(crate) fn new(registry: Arc<Registry>, session: Session) -> Result<Self, Error> {
        let (viewer, topic) = match session.caller().principal().clone() {
            Principal::Account(account) => {
                let topic = Topic::Account(account.clone());
                let shared = None;
                (Viewer::Account { account, shared }, topic)
            }
            Principal::DeviceUser(user) => {
                // Apart from its edges and sharing, which are not counted as screens.
                let topic = Topic::DeviceUsers(user.device);
                (Viewer::DeviceUser(user), topic)
            }
        };
        // Before the list is read, so that no change falls between the two.
        let changes = registry.changes.listen(topic);
        if changes.count() > WATCHES_MAX {
            return Err(Error::TooManyWatches(WATCHES_MAX));
        }
        Ok(Self {
            registry,
            session,
            viewer,
            changes,
            start_over: true,
            pending: VecDeque::new(),
            heartbeat_at: Instant::now() + HEARTBEAT,
        })
    }

    async fn event(&mut self) -> Result<Event, Error> {
        self.viewer.open(&self.registry).await?;
        loop {
            let left = self.session.check()?;
            if std::mem::take(&mut self.start_over) {
                return self.list().await;
            }
            if let Some(device) = self.pending.pop_front() {
                return self.device(device).await;
            }
            tokio::select! {
                wake = self.changes.next() => match wake? {
                    Wake::Of(device) => return self.device(device).await,
                    Wake::Everything => self.start_over = true,
                },
                shares = self.viewer.next_shares() => {
                    let changed = self.viewer.take(&self.registry, shares?);
                    self.pending.extend(changed);
                }
                () = tokio::time::sleep_until(self.heartbeat_at) => {
                    self.heartbeat_at = Instant::now() + HEARTBEAT;
                    return Ok(Event::Heartbeat(Heartbeat {}));
                }
                () = self.session.next_end(left) => {}
            }
        }
    }

    async fn list(&mut self) -> Result<Event, Error> {
        let mut ids = self.viewer.devices(&self.registry).await?;
        let (mut devices, mut bytes) = (Vec::new(), 0);
        while bytes <= PAGE_BYTES_MAX
            && let Some(device) = ids.pop_front()
        {
            if let Some(device) = self.viewer.device(&self.registry, device).await? {
                bytes += device.encoded_len();
                devices.push(device);
            }
        }
        self.pending = ids;
        Ok(Event::All(DeviceList { devices }))
    }

    async fn device(&self, device: CloudId) -> Result<Event, Error> {
        Ok(match self.viewer.device(&self.registry, device).await? {
            Some(device) => Event::Changed(device),
            None => Event::RemovedId(device.to_string()),
        })
    }
}

impl Viewer {
    /// Asks sharing, once.
    async fn open(&mut self, registry: &Registry) -> Result<(), Error> {
        if let Self::Account { account, shared } = self
            && shared.is_none()
        {
            let (watch, shares) = ShareWatch::open(registry.grants.clone(), account).await?;
            let following = follow(registry, account, &shares);
            *shared = Some(Box::new(Shared {
                watch,
                shares,
                _following: following,
            }));
        }
        Ok(())
    }

    /// What is shared after a change. Nothing is lost when the future is dropped.
    async fn next_shares(&mut self) -> Result<Shares, Error> {
        match self {
            Self::Account {
                shared: Some(shared),
                ..
            } => shared.watch.next().await,
            _ => std::future::pending().await,
        }
    }

    /// Remembers what is shared, and tells the devices whose share is new, other, or gone.
    fn take(&mut self, registry: &Registry, shares: Shares) -> Vec<CloudId> {
        let Self::Account {
            account,
            shared: Some(shared),
        } = self
        else {
            return Vec::new();
        };
        shared._following = follow(registry, account, &shares);
        let before = std::mem::replace(&mut shared.shares, shares);
        let either: BTreeSet<&CloudId> = before.keys().chain(shared.shares.keys()).collect();
        let changed = |device: &&CloudId| before.get(device) != shared.shares.get(device);
        either.into_iter().filter(changed).copied().collect()
    }

    async fn devices(&self, registry: &Registry) -> Result<VecDeque<CloudId>, Error> {
        Ok(match self {
            Self::Account { account, shared } => {
                let own = registry.records.devices(account).await?;
                let shared = shared.iter().flat_map(|shared| shared.shares.keys());
                own.into_iter().chain(shared.copied()).collect()
            }
            Self::DeviceUser(user) => VecDeque::from([user.device]),
        })
    }

    async fn device(&self, registry: &Registry, device: CloudId) -> Result<Option<Device>, Error> {
        match self {
            Self::Account {
                account,
                shared: Some(shared),
            } => registry.device_of(account, &shared.shares, device).await,
            Self::Account { account, .. } => registry.own_device(account, device).await,
            Self::DeviceUser(user) => registry.device_of_user(user, device).await,
        }
    }
}

fn follow(registry: &Registry, account: &AccountId, shares: &Shares) -> Following {
    let devices = shares.keys().copied().collect();
    registry.changes.follow(account.clone(), devices)
}

impl Watch for DeviceWatch {
    type Item = WatchDevicesResponse;
    type Error = Error;

    async fn next(&mut self) -> Result<WatchDevicesResponse, Error> {
        let event = self.event().await?;
        Ok(WatchDevicesResponse { event: Some(event) })
    }
}
