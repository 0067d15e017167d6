//! The gRPC faces of sharing: for people's clients, and for edges and the registry.

use std::sync::Arc;

use sightline_base::clock::Clock;
use sightline_domain::AccountId;
use sightline_rpc::Channel;
use sightline_rpc::auth::Caller;
use sightline_rpc::error::status;
use sightline_rpc::internal::v1::accounts_client::AccountsClient;
use sightline_rpc::internal::v1::devices_client::DevicesClient;
use sightline_rpc::internal::v1::grants_server::Grants;
use sightline_rpc::internal::v1::{
    EndSharesRequest, EndSharesResponse, WatchAccountRequest, WatchAccountResponse,
    WatchDeviceRequest, WatchDeviceResponse,
};
use sightline_rpc::session::Session;
use sightline_rpc::sharing::v1::sharing_server::Sharing as SharingApi;
use sightline_rpc::sharing::v1::{
    AcceptShareRequest, AcceptShareResponse, CheckRequest, CheckResponse, CreateShareRequest,
    CreateShareResponse, DeclineShareRequest, DeclineShareResponse, ExplainRequest,
    ExplainResponse, FindRecipientRequest, FindRecipientResponse, ListSharesRequest,
    ListSharesResponse, RevokeShareRequest, RevokeShareResponse, UpdateShareRequest,
    UpdateShareResponse, WatchSharesRequest, WatchSharesResponse,
};
use sightline_rpc::stream::{Messages, messages};
use sightline_rpc::token::Verifier;
use sightline_store::{Error as StoreError, Store};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::account_watch::AccountWatch;
use crate::changes::{Changes, Follower};
use crate::device_watch::DeviceWatch;
use crate::offers::Limits;
use crate::peers::Peers;
use crate::records::Records;
use crate::share::Share;
use crate::share_watch::ShareWatch;
use crate::sweep::Sweeper;
use crate::view::Viewer;
use crate::{Config, Error};

/// Rounds against others who change the same share at the same moment: owner and recipient, each
/// on a few screens.
const ROUNDS_MAX: usize = 16;

/// What sharing works with.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Durable records.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// The registry: who owns a device.
    pub devices: DevicesClient<Channel>,
    /// Identity: the address of an account.
    pub accounts: AccountsClient<Channel>,
}

/// Sharing: serves `sharing.v1.Sharing` and `internal.v1.Grants`. Cheap to clone; it ends with the
/// last clone.
#[derive(Debug, Clone)]
pub struct Service {
    pub(crate) sharing: Arc<Sharing>,
    _tasks: Arc<(Follower, Sweeper)>,
}

/// The parts that every call uses. What is done with them stands in the file of each subject.
#[derive(Debug)]
pub(crate) struct Sharing {
    pub(crate) records: Records,
    pub(crate) peers: Peers,
    pub(crate) verifier: Verifier,
    pub(crate) changes: Changes,
    pub(crate) limits: Limits,
    clock: Arc<dyn Clock>,
}

impl Service {
    /// Starts the service; needs a tokio runtime.
    #[must_use]
    pub fn start(config: &Config, parts: Parts) -> Self {
        let sharing = Arc::new(Sharing {
            records: Records::new(parts.store),
            peers: Peers {
                devices: parts.devices,
                accounts: parts.accounts,
            },
            verifier: parts.verifier,
            changes: Changes::default(),
            limits: Limits::new(config),
            clock: parts.clock,
        });
        let follower = Follower::start(sharing.changes.clone(), &sharing.records);
        let sweeper = Sweeper::start(&sharing);
        Self {
            sharing,
            _tasks: Arc::new((follower, sweeper)),
        }
    }

    fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let caller = self
            .sharing
            .verifier
            .caller(request.metadata(), self.sharing.now());
        caller.map_err(|error| status(&error))
    }

    fn account<T>(&self, request: &Request<T>) -> Result<AccountId, Status> {
        let caller = self.caller(request)?;
        let account = caller.account().cloned();
        account.map_err(|error| status(&error))
    }
}

impl Sharing {
    /// Milliseconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now_unix_ms()
    }

    pub(crate) async fn viewer(&self, account: &AccountId) -> Result<Viewer, Error> {
        Ok(Viewer {
            account: account.clone(),
            email: self.peers.email(account).await?,
        })
    }

    /// Changes a share as `decide` says, who sees it as it is; `None` leaves it so.
    ///
    /// # Errors
    /// Those of `decide`; [`Error::NoShare`].
    pub(crate) async fn change(
        &self,
        id: &str,
        decide: impl Fn(&Share) -> Result<Option<Share>, Error>,
    ) -> Result<Share, Error> {
        for _ in 0..ROUNDS_MAX {
            let found = self.records.share(id).await?;
            let (revision, before) = found.ok_or(Error::NoShare)?;
            let Some(after) = decide(&before)? else {
                return Ok(before);
            };
            match self.records.replace(revision, &before, &after).await {
                Ok(()) => return Ok(after),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended)
    }
}

