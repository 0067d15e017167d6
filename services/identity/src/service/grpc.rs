//! The gRPC face: `sightline.identity.v1.Identity` for people, and
//! `sightline.internal.v1.Accounts` for the other nodes.

use std::sync::Arc;

use sightline_rpc::ServiceError as _;
use sightline_rpc::auth::Caller;
use sightline_rpc::error::status;
use sightline_rpc::identity::v1::identity_server::Identity;
use sightline_rpc::identity::v1::{
    ChangePasswordRequest, ChangePasswordResponse, GetAccountRequest, GetAccountResponse,
    ListSessionsRequest, ListSessionsResponse, RefreshRequest, RefreshResponse, RegisterRequest,
    RegisterResponse, RequestCodeRequest, RequestCodeResponse, ResetPasswordRequest,
    ResetPasswordResponse, RevokeSessionRequest, RevokeSessionResponse, SignInByDeviceRequest,
    SignInByDeviceResponse, SignInRequest, SignInResponse, SignOutRequest, SignOutResponse,
};
use sightline_rpc::internal::v1::accounts_server::Accounts;
use sightline_rpc::internal::v1::{
    GetEmailRequest, GetEmailResponse, NotifyRequest, NotifyResponse,
};
use tonic::{Request, Response, Status};

use super::origin::Origin;
use super::{Inner, Service};
use crate::Error;
use crate::limits::Place;

/// Runs a request to its end, also when its client goes away meanwhile: the end of a session that
/// was committed has to be told, and a code that replaced the last one has to be mailed.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<Response<T>, Status> {
    sightline_rpc::run::to_the_end(work)
        .await
        .map(Response::new)
}

fn answer<T>(result: Result<T, Error>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| status(&error))
}

fn log_refusal<T>(result: &Result<T, Error>, place: Option<Place>) {
    if let Err(error) = result {
        tracing::info!(from = ?place, reason = error.reason(), "sign-in refused");
    }
}

impl Inner {
    fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Error> {
        let now = self.clock.now_unix_ms();
        Ok(self.verifier.caller(request.metadata(), now)?)
    }
}

#[tonic::async_trait]
impl Identity for Service {
    async fn request_code(
        &self,
        request: Request<RequestCodeRequest>,
    ) -> Result<Response<RequestCodeResponse>, Status> {
        let (inner, origin) = (Arc::clone(&self.inner), Origin::of(&request));
        to_the_end(async move { inner.request_code(request.into_inner(), origin).await }).await
    }

    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        let (inner, origin) = (Arc::clone(&self.inner), Origin::of(&request));
        to_the_end(async move { inner.register(request.into_inner(), origin).await }).await
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordRequest>,
    ) -> Result<Response<ResetPasswordResponse>, Status> {
        let (inner, origin) = (Arc::clone(&self.inner), Origin::of(&request));
        to_the_end(async move { inner.reset_password(request.into_inner(), origin).await }).await
    }

    async fn sign_in(
        &self,
        request: Request<SignInRequest>,
    ) -> Result<Response<SignInResponse>, Status> {
        let (inner, origin) = (Arc::clone(&self.inner), Origin::of(&request));
        to_the_end(async move {
            let place = origin.place;
            let signed_in = inner.sign_in(request.into_inner(), origin).await;
            log_refusal(&signed_in, place);
            signed_in
        })
        .await
    }

    async fn sign_in_by_device(
        &self,
        request: Request<SignInByDeviceRequest>,
    ) -> Result<Response<SignInByDeviceResponse>, Status> {
        let (inner, origin) = (Arc::clone(&self.inner), Origin::of(&request));
        to_the_end(async move {
            let place = origin.place;
            let signed_in = inner.sign_in_by_device(request.into_inner(), origin).await;
            log_refusal(&signed_in, place);
            signed_in
        })
        .await
    }

    async fn refresh(
        &self,
        request: Request<RefreshRequest>,
    ) -> Result<Response<RefreshResponse>, Status> {
        let (inner, origin) = (Arc::clone(&self.inner), Origin::of(&request));
        to_the_end(async move {
            let now = inner.clock.now_unix_ms();
            let token = request.into_inner().refresh_token;
            let tokens = inner
                .sessions
                .refresh(&token, origin.client.address, now)
                .await?;
            Ok(RefreshResponse {
                tokens: Some(tokens),
            })
        })
        .await
    }

    async fn sign_out(
        &self,
        request: Request<SignOutRequest>,
    ) -> Result<Response<SignOutResponse>, Status> {
        let inner = Arc::clone(&self.inner);
        to_the_end(async move {
            let now = inner.clock.now_unix_ms();
            let token = request.into_inner().refresh_token;
            inner.sessions.end_by_token(&token, now).await?;
            Ok(SignOutResponse {})
        })
        .await
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let (inner, origin) = (Arc::clone(&self.inner), Origin::of(&request));
        to_the_end(async move {
            let caller = inner.caller(&request)?;
            inner
                .change_password(caller, request.into_inner(), origin)
                .await
        })
        .await
    }

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        let inner = &self.inner;
        let account = async { inner.get_account(inner.caller(&request)?).await };
        answer(account.await)
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let inner = &self.inner;
        let sessions = async { inner.list_sessions(inner.caller(&request)?).await };
        answer(sessions.await)
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        let inner = Arc::clone(&self.inner);
        to_the_end(async move {
            let caller = inner.caller(&request)?;
            inner.revoke_session(caller, request.into_inner()).await
        })
        .await
    }
}

#[tonic::async_trait]
impl Accounts for Service {
    async fn get_email(
        &self,
        request: Request<GetEmailRequest>,
    ) -> Result<Response<GetEmailResponse>, Status> {
        answer(self.inner.get_email(request.into_inner()).await)
    }

    async fn notify(
        &self,
        request: Request<NotifyRequest>,
    ) -> Result<Response<NotifyResponse>, Status> {
        answer(self.inner.notify(request.into_inner()).await)
    }
}
