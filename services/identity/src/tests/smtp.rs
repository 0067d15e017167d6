//! Mails through a real mail server: `smtp_sink.py`, which prints what it takes.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sightline_base::tls::Authority;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::*;
use crate::mail::{self, Encryption, MailConfig};

/// Longest that the sink may take to start or to print a mail.
const PATIENCE: Duration = Duration::from_secs(30);
const MAIL_PASSWORD: &str = "m4il-Secret";

/// A running mail server, and the files that its clients need.
struct Sink {
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
    dir: tempfile::TempDir,
    _process: Child,
}

/// What a mail server expects of its clients.
#[derive(Clone, Copy)]
enum Mode {
    /// STARTTLS and a password.
    StartTls,
    /// TLS from the first byte, and a password.
    Tls,
    /// Neither.
    Plain,
}

impl Sink {
    /// With a certificate for this name.
    async fn start(mode: Mode, name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (chain, key) = certificate(dir.path(), name);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp_sink.py");
        // Debian's own python: another one does not see Debian's packages.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script);
        if !matches!(mode, Mode::Plain) {
            command
                .arg("--certificate")
                .arg(chain)
                .arg("--key")
                .arg(key);
            command.arg("--login").arg(format!("cloud:{MAIL_PASSWORD}"));
        }
        if matches!(mode, Mode::Tls) {
            command.arg("--tls");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let process = command.kill_on_drop(true).spawn();
        let mut process = process.expect("the mail server needs /usr/bin/python3");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = line(&mut lines).await.unwrap_or_else(|| {
            panic!("the mail server did not start: apt-get install python3-aiosmtpd")
        });
        Self {
            lines,
            port: u16::try_from(first["port"].as_u64().unwrap()).unwrap(),
            dir,
            _process: process,
        }
    }

    /// Of a client that does everything right with [`Mode::StartTls`].
    fn config(&self) -> MailConfig {
        MailConfig {
            host: Some("localhost".into()),
            port: Some(self.port),
            user: Some("cloud".into()),
            password: Some(MAIL_PASSWORD.to_owned().into()),
            from: Some("Sightline <cloud@example.org>".into()),
            ca_file: Some(self.dir.path().join("ca.pem")),
            ..MailConfig::default()
        }
    }

    async fn mail(&mut self) -> Value {
        line(&mut self.lines).await.expect("a mail")
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Value> {
    let line = tokio::time::timeout(PATIENCE, lines.next_line());
    let line = line.await.expect("the mail server prints").unwrap()?;
    Some(serde_json::from_str(&line).unwrap())
}

/// PEM files with a chain and its key, from a new authority in the directory.
fn certificate(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    let authority = Authority::open(dir).unwrap();
    let identity = authority.issue(&[name.to_owned()]).unwrap();
    let chain: String = identity
        .chain
        .iter()
        .map(|certificate| pem("CERTIFICATE", certificate))
        .collect();
    let key = pem("PRIVATE KEY", identity.key.secret_der());
    let files = (dir.join("chain.pem"), dir.join("key.pem"));
    std::fs::write(&files.0, chain).unwrap();
    std::fs::write(&files.1, key).unwrap();
    files
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn letter(subject: &str) -> Mail {
    Mail {
        to: ANN.parse().unwrap(),
        subject: subject.to_owned(),
        text: "text".into(),
        html: "<p>text</p>".into(),
    }
}

async fn send(config: &MailConfig, mail: Mail) -> Result<(), String> {
    let sender = mail::sender(config).unwrap();
    sender.send(mail).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_code_arrives_in_both_languages_as_text_and_as_html() {
    let mut sink = Sink::start(Mode::StartTls, "localhost").await;
    let cloud = Cloud::start().await;
    let parts = Parts {
        store: Arc::clone(&cloud.store),
        clock: Arc::clone(&cloud.clock) as _,
        mail: mail::sender(&sink.config()).unwrap(),
        devices: cloud.devices.client(),
    };
    let service = Service::start(&Config::default(), parts).await.unwrap();
    let mut client = IdentityClient::new(local(IdentityServer::new(service)));
    let languages = [
        (Language::English, ANN, "registration code"),
        (Language::Russian, BOB, "Код для регистрации"),
    ];
    for (language, email, words) in languages {
        let request = RequestCodeRequest {
            email: email.into(),
            purpose: CodePurpose::Register.into(),
            language: language.into(),
        };
        client.request_code(request).await.unwrap();
        let mail = sink.mail().await;
        assert_eq!(mail["sender"], "cloud@example.org");
        assert_eq!(mail["recipients"], json!([email]));
        assert_eq!(
            (&mail["user"], &mail["encrypted"]),
            (&"cloud".into(), &true.into())
        );
        assert_eq!(mail["type"], "multipart/alternative");
        assert_eq!(mail["headers"]["auto-submitted"], "auto-generated");
        assert_eq!(mail["headers"]["from"], "Sightline <cloud@example.org>");
        assert!(mail["headers"]["subject"].as_str().unwrap().contains(words));
        let code = code_in(mail["text"].as_str().unwrap()).unwrap();
        assert!(mail["html"].as_str().unwrap().contains(&code), "{mail}");
    }
}

#[tokio::test]
async fn tls_from_the_first_byte_and_no_tls_work_too() {
    let mut sink = Sink::start(Mode::Tls, "localhost").await;
    let config = MailConfig {
        encryption: Encryption::Tls,
        ..sink.config()
    };
    send(&config, letter("Hello")).await.unwrap();
    assert_eq!(sink.mail().await["user"], "cloud");

    let mut sink = Sink::start(Mode::Plain, "localhost").await;
    let config = MailConfig {
        encryption: Encryption::None,
        user: None,
        password: None,
        ..sink.config()
    };
    send(&config, letter("Hello")).await.unwrap();
    assert_eq!(sink.mail().await["text"].as_str().unwrap().trim(), "text");
}

#[tokio::test]
async fn a_server_without_encryption_is_told_nothing() {
    let sink = Sink::start(Mode::Plain, "localhost").await;
    let refused = send(&sink.config(), letter("Hello")).await.unwrap_err();
    assert!(refused.contains("STARTTLS"), "{refused}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_name_is_refused() {
    let sink = Sink::start(Mode::StartTls, "localhost").await;
    let elsewhere = tempfile::tempdir().unwrap();
    Authority::open(elsewhere.path()).unwrap();
    let config = MailConfig {
        ca_file: Some(elsewhere.path().join("ca.pem")),
        ..sink.config()
    };
    let refused = send(&config, letter("Hello")).await.unwrap_err();
    assert!(refused.contains("invalid peer certificate"), "{refused}");

    let sink = Sink::start(Mode::StartTls, "mail.example.org").await;
    let refused = send(&sink.config(), letter("Hello")).await.unwrap_err();
    assert!(refused.contains("invalid peer certificate"), "{refused}");
}

#[tokio::test]
async fn a_wrong_password_is_named_and_not_shown() {
    let sink = Sink::start(Mode::StartTls, "localhost").await;
    let config = MailConfig {
        password: Some("an0ther-Secret".to_owned().into()),
        ..sink.config()
    };
    let refused = send(&config, letter("Hello")).await.unwrap_err();
    assert!(
        refused.contains("refused the user or the password"),
        "{refused}"
    );
    assert!(!refused.contains("Secret"), "{refused}");
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = MailConfig {
        host: Some("localhost".into()),
        port: Some(silent.local_addr().unwrap().port()),
        from: Some("cloud@example.org".into()),
        timeout_s: 1,
        ..MailConfig::default()
    };
    let start = Instant::now();
    let refused = send(&config, letter("Hello")).await.unwrap_err();
    assert!(refused.contains("within 1 s"), "{refused}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_subject_with_line_breaks_adds_no_header_and_no_recipient() {
    let mut sink = Sink::start(Mode::StartTls, "localhost").await;
    let subject = "Hello\r\nBcc: eve@example.org\r\n\r\nmore";
    send(&sink.config(), letter(subject)).await.unwrap();
    let mail = sink.mail().await;
    assert_eq!(mail["recipients"], json!([ANN]));
    assert_eq!(mail["headers"].get("bcc"), None, "{mail}");
    assert_eq!(mail["text"].as_str().unwrap().trim(), "text");
}
