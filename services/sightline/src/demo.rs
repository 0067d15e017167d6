//! `sightline demo`: the cloud in one process, a recorder with four drawn cameras beside it, and an
//! account that owns it.

use std::fs::OpenOptions;
use std::future::Future;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use rand::RngExt as _;
use sightline_agent::config::{Camera, RtspUrl};
use sightline_agent::{Agent, Handle, Uplink};
use sightline_base::telemetry::{self, LogFormat};
use sightline_rpc::identity::v1::SignInRequest;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::registry::v1::{ClaimDeviceRequest, GetDeviceRequest};

use crate::config::Config;
use crate::node::{Node, Surroundings};

/// E-mail of the demo account; no mail is ever sent there.
const EMAIL: &str = "demo@example.org";
/// The recorder may take this long to connect and to be claimed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Symbols of a password, without those that look alike.
const PASSWORD_SYMBOLS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const PASSWORD_LEN: usize = 16;
/// Channels of the recorder that are drawn; real cameras come after them.
const DEMO_CHANNELS: usize = 4;

/// Options of the demo.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Directory for all durable state; kept between runs.
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data_dir: PathBuf,
    /// Address to listen on; 0.0.0.0 lets other machines in.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// Port of the portal and the API; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    https_port: u16,
    /// Port for devices; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8444)]
    devices_port: u16,
    /// Adds a real camera to the recorder; may be given several times.
    #[arg(long, value_name = "URL")]
    // Parsed later: an argument error would repeat the password in the address.
    rtsp: Vec<String>,
}

