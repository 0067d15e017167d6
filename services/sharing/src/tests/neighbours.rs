//! The services around: a registry and an identity that say what a test wants.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::Stream;
use sightline_domain::CloudId;
use sightline_rpc::internal::v1::accounts_server::Accounts;
use sightline_rpc::internal::v1::devices_server::Devices;
use sightline_rpc::internal::v1::{
    GetEmailRequest, GetEmailResponse, NotifyRequest, NotifyResponse, Ownership, ReportRequest,
    ReportResponse, WatchOwnershipRequest, WatchOwnershipResponse,
};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::{ZONE, account};

/// The registry's.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(400);

/// Who owns which device, with heartbeats as the contract has them.
#[derive(Debug, Clone)]
pub(super) struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    devices: Mutex<HashMap<String, watch::Sender<(u64, Ownership)>>>,
    mode: watch::Sender<Mode>,
    /// Watches that were opened.
    questions: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Speaks,
    Silent,
    Gone,
}

impl Default for Registry {
    fn default() -> Self {
        Self(Arc::new(Inner {
            devices: Mutex::default(),
            mode: watch::Sender::new(Mode::Speaks),
            questions: AtomicUsize::new(0),
        }))
    }
}

impl Registry {
    /// The device gets a new owner, and with that a new ownership epoch.
    pub(super) fn own(&self, device: CloudId, owner: &str, name: &str) -> u64 {
        self.change(device, |ownership| {
            ownership.epoch += 1;
            ownership.account_id = account(owner).to_string();
            ownership.device_name = name.into();
        })
    }

    /// Nobody owns the device any more.
    pub(super) fn free(&self, device: CloudId) -> u64 {
        self.change(device, |ownership| {
            ownership.epoch += 1;
            ownership.account_id.clear();
            ownership.device_name.clear();
        })
    }

    pub(super) fn rename(&self, device: CloudId, name: &str) {
        self.change(device, |ownership| ownership.device_name = name.into());
    }

    /// The device tells its zone, or has yet to.
    pub(super) fn set_zone(&self, device: CloudId, zone: &str) {
        self.change(device, |ownership| ownership.time_zone = zone.into());
    }

    fn change(&self, device: CloudId, change: impl FnOnce(&mut Ownership)) -> u64 {
        let sender = self.device(&device.to_string());
        sender.send_modify(|(revision, ownership)| {
            *revision += 1;
            ownership.time_zone = ZONE.into();
            change(ownership);
        });
        sender.borrow().1.epoch
    }

    /// How many watches were opened.
    pub(super) fn questions(&self) -> usize {
        self.0.questions.load(Ordering::SeqCst)
    }

    /// Streams stay open and say nothing more.
    pub(super) fn fall_silent(&self) {
        self.0.mode.send_replace(Mode::Silent);
    }

    pub(super) fn speak_again(&self) {
        self.0.mode.send_replace(Mode::Speaks);
    }

    /// Every stream ends, and every call fails.
    pub(super) fn go(&self) {
        self.0.mode.send_replace(Mode::Gone);
    }

    fn device(&self, id: &str) -> watch::Sender<(u64, Ownership)> {
        let mut devices = self.0.devices.lock().unwrap();
        devices.entry(id.to_owned()).or_default().clone()
    }
}

/// One watch of one device.
struct Teller {
    ownership: watch::Receiver<(u64, Ownership)>,
    mode: watch::Receiver<Mode>,
    told: Option<u64>,
}

impl Teller {
    async fn next(&mut self) -> Result<WatchOwnershipResponse, Status> {
        let mut due = self.told.is_none();
        loop {
            let mode = *self.mode.borrow_and_update();
            let (revision, ownership) = self.ownership.borrow_and_update().clone();
            let changed = self.told != Some(revision);
            match mode {
                Mode::Gone => return Err(Status::unavailable("gone")),
                Mode::Speaks if due || changed => {
                    self.told = Some(revision);
                    return Ok(WatchOwnershipResponse {
                        revision,
                        ownership: changed.then_some(ownership),
                    });
                }
                Mode::Speaks | Mode::Silent => {}
            }
            tokio::select! {
                _ = self.ownership.changed() => {}
                _ = self.mode.changed() => {}
                () = tokio::time::sleep(HEARTBEAT) => due = true,
            }
        }
    }
}

#[tonic::async_trait]
impl Devices for Registry {
    async fn report(&self, _: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        Err(Status::unimplemented("sharing does not report"))
    }

    type WatchOwnershipStream =
        Pin<Box<dyn Stream<Item = Result<WatchOwnershipResponse, Status>> + Send>>;

    async fn watch_ownership(
        &self,
        request: Request<WatchOwnershipRequest>,
    ) -> Result<Response<Self::WatchOwnershipStream>, Status> {
        self.0.questions.fetch_add(1, Ordering::SeqCst);
        let sender = self.device(&request.get_ref().device_id);
        let teller = Teller {
            ownership: sender.subscribe(),
            mode: self.0.mode.subscribe(),
            told: None,
        };
        // The sender lives as long as the watch.
        let messages =
            futures::stream::try_unfold((teller, sender), |(mut teller, sender)| async {
                let message = teller.next().await?;
                Ok(Some((message, (teller, sender))))
            });
        Ok(Response::new(Box::pin(messages)))
    }
}

/// Accounts are what [`account`] makes of names; each has the address `{name}@example.org`.
#[derive(Debug, Clone)]
pub(super) struct Identity;

#[tonic::async_trait]
impl Accounts for Identity {
    async fn get_email(
        &self,
        request: Request<GetEmailRequest>,
    ) -> Result<Response<GetEmailResponse>, Status> {
        let id = request.into_inner().account_id;
        let (_, number) = id.rsplit_once('-').unwrap();
        let number = u64::from_str_radix(number, 16).unwrap();
        let name: String = number
            .to_be_bytes()
            .into_iter()
            .filter(|byte| *byte != 0)
            .map(char::from)
            .collect();
        Ok(Response::new(GetEmailResponse {
            email: format!("{name}@example.org"),
        }))
    }

    async fn notify(&self, _: Request<NotifyRequest>) -> Result<Response<NotifyResponse>, Status> {
        Err(Status::unimplemented("sharing does not notify"))
    }
}
