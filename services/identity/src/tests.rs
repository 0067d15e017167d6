//! The rules of the service, through its gRPC face, on a store in a directory.

mod codes;
mod sessions;
mod sign_in;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sightline_base::clock::SetClock;
use sightline_base::net::Peer;
use sightline_rpc::Channel;
use sightline_rpc::channel::local;
use sightline_rpc::error::reason;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::identity::v1::identity_server::IdentityServer;
use sightline_rpc::identity::v1::{
    Account, CodePurpose, GetAccountRequest, Language, RefreshRequest, RegisterRequest,
    RegisterResponse, RequestCodeRequest, RequestCodeResponse, SignInRequest, SignInResponse,
    SignOutRequest, Tokens,
};
use sightline_store::{SledStore, Store};
use tonic::{Request, Status};

use crate::mail::{CodeSender, Mail, SendError};
use crate::{Config, Service};

const ANN: &str = "ann@example.org";
const PASSWORD: &str = "tr4in-Window";
const START_MS: i64 = 1_800_000_000_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Keeps what is sent.
#[derive(Debug, Default)]
struct Mailbox(Mutex<Vec<Mail>>);

#[async_trait]
impl CodeSender for Mailbox {
    async fn send(&self, mail: Mail) -> Result<(), SendError> {
        self.0.lock().unwrap().push(mail);
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
    _dir: tempfile::TempDir,
}

impl Cloud {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(dir.path()).unwrap());
        let clock = SetClock::at_unix_ms(START_MS);
        let mailbox = Arc::new(Mailbox::default());
        let (now, sender) = (Arc::clone(&clock), Arc::clone(&mailbox));
        let service = Service::start(&Config::default(), Arc::clone(&store), now, sender)
            .await
            .unwrap();
        let client = IdentityClient::new(local(IdentityServer::new(service.clone())));
        Self {
            service,
            client,
            store,
            clock,
            mailbox,
            _dir: dir,
        }
    }

    async fn with_ann() -> Self {
        let cloud = Self::start().await;
        cloud.service.create_account(ANN, PASSWORD).await.unwrap();
        cloud
    }

    async fn request_code(&self, email: &str) -> Result<RequestCodeResponse, Status> {
        let request = RequestCodeRequest {
            email: email.into(),
            purpose: CodePurpose::Register.into(),
            language: Language::Russian.into(),
        };
        Ok(self
            .client
            .clone()
            .request_code(request)
            .await?
            .into_inner())
    }

    fn last_mail(&self) -> Mail {
        self.mailbox.0.lock().unwrap().last().unwrap().clone()
    }

    /// The code that arrives in the mailbox.
    async fn code(&self, email: &str) -> String {
        self.request_code(email).await.unwrap();
        code_in(&self.last_mail()).unwrap()
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
        Ok(self.client.clone().register(request).await?.into_inner())
    }

    async fn sign_in(&self, email: &str, password: &str) -> Result<SignInResponse, Status> {
        self.sign_in_from("192.0.2.1", email, password).await
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
        };
        let mut request = Request::new(request);
        let peer = SocketAddr::new(address.parse().unwrap(), 50_000);
        request.extensions_mut().insert(Peer(peer));
        Ok(self.client.clone().sign_in(request).await?.into_inner())
    }

    async fn ann_signed_in(&self) -> Tokens {
        self.sign_in(ANN, PASSWORD).await.unwrap().tokens.unwrap()
    }

    async fn refresh(&self, token: &str) -> Result<Tokens, Status> {
        let request = RefreshRequest {
            refresh_token: token.into(),
        };
        Ok(self
            .client
            .clone()
            .refresh(request)
            .await?
            .into_inner()
            .tokens
            .unwrap())
    }

    async fn sign_out(&self, token: &str) -> Result<(), Status> {
        let request = SignOutRequest {
            refresh_token: token.into(),
        };
        self.client.clone().sign_out(request).await.map(|_| ())
    }

    async fn account(&self, access_token: &str) -> Result<Account, Status> {
        let mut request = Request::new(GetAccountRequest {});
        let bearer = format!("Bearer {access_token}").parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        Ok(self
            .client
            .clone()
            .get_account(request)
            .await?
            .into_inner()
            .account
            .unwrap())
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

fn code_in(mail: &Mail) -> Option<String> {
    let digits = mail.text.split(|c: char| !c.is_ascii_digit());
    digits
        .filter(|run| run.len() == 8)
        .map(str::to_owned)
        .next()
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
    let start = || async {
        let (clock, mailbox) = (Arc::clone(&cloud.clock), Arc::clone(&cloud.mailbox));
        Service::start(&Config::default(), Arc::clone(&store), clock, mailbox)
            .await
            .unwrap()
    };
    let (one, other) = tokio::join!(start(), start());
    one.create_account(ANN, PASSWORD).await.unwrap();
    let mut client = IdentityClient::new(local(IdentityServer::new(one)));
    let request = SignInRequest {
        email: ANN.into(),
        password: PASSWORD.into(),
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
