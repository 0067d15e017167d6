//! The real server for one measurement, with an account and a device on it.

mod device;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::account::Api;
use crate::connect::Target;
use crate::helper::Helper;
use device::Introduction;

pub(crate) use device::{Load, Options as DeviceOptions, run as device};

/// Longest that the server may take to start, or to stop.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// Lines of the server that wait to be read here; more are dropped.
const LINES_MAX: usize = 64;
/// Digits of a code.
const CODE_DIGITS: usize = 8;
const EMAIL: &str = "bench@example.org";

/// What outlives one server: its data, an account, the device's key.
#[derive(Debug)]
pub(crate) struct Site {
    server_bin: PathBuf,
    directory: PathBuf,
    password: String,
    load: Load,
    /// TOML behind the rest of the configuration.
    settings: String,
}

/// A server on a site's data, with its device online.
pub(crate) struct Running {
    pub(crate) cloud: Cloud,
    /// The device's ID.
    pub(crate) device: String,
    /// A fresh token of its owner.
    pub(crate) token: String,
}

/// A running server whose device is connected.
#[derive(Debug)]
pub(crate) struct Cloud {
    server: Child,
    https: u16,
    devices: u16,
    authority: Option<PathBuf>,
    /// Standard output, with codes that would be mailed.
    output: mpsc::Receiver<String>,
    device: Option<Helper>,
}

impl Site {
    /// A new site in an empty directory: makes the account, and claims the device. `settings` are
    /// tables of TOML for the server's configuration.
    pub(crate) async fn found(
        server_bin: &Path,
        directory: &Path,
        load: Load,
        settings: &str,
    ) -> anyhow::Result<Self> {
        let site = Self {
            server_bin: server_bin.to_owned(),
            directory: directory.to_owned(),
            password: format!("{}-Aa1", uuid::Uuid::new_v4()),
            load,
            settings: settings.to_owned(),
        };
        let key = rcgen::KeyPair::generate()?.serialize_pem();
        std::fs::write(site.device_key(), key).context("write the device's key")?;
        let mut cloud = site.start_server(false).await?;
        let api = cloud.api().await?;
        cloud.register(EMAIL, &site.password).await?;
        let token = api.sign_in(EMAIL, &site.password).await?.access_token;
        let device = cloud.attach_device(&site).await?;
        api.claim(&token, &device.cloud_id, &device.verification_code)
            .await
            .context("claim the device")?;
        cloud.stop().await?;
        Ok(site)
    }

    /// Starts a server on the site's data.
    pub(crate) async fn start(&self, tls: bool) -> anyhow::Result<Running> {
        let mut cloud = self.start_server(tls).await?;
        let device = cloud.attach_device(self).await?;
        let api = cloud.api().await?;
        let token = api.sign_in(EMAIL, &self.password).await?.access_token;
        api.await_online(&token, &device.cloud_id).await?;
        Ok(Running {
            cloud,
            device: device.cloud_id,
            token,
        })
    }

    fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn device_key(&self) -> PathBuf {
        self.directory.join("device.pem")
    }

    async fn start_server(&self, tls: bool) -> anyhow::Result<Cloud> {
        let config = format!(
            "data_dir = {:?}\n[listen]\nhttps = \"127.0.0.1:0\"\ndevices = \"127.0.0.1:0\"\n\
             metrics = \"127.0.0.1:0\"\nconnections_per_address_max = 10000\n[tls]\nplain_https = {}\n[log]\nformat = \"json\"\n{}",
            self.data_dir(),
            !tls,
            self.settings,
        );
        let config_file = self.directory.join("sightline.toml");
        std::fs::write(&config_file, config).context("write the configuration")?;
        let mut server = Command::new(&self.server_bin)
            .args(["serve", "--config"])
            .arg(&config_file)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.server_bin.display()))?;
        let log = server.stderr.take().context("the server's log")?;
        let output = server.stdout.take().context("the server's output")?;
        let mut log = BufReader::new(log).lines();
        let serving = timeout(START_TIMEOUT, serving(&mut log)).await;
        let (https, devices) = serving.context("wait for the server to start")??;
        tokio::spawn(forward_log(log));
        Ok(Cloud {
            server,
            https,
            devices,
            authority: tls.then(|| self.data_dir().join("ca.pem")),
            output: read_output(output),
            device: None,
        })
    }
}

