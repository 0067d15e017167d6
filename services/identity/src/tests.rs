//! The rules of the service, through its gRPC face, on a store in a directory.

mod by_device;
mod codes;
mod devices;
mod log;
mod own_account;
mod reset;
mod sessions;
mod sign_in;
mod smtp;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use devices::Devices;
use sightline_base::clock::SetClock;
use sightline_base::net::Peer;
use sightline_rpc::Channel;
use sightline_rpc::channel::local;
use sightline_rpc::error::reason;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::identity::v1::identity_server::IdentityServer;
use sightline_rpc::identity::v1::{
    Account, CodePurpose, GetAccountRequest, Language, RefreshRequest, RegisterRequest,
    RegisterResponse, RequestCodeRequest, RequestCodeResponse, ResetPasswordRequest, SignInRequest,
    SignInResponse, SignOutRequest, Tokens,
};
use sightline_store::{SledStore, Store};
use tokio::sync::{Notify, RwLock};
use tonic::{Request, Status};

use crate::mail::{Mail, MailSender, SendError};
use crate::{Config, Parts, Service};

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";
const PASSWORD: &str = "tr4in-Window";
const NEW_PASSWORD: &str = "bl4ck-Kettle";
const START_MS: i64 = 1_800_000_000_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Where Ann and Bob are, unless a test says otherwise.
const HOME: &str = "192.0.2.1";

/// Keeps what is sent.
#[derive(Debug, Default)]
struct Mailbox {
    mails: Mutex<Vec<Mail>>,
    arrived: Notify,
    /// Nothing is sent while a test holds this for writing.
    gate: RwLock<()>,
}

impl Mailbox {
    fn len(&self) -> usize {
        self.mails.lock().unwrap().len()
    }
}

#[async_trait]
impl MailSender for Mailbox {
    async fn send(&self, mail: Mail) -> Result<(), SendError> {
        let _open = self.gate.read().await;
        self.mails.lock().unwrap().push(mail);
        self.arrived.notify_waiters();
        Ok(())
    }
}

/// A running service and what stands around it.
struct Cloud {
    service: Service,
    client: IdentityClient<Channel>,
    store: Arc<dyn Store>,
    clock: Arc<SetClock>,
    mailbox: Arc<Mailbox>,
    devices: Devices,
    _dir: tempfile::TempDir,
}

impl Cloud {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(dir.path()).unwrap());
        let clock = SetClock::at_unix_ms(START_MS);
        let (mailbox, devices) = (Arc::new(Mailbox::default()), Devices::default());
        let service = serve(&store, &clock, &mailbox, &devices).await;
        let client = IdentityClient::new(local(IdentityServer::new(service.clone())));
        Self {
            service,
            client,
            store,
            clock,
            mailbox,
            devices,
            _dir: dir,
        }
    }

    async fn with_ann() -> Self {
        let cloud = Self::start().await;
        cloud.service.create_account(ANN, PASSWORD).await.unwrap();
        cloud
    }

    /// The same records with nothing in memory, as after a restart.
    async fn restart(&mut self) {
        self.service = serve(&self.store, &self.clock, &self.mailbox, &self.devices).await;
        self.client = IdentityClient::new(local(IdentityServer::new(self.service.clone())));
    }

    fn client(&self) -> IdentityClient<Channel> {
        self.client.clone()
    }

    async fn request_code(&self, email: &str) -> Result<RequestCodeResponse, Status> {
        self.request_code_for(CodePurpose::Register, email).await
    }

    async fn request_code_for(
        &self,
        purpose: CodePurpose,
        email: &str,
    ) -> Result<RequestCodeResponse, Status> {
        let request = RequestCodeRequest {
            email: email.into(),
            purpose: purpose.into(),
            language: Language::Russian.into(),
        };
        Ok(self.client().request_code(request).await?.into_inner())
    }

    fn last_mail(&self) -> Mail {
        self.mailbox.mails.lock().unwrap().last().unwrap().clone()
    }

    /// The mail with that number, counted from zero, once it has arrived.
    async fn mail(&self, number: usize) -> Mail {
        loop {
            let arrived = self.mailbox.arrived.notified();
            if let Some(mail) = self.mailbox.mails.lock().unwrap().get(number) {
                return mail.clone();
            }
            arrived.await;
        }
    }

    /// The code that arrives in the mailbox.
    async fn code(&self, email: &str) -> String {
        self.request_code(email).await.unwrap();
        code_in(&self.last_mail().text).unwrap()
    }

    async fn register(
        &self,
        email: &str,
        password: &str,
        code: &str,
    ) -> Result<RegisterResponse, Status> {
        let request = RegisterRequest {
            email: email.into(),
            password: password.into(),
            code: code.into(),
            language: Language::Russian.into(),
        };
        Ok(self.client().register(request).await?.into_inner())
    }

    async fn reset(&self, email: &str, code: &str) -> Result<(), Status> {
        self.reset_from(HOME, email, code).await
    }

    async fn reset_from(&self, address: &str, email: &str, code: &str) -> Result<(), Status> {
        let request = ResetPasswordRequest {
            email: email.into(),
            code: code.into(),
            new_password: NEW_PASSWORD.into(),
        };
        let request = from(address, request);
        self.client().reset_password(request).await.map(drop)
    }

    async fn sign_in(&self, email: &str, password: &str) -> Result<SignInResponse, Status> {
        self.sign_in_from(HOME, email, password).await
    }

    async fn sign_in_from(
        &self,
        address: &str,
        email: &str,
        password: &str,
    ) -> Result<SignInResponse, Status> {
        let request = SignInRequest {
            email: email.into(),
            password: password.into(),
            remember_me: false,
        };
        let request = from(address, request);
        Ok(self.client().sign_in(request).await?.into_inner())
    }

    async fn ann_signed_in(&self) -> Tokens {
        self.sign_in(ANN, PASSWORD).await.unwrap().tokens.unwrap()
    }

    async fn refresh(&self, token: &str) -> Result<Tokens, Status> {
        let request = RefreshRequest {
            refresh_token: token.into(),
        };
        let answer = self.client().refresh(request).await?.into_inner();
        Ok(answer.tokens.unwrap())
    }

    async fn sign_out(&self, token: &str) -> Result<(), Status> {
        let request = SignOutRequest {
            refresh_token: token.into(),
        };
        self.client().sign_out(request).await.map(drop)
    }

    async fn account(&self, access_token: &str) -> Result<Account, Status> {
        let request = signed_in(access_token, GetAccountRequest {});
        let answer = self.client().get_account(request).await?.into_inner();
        Ok(answer.account.unwrap())
    }

    /// Fails unless both tokens are refused because the session has ended.
    async fn assert_ended(&self, tokens: &Tokens) {
        assert_eq!(
            why(self.account(&tokens.access_token).await),
            "SESSION_ENDED"
        );
        assert_eq!(
            why(self.refresh(&tokens.refresh_token).await),
            "SESSION_ENDED"
        );
    }

    /// Everything that is stored, as text.
    async fn stored(&self) -> String {
        let records = self.store.scan(b"", None, 1000).await.unwrap();
        let texts = records
            .into_iter()
            .map(|(key, record)| [key, record.value].concat());
        texts
            .map(|text| String::from_utf8(text).unwrap() + "\n")
            .collect()
    }
}

