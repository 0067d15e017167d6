//! The rules of the service, through its gRPC faces, on a store in a directory.

mod answering;
mod checking;
mod edge_side;
mod editing;
mod listing;
mod neighbours;
mod offering;
mod registry_side;
mod watching;

use std::sync::Arc;

use jiff::Timestamp;
use sightline_base::clock::SetClock;
use sightline_domain::{AccountId, CloudId, DeviceUser, Principal};
use sightline_rpc::Channel;
use sightline_rpc::channel::local;
use sightline_rpc::error::reason;
use sightline_rpc::internal::v1::EndSharesRequest;
use sightline_rpc::internal::v1::accounts_client::AccountsClient;
use sightline_rpc::internal::v1::accounts_server::AccountsServer;
use sightline_rpc::internal::v1::devices_client::DevicesClient;
use sightline_rpc::internal::v1::devices_server::DevicesServer;
use sightline_rpc::internal::v1::grants_client::GrantsClient;
use sightline_rpc::internal::v1::grants_server::GrantsServer;
use sightline_rpc::sharing::v1::sharing_client::SharingClient;
use sightline_rpc::sharing::v1::sharing_server::SharingServer;
use sightline_rpc::sharing::v1::{
    AcceptShareRequest, CheckRequest, CheckResponse, CreateShareRequest, DeclineShareRequest,
    Direction, ExplainRequest, FindRecipientRequest, FindRecipientResponse, Interval,
    ListSharesRequest, ListSharesResponse, Path, Permission, RevokeShareRequest, Schedule, Share,
    ShareState, Terms, UpdateShareRequest, WatchSharesRequest, WatchSharesResponse,
};
use sightline_rpc::token::{Claims, Signer};
use sightline_store::{SledStore, Store};
use tonic::{Request, Status, Streaming};
use uuid::Uuid;

use self::neighbours::{Identity, Registry};
use crate::service::Parts;
use crate::{Config, Service};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Far beyond every test.
const TOKEN_LIFE_MS: i64 = 1000 * DAY_MS;
/// Zone of all devices in these tests; it has no clock changes.
const ZONE: &str = "Europe/Moscow";
/// A Monday, 12:00 in [`ZONE`].
const START: &str = "2026-11-23T12:00:00+03:00";

/// A running service and what stands around it.
struct Cloud {
    service: Service,
    registry: Registry,
    store: Arc<dyn Store>,
    clock: Arc<SetClock>,
    parts: Parts,
    signer: Signer,
    _dir: tempfile::TempDir,
}

impl Cloud {
    fn start() -> Self {
        Self::start_with(&Config::default())
    }

