//! The rules of the service, through its gRPC faces, on a store in a directory.

mod administrators;
mod changing;
mod claim_limits;
mod claims;
mod edge_side;
mod guests;
mod importing;
mod listing;
mod neighbours;
mod unbinds;
mod watching;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sightline_base::clock::SetClock;
use sightline_base::net::Peer;
use sightline_coord::{Coordinator, EdgeInfo, Epoch, Local, Membership};
use sightline_domain::{AccountId, CloudId, DeviceUser, Principal};
use sightline_rpc::Channel;
use sightline_rpc::channel::local;
use sightline_rpc::device::v1::{self as device, DescribeResponse, DeviceKind};
use sightline_rpc::error::reason;
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;
use sightline_rpc::internal::v1::device_calls_server::DeviceCallsServer;
use sightline_rpc::internal::v1::devices_client::DevicesClient;
use sightline_rpc::internal::v1::devices_server::DevicesServer;
use sightline_rpc::internal::v1::{ReportRequest, VerifyClaimResponse};
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::registry::v1::registry_server::RegistryServer;
use sightline_rpc::registry::v1::{
    ClaimDeviceRequest, DeleteDeviceRequest, Device, DeviceAdministrator, GetDeviceRequest,
    ListDevicesRequest, ListDevicesResponse, LookupDeviceRequest, LookupDeviceResponse,
    UpdateDeviceRequest, WatchDevicesRequest, WatchDevicesResponse,
};
use sightline_rpc::token::{Claims, Signer};
use sightline_store::{SledStore, Store};
use tonic::{Request, Status, Streaming};

use self::neighbours::{Edge, Edges, Mail, Sharing, live};
use crate::service::Parts;
use crate::{Config, Service};

const CODE: &str = "K7QM-2X9D";
const WRONG: &str = "0000-0000";
const ADMINISTRATOR: &str = "admin";
const ORDINARY_USER: &str = "guard";
const PASSWORD: &str = "Wx7 & quiet";
const START_MS: i64 = 1_800_000_000_000;
const MINUTE_MS: i64 = 60_000;
/// Far beyond every test.
const TOKEN_LIFE_MS: i64 = 1000 * 24 * 60 * MINUTE_MS;

/// A running service and what stands around it.
struct Cloud {
    service: Service,
    edge: Arc<Edge>,
    sharing: Sharing,
    mail: Mail,
    store: Arc<dyn Store>,
    coordinator: Arc<dyn Coordinator>,
    membership: Membership,
    clock: Arc<SetClock>,
    signer: Signer,
    /// To start the service again.
    parts: Parts,
    _dir: tempfile::TempDir,
}

