//! The gRPC faces of the registry: for people's clients, and for edges.

use std::sync::{Arc, Weak};

use sightline_base::clock::Clock;
use sightline_coord::{Coordinator, Epoch};
use sightline_domain::CloudId;
use sightline_rpc::auth::Caller;
use sightline_rpc::error::status;
use sightline_rpc::internal::v1::devices_server::Devices;
use sightline_rpc::internal::v1::{
    ReportRequest, ReportResponse, WatchGrantsRequest, WatchGrantsResponse,
};
use sightline_rpc::registry::v1::registry_server::Registry as RegistryApi;
use sightline_rpc::registry::v1::{
    ClaimDeviceRequest, ClaimDeviceResponse, GetDeviceRequest, GetDeviceResponse,
    ListDevicesRequest, ListDevicesResponse, LookupDeviceRequest, LookupDeviceResponse,
    WatchDevicesRequest, WatchDevicesResponse,
};
use sightline_rpc::token::Verifier;
use sightline_store::Store;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use crate::changes::{Changes, Follower};
use crate::claims::Limits;
use crate::device_watch::DeviceWatch;
use crate::edges::EdgeCalls;
use crate::grants::GrantWatch;
use crate::records::Records;
use crate::stream::{Messages, messages};
use crate::unclaimed::Unclaimed;
use crate::{Config, Error};

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
}

/// The registry: serves `registry.v1.Registry` and `internal.v1.Devices`. Cheap to clone; it ends
/// with the last clone.
#[derive(Debug, Clone)]
pub struct Service {
    registry: Arc<Registry>,
    _follower: Arc<Follower>,
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
        } = parts;
        let registry = Arc::new(Registry {
            records: Records::new(store),
            coordinator,
            edges,
            clock,
            unclaimed: Unclaimed::default(),
            changes: Arc::default(),
            limits: Limits::new(config),
            verifier,
        });
        let follower = Follower::start(
            Arc::clone(&registry.changes),
            registry.records.clone(),
            &registry.coordinator,
            note_disconnects(&registry),
        );
        Self {
            registry,
            _follower: Arc::new(follower),
        }
    }
}

impl Service {
    fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let now = self.registry.clock.now_unix_ms();
        self.registry
            .verifier
            .caller(request.metadata(), now)
            .map_err(|error| status(&error))
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
        let caller = self.caller(&request)?;
        answer(
            self.registry
                .look_up(caller.account(), request.get_ref())
                .await,
        )
    }

    async fn claim_device(
        &self,
        request: Request<ClaimDeviceRequest>,
    ) -> Result<Response<ClaimDeviceResponse>, Status> {
        let caller = self.caller(&request)?;
        let claimed = self
            .registry
            .claim(caller.account().clone(), request.get_ref())
            .await;
        answer(claimed.map(|device| ClaimDeviceResponse {
            device: Some(device),
        }))
    }

    async fn list_devices(
        &self,
        request: Request<ListDevicesRequest>,
    ) -> Result<Response<ListDevicesResponse>, Status> {
        let caller = self.caller(&request)?;
        answer(
            self.registry
                .list(caller.account(), request.get_ref())
                .await,
        )
    }

    type WatchDevicesStream = Messages<WatchDevicesResponse>;

    async fn watch_devices(
        &self,
        request: Request<WatchDevicesRequest>,
    ) -> Result<Response<Self::WatchDevicesStream>, Status> {
        let caller = self.caller(&request)?;
        answer(DeviceWatch::new(Arc::clone(&self.registry), caller).map(messages))
    }

    async fn get_device(
        &self,
        request: Request<GetDeviceRequest>,
    ) -> Result<Response<GetDeviceResponse>, Status> {
        let caller = self.caller(&request)?;
        answer(self.registry.get(caller.account(), request.get_ref()).await)
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

    type WatchGrantsStream = Messages<WatchGrantsResponse>;

    async fn watch_grants(
        &self,
        request: Request<WatchGrantsRequest>,
    ) -> Result<Response<Self::WatchGrantsStream>, Status> {
        let watch = GrantWatch::new(Arc::clone(&self.registry), request.get_ref());
        answer(watch.map(messages))
    }
}
