//! The gRPC faces of the registry: for people's clients, and for edges.

use std::sync::{Arc, Weak};

use sightline_base::clock::Clock;
use sightline_base::net::Peer;
use sightline_base::place::Network;
use sightline_coord::{Coordinator, Epoch};
use sightline_domain::{AccountId, CloudId};
use sightline_rpc::Channel;
use sightline_rpc::auth::Caller;
use sightline_rpc::error::status;
use sightline_rpc::internal::v1::accounts_client::AccountsClient;
use sightline_rpc::internal::v1::device_calls_server::DeviceCalls;
use sightline_rpc::internal::v1::devices_server::Devices;
use sightline_rpc::internal::v1::grants_client::GrantsClient;
use sightline_rpc::internal::v1::{
    ReportRequest, ReportResponse, VerifyClaimRequest, VerifyClaimResponse, VerifyUserRequest,
    VerifyUserResponse, WatchOwnershipRequest, WatchOwnershipResponse,
};
use sightline_rpc::registry::v1::registry_server::Registry as RegistryApi;
use sightline_rpc::registry::v1::{
    ClaimDeviceRequest, ClaimDeviceResponse, DeleteDeviceRequest, DeleteDeviceResponse,
    GetDeviceRequest, GetDeviceResponse, ImportDevicesRequest, ListDevicesRequest,
    ListDevicesResponse, LookupDeviceRequest, LookupDeviceResponse, UpdateDeviceRequest,
    UpdateDeviceResponse, WatchDevicesRequest, WatchDevicesResponse,
};
use sightline_rpc::run::to_the_end;
use sightline_rpc::session::Session;
use sightline_rpc::stream::{Messages, messages};
use sightline_rpc::token::Verifier;
use sightline_store::Store;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

use crate::background::Background;
use crate::changes::{Changes, Follower};
use crate::device_watch::DeviceWatch;
use crate::edges::EdgeCalls;
use crate::limits::Limits;
use crate::ownership::OwnershipWatch;
use crate::records::Records;
use crate::unclaimed::Unclaimed;
use crate::{Config, Error, import, unbind};

/// Records of devices that went offline which are written at a time. When an edge with thousands of
/// devices ends, the others wait their turn; that costs their owners a late "last seen".
const DISCONNECTS_MAX: usize = 64;

/// What the registry works with.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Durable records.
    pub store: Arc<dyn Store>,
    /// Which devices are connected, and where.
    pub coordinator: Arc<dyn Coordinator>,
    /// The way to connected devices.
    pub edges: Arc<dyn EdgeCalls>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Sharing: what is shared with an account, and the end of all shares of a device.
    pub grants: GrantsClient<Channel>,
    /// Identity: mail to an account.
    pub accounts: AccountsClient<Channel>,
}

/// The registry: serves `registry.v1.Registry`, `internal.v1.Devices` and
/// `internal.v1.DeviceCalls`, and takes an operator's calls. Cheap to clone; it ends with the last
/// clone.
#[derive(Debug, Clone)]
pub struct Service {
    registry: Arc<Registry>,
    _follower: Arc<Follower>,
    /// Aborted when dropped.
    _unbinds: Arc<JoinSet<()>>,
}

/// The parts that every call uses. What is done with them stands in the file of each subject.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) records: Records,
    pub(crate) coordinator: Arc<dyn Coordinator>,
    pub(crate) edges: Arc<dyn EdgeCalls>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) unclaimed: Unclaimed,
    pub(crate) changes: Arc<Changes>,
    pub(crate) limits: Limits,
    pub(crate) grants: GrantsClient<Channel>,
    pub(crate) accounts: AccountsClient<Channel>,
    pub(crate) background: Background,
    verifier: Verifier,
}

impl Service {
    /// Starts the service; needs a tokio runtime.
    #[must_use]
    pub fn start(config: &Config, parts: Parts) -> Self {
        let Parts {
            store,
            coordinator,
            edges,
            clock,
            verifier,
            grants,
            accounts,
        } = parts;
        let registry = Arc::new(Registry {
            records: Records::new(store),
            coordinator,
            edges,
            clock,
            unclaimed: Unclaimed::default(),
            changes: Arc::default(),
            limits: Limits::new(config),
            grants,
            accounts,
            background: Background::default(),
            verifier,
        });
        let follower = Follower::start(
            Arc::clone(&registry.changes),
            registry.records.clone(),
            &registry.coordinator,
            note_disconnects(&registry),
        );
        let mut unbinds = JoinSet::new();
        let requests = unbind::requests(&registry);
        unbinds.spawn(unbind::run(Arc::downgrade(&registry), requests));
        Self {
            registry,
            _follower: Arc::new(follower),
            _unbinds: Arc::new(unbinds),
        }
    }
}

impl Service {
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let now = self.registry.clock.now_unix_ms();
        self.registry
            .verifier
            .caller(request.metadata(), now)
            .map_err(|error| status(&error))
    }

    /// For what only accounts can do.
    fn account<T>(&self, request: &Request<T>) -> Result<AccountId, Status> {
        let caller = self.caller(request)?;
        let account = caller.account().map_err(|error| status(&error))?;
        Ok(account.clone())
    }

    /// Where a request comes from; `None` within this process.
    fn network<T>(request: &Request<T>) -> Option<Network> {
        let peer = request.extensions().get::<Peer>();
        peer.map(|peer| Network::from(peer.0.ip()))
    }

    /// For a stream, which may not outlive the sign-in.
    fn session<T>(&self, request: &Request<T>) -> Result<Session, Status> {
        let (verifier, clock) = (&self.registry.verifier, &self.registry.clock);
        let caller = self.caller(request)?;
        Ok(Session::new(caller, verifier.clone(), Arc::clone(clock)))
    }
}

