//! The gRPC face of the service, and the order in which the rules are applied.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sightline_base::clock::Clock;
use sightline_base::net::Peer;
use sightline_domain::{AccountId, Email, password};
use sightline_rpc::ServiceError as _;
use sightline_rpc::error::status;
use sightline_rpc::identity::v1::identity_server::Identity;
use sightline_rpc::identity::v1::{
    CodePurpose, GetAccountRequest, GetAccountResponse, RefreshRequest, RefreshResponse,
    RegisterRequest, RegisterResponse, RequestCodeRequest, RequestCodeResponse, SignInRequest,
    SignInResponse, SignOutRequest, SignOutResponse,
};
use sightline_rpc::token::Verifier;
use sightline_store::{Error as StoreError, Store, Transaction};
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

use crate::accounts::{Account, Accounts, Language};
use crate::codes::{Codes, NEXT_CODE, Purpose};
use crate::limits::{Limits, Place};
use crate::mail::{CodeSender, Mail, SendError};
use crate::passwords::Passwords;
use crate::sessions::Sessions;
use crate::{Config, Error, signing};

/// Longest a mail may take to be handed over.
const MAIL_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause between two searches for records that have ended.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// The identity service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    sender: Arc<dyn CodeSender>,
    verifier: Verifier,
    accounts: Accounts,
    codes: Codes,
    passwords: Passwords,
    sessions: Sessions,
    limits: Limits,
}

