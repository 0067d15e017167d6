//! The programs themselves, as an operator starts them: processes of their own, which a test may
//! kill. `cargo build --workspace` makes them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use sightline_loadtest::account::Api;
use sightline_loadtest::connect::Target;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::{PASSWORD, PATIENCE, Person, code_in};

/// Lines of a program that wait to be read by the test; more are dropped.
const LINES_MAX: usize = 256;

/// `sightline serve` on a directory of its own.
#[derive(Debug)]
pub struct Cloud {
    directory: PathBuf,
    ports: (u16, u16),
    process: Child,
    /// Standard output, with the codes that would be mailed.
    output: mpsc::Receiver<String>,
}

impl Cloud {
    /// On free ports, with a new directory below this one.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(directory: &Path) -> anyhow::Result<Self> {
        let directory = directory.join("cloud");
        let (process, ports, output) = serve(&directory, (0, 0)).await?;
        Ok(Self {
            directory,
            ports,
            process,
            output,
        })
    }

    /// Kills it without a warning; returns when it has ended.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.process.kill().await?)
    }

    /// Starts it again after a kill: same directory, same ports.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        (self.process, self.ports, self.output) = serve(&self.directory, self.ports).await?;
        Ok(())
    }

    /// Where people connect to.
    ///
    /// # Errors
    /// When the authority cannot be read.
    pub fn target(&self) -> anyhow::Result<Target> {
        Target::tls(([127, 0, 0, 1], self.ports.0).into(), &self.authority())
    }

    fn authority(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// Registers an account with the code that is printed in place of a mail, and signs in.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn person(&mut self, name: &str) -> anyhow::Result<Person> {
        let api = Api::connect(&self.target()?).await?;
        let email = format!("{name}@example.org");
        api.request_code(&email).await?;
        let code = async {
            loop {
                let line = self.output.recv().await.context("no code was printed")?;
                // It stands on a line of its own.
                match code_in(&line) {
                    Some(code) if code == line.trim() => return anyhow::Ok(code),
                    _ => {}
                }
            }
        };
        let code = timeout(PATIENCE, code).await.context("wait for a code")??;
        api.register(&email, PASSWORD, &code).await?;
        let tokens = api.sign_in(&email, PASSWORD).await?;
        Ok(Person {
            email,
            token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            api,
        })
    }
}

/// `sightline-agent run --demo`.
#[derive(Debug)]
pub struct Agent {
    process: Child,
    /// As `sightline-agent status` shows it.
    pub cloud_id: String,
    /// What a person types to claim it.
    pub verification_code: String,
}

impl Agent {
    /// Starts one for a cloud, with a new directory below this one.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(cloud: &Cloud, directory: &Path) -> anyhow::Result<Self> {
        let directory = directory.join("agent");
        let process = command("sightline-agent")?
            .args(["run", "--demo", "--cloud"])
            .arg(format!("localhost:{}", cloud.ports.1))
            .arg("--ca")
            .arg(cloud.authority())
            .arg("--data-dir")
            .arg(&directory)
            .spawn()
            .context("start the agent")?;
        let known = async {
            loop {
                let status = status(&directory).await?;
                let id = value(&status, "Cloud ID");
                if let (Some(id), Some(code)) = (id, value(&status, "Verification code")) {
                    return anyhow::Ok((id, code));
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let (cloud_id, verification_code) =
            timeout(PATIENCE, known).await.context("ask the agent")??;
        Ok(Self {
            process,
            cloud_id,
            verification_code,
        })
    }

    /// Whether it is still the process that was started.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.try_wait()?.is_none())
    }
}

/// A program of this workspace, which ends with the test.
fn command(name: &str) -> anyhow::Result<Command> {
    let test = std::env::current_exe()?;
    // The tests are in `deps`, beside the programs.
    let directory = test.parent().and_then(Path::parent);
    let program = directory.context("a directory of programs")?.join(name);
    anyhow::ensure!(
        program.is_file(),
        "{} is missing; `cargo build --workspace` makes it",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

async fn serve(
    directory: &Path,
    ports: (u16, u16),
) -> anyhow::Result<(Child, (u16, u16), mpsc::Receiver<String>)> {
    let at = |port: u16| format!("127.0.0.1:{port}");
    let mut process = command("sightline")?
        .arg("serve")
        .env("SIGHTLINE__DATA_DIR", directory)
        .env("SIGHTLINE__LISTEN__HTTPS", at(ports.0))
        .env("SIGHTLINE__LISTEN__DEVICES", at(ports.1))
        .env("SIGHTLINE__LISTEN__METRICS", at(0))
        .env("SIGHTLINE__LOG__FORMAT", "json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start the cloud")?;
    let mut log = lines(process.stderr.take().context("its log")?);
    let output = lines(process.stdout.take().context("its output")?);
    let serving = async {
        while let Some(line) = log.recv().await {
            if let Some(ports) = serving(&line) {
                return Ok(ports);
            }
        }
        anyhow::bail!("the cloud did not start")
    };
    let ports = timeout(PATIENCE, serving).await.context("wait for it")??;
    Ok((process, ports, output))
}

/// The ports in the line of the log that tells them.
fn serving(line: &str) -> Option<(u16, u16)> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let port = |name: &str| -> Option<u16> {
        let address = line.get("fields")?.get(name)?.as_str()?;
        Some(address.parse::<std::net::SocketAddr>().ok()?.port())
    };
    Some((port("https")?, port("devices")?))
}

/// Shows what a program writes, and reads all of it, so that it never waits for the test.
fn lines(output: impl AsyncRead + Unpin + Send + 'static) -> mpsc::Receiver<String> {
    let (tx, rx) = mpsc::channel(LINES_MAX);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            tracing::info!("{line}");
            // Nobody reads what is not waited for.
            let _ = tx.try_send(line);
        }
    });
    rx
}

async fn status(directory: &Path) -> anyhow::Result<String> {
    let output = command("sightline-agent")?
        .args(["status", "--data-dir"])
        .arg(directory)
        .output()
        .await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What stands behind a name in the status.
fn value(status: &str, name: &str) -> Option<String> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.map(|value| value.trim().to_owned())
}
