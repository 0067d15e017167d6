//! What a person does before they watch: an account, a claim.

use std::time::Duration;

use anyhow::{Context as _, bail};
use hyper_util::rt::TokioIo;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::identity::v1::{
    CodePurpose, RegisterRequest, RequestCodeRequest, SignInRequest, Tokens,
};
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::registry::v1::{ClaimDeviceRequest, DeviceStatus, GetDeviceRequest};
use tonic::transport::{Channel, Endpoint};

use crate::connect::Target;

/// Longest until a device that has connected is seen by the registry.
const ONLINE_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two looks at it.
const ONLINE_POLL: Duration = Duration::from_millis(50);

/// The gRPC API of a cloud, as a program of a person's uses it.
#[derive(Debug, Clone)]
pub struct Api(Channel);

impl Api {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens, or is not trusted.
    pub async fn connect(target: &Target) -> anyhow::Result<Self> {
        let target = target.clone();
        let origin = format!("{}://{}", target.scheme(), target.authority());
        let connector = tower::service_fn(move |_| {
            let target = target.clone();
            async move { target.connect("h2").await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_shared("http://localhost")?.origin(origin.parse()?);
        let channel = endpoint.connect_with_connector(connector).await?;
        Ok(Self(channel))
    }

    /// For other services of the same cloud.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.0.clone()
    }

    /// Asks for the code of a new account.
    ///
    /// # Errors
    /// [`tonic::Status`].
    pub async fn request_code(&self, email: &str) -> anyhow::Result<()> {
        let request = RequestCodeRequest {
            email: email.to_owned(),
            purpose: CodePurpose::Register.into(),
            ..RequestCodeRequest::default()
        };
        IdentityClient::new(self.0.clone())
            .request_code(request)
            .await?;
        Ok(())
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`tonic::Status`].
    pub async fn register(&self, email: &str, password: &str, code: &str) -> anyhow::Result<()> {
        let request = RegisterRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            code: code.to_owned(),
            ..RegisterRequest::default()
        };
        IdentityClient::new(self.0.clone())
            .register(request)
            .await?;
        Ok(())
    }

    /// Signs in.
    ///
    /// # Errors
    /// [`tonic::Status`].
    pub async fn sign_in(&self, email: &str, password: &str) -> anyhow::Result<Tokens> {
        let request = SignInRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            remember_me: false,
        };
        let answer = IdentityClient::new(self.0.clone()).sign_in(request).await?;
        answer
            .into_inner()
            .tokens
            .context("sign in: no tokens came")
    }

    /// Claims a device that is connecting; waits for it.
    ///
    /// # Errors
    /// [`tonic::Status`], or that the device did not come.
    pub async fn claim(&self, token: &str, id: &str, code: &str) -> anyhow::Result<()> {
        let claim = ClaimDeviceRequest {
            device_id: id.to_owned(),
            name: "Synthetic".to_owned(),
            verification_code: code.to_owned(),
            request_id: uuid::Uuid::new_v4().to_string(),
            administrator: None,
        };
        let mut registry = RegistryClient::new(self.0.clone());
        let claimed = async {
            loop {
                match registry
                    .claim_device(authorized(claim.clone(), token)?)
                    .await
                {
                    Ok(_) => return Ok(()),
                    Err(status) if sightline_rpc::error::reason(&status) == "DEVICE_OFFLINE" => {
                        tokio::time::sleep(ONLINE_POLL).await;
                    }
                    Err(status) => bail!(status),
                }
            }
        };
        let claimed = tokio::time::timeout(ONLINE_TIMEOUT, claimed).await;
        claimed.context("claim a device in time")?
    }

    /// Waits until a claimed device is connected.
    ///
    /// # Errors
    /// [`tonic::Status`], or that the device did not come.
    pub async fn await_online(&self, token: &str, id: &str) -> anyhow::Result<()> {
        let get = GetDeviceRequest {
            device_id: id.to_owned(),
        };
        let mut registry = RegistryClient::new(self.0.clone());
        let online = async {
            loop {
                let device = registry.get_device(authorized(get.clone(), token)?).await?;
                let device = device.into_inner().device.unwrap_or_default();
                if device.status() == DeviceStatus::Online {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(ONLINE_POLL).await;
            }
        };
        let online = tokio::time::timeout(ONLINE_TIMEOUT, online).await;
        online.context("wait for a device")?
    }
}

/// A request with an access token.
///
/// # Errors
/// When the token cannot stand in a header.
pub fn authorized<T>(message: T, token: &str) -> anyhow::Result<tonic::Request<T>> {
    let mut request = tonic::Request::new(message);
    let bearer = format!("Bearer {token}").parse()?;
    request.metadata_mut().insert("authorization", bearer);
    Ok(request)
}
