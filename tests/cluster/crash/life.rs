//! One life of the cloud: a process from its start to its kill.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use sightline::config::Config;
use sightline::node::{Node, Surroundings};
use sightline_loadtest::account::{Api, authorized};
use sightline_loadtest::connect::Target;
use sightline_loadtest::device::{Cloud, Synthetic};
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::registry::v1::{DeleteDeviceRequest, LookupDeviceRequest};
use sightline_tests::{PASSWORD, PATIENCE, Person};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio_util::task::AbortOnDropHandle;

/// Set in the process that is the cloud: its directory, and its ports after the first life.
const DIRECTORY: &str = "SIGHTLINE_TEST_CLOUD_DIR";
const PORTS: &str = "SIGHTLINE_TEST_CLOUD_PORTS";
const EMAILS: [&str; 3] = [
    "owner@example.org",
    "buyer@example.org",
    "guest@example.org",
];

/// Ports of people and of devices.
pub(super) type Ports = (u16, u16);

/// A running cloud, with three people signed in.
pub(super) struct Life {
    process: Child,
    is_cut: AtomicBool,
    ports: Ports,
    authority: std::path::PathBuf,
    pub(super) owner: Person,
    pub(super) buyer: Person,
    pub(super) guest: Person,
}

/// In a process that was started by [`Life::begin`]: the cloud, and its ports.
pub(super) async fn serve_when_asked() -> Option<(Node, Ports)> {
    let directory = std::env::var(DIRECTORY).ok()?;
    let ports = std::env::var(PORTS).unwrap_or_else(|_| "0 0".to_owned());
    let (https, devices) = ports.split_once(' ').unwrap();
    let at = |port: &str| SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
    let mut config = Config {
        data_dir: directory.into(),
        ..Config::default()
    };
    config.listen.https = at(https);
    config.listen.devices = at(devices);
    config.listen.metrics = at("0");
    // People have limits; this test changes more in a minute than they do in a day.
    config.sharing.offers_per_account_h = 1_000_000;
    config.registry.lookups_per_account_h = 1_000_000;
    let node = Node::start(config, Surroundings::default()).await.unwrap();
    for email in EMAILS {
        // They are there already in all lives but the first.
        let _ = node.identity().create_account(email, PASSWORD).await;
    }
    let addresses = node.addresses();
    let ports = (addresses.https.port(), addresses.devices.port());
    Some((node, ports))
}

impl Life {
    pub(super) async fn begin(directory: &Path, ports: Option<Ports>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["--exact", "crash::cloud_process", "--nocapture"])
            .env(DIRECTORY, directory)
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some((https, devices)) = ports {
            command.env(PORTS, format!("{https} {devices}"));
        }
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().context("its output")?;
        let ports = tokio::time::timeout(PATIENCE, serving(stdout)).await??;
        let authority = directory.join("ca.pem");
        let target = Target::tls(([127, 0, 0, 1], ports.0).into(), &authority)?;
        let [owner, buyer, guest] = EMAILS;
        let (owner, buyer, guest) = tokio::try_join!(
            sign_in(&target, owner),
            sign_in(&target, buyer),
            sign_in(&target, guest)
        )?;
        Ok(Self {
            process,
            is_cut: AtomicBool::new(false),
            ports,
            authority,
            owner,
            buyer,
            guest,
        })
    }

    /// Kills it, without any warning; returns at once.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        let id = self.process.id().and_then(|id| i32::try_from(id).ok());
        if let Some(process) = id.and_then(rustix::process::Pid::from_raw) {
            // It may have ended: the other task kills it too.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
    }

    /// Whether its time has come.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst)
    }

    /// Kills it and waits for its end.
    pub(super) async fn kill(mut self) -> anyhow::Result<Ports> {
        self.process.kill().await?;
        Ok(self.ports)
    }

    /// Where people connect to.
    pub(super) fn target(&self) -> anyhow::Result<Target> {
        Target::tls(([127, 0, 0, 1], self.ports.0).into(), &self.authority)
    }

    pub(super) async fn connect(
        &self,
        device: &Arc<Synthetic>,
    ) -> anyhow::Result<AbortOnDropHandle<()>> {
        let address = ([127, 0, 0, 1], self.ports.1).into();
        let uplink = device
            .connect(&Cloud::new(address, &self.authority))
            .await?;
        Ok(AbortOnDropHandle::new(tokio::spawn(async move {
            // It ends with the cloud.
            let _ = uplink.serve().await;
        })))
    }

    /// Waits until the device could be claimed, or is.
    pub(super) async fn await_online(&self, device: &Synthetic) -> anyhow::Result<()> {
        crate::watching::again(|| async {
            let device_id = device.cloud_id().to_string();
            let request = authorized(LookupDeviceRequest { device_id }, &self.owner.token)?;
            let looked_up = RegistryClient::new(self.owner.api.channel())
                .lookup_device(request)
                .await;
            match looked_up {
                Err(status) if sightline_rpc::error::reason(&status) == "DEVICE_OFFLINE" => {
                    anyhow::bail!("not yet")
                }
                _ => Ok(()),
            }
        })
        .await
    }

    pub(super) async fn claim(&self, who: &Person, device: &Synthetic) -> anyhow::Result<()> {
        let (id, code) = (device.cloud_id().to_string(), device.verification_code());
        who.api.claim(&who.token, &id, &code).await
    }

    pub(super) async fn delete(&self, who: &Person, device: &Synthetic) -> anyhow::Result<()> {
        let device_id = device.cloud_id().to_string();
        let mut registry = RegistryClient::new(who.api.channel());
        let request = authorized(DeleteDeviceRequest { device_id }, &who.token)?;
        registry.delete_device(request).await?;
        Ok(())
    }
}

async fn sign_in(target: &Target, email: &str) -> anyhow::Result<Person> {
    let api = Api::connect(target).await?;
    let tokens = api.sign_in(email, PASSWORD).await?;
    Ok(Person {
        email: email.to_owned(),
        token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        api,
    })
}

/// Reads the output until the cloud says that it serves.
async fn serving(stdout: tokio::process::ChildStdout) -> anyhow::Result<Ports> {
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        // The test runner's own words come before it on the same line.
        if let Some((_, ports)) = line.split_once("cloud ")
            && let Some((https, devices)) = ports.split_once(' ')
            && let (Ok(https), Ok(devices)) = (https.parse(), devices.parse())
        {
            // Whatever it says later is read, so that it never waits for a reader.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((https, devices));
        }
    }
    anyhow::bail!("the cloud did not start")
}