/// Writes down, beside the caller's work, when a device was last seen.
fn note_disconnects(registry: &Arc<Registry>) -> impl Fn(CloudId, Epoch) + Send + 'static {
    let registry = Arc::downgrade(registry);
    let turns = Arc::new(Semaphore::new(DISCONNECTS_MAX));
    move |device, epoch| {
        let (registry, turns) = (Weak::clone(&registry), Arc::clone(&turns));
        tokio::spawn(async move {
            let _turn = turns.acquire().await;
            let Some(registry) = registry.upgrade() else {
                return;
            };
            if let Err(error) = registry.disconnected(device, epoch).await {
                tracing::warn!(%device, %error, "write down when a device was last seen");
            }
        });
    }
}

fn answer<T>(result: Result<T, Error>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| status(&error))
}

#[tonic::async_trait]
impl RegistryApi for Service {
    async fn lookup_device(
        &self,
        request: Request<LookupDeviceRequest>,
    ) -> Result<Response<LookupDeviceResponse>, Status> {
        let account = self.account(&request)?;
        answer(self.registry.look_up(&account, request.get_ref()).await)
    }

    async fn claim_device(
        &self,
        request: Request<ClaimDeviceRequest>,
    ) -> Result<Response<ClaimDeviceResponse>, Status> {
        let account = self.account(&request)?;
        let network = Self::network(&request);
        let registry = Arc::clone(&self.registry);
        let claim = async move { registry.claim(account, network, request.get_ref()).await };
        let device = Some(to_the_end(claim).await?);
        Ok(Response::new(ClaimDeviceResponse { device }))
    }

    async fn list_devices(
        &self,
        request: Request<ListDevicesRequest>,
    ) -> Result<Response<ListDevicesResponse>, Status> {
        let caller = self.caller(&request)?;
        let caller = caller.principal();
        answer(self.registry.list(caller, request.get_ref()).await)
    }

    type WatchDevicesStream = Messages<WatchDevicesResponse>;

    async fn watch_devices(
        &self,
        request: Request<WatchDevicesRequest>,
    ) -> Result<Response<Self::WatchDevicesStream>, Status> {
        let session = self.session(&request)?;
        answer(DeviceWatch::new(Arc::clone(&self.registry), session).map(messages))
    }

    async fn get_device(
        &self,
        request: Request<GetDeviceRequest>,
    ) -> Result<Response<GetDeviceResponse>, Status> {
        let caller = self.caller(&request)?;
        let caller = caller.principal();
        answer(self.registry.get(caller, request.get_ref()).await)
    }

    async fn update_device(
        &self,
        request: Request<UpdateDeviceRequest>,
    ) -> Result<Response<UpdateDeviceResponse>, Status> {
        let account = self.account(&request)?;
        let renamed = self.registry.rename(&account, request.get_ref()).await;
        answer(renamed.map(|device| UpdateDeviceResponse {
            device: Some(device),
        }))
    }

    async fn delete_device(
        &self,
        request: Request<DeleteDeviceRequest>,
    ) -> Result<Response<DeleteDeviceResponse>, Status> {
        let account = self.account(&request)?;
        let registry = Arc::clone(&self.registry);
        to_the_end(async move { registry.delete(&account, request.get_ref()).await }).await?;
        Ok(Response::new(DeleteDeviceResponse {}))
    }

    type ImportDevicesStream = import::Results;

    async fn import_devices(
        &self,
        request: Request<ImportDevicesRequest>,
    ) -> Result<Response<Self::ImportDevicesStream>, Status> {
        let session = self.session(&request)?;
        let network = Self::network(&request);
        let registry = Arc::clone(&self.registry);
        answer(import::import(
            registry,
            session,
            network,
            request.get_ref(),
        ))
    }
}

#[tonic::async_trait]
impl Devices for Service {
    async fn report(
        &self,
        request: Request<ReportRequest>,
    ) -> Result<Response<ReportResponse>, Status> {
        answer(
            self.registry
                .report(request.into_inner())
                .await
                .map(|()| ReportResponse {}),
        )
    }

    type WatchOwnershipStream = Messages<WatchOwnershipResponse>;

    async fn watch_ownership(
        &self,
        request: Request<WatchOwnershipRequest>,
    ) -> Result<Response<Self::WatchOwnershipStream>, Status> {
        let watch = OwnershipWatch::new(Arc::clone(&self.registry), request.get_ref());
        answer(watch.map(messages))
    }
}

#[tonic::async_trait]
impl DeviceCalls for Service {
    async fn verify_claim(
        &self,
        request: Request<VerifyClaimRequest>,
    ) -> Result<Response<VerifyClaimResponse>, Status> {
        answer(self.registry.verify_claim(request.into_inner()).await)
    }

    async fn verify_user(
        &self,
        request: Request<VerifyUserRequest>,
    ) -> Result<Response<VerifyUserResponse>, Status> {
        answer(self.registry.verify_user(request.into_inner()).await)
    }
}