impl Cloud {
    /// The server's process.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.server.id().context("the server has ended")
    }

    /// Port of viewers.
    pub(crate) fn port(&self) -> u16 {
        self.https
    }

    /// Whom viewers trust, when there is TLS.
    pub(crate) fn authority(&self) -> Option<PathBuf> {
        self.authority.clone()
    }

    /// Ends server and device, and waits for it.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        // First the device: it would complain of a server that goes away.
        drop(self.device.take());
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw);
        kill_process(pid.context("the server's process")?, Signal::TERM)?;
        let ended = timeout(STOP_TIMEOUT, self.server.wait()).await;
        let status = ended.context("wait for the server to end")??;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// The gRPC API, on a connection of its own.
    pub(crate) async fn api(&self) -> anyhow::Result<Api> {
        Api::connect(&self.target()?).await
    }

    /// Makes an account.
    pub(crate) async fn register(&mut self, email: &str, password: &str) -> anyhow::Result<()> {
        let api = self.api().await?;
        api.request_code(email).await?;
        let code = self.code().await?;
        api.register(email, password, &code).await
    }

    /// Where viewers connect to.
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        let address = ([127, 0, 0, 1], self.https).into();
        match &self.authority {
            None => Ok(Target::plain(address)),
            Some(file) => Target::tls(address, file),
        }
    }

    /// Starts the device beside the server.
    async fn attach_device(&mut self, site: &Site) -> anyhow::Result<Introduction> {
        let args = [
            "--port".as_ref(),
            self.devices.to_string().as_ref(),
            "--authority".as_ref(),
            site.data_dir().join("ca.pem").as_os_str(),
            "--key".as_ref(),
            site.device_key().as_os_str(),
            "--load".as_ref(),
            site.load.name().as_ref(),
        ]
        .map(std::ffi::OsStr::to_owned);
        let (helper, introduction) = Helper::start("device", args).await?;
        self.device = Some(helper);
        Ok(introduction)
    }

    /// The code of the e-mail that the server prints when it has no mail server.
    async fn code(&mut self) -> anyhow::Result<String> {
        let code = async {
            loop {
                let line = self.output.recv().await.context("no code was printed")?;
                if let Some(code) = code_in(&line) {
                    return anyhow::Ok(code.to_owned());
                }
            }
        };
        timeout(START_TIMEOUT, code)
            .await
            .context("wait for a code")?
    }
}

/// A code stands on a line of its own.
fn code_in(line: &str) -> Option<&str> {
    let line = line.trim();
    let digits = line.len() == CODE_DIGITS && line.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(line)
}

/// One line of the server's log.
#[derive(serde::Deserialize)]
struct LogLine {
    level: String,
    fields: Fields,
}

#[derive(serde::Deserialize)]
struct Fields {
    message: String,
    https: Option<String>,
    devices: Option<String>,
}

/// Reads the log until the server tells its ports.
async fn serving<R: AsyncRead + Unpin>(
    log: &mut Lines<BufReader<R>>,
) -> anyhow::Result<(u16, u16)> {
    let mut last = String::new();
    while let Some(line) = log.next_line().await? {
        let Ok(LogLine { fields, .. }) = serde_json::from_str(&line) else {
            last = line;
            continue;
        };
        if let (Some(https), Some(devices)) = (fields.https, fields.devices) {
            return Ok((port(&https)?, port(&devices)?));
        }
    }
    anyhow::bail!("the server did not start: {last}")
}

fn port(address: &str) -> anyhow::Result<u16> {
    let address: std::net::SocketAddr = address.parse().context("read an address")?;
    Ok(address.port())
}

/// Shows what the server warns of, and reads the rest, so that the server never waits for it.
async fn forward_log<R: AsyncRead + Unpin>(mut log: Lines<BufReader<R>>) {
    while let Ok(Some(line)) = log.next_line().await {
        match serde_json::from_str::<LogLine>(&line) {
            Ok(line) if line.level == "INFO" => {}
            Ok(line) => tracing::warn!(level = line.level, "server: {}", line.fields.message),
            Err(_) => tracing::warn!("server: {line}"),
        }
    }
}

fn read_output(output: impl AsyncRead + Unpin + Send + 'static) -> mpsc::Receiver<String> {
    let (tx, rx) = mpsc::channel(LINES_MAX);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            // Nobody reads after the account is made.
            let _ = tx.try_send(line);
        }
    });
    rx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_the_line_that_is_nothing_else() {
        assert_eq!(code_in("    40718823"), Some("40718823"));
        for other in [
            "",
            "4071882",
            "407188231",
            "code 40718823",
            "2026-11-22",
            "---",
        ] {
            assert_eq!(code_in(other), None, "{other}");
        }
    }
}
