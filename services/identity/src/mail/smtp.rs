//! Mails by SMTP (RFC 5321), to the operator's mail server.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncTransport as _, Tokio1Executor};
use tokio::sync::Semaphore;

use super::{ConfigError, Encryption, Mail, MailConfig, MailSender, SendError};

/// Connections to the mail server at once; further mails wait for one within their own time.
/// Public mail servers start to refuse a sender at about ten.
const CONNECTIONS_MAX: usize = 8;
/// Replies to AUTH that are about the user or the password (RFC 4954, 4 and 6).
const LOGIN_REFUSED: [u16; 4] = [530, 534, 535, 538];

/// A mail server.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// `host:port`, for messages.
    server: String,
    timeout: Duration,
    connections: Semaphore,
}

impl Smtp {
    pub(super) fn new(host: &str, config: &MailConfig) -> Result<Self, ConfigError> {
        let from = config.from.as_deref().unwrap_or_default();
        let from: Mailbox = from
            .parse()
            .map_err(|_| ConfigError::field("from", "the address that mails come from"))?;
        let timeout = config.timeout()?;
        let port = config.port.unwrap_or_else(|| config.encryption.port());
        let tls = match config.encryption {
            Encryption::StartTls => Tls::Required(tls_parameters(host, config)?),
            Encryption::Tls => Tls::Wrapper(tls_parameters(host, config)?),
            Encryption::None => Tls::None,
        };
        // The name promises nothing about TLS, which is set right here.
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(timeout));
        if let Some((user, password)) = config.login()? {
            transport = transport.credentials(Credentials::new(user, password.to_string()));
        }
        Ok(Self {
            transport: transport.build(),
            from,
            server: format!("{host}:{port}"),
            timeout,
            connections: Semaphore::new(CONNECTIONS_MAX),
        })
    }

    fn message(&self, mail: Mail) -> Result<Message, SendError> {
        let unfit = |what| SendError(format!("a mail cannot be made: {what}"));
        let to = mail.to.as_str().parse().map_err(|_| unfit("address"))?;
        let id = format!("<{}@{}>", uuid::Uuid::new_v4(), self.from.email.domain());
        // Keeps holiday notices and other machines from answering (RFC 3834, 5).
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .message_id(Some(id))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|_| unfit("headers"))
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl MailSender for Smtp {
    async fn send(&self, mail: Mail) -> Result<(), SendError> {
        let message = self.message(mail)?;
        let hand_over = async {
            let _connection = self.connections.acquire().await;
            self.transport.send(message).await
        };
        // The library's own limit is for each step; this one is for all of them.
        match tokio::time::timeout(self.timeout, hand_over).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(SendError(explain(&self.server, &error))),
            Err(_) => Err(SendError(format!(
                "the mail server {} did not take the mail within {} s",
                self.server,
                self.timeout.as_secs()
            ))),
        }
    }
}

fn tls_parameters(host: &str, config: &MailConfig) -> Result<TlsParameters, ConfigError> {
    let unusable = |error: lettre::transport::smtp::Error| ConfigError::Tls(error.to_string());
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = &config.ca_file {
        parameters = parameters.certificate_store(CertificateStore::None);
        for authority in sightline_base::tls::certificates(path)? {
            let authority = Certificate::from_der(authority.to_vec()).map_err(unusable)?;
            parameters = parameters.add_root_certificate(authority);
        }
    }
    parameters.build().map_err(unusable)
}

/// What went wrong, for whoever set the server up.
fn explain(server: &str, error: &lettre::transport::smtp::Error) -> String {
    let status = error.status().map(u16::from);
    if status.is_some_and(|status| LOGIN_REFUSED.contains(&status)) {
        return format!(
            "the mail server {server} refused the user or the password of `mail.user`: {error}"
        );
    }
    format!("the mail server {server} did not take the mail: {error}")
}
