//! A whole cloud in a test: real node, real sockets, ports of its own, a directory that goes away.
//!
//! Start reading at [`Sandbox`].

pub mod camera;
pub mod elementary;
pub mod errors;
pub mod ffmpeg;
pub mod line;
pub mod programs;
pub mod scenario;
mod sharing;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use hyper_util::rt::TokioIo;
use sightline::config::Config;
use sightline::node::{Links, Node, Surroundings};
use sightline_agent::{Agent, Handle, Uplink};
use sightline_base::clock::{Clock, SystemClock};
use sightline_domain::CloudId;
use sightline_identity::mail::{Mail, MailSender, SendError};
use sightline_loadtest::account::Api;
use sightline_loadtest::connect::Target;
use sightline_loadtest::device::{Cloud, Synthetic};
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::identity::v1::{CodePurpose, RequestCodeRequest};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tonic::transport::Endpoint;

/// Longest wait for a state that must come.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// Of every account in tests.
pub const PASSWORD: &str = "correct-horse-7";

/// A running cloud with its directory.
#[derive(Debug)]
pub struct Sandbox {
    node: Option<Node>,
    config: Config,
    clock: Arc<dyn Clock>,
    links: Links,
    codes: Arc<Codes>,
    _errors: errors::Watch,
    directory: TempDir,
}

/// Somebody who has an account and is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Of the account.
    pub email: String,
    /// For `authorization: Bearer`.
    pub token: String,
    /// Of the same sign-in.
    pub refresh_token: String,
    /// Their way to the API.
    pub api: Api,
}

