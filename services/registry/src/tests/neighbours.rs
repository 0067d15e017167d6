//! The services around the registry, as these tests need them: each is served over a channel as in
//! a running cloud.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use sightline_coord::EdgeId;
use sightline_domain::{AccountId, CloudId};
use sightline_rpc::Channel;
use sightline_rpc::channel::local;
use sightline_rpc::internal::v1::accounts_client::AccountsClient;
use sightline_rpc::internal::v1::accounts_server::{Accounts, AccountsServer};
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;
use sightline_rpc::internal::v1::device_calls_server::{DeviceCalls, DeviceCallsServer};
use sightline_rpc::internal::v1::grants_client::GrantsClient;
use sightline_rpc::internal::v1::grants_server::{Grants, GrantsServer};
use sightline_rpc::internal::v1::watch_account_response::Event;
use sightline_rpc::internal::v1::{
    EndSharesRequest, EndSharesResponse, GetEmailRequest, GetEmailResponse, NotifyRequest,
    NotifyResponse, SharedDeviceGrant, SharedDevices, Unchanged, VerifyClaimRequest,
    VerifyClaimResponse, VerifyUserRequest, VerifyUserResponse, WatchAccountRequest,
    WatchAccountResponse, WatchDeviceRequest, WatchDeviceResponse,
};
use sightline_rpc::sharing::v1::{Permission, Terms};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::{ADMINISTRATOR, CODE, ORDINARY_USER, PASSWORD};
use crate::EdgeCalls;

/// The edge of all devices in these tests. Their code is [`CODE`]; they have an administrator and
/// an ordinary user with one [`PASSWORD`].
#[derive(Debug, Default)]
pub(super) struct Edge {
    pub(super) asked: AtomicUsize,
    pub(super) answers: Mutex<HashMap<String, VerifyClaimResponse>>,
    pub(super) mute: Mutex<Option<CloudId>>,
}

#[derive(Debug, Clone)]
pub(super) struct Edges(pub(super) Arc<Edge>);

impl Edge {
    async fn question(&self, device_id: &str) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mute = *self.mute.lock().unwrap();
        if mute.is_some_and(|mute| mute.to_string() == device_id) {
            std::future::pending::<()>().await;
        }
    }
}

#[tonic::async_trait]
impl DeviceCalls for Edges {
    async fn verify_claim(
        &self,
        request: Request<VerifyClaimRequest>,
    ) -> Result<Response<VerifyClaimResponse>, Status> {
        let request = request.into_inner();
        self.0.question(&request.device_id).await;
        let answers = self.0.answers.lock().unwrap();
        let set = answers.get(&request.device_id).copied();
        let accepted = request.verification_code == CODE;
        Ok(Response::new(set.unwrap_or(VerifyClaimResponse {
            accepted,
            retry_after_s: 0,
        })))
    }

    async fn verify_user(
        &self,
        request: Request<VerifyUserRequest>,
    ) -> Result<Response<VerifyUserResponse>, Status> {
        let request = request.into_inner();
        self.0.question(&request.device_id).await;
        let known = [ADMINISTRATOR, ORDINARY_USER].contains(&request.user_name.as_str());
        let accepted = known && request.password == PASSWORD;
        Ok(Response::new(VerifyUserResponse {
            accepted,
            administrator: accepted && request.user_name == ADMINISTRATOR,
            // Not an edge's to say.
            ownership_epoch: u64::MAX,
            ..VerifyUserResponse::default()
        }))
    }
}

impl EdgeCalls for Edges {
    fn for_edge(&self, edge: &EdgeId) -> Option<DeviceCallsClient<Channel>> {
        let server = DeviceCallsServer::new(self.clone());
        (edge.as_str() == "edge-1").then(|| DeviceCallsClient::new(local(server)))
    }
}

/// Sharing: what is set here is shared.
#[derive(Debug, Clone, Default)]
pub(super) struct Sharing {
    /// By account.
    shared: Arc<watch::Sender<HashMap<String, Vec<SharedDeviceGrant>>>>,
    pub(super) ended: Arc<watch::Sender<Vec<EndSharesRequest>>>,
    /// Answers nothing.
    pub(super) down: Arc<AtomicBool>,
    /// Calls of `EndShares` that fail before one succeeds.
    pub(super) failures: Arc<AtomicUsize>,
}