/// The ID of a share in its one spelling. A text that is none names no share.
pub(crate) fn share_id(text: &str) -> Result<String, Error> {
    let id = Uuid::parse_str(text).map_err(|_| Error::NoShare)?;
    Ok(id.to_string())
}

fn answer<T>(result: Result<T, Error>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| status(&error))
}

#[tonic::async_trait]
impl SharingApi for Service {
    async fn find_recipient(
        &self,
        request: Request<FindRecipientRequest>,
    ) -> Result<Response<FindRecipientResponse>, Status> {
        let caller = self.account(&request)?;
        answer(
            self.sharing
                .find_recipient(&caller, request.get_ref())
                .await,
        )
    }

    async fn create_share(
        &self,
        request: Request<CreateShareRequest>,
    ) -> Result<Response<CreateShareResponse>, Status> {
        let caller = self.account(&request)?;
        let share = self.sharing.create(&caller, request.get_ref()).await;
        answer(share.map(|share| CreateShareResponse { share: Some(share) }))
    }

    async fn list_shares(
        &self,
        request: Request<ListSharesRequest>,
    ) -> Result<Response<ListSharesResponse>, Status> {
        let caller = self.account(&request)?;
        answer(self.sharing.list(&caller, request.get_ref()).await)
    }

    type WatchSharesStream = Messages<WatchSharesResponse>;

    async fn watch_shares(
        &self,
        request: Request<WatchSharesRequest>,
    ) -> Result<Response<Self::WatchSharesStream>, Status> {
        let caller = self.caller(&request)?;
        let sharing = Arc::clone(&self.sharing);
        let (verifier, clock) = (sharing.verifier.clone(), Arc::clone(&sharing.clock));
        let session = Session::new(caller, verifier, clock);
        let watch = ShareWatch::new(sharing, session).await;
        answer(watch.map(messages))
    }

    async fn accept_share(
        &self,
        request: Request<AcceptShareRequest>,
    ) -> Result<Response<AcceptShareResponse>, Status> {
        let caller = self.account(&request)?;
        let share = self.sharing.accept(&caller, &request.get_ref().share_id);
        answer(
            share
                .await
                .map(|share| AcceptShareResponse { share: Some(share) }),
        )
    }

    async fn decline_share(
        &self,
        request: Request<DeclineShareRequest>,
    ) -> Result<Response<DeclineShareResponse>, Status> {
        let caller = self.account(&request)?;
        let declined = self.sharing.decline(&caller, &request.get_ref().share_id);
        answer(declined.await.map(|()| DeclineShareResponse {}))
    }

    async fn update_share(
        &self,
        request: Request<UpdateShareRequest>,
    ) -> Result<Response<UpdateShareResponse>, Status> {
        let caller = self.account(&request)?;
        let share = self.sharing.update(&caller, request.get_ref()).await;
        answer(share.map(|share| UpdateShareResponse { share: Some(share) }))
    }

    async fn revoke_share(
        &self,
        request: Request<RevokeShareRequest>,
    ) -> Result<Response<RevokeShareResponse>, Status> {
        let caller = self.account(&request)?;
        let revoked = self.sharing.revoke(&caller, &request.get_ref().share_id);
        answer(revoked.await.map(|()| RevokeShareResponse {}))
    }

    async fn check(
        &self,
        request: Request<CheckRequest>,
    ) -> Result<Response<CheckResponse>, Status> {
        let caller = self.caller(&request)?;
        let checked = self.sharing.check(caller.principal(), request.get_ref());
        answer(checked.await)
    }

    async fn explain(
        &self,
        request: Request<ExplainRequest>,
    ) -> Result<Response<ExplainResponse>, Status> {
        let caller = self.caller(&request)?;
        let explained = self.sharing.explain(caller.principal(), request.get_ref());
        answer(explained.await)
    }
}

#[tonic::async_trait]
impl Grants for Service {
    type WatchDeviceStream = Messages<WatchDeviceResponse>;

    async fn watch_device(
        &self,
        request: Request<WatchDeviceRequest>,
    ) -> Result<Response<Self::WatchDeviceStream>, Status> {
        let watch = DeviceWatch::new(Arc::clone(&self.sharing), request.get_ref()).await;
        answer(watch.map(messages))
    }

    type WatchAccountStream = Messages<WatchAccountResponse>;

    async fn watch_account(
        &self,
        request: Request<WatchAccountRequest>,
    ) -> Result<Response<Self::WatchAccountStream>, Status> {
        let watch = AccountWatch::new(Arc::clone(&self.sharing), request.get_ref());
        answer(watch.map(messages))
    }

    async fn end_shares(
        &self,
        request: Request<EndSharesRequest>,
    ) -> Result<Response<EndSharesResponse>, Status> {
        let ended = self.sharing.end_shares(request.get_ref()).await;
        answer(ended.map(|()| EndSharesResponse {}))
    }
}