impl Sandbox {
    /// With the machine's clock.
    ///
    /// # Errors
    /// When the node does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(SystemClock::shared(), |_| ()).await
    }

    /// With a clock and settings of the test's own.
    ///
    /// # Errors
    /// When the node does not start.
    pub async fn with(
        clock: Arc<dyn Clock>,
        change: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Self> {
        Self::linked(clock, Links::default(), change).await
    }

    /// And with something between its services.
    ///
    /// # Errors
    /// When the node does not start.
    pub async fn linked(
        clock: Arc<dyn Clock>,
        links: Links,
        change: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Self> {
        let errors = errors::Watch::begin();
        let directory = tempfile::tempdir()?;
        let mut config = Config {
            data_dir: directory.path().join("cloud"),
            ..Config::default()
        };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        config.listen.https = any;
        config.listen.devices = any;
        config.listen.metrics = any;
        change(&mut config);
        let mut sandbox = Self {
            node: None,
            config,
            clock,
            links,
            codes: Arc::default(),
            _errors: errors,
            directory,
        };
        sandbox.start_node().await?;
        Ok(sandbox)
    }

    async fn start_node(&mut self) -> anyhow::Result<()> {
        let surroundings = Surroundings {
            clock: Arc::clone(&self.clock),
            mail: Some(Arc::clone(&self.codes) as Arc<dyn MailSender>),
            links: self.links.clone(),
        };
        let node = Node::start(self.config.clone(), surroundings).await?;
        // A restart comes back on the same ports, as a deployed one does.
        self.config.listen.https = node.addresses().https;
        self.config.listen.devices = node.addresses().devices;
        self.node = Some(node);
        Ok(())
    }

    /// Stops the node in order and starts it on the same directory and ports.
    ///
    /// # Errors
    /// When it does not start again.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        if let Some(node) = self.node.take() {
            node.shutdown().await;
        }
        self.start_node().await
    }

    /// Stops the node in order, and removes what it kept. A test with one sandbox ends without.
    pub async fn stop(mut self) {
        if let Some(node) = self.node.take() {
            node.shutdown().await;
        }
    }

    /// The authority that clients and devices trust.
    #[must_use]
    pub fn authority(&self) -> std::path::PathBuf {
        self.config.data_dir.join("ca.pem")
    }

    /// Where the node keeps all that it keeps.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.config.data_dir
    }

    /// The operator's way to the node.
    ///
    /// # Errors
    /// When there is no socket.
    pub async fn operator(&self) -> anyhow::Result<tonic::transport::Channel> {
        let path = self.data_dir().join("operator.sock");
        let connector = tower::service_fn(move |_| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        Ok(endpoint.connect_with_connector(connector).await?)
    }

    /// A directory that goes away with the sandbox.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where people connect to.
    ///
    /// # Errors
    /// When the authority cannot be read.
    pub fn target(&self) -> anyhow::Result<Target> {
        let address = self.config.listen.https;
        if self.config.tls.plain_https {
            return Ok(Target::plain(address));
        }
        Target::tls(address, &self.authority())
    }

    /// Where people and programs connect to.
    #[must_use]
    pub fn people(&self) -> SocketAddr {
        self.config.listen.https
    }

    /// Where devices connect to.
    #[must_use]
    pub fn devices(&self) -> SocketAddr {
        self.config.listen.devices
    }

    /// What `GET /metrics` answers.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn metrics(&self) -> anyhow::Result<String> {
        let node = self.node.as_ref().context("the node is stopped")?;
        let mut connection = TcpStream::connect(node.addresses().metrics).await?;
        let request = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        connection.write_all(request).await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?;
        anyhow::ensure!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        Ok(answer)
    }

    /// Registers an account with the code from its mail, and signs in.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn person(&self, name: &str) -> anyhow::Result<Person> {
        let api = Api::connect(&self.target()?).await?;
        let email = format!("{name}@example.org");
        api.request_code(&email).await?;
        let code = self
            .codes
            .take(&email)
            .await
            .context("the code from the e-mail")?;
        api.register(&email, PASSWORD, &code).await?;
        let tokens = api.sign_in(&email, PASSWORD).await?;
        Ok(Person {
            email,
            token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            api,
        })
    }

    /// The code from a mail by which a person sets a new password.
    ///
    /// # Errors
    /// When none is sent.
    pub async fn reset_code(&self, person: &Person) -> anyhow::Result<String> {
        let request = RequestCodeRequest {
            email: person.email.clone(),
            purpose: CodePurpose::ResetPassword.into(),
            ..RequestCodeRequest::default()
        };
        let mut identity = IdentityClient::new(person.api.channel());
        identity.request_code(request).await?;
        let code = self.codes.take(&person.email).await;
        code.context("the code from the e-mail")
    }

    /// Connects a synthetic device, and lets a person claim it.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn device(
        &self,
        device: Synthetic,
        owner: &Person,
    ) -> anyhow::Result<(Arc<Synthetic>, Connected)> {
        let device = Arc::new(device);
        let connected = self.connect(&device).await?;
        let id = device.cloud_id().to_string();
        owner
            .api
            .claim(&owner.token, &id, &device.verification_code())
            .await?;
        owner.api.await_online(&owner.token, &id).await?;
        Ok((device, connected))
    }

    /// Connects a synthetic device.
    ///
    /// # Errors
    /// When the cloud refuses it before HTTP/2 begins.
    pub async fn connect(&self, device: &Arc<Synthetic>) -> anyhow::Result<Connected> {
        let cloud = Cloud::new(self.devices(), &self.authority());
        let uplink = device.connect(&cloud).await?;
        Ok(Connected(tokio::spawn(async move {
            // How it ends is the matter of the test.
            let _ = uplink.serve().await;
        })))
    }

    /// Starts a real agent, and lets a person claim it.
    ///
    /// # Errors
    /// When it does not connect, or the claim is refused.
    pub async fn agent(
        &self,
        owner: &Person,
        change: impl FnOnce(&mut sightline_agent::Config),
    ) -> anyhow::Result<(CloudId, Handle)> {
        let agent = self.unclaimed_agent(change).await?;
        let id = agent.cloud_id();
        let code = agent.verification_code().reveal();
        owner
            .api
            .claim(&owner.token, &id.to_string(), &code)
            .await?;
        owner
            .api
            .await_online(&owner.token, &id.to_string())
            .await?;
        Ok((id, agent))
    }

    /// Starts a real agent, and waits until it is connected.
    ///
    /// # Errors
    /// When it does not connect.
    pub async fn unclaimed_agent(
        &self,
        change: impl FnOnce(&mut sightline_agent::Config),
    ) -> anyhow::Result<Handle> {
        let mut config = sightline_agent::Config {
            cloud: format!("localhost:{}", self.devices().port()),
            data_dir: self.directory().join("agent"),
            ca_file: Some(self.authority()),
            ..sightline_agent::Config::default()
        };
        change(&mut config);
        let agent = Agent::start(config)?;
        let connected = |uplink: &Uplink| matches!(uplink, Uplink::Connected { .. });
        let mut status = agent.status();
        tokio::time::timeout(PATIENCE, status.wait_for(connected)).await??;
        Ok(agent)
    }
}

/// A connection of a synthetic device; dropping it cuts it, as a power failure does.
#[derive(Debug)]
pub struct Connected(tokio::task::JoinHandle<()>);

impl Connected {
    /// Waits until the cloud or the device has ended it.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn ended(mut self) -> anyhow::Result<()> {
        tokio::time::timeout(PATIENCE, &mut self.0)
            .await
            .context("the connection goes on")??;
        Ok(())
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The mailboxes of all people in a test.
#[derive(Debug, Default)]
struct Codes(Mutex<Vec<Mail>>);

impl Codes {
    async fn take(&self, to: &str) -> Option<String> {
        let take = async {
            loop {
                let mail = {
                    let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    let at = mails.iter().position(|mail| mail.to.to_string() == to);
                    at.map(|at| mails.swap_remove(at))
                };
                match mail {
                    Some(mail) => return code_in(&mail.text),
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, take).await.ok().flatten()
    }
}

#[async_trait::async_trait]
impl MailSender for Codes {
    async fn send(&self, mail: Mail) -> Result<(), SendError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(mail);
        Ok(())
    }
}

/// The first run of at least six digits in a mail.
fn code_in(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit())
        .find(|run| run.len() >= 6)
        .map(str::to_owned)
}