/// Live view of the whole device at all times.
pub(super) fn live() -> Terms {
    Terms {
        permissions: vec![Permission::ViewLive.into()],
        ..Terms::default()
    }
}

impl Sharing {
    pub(super) fn client(&self) -> GrantsClient<Channel> {
        GrantsClient::new(local(GrantsServer::new(self.clone())))
    }

    /// Shares a device with an account under its first owner, instead of what was shared of it
    /// before.
    pub(super) fn share(&self, device: CloudId, with: &AccountId, terms: Terms) {
        self.revoke(device, with);
        let grant = SharedDeviceGrant {
            device_id: device.to_string(),
            share_id: "share-1".into(),
            terms: Some(terms),
            owner_hint: "a…n@example.org".into(),
            ownership_epoch: 1,
        };
        self.shared
            .send_modify(|shared| shared.entry(with.to_string()).or_default().push(grant));
    }

    pub(super) fn revoke(&self, device: CloudId, with: &AccountId) {
        self.shared.send_modify(|shared| {
            let grants = shared.entry(with.to_string()).or_default();
            grants.retain(|grant| grant.device_id != device.to_string());
        });
    }
}

#[tonic::async_trait]
impl Grants for Sharing {
    type WatchDeviceStream = BoxStream<'static, Result<WatchDeviceResponse, Status>>;

    async fn watch_device(
        &self,
        _: Request<WatchDeviceRequest>,
    ) -> Result<Response<Self::WatchDeviceStream>, Status> {
        Err(Status::unimplemented("for edges"))
    }

    type WatchAccountStream = BoxStream<'static, Result<WatchAccountResponse, Status>>;

    async fn watch_account(
        &self,
        request: Request<WatchAccountRequest>,
    ) -> Result<Response<Self::WatchAccountStream>, Status> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Status::unavailable("down"));
        }
        let account = request.into_inner().account_id;
        let mut shared = self.shared.subscribe();
        shared.mark_changed();
        let messages = futures::stream::unfold(shared, move |mut shared| {
            let account = account.clone();
            async move {
                let changed = tokio::time::timeout(Duration::from_secs(10), shared.changed()).await;
                let event = match changed {
                    Ok(changed) => {
                        changed.ok()?;
                        let devices = shared.borrow_and_update().get(&account).cloned();
                        let devices = devices.unwrap_or_default();
                        Event::All(SharedDevices { devices })
                    }
                    Err(_) => Event::Unchanged(Unchanged {}),
                };
                Some((Ok(WatchAccountResponse { event: Some(event) }), shared))
            }
        });
        Ok(Response::new(messages.boxed()))
    }

    async fn end_shares(
        &self,
        request: Request<EndSharesRequest>,
    ) -> Result<Response<EndSharesResponse>, Status> {
        let left = |left: usize| left.checked_sub(1);
        let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
        if self.failures.fetch_update(set, fetch, left).is_ok() {
            return Err(Status::unavailable("restarting"));
        }
        self.ended
            .send_modify(|ended| ended.push(request.into_inner()));
        Ok(Response::new(EndSharesResponse {}))
    }
}

/// Identity, as far as it mails.
#[derive(Debug, Clone, Default)]
pub(super) struct Mail {
    pub(super) sent: Arc<watch::Sender<Vec<NotifyRequest>>>,
    /// Takes no mail.
    pub(super) down: Arc<AtomicBool>,
}

impl Mail {
    pub(super) fn client(&self) -> AccountsClient<Channel> {
        AccountsClient::new(local(AccountsServer::new(self.clone())))
    }
}

#[tonic::async_trait]
impl Accounts for Mail {
    async fn get_email(
        &self,
        _: Request<GetEmailRequest>,
    ) -> Result<Response<GetEmailResponse>, Status> {
        Err(Status::unimplemented("for sharing"))
    }

    async fn notify(
        &self,
        request: Request<NotifyRequest>,
    ) -> Result<Response<NotifyResponse>, Status> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Status::unavailable("down"));
        }
        self.sent
            .send_modify(|mails| mails.push(request.into_inner()));
        Ok(Response::new(NotifyResponse {}))
    }
}