async fn serve(
    store: &Arc<dyn Store>,
    clock: &Arc<SetClock>,
    mailbox: &Arc<Mailbox>,
    devices: &Devices,
) -> Service {
    let parts = Parts {
        store: Arc::clone(store),
        clock: Arc::clone(clock) as _,
        mail: Arc::clone(mailbox) as _,
        devices: devices.client(),
    };
    Service::start(&Config::default(), parts).await.unwrap()
}

/// A request from an address.
fn from<T>(address: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let peer = SocketAddr::new(address.parse().unwrap(), 50_000);
    request.extensions_mut().insert(Peer(peer));
    request
}

/// A request with an access token.
fn signed_in<T>(access_token: &str, message: T) -> Request<T> {
    let mut request = from(HOME, message);
    let bearer = format!("Bearer {access_token}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    request
}

/// The code in the text of a mail.
fn code_in(text: &str) -> Option<String> {
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    runs.find(|run| run.len() == 8).map(str::to_owned)
}

fn why<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    reason(&result.unwrap_err())
}

#[tokio::test]
async fn secrets_are_stored_as_hashes_only() {
    let cloud = Cloud::with_ann().await;
    let tokens = cloud.ann_signed_in().await;
    let code = cloud.code("bob@example.org").await;
    let stored = cloud.stored().await;
    assert!(stored.contains(ANN) && stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
    let secrets = tokens
        .refresh_token
        .split('.')
        .skip(2)
        .chain([PASSWORD, code.as_str()]);
    for secret in secrets {
        assert!(!stored.contains(secret), "{secret} is in {stored}");
    }
}

#[tokio::test]
async fn nodes_that_start_together_sign_with_one_key() {
    let cloud = Cloud::with_ann().await;
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SledStore::open(dir.path()).unwrap());
    let start = || serve(&store, &cloud.clock, &cloud.mailbox, &cloud.devices);
    let (one, other) = tokio::join!(start(), start());
    one.create_account(ANN, PASSWORD).await.unwrap();
    let mut client = IdentityClient::new(local(IdentityServer::new(one)));
    let request = SignInRequest {
        email: ANN.into(),
        password: PASSWORD.into(),
        remember_me: false,
    };
    let tokens = client
        .sign_in(request)
        .await
        .unwrap()
        .into_inner()
        .tokens
        .unwrap();
    assert!(
        other
            .verifier()
            .authenticate(&tokens.access_token, START_MS)
            .is_ok()
    );
    assert!(
        cloud
            .service
            .verifier()
            .authenticate(&tokens.access_token, START_MS)
            .is_err()
    );
}

#[tokio::test]
async fn an_account_is_made_once_per_address_in_any_spelling() {
    let cloud = Cloud::with_ann().await;
    let again = cloud
        .service
        .create_account(" Ann@EXAMPLE.org", PASSWORD)
        .await;
    assert!(matches!(again, Err(crate::Error::AccountExists)));
    assert!(cloud.sign_in("ANN@example.org", PASSWORD).await.is_ok());
}