impl Service {
    /// Starts the service; makes the signing key when the store has none.
    ///
    /// # Errors
    /// When the store or its signing key cannot be used.
    pub async fn start(
        config: &Config,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        sender: Arc<dyn CodeSender>,
    ) -> Result<Self, Error> {
        let signer = signing::signer(&store).await?;
        let valid = Duration::from_secs(u64::from(config.code_valid_min) * 60);
        let inner = Arc::new(Inner {
            verifier: signer.verifier(),
            accounts: Accounts::new(Arc::clone(&store)),
            codes: Codes::new(Arc::clone(&store), valid),
            passwords: Passwords::new().await?,
            sessions: Sessions::new(Arc::clone(&store), signer),
            limits: Limits::new(),
            store,
            clock,
            sender,
        });
        tokio::spawn(sweep(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// Checks the access tokens of this service.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.inner.verifier.clone()
    }

    /// Makes an account without a code, for the operator of this machine.
    ///
    /// # Errors
    /// [`Error::AccountExists`], or what is wrong with address or password.
    pub async fn create_account(&self, email: &str, password: &str) -> Result<AccountId, Error> {
        let inner = &self.inner;
        let email = email.parse()?;
        password::check(password)?;
        let hash = inner
            .passwords
            .hash(Zeroizing::new(password.to_owned()))
            .await?;
        let account = Account::new(email, hash, Language::English, inner.clock.now_unix_ms())?;
        match inner
            .store
            .commit(Accounts::insert(Transaction::new(), &account)?)
            .await
        {
            Ok(_) => Ok(account.id),
            Err(StoreError::Conflict { .. }) => Err(Error::AccountExists),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(test)]
    pub(crate) fn passwords_computed(&self) -> usize {
        self.inner
            .passwords
            .computed
            .load(std::sync::atomic::Ordering::SeqCst)
    }

    #[cfg(test)]
    pub(crate) async fn sweep_now(&self) -> Result<(), StoreError> {
        self.inner.delete_expired().await
    }
}

/// Deletes what has ended, for as long as the service is in use.
async fn sweep(inner: Weak<Inner>) {
    let mut interval = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        interval.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = inner.delete_expired().await {
            tracing::warn!(%error, "delete records that have ended");
        }
    }
}

impl Inner {
    async fn delete_expired(&self) -> Result<(), StoreError> {
        let now = self.clock.now_unix_ms();
        self.codes.delete_expired(now).await?;
        self.sessions.delete_expired(now).await
    }

    async fn request_code(
        &self,
        request: RequestCodeRequest,
        place: Option<Place>,
    ) -> Result<RequestCodeResponse, Error> {
        let now = self.clock.now_unix_ms();
        let purpose = match request.purpose() {
            CodePurpose::Register => Purpose::Register,
            CodePurpose::Unspecified => return Err(Error::Purpose),
        };
        let email: Email = request.email.parse()?;
        self.limits.code(&email, place, now)?;
        // A code is made for every address, so that all that follows is the same for all. One
        // that is not mailed cannot be entered.
        let code = self.codes.issue(purpose, &email, now).await;
        let code = code.inspect_err(|_| self.limits.code_not_made(&email, place))?;
        let mail = match self.accounts.find(&email).await? {
            None => Mail::registration_code(email, request.language(), &code, self.codes.valid()),
            Some(_) => Mail::already_registered(email, request.language()),
        };
        self.send(mail).await?;
        Ok(RequestCodeResponse {
            valid_for_s: seconds(self.codes.valid()),
            next_code_in_s: seconds(NEXT_CODE),
        })
    }

    async fn send(&self, mail: Mail) -> Result<(), Error> {
        let sent = tokio::time::timeout(MAIL_TIMEOUT, self.sender.send(mail)).await;
        let late = || SendError(format!("no answer within {} s", MAIL_TIMEOUT.as_secs()));
        sent.unwrap_or_else(|_| Err(late())).map_err(|error| {
            tracing::error!(%error, "send an e-mail");
            error.into()
        })
    }

    async fn register(&self, request: RegisterRequest) -> Result<RegisterResponse, Error> {
        let now = self.clock.now_unix_ms();
        let language = request.language().into();
        let password = Zeroizing::new(request.password);
        let email: Email = request.email.parse()?;
        password::check(&password)?;
        let proof = self
            .codes
            .check(Purpose::Register, &email, &request.code, now)
            .await?;
        let hash = self.passwords.hash(password).await?;
        let account = Account::new(proof.email().clone(), hash, language, now)?;
        let create = Accounts::insert(Transaction::new(), &account)?;
        let (create, tokens) = self.sessions.begin(create, &account.id, now).await?;
        match self.codes.use_up(&proof, create).await {
            Ok(()) => {}
            // An operator made the account since the code was sent.
            Err(Error::Store(StoreError::Conflict { .. })) => return Err(Error::CodeExpired),
            Err(error) => return Err(error),
        }
        Ok(RegisterResponse {
            account: Some(account.to_proto()),
            tokens: Some(tokens),
        })
    }

    async fn sign_in(
        &self,
        request: SignInRequest,
        place: Option<Place>,
    ) -> Result<SignInResponse, Error> {
        let now = self.clock.now_unix_ms();
        let password = Zeroizing::new(request.password);
        let email: Email = request.email.parse()?;
        if password.len() > password::PASSWORD_CHARS_MAX {
            return Err(Error::WrongCredentials);
        }
        let attempt = self.limits.sign_in(&email, place, now)?;
        let account = self.accounts.find(&email).await?;
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let right = self.passwords.verify(password, hash).await?;
        let account = account.filter(|_| right).ok_or(Error::WrongCredentials)?;
        self.limits.succeeded(attempt, now);
        let (begin, tokens) = self
            .sessions
            .begin(Transaction::new(), &account.id, now)
            .await?;
        self.store.commit(begin).await?;
        Ok(SignInResponse {
            account: Some(account.to_proto()),
            tokens: Some(tokens),
        })
    }

    async fn get_account(
        &self,
        request: &Request<GetAccountRequest>,
    ) -> Result<GetAccountResponse, Error> {
        let caller = self
            .verifier
            .caller(request.metadata(), self.clock.now_unix_ms())?;
        let account = self
            .accounts
            .get(caller.account())
            .await?
            .ok_or(Error::SessionEnded)?;
        Ok(GetAccountResponse {
            account: Some(account.to_proto()),
        })
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn place<T>(request: &Request<T>) -> Option<Place> {
    request
        .extensions()
        .get::<Peer>()
        .map(|peer| peer.0.ip().into())
}

fn answer<T>(result: Result<T, Error>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| status(&error))
}

#[tonic::async_trait]
impl Identity for Service {
    async fn request_code(
        &self,
        request: Request<RequestCodeRequest>,
    ) -> Result<Response<RequestCodeResponse>, Status> {
        let place = place(&request);
        answer(self.inner.request_code(request.into_inner(), place).await)
    }

    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        answer(self.inner.register(request.into_inner()).await)
    }

    async fn sign_in(
        &self,
        request: Request<SignInRequest>,
    ) -> Result<Response<SignInResponse>, Status> {
        let place = place(&request);
        let signed_in = self.inner.sign_in(request.into_inner(), place).await;
        if let Err(error) = &signed_in {
            tracing::info!(from = ?place, reason = error.reason(), "sign-in refused");
        }
        answer(signed_in)
    }

    async fn refresh(
        &self,
        request: Request<RefreshRequest>,
    ) -> Result<Response<RefreshResponse>, Status> {
        let now = self.inner.clock.now_unix_ms();
        let tokens = self
            .inner
            .sessions
            .refresh(&request.get_ref().refresh_token, now)
            .await;
        answer(tokens.map(|tokens| RefreshResponse {
            tokens: Some(tokens),
        }))
    }

    async fn sign_out(
        &self,
        request: Request<SignOutRequest>,
    ) -> Result<Response<SignOutResponse>, Status> {
        let now = self.inner.clock.now_unix_ms();
        let ended = self
            .inner
            .sessions
            .end(&request.get_ref().refresh_token, now)
            .await;
        answer(ended.map(|()| SignOutResponse {}))
    }

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        answer(self.inner.get_account(&request).await)
    }
}