impl Cloud {
    async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    async fn start_with(config: Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&dir.path().join("store")).unwrap());
        let coordinator: Arc<dyn Coordinator> =
            Arc::new(Local::open(&dir.path().join("coord")).unwrap());
        let edge_id = "edge-1".parse().unwrap();
        let membership = coordinator
            .join(EdgeInfo {
                id: edge_id,
                address: None,
            })
            .await
            .unwrap();
        let clock = SetClock::at_unix_ms(START_MS);
        let signer = Signer::from_pkcs8(&Signer::generate_key().unwrap()).unwrap();
        let edge = Arc::new(Edge::default());
        let (sharing, mail) = (Sharing::default(), Mail::default());
        let parts = Parts {
            store: Arc::clone(&store),
            coordinator: Arc::clone(&coordinator),
            edges: Arc::new(Edges(Arc::clone(&edge))),
            clock: Arc::<SetClock>::clone(&clock),
            verifier: signer.verifier(),
            grants: sharing.client(),
            accounts: mail.client(),
        };
        let service = Service::start(&config, parts.clone());
        Self {
            service,
            edge,
            sharing,
            mail,
            store,
            coordinator,
            membership,
            clock,
            signer,
            parts,
            _dir: dir,
        }
    }

    fn person(&self, n: u32) -> Person {
        self.person_until(n, START_MS + TOKEN_LIFE_MS)
    }

    /// Signed in until then, milliseconds since the Unix epoch.
    fn person_until(&self, n: u32, expires_at_ms: i64) -> Person {
        let account: AccountId = format!("0190a000-0000-7000-8000-{n:012x}").parse().unwrap();
        let principal = Principal::Account(account.clone());
        let claims = Claims::new(
            &principal,
            format!("session {n}"),
            START_MS / 1000,
            expires_at_ms / 1000,
        );
        let token = self.signer.sign(&claims).unwrap();
        let client = self.client();
        Person {
            account,
            token,
            client,
            address: None,
        }
    }

    /// Signed in by device, under this ownership of it.
    fn device_user(&self, device: CloudId, ownership_epoch: u64) -> Person {
        let principal = Principal::DeviceUser(DeviceUser {
            device,
            name: ADMINISTRATOR.into(),
            administrator: true,
            ownership_epoch,
        });
        let expires_at_s = (START_MS + TOKEN_LIFE_MS) / 1000;
        let claims = Claims::new(&principal, "device".into(), START_MS / 1000, expires_at_s);
        Person {
            token: self.signer.sign(&claims).unwrap(),
            ..self.person(0)
        }
    }

    fn client(&self) -> RegistryClient<Channel> {
        RegistryClient::new(local(RegistryServer::new(self.service.clone())))
    }

    fn device_calls(&self) -> DeviceCallsClient<Channel> {
        DeviceCallsClient::new(local(DeviceCallsServer::new(self.service.clone())))
    }

    /// A device that is connected and has this owner.
    async fn owned(&self, device: CloudId, owner: &Person, name: &str) -> Epoch {
        let epoch = self.connect(device).await;
        owner.claim(device, name, CODE).await.unwrap();
        epoch
    }

    fn devices(&self) -> DevicesClient<Channel> {
        DevicesClient::new(local(DevicesServer::new(self.service.clone())))
    }

    /// The device connects and tells what it is.
    async fn connect(&self, device: CloudId) -> Epoch {
        let epoch = self.claim_session(device).await;
        self.report(device, epoch, recorder()).await.unwrap();
        epoch
    }

    /// The device connects, and has told nothing yet.
    async fn claim_session(&self, device: CloudId) -> Epoch {
        self.coordinator
            .claim(device, self.membership.edge())
            .await
            .unwrap()
    }

    async fn disconnect(&self, device: CloudId, epoch: Epoch) {
        self.coordinator.release(device, epoch).await.unwrap();
    }

    async fn report(
        &self,
        device: CloudId,
        epoch: Epoch,
        description: DescribeResponse,
    ) -> Result<(), Status> {
        let request = ReportRequest {
            device_id: device.to_string(),
            epoch: epoch.0,
            description: Some(description),
            uplink_bits_per_s: 0,
        };
        self.devices().report(request).await.map(|_| ())
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
struct Person {
    account: AccountId,
    token: String,
    client: RegistryClient<Channel>,
    /// `None` within the process of the cloud.
    address: Option<IpAddr>,
}

impl Person {
    /// At this address.
    fn at(self, address: &str) -> Self {
        Self {
            address: Some(address.parse().unwrap()),
            ..self
        }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        if let Some(address) = self.address {
            request
                .extensions_mut()
                .insert(Peer(SocketAddr::new(address, 50_000)));
        }
        request
    }

    async fn look_up(&self, device_id: &str) -> Result<LookupDeviceResponse, Status> {
        let request = self.request(LookupDeviceRequest {
            device_id: device_id.into(),
        });
        Ok(self
            .client
            .clone()
            .lookup_device(request)
            .await?
            .into_inner())
    }

    async fn claim(&self, device: CloudId, name: &str, code: &str) -> Result<Device, Status> {
        self.claim_again(device, name, code, uuid::Uuid::new_v4())
            .await
    }

    async fn claim_again(
        &self,
        device: CloudId,
        name: &str,
        code: &str,
        request_id: uuid::Uuid,
    ) -> Result<Device, Status> {
        self.send_claim(ClaimDeviceRequest {
            device_id: device.to_string(),
            name: name.into(),
            verification_code: code.into(),
            request_id: request_id.to_string(),
            administrator: None,
        })
        .await
    }

    async fn send_claim(&self, request: ClaimDeviceRequest) -> Result<Device, Status> {
        let request = self.request(request);
        Ok(self
            .client
            .clone()
            .claim_device(request)
            .await?
            .into_inner()
            .device
            .unwrap())
    }

    async fn page(&self, size: u32, token: &str) -> Result<ListDevicesResponse, Status> {
        self.list(ListDevicesRequest {
            page_size: size,
            page_token: token.into(),
            ..ListDevicesRequest::default()
        })
        .await
    }

    async fn list(&self, request: ListDevicesRequest) -> Result<ListDevicesResponse, Status> {
        let request = self.request(request);
        Ok(self
            .client
            .clone()
            .list_devices(request)
            .await?
            .into_inner())
    }

    async fn rename(&self, device: CloudId, name: &str) -> Result<Device, Status> {
        let request = self.request(UpdateDeviceRequest {
            device_id: device.to_string(),
            name: name.into(),
        });
        Ok(self
            .client
            .clone()
            .update_device(request)
            .await?
            .into_inner()
            .device
            .unwrap())
    }

    async fn delete(&self, device: CloudId) -> Result<(), Status> {
        let request = self.request(DeleteDeviceRequest {
            device_id: device.to_string(),
        });
        self.client.clone().delete_device(request).await.map(|_| ())
    }

    async fn names(&self) -> Vec<String> {
        let devices = self.page(0, "").await.unwrap().devices;
        devices.into_iter().map(|device| device.name).collect()
    }

    async fn device(&self, device: CloudId) -> Result<Device, Status> {
        let request = self.request(GetDeviceRequest {
            device_id: device.to_string(),
        });
        Ok(self
            .client
            .clone()
            .get_device(request)
            .await?
            .into_inner()
            .device
            .unwrap())
    }

    async fn watch(&self) -> Result<Streaming<WatchDevicesResponse>, Status> {
        let request = self.request(WatchDevicesRequest {});
        Ok(self
            .client
            .clone()
            .watch_devices(request)
            .await?
            .into_inner())
    }
}

fn cloud_id(n: u32) -> CloudId {
    CloudId::of_public_key(&n.to_be_bytes())
}

fn recorder() -> DescribeResponse {
    let channel = |number, name: &str| device::Channel {
        number,
        name: name.into(),
        ..device::Channel::default()
    };
    DescribeResponse {
        kind: DeviceKind::Nvr.into(),
        vendor: "Acme".into(),
        model: "NVR-4".into(),
        time_zone: "Europe/Berlin".into(),
        channels: vec![channel(1, "Yard"), channel(2, "Gate")],
        ..DescribeResponse::default()
    }
}

fn why<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    reason(&result.unwrap_err())
}
