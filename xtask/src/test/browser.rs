//! The browser tests, against a demo cloud that is started for them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::node;
use crate::process::{command, run as run_command};
use crate::workspace::Workspace;

/// The tests, from the root.
const TESTS: &str = "tests/browser";

/// Longest wait for the demo's next line while it starts. It gives up by itself after 30 s.
const DEMO_LINE_TIMEOUT: Duration = Duration::from_secs(60);

/// The demo's last line when everything is up.
const DEMO_READY: &str = "Ctrl-C ends it";

/// What the demo prints, by label, and the variable in which the tests find it.
const VARIABLES: [(&str, &str); 5] = [
    ("Portal", "SIGHTLINE_URL"),
    ("E-mail", "SIGHTLINE_EMAIL"),
    ("Password", "SIGHTLINE_PASSWORD"),
    ("Cloud ID", "SIGHTLINE_CLOUD_ID"),
    ("Verification code", "SIGHTLINE_VERIFICATION_CODE"),
];

pub(super) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    node::install(workspace, TESTS)?;
    let target = workspace.target_dir()?;
    let folder = target.join("xtask-browser");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    let shots = folder.join("shots");
    fs::create_dir_all(&shots).with_context(|| format!("make {}", shots.display()))?;
    let demo = Demo::start(&target.join("debug/sightline"), &folder)?;
    let tested = run_command(
        node::npm(workspace, TESTS)
            .arg("test")
            .envs(&demo.variables)
            .env("SIGHTLINE_BIN_DIR", target.join("debug"))
            .env("SIGHTLINE_OUTPUT", folder.join(OUTPUT))
            .env("SIGHTLINE_SHOTS", &shots),
    );
    let ended = demo.end();
    tested?;
    ended?;
    check_log(&folder.join(LOG))
}

/// What the demo prints for people: address, account, codes.
const OUTPUT: &str = "output.txt";
/// The demo's log.
const LOG: &str = "log.txt";

/// A running demo.
struct Demo {
    child: Child,
    variables: BTreeMap<&'static str, String>,
}

impl Demo {
    fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let create = |name| {
            let path = folder.join(name);
            File::create(&path).with_context(|| format!("write {}", path.display()))
        };
        let (log, output) = (create(LOG)?, create(OUTPUT)?);
        let mut child = command(program)
            .args([
                "demo",
                "--https-port",
                "0",
                "--devices-port",
                "0",
                "--data-dir",
            ])
            .arg(folder.join("data"))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("run {}", program.display()))?;
        let printed = child.stdout.take().context("read what the demo prints")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || copy(printed, output, &sender));
        let mut demo = Self {
            child,
            variables: BTreeMap::new(),
        };
        match read_welcome(&lines) {
            Ok(variables) => {
                demo.variables = variables;
                Ok(demo)
            }
            Err(error) => {
                let _ = demo.end();
                let log = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
                Err(error.context(format!("start the demo; its log: {log}")))
            }
        }
    }

    /// As Ctrl-C does, and it must end well.
    fn end(mut self) -> anyhow::Result<()> {
        run_command(command("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let started = Instant::now();
        while started.elapsed() < END_TIMEOUT {
            if let Some(status) = self.child.try_wait().context("wait for the demo")? {
                if !status.success() {
                    bail!("the demo ended with {status}");
                }
                return Ok(());
            }
            thread::sleep(END_POLL);
        }
        self.child.kill().context("end the demo")?;
        bail!("the demo did not end within {} s", END_TIMEOUT.as_secs())
    }
}

/// The demo has five seconds for its streams and five for its requests.
const END_TIMEOUT: Duration = Duration::from_secs(20);
const END_POLL: Duration = Duration::from_millis(50);

/// Keeps what the demo prints, for tests that look for a code, and passes it on.
fn copy(printed: ChildStdout, mut kept: File, lines: &Sender<String>) {
    for line in BufReader::new(printed).lines().map_while(Result::ok) {
        if let Err(error) = writeln!(kept, "{line}") {
            eprintln!("keep what the demo prints: {error}");
        }
        // Nobody listens any more once the demo has started.
        let _ = lines.send(line);
    }
}

fn read_welcome(lines: &Receiver<String>) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let mut variables = BTreeMap::new();
    loop {
        let line = lines
            .recv_timeout(DEMO_LINE_TIMEOUT)
            .context("wait for the demo")?;
        variables.extend(variable(&line));
        if line.contains(DEMO_READY) {
            break;
        }
    }
    for (label, name) in VARIABLES {
        if !variables.contains_key(name) {
            bail!("the demo printed no line {label:?}");
        }
    }
    Ok(variables)
}

fn variable(line: &str) -> Option<(&'static str, String)> {
    let (label, value) = line.trim().split_once("  ")?;
    let (_, name) = VARIABLES.iter().find(|(known, _)| *known == label)?;
    Some((*name, value.trim().to_owned()))
}

/// Whatever the tests saw, an error that the cloud logged fails them, and so does a panic.
fn check_log(log: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(log).with_context(|| format!("read {}", log.display()))?;
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" ERROR ") || line.contains("panicked at"))
        .collect();
    if !errors.is_empty() {
        bail!("the demo logged errors:\n{}", errors.join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_label() {
        let line = "  Verification code  AB12-CD34";
        assert_eq!(
            variable(line),
            Some(("SIGHTLINE_VERIFICATION_CODE", "AB12-CD34".to_owned()))
        );
        assert_eq!(variable("  Data               data/demo"), None);
        assert_eq!(variable("Sightline is running."), None);
    }

    #[test]
    fn a_demo_that_ends_early_is_not_waited_for() {
        let (sender, lines) = mpsc::channel();
        sender
            .send("  Portal             https://localhost:1".to_owned())
            .unwrap();
        drop(sender);
        assert!(read_welcome(&lines).is_err());
    }

    #[test]
    fn an_error_in_the_log_fails_the_tests() {
        let path = std::env::temp_dir().join(format!("xtask-log-{}", std::process::id()));
        fs::write(&path, "2026-01-01T00:00:00Z  WARN edge: slow\n").unwrap();
        assert!(check_log(&path).is_ok());
        for line in [
            "2026-01-01T00:00:00Z ERROR store: no more writes\n",
            "thread 'main' panicked at src/main.rs:1:1:\n",
        ] {
            fs::write(&path, line).unwrap();
            assert!(check_log(&path).is_err(), "{line}");
        }
        fs::remove_file(&path).unwrap();
    }
}