/// Runs the demo until `interrupted` is ready.
pub(crate) async fn run<F>(args: Demo, interrupted: fn() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    // The agent's RTSP library repeats what cameras answer, addresses with credentials among it.
    telemetry::init_logs(LogFormat::Text, "warn,retina=off");
    let node = Node::start(node_config(&args), Surroundings::default()).await?;
    let agent = Agent::start(agent_config(&args, &node)?).context("start the demo recorder")?;
    let prepared = tokio::time::timeout(CONNECT_TIMEOUT, prepare(&args, &node, &agent));
    let outcome = match prepared.await {
        Ok(Ok(password)) => {
            tell(&welcome(&args, &node, &agent, &password))?;
            interrupted().await
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(anyhow::anyhow!(
            "the demo recorder did not connect within 30 s"
        )),
    };
    agent.shutdown().await;
    node.shutdown().await;
    outcome
}

fn node_config(args: &Demo) -> Config {
    let mut config = Config {
        data_dir: args.data_dir.join("cloud"),
        ..Config::default()
    };
    config.listen.https = SocketAddr::new(args.listen, args.https_port);
    config.listen.devices = SocketAddr::new(args.listen, args.devices_port);
    config.listen.metrics.set_port(0);
    if !args.listen.is_loopback() && !args.listen.is_unspecified() {
        config.tls.names.push(args.listen.to_string());
    }
    config
}

fn agent_config(args: &Demo, node: &Node) -> anyhow::Result<sightline_agent::Config> {
    let addresses = node.addresses();
    let cameras = args
        .rtsp
        .iter()
        .enumerate()
        .map(|(at, url)| {
            let url = RtspUrl::try_from(url.clone())?;
            Ok(Camera::new(
                format!("Camera {}", at + DEMO_CHANNELS + 1),
                url,
            ))
        })
        .collect::<anyhow::Result<_>>()
        .context("--rtsp")?;
    Ok(sightline_agent::Config {
        cloud: SocketAddr::new(reachable(args.listen), addresses.devices.port()).to_string(),
        data_dir: args.data_dir.join("recorder"),
        ca_file: node.ca_file().map(Path::to_path_buf),
        portal: Some(portal_url(node)),
        demo: true,
        cameras,
        ..sightline_agent::Config::default()
    })
}

/// The address at which this machine itself finds what listens on `listen`.
fn reachable(listen: IpAddr) -> IpAddr {
    match listen {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

/// Makes account and claim where they are not there yet; returns the password.
async fn prepare(args: &Demo, node: &Node, agent: &Handle) -> anyhow::Result<String> {
    let password = account(&args.data_dir, node).await?;
    let mut status = agent.status();
    status
        .wait_for(|uplink| matches!(uplink, Uplink::Connected { .. }))
        .await
        .context("the demo recorder stopped")?;
    let sign_in = SignInRequest {
        email: EMAIL.to_owned(),
        password: password.clone(),
        remember_me: false,
    };
    let signed_in = IdentityClient::new(node.identity_channel())
        .sign_in(sign_in)
        .await?;
    let tokens = signed_in
        .into_inner()
        .tokens
        .context("sign in: no tokens")?;
    claim(node, agent, &tokens.access_token)
        .await
        .context("claim the demo recorder")?;
    Ok(password)
}

async fn claim(node: &Node, agent: &Handle, access_token: &str) -> anyhow::Result<()> {
    let mut registry = RegistryClient::new(node.registry_channel());
    let device_id = agent.cloud_id().to_string();
    let get = GetDeviceRequest {
        device_id: device_id.clone(),
    };
    if registry
        .get_device(authorized(get, access_token)?)
        .await
        .is_ok()
    {
        return Ok(());
    }
    let claim = ClaimDeviceRequest {
        device_id,
        name: "Demo recorder".to_owned(),
        verification_code: agent.verification_code().reveal(),
        request_id: "00000000-0000-4000-8000-00000000de30".to_owned(),
        administrator: None,
    };
    // The device is there when its session has told the registry, shortly after it connected.
    loop {
        match registry
            .claim_device(authorized(claim.clone(), access_token)?)
            .await
        {
            Ok(_) => return Ok(()),
            Err(status) if sightline_rpc::error::reason(&status) == "DEVICE_OFFLINE" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(status) => return Err(status.into()),
        }
    }
}

fn authorized<T>(message: T, access_token: &str) -> anyhow::Result<tonic::Request<T>> {
    let mut request = tonic::Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {access_token}").parse()?);
    Ok(request)
}

/// The demo account's password: from the file of an earlier run, or a new random one.
async fn account(data_dir: &Path, node: &Node) -> anyhow::Result<String> {
    let file = data_dir.join("password");
    if let Ok(password) = std::fs::read_to_string(&file) {
        return Ok(password.trim().to_owned());
    }
    let password = random_password();
    node.identity()
        .create_account(EMAIL, &password)
        .await
        .with_context(|| {
            format!(
                "make the demo account; to start anew, remove {}",
                data_dir.display()
            )
        })?;
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file)
        .with_context(|| format!("write {}", file.display()))?;
    writeln!(out, "{password}")?;
    out.sync_all()?;
    Ok(password)
}

fn random_password() -> String {
    let mut random = rand::rng();
    let symbols = (0..PASSWORD_LEN)
        .map(|_| char::from(PASSWORD_SYMBOLS[random.random_range(0..PASSWORD_SYMBOLS.len())]));
    // Letters and digits both, whatever chance says.
    symbols.chain("a7".chars()).collect()
}

fn portal_url(node: &Node) -> String {
    format!("https://localhost:{}", node.addresses().https.port())
}

fn welcome(args: &Demo, node: &Node, agent: &Handle, password: &str) -> String {
    let ca_file = node
        .ca_file()
        .map(|file| file.display().to_string())
        .unwrap_or_default();
    let device_user = match agent.demo_administrator() {
        Some((name, password)) => format!("{name}, password {}", password.reveal()),
        None => "as set on the recorder".to_owned(),
    };
    format!(
        "\nSightline is running.\n\n\
         \x20 Portal             {}\n\
         \x20 E-mail             {EMAIL}\n\
         \x20 Password           {password}\n\
         \x20 Cloud ID           {}\n\
         \x20 Verification code  {}\n\
         \x20 Device user        {device_user}\n\
         \x20 Devices            port {}\n\
         \x20 Authority          {ca_file}\n\
         \x20 Data               {}\n\n\
         The certificate is self-made: the browser asks once, or import the authority.\n\
         Codes for new accounts are printed here. Ctrl-C ends it.\n",
        portal_url(node),
        agent.cloud_id(),
        agent.verification_code().reveal(),
        node.addresses().devices.port(),
        args.data_dir.display(),
    )
}

/// Writes to standard output, where a script may read it.
fn tell(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
