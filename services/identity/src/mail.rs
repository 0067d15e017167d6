//! Mails: what they say, in two languages, and the way they are sent.
//!
//! A mail is laid out once and shown twice, as plain text and as HTML, so that both parts say the
//! same. Nothing of a recipient's or an operator's making gets into a header: subjects are fixed
//! texts, and addresses are parsed.

mod config;
mod layout;
mod smtp;
mod words;

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
pub use config::{ConfigError, Encryption, MailConfig, Password};
use sightline_domain::Email;
pub(crate) use words::{Content, Unbinding};

use crate::accounts::Language;

/// A mail. Its texts may hold a code, so `Debug` shows the address only.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: Email,
    /// One line, without control characters.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML, without images, scripts and references to anything.
    pub html: String,
}

impl Mail {
    pub(crate) fn new(to: Email, language: Language, content: &Content<'_>) -> Self {
        let letter = content.in_language(language);
        Self {
            to,
            text: letter.text(),
            html: letter.html(),
            subject: letter.subject.to_owned(),
        }
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// A mail that was not handed over. The words are for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SendError(pub String);

/// Sends mails.
#[async_trait]
pub trait MailSender: Send + Sync + fmt::Debug + 'static {
    /// Hands one mail over, or gives up within a bounded time.
    ///
    /// # Errors
    /// [`SendError`] when nobody took it.
    async fn send(&self, mail: Mail) -> Result<(), SendError>;
}

/// The sender that the configuration asks for: SMTP, or the console when no server is named.
///
/// # Errors
/// [`ConfigError`] naming the field that cannot be used.
pub fn sender(config: &MailConfig) -> Result<Arc<dyn MailSender>, ConfigError> {
    Ok(match &config.host {
        Some(host) => Arc::new(smtp::Smtp::new(host, config)?),
        None => Arc::new(Console),
    })
}

/// Prints mails on standard output, for a machine whose operator is its only user.
#[derive(Debug, Clone, Copy, Default)]
pub struct Console;

#[async_trait]
impl MailSender for Console {
    async fn send(&self, mail: Mail) -> Result<(), SendError> {
        let Mail {
            to, subject, text, ..
        } = mail;
        writeln!(
            std::io::stdout().lock(),
            "\n--- e-mail to {to}: {subject}\n{text}\n---"
        )
        .map_err(|error| SendError(error.to_string()))
    }
}