    fn start_with(config: &Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&dir.path().join("store")).unwrap());
        let clock = SetClock::at_unix_ms(ms(START));
        let signer = Signer::from_pkcs8(&Signer::generate_key().unwrap()).unwrap();
        let registry = Registry::default();
        let parts = Parts {
            store: Arc::clone(&store),
            clock: Arc::<SetClock>::clone(&clock),
            verifier: signer.verifier(),
            devices: DevicesClient::new(local(DevicesServer::new(registry.clone()))),
            accounts: AccountsClient::new(local(AccountsServer::new(Identity))),
        };
        Self {
            service: Service::start(config, parts.clone()),
            parts,
            registry,
            store,
            clock,
            signer,
            _dir: dir,
        }
    }

    /// Offers are not limited, for tests that make many.
    fn start_generous() -> Self {
        Self::start_with(&Config {
            lookups_per_account_h: 100_000,
            offers_per_account_h: 100_000,
        })
    }

    fn person(&self, name: &str) -> Person {
        self.person_until(name, self.clock_now() + TOKEN_LIFE_MS)
    }

    /// Signed in until then, milliseconds since the Unix epoch.
    fn person_until(&self, name: &str, expires_at_ms: i64) -> Person {
        self.signed_in(&Principal::Account(account(name)), name, expires_at_ms)
    }

    fn device_user(&self, device: CloudId, ownership_epoch: u64) -> Person {
        let user = Principal::DeviceUser(DeviceUser {
            device,
            name: "guard".into(),
            administrator: false,
            ownership_epoch,
        });
        self.signed_in(&user, "guard", self.clock_now() + TOKEN_LIFE_MS)
    }

    fn signed_in(&self, who: &Principal, session: &str, expires_at_ms: i64) -> Person {
        let issued_at = self.clock_now() / 1000;
        let claims = Claims::new(who, session.into(), issued_at, expires_at_ms / 1000);
        Person {
            token: self.signer.sign(&claims).unwrap(),
            client: SharingClient::new(local(SharingServer::new(self.service.clone()))),
        }
    }

    fn clock_now(&self) -> i64 {
        sightline_base::clock::Clock::now_unix_ms(&*self.clock)
    }

    fn grants(&self) -> GrantsClient<Channel> {
        GrantsClient::new(local(GrantsServer::new(self.service.clone())))
    }

    async fn end_shares(&self, device: CloudId, epoch: u64) {
        let request = EndSharesRequest {
            device_id: device.to_string(),
            epoch,
        };
        self.grants().end_shares(request).await.unwrap();
    }

    /// Ann owns a device and has shared it with Bob, who has accepted.
    async fn shared(&self) -> (Person, Person, Share) {
        let (ann, bob) = (self.person("ann"), self.person("bob"));
        self.registry.own(device(1), "ann", "Home");
        let offer = ann
            .offer(device(1), "bob@example.org", live())
            .await
            .unwrap();
        let share = bob.accept(&offer.id).await.unwrap();
        (ann, bob, share)
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
struct Person {
    token: String,
    client: SharingClient<Channel>,
}

impl Person {
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    async fn find(&self, device: CloudId, email: &str) -> Result<FindRecipientResponse, Status> {
        let request = self.request(FindRecipientRequest {
            device_id: device.to_string(),
            email: email.into(),
        });
        let found = self.client.clone().find_recipient(request).await?;
        Ok(found.into_inner())
    }

    async fn offer(&self, device: CloudId, email: &str, terms: Terms) -> Result<Share, Status> {
        self.offer_again(device, email, terms, Uuid::new_v4()).await
    }

    async fn offer_again(
        &self,
        device: CloudId,
        email: &str,
        terms: Terms,
        request_id: Uuid,
    ) -> Result<Share, Status> {
        let request = self.request(CreateShareRequest {
            device_id: device.to_string(),
            email: email.into(),
            terms: Some(terms),
            request_id: request_id.to_string(),
        });
        let created = self.client.clone().create_share(request).await?;
        Ok(created.into_inner().share.unwrap())
    }

    async fn page(&self, request: ListSharesRequest) -> Result<ListSharesResponse, Status> {
        let page = self
            .client
            .clone()
            .list_shares(self.request(request))
            .await?;
        Ok(page.into_inner())
    }

    async fn list(&self, direction: Direction) -> Vec<Share> {
        let request = ListSharesRequest {
            direction: direction.into(),
            page_size: 500,
            ..ListSharesRequest::default()
        };
        self.page(request).await.unwrap().shares
    }

    async fn given(&self) -> Vec<Share> {
        self.list(Direction::Given).await
    }

    async fn received(&self) -> Vec<Share> {
        self.list(Direction::Received).await
    }

    async fn accept(&self, share_id: &str) -> Result<Share, Status> {
        let request = self.request(AcceptShareRequest {
            share_id: share_id.into(),
        });
        let accepted = self.client.clone().accept_share(request).await?;
        Ok(accepted.into_inner().share.unwrap())
    }

    async fn decline(&self, share_id: &str) -> Result<(), Status> {
        let request = self.request(DeclineShareRequest {
            share_id: share_id.into(),
        });
        self.client.clone().decline_share(request).await?;
        Ok(())
    }

    async fn update(&self, share_id: &str, terms: Terms, version: u64) -> Result<Share, Status> {
        let request = self.request(UpdateShareRequest {
            share_id: share_id.into(),
            terms: Some(terms),
            version,
        });
        let updated = self.client.clone().update_share(request).await?;
        Ok(updated.into_inner().share.unwrap())
    }

    async fn revoke(&self, share_id: &str) -> Result<(), Status> {
        let request = self.request(RevokeShareRequest {
            share_id: share_id.into(),
        });
        self.client.clone().revoke_share(request).await?;
        Ok(())
    }

    async fn check(&self, device: CloudId, channel: u32) -> CheckResponse {
        let request = self.request(CheckRequest {
            device_id: device.to_string(),
            channel,
        });
        self.client
            .clone()
            .check(request)
            .await
            .unwrap()
            .into_inner()
    }

    async fn may_view(&self, device: CloudId) -> bool {
        let rights = self.check(device, 0).await;
        rights.permissions().any(|one| one == Permission::ViewLive)
    }

    async fn explain(
        &self,
        device: CloudId,
        permission: Permission,
        share_id: &str,
    ) -> Result<Vec<Path>, Status> {
        let request = self.request(ExplainRequest {
            device_id: device.to_string(),
            channel: 0,
            permission: permission.into(),
            share_id: share_id.into(),
        });
        let explained = self.client.clone().explain(request).await?;
        Ok(explained.into_inner().paths)
    }

    async fn watch(&self) -> Result<Streaming<WatchSharesResponse>, Status> {
        let request = self.request(WatchSharesRequest {});
        Ok(self
            .client
            .clone()
            .watch_shares(request)
            .await?
            .into_inner())
    }
}

fn device(n: u32) -> CloudId {
    CloudId::of_public_key(&n.to_be_bytes())
}

/// The account of whoever has the address `{name}@example.org`.
fn account(name: &str) -> AccountId {
    let number = name
        .bytes()
        .fold(0, |n: u64, byte| n << 8 | u64::from(byte));
    let number = number & 0xffff_ffff_ffff;
    format!("0190a000-0000-7000-8000-{number:012x}")
        .parse()
        .unwrap()
}

fn ms(moment: &str) -> i64 {
    moment.parse::<Timestamp>().unwrap().as_millisecond()
}

/// Live view at all times.
fn live() -> Terms {
    Terms {
        permissions: vec![Permission::ViewLive.into()],
        ..Terms::default()
    }
}

fn archive() -> Terms {
    Terms {
        permissions: vec![Permission::ViewArchive.into()],
        ..Terms::default()
    }
}

fn until(ends_at_unix_ms: i64) -> Terms {
    Terms {
        ends_at_unix_ms,
        ..live()
    }
}

/// Live view, 10:00 to 17:59 and 20:00 to 21:59, Monday to Friday.
fn working_hours() -> Terms {
    let interval = |from: u32, to: u32| Interval {
        from_minute: from * 60,
        to_minute: to * 60 + 59,
    };
    Terms {
        schedule: Some(Schedule {
            intervals: vec![interval(10, 17), interval(20, 21)],
            weekdays: (1..=5).collect(),
        }),
        ..live()
    }
}

/// The answers to calls that are made at the same moment.
async fn at_once<C>(calls: impl Iterator<Item = C>) -> Vec<C::Output>
where
    C: Future<Output: Send> + Send + 'static,
{
    let calls: tokio::task::JoinSet<C::Output> = calls.collect();
    calls.join_all().await
}

fn why<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    reason(&result.unwrap_err())
}

/// All that a caller gets to see of a refusal.
fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> (tonic::Code, String, Vec<u8>) {
    let status = result.unwrap_err();
    let details = status.details().to_vec();
    (status.code(), status.message().to_owned(), details)
}
