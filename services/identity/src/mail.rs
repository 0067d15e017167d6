//! Mails that carry codes, and the way they are sent.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use async_trait::async_trait;
use sightline_domain::Email;
use sightline_rpc::identity::v1::Language;

/// A mail. Its text may hold a code, so `Debug` shows the address only.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl Mail {
    /// The code for a new account.
    #[must_use]
    pub fn registration_code(to: Email, language: Language, code: &str, valid: Duration) -> Self {
        let minutes = valid.as_secs() / 60;
        let (subject, text) = match language {
            Language::Russian => (
                "Код для регистрации в Sightline",
                format!(
                    "Код для регистрации: {code}\n\nОн действует {minutes} мин. и подходит один \
                     раз. Если вы не регистрировались, просто удалите это письмо."
                ),
            ),
            _ => (
                "Your Sightline registration code",
                format!(
                    "Your registration code: {code}\n\nIt is valid for {minutes} minutes and can \
                     be used once. If you did not ask for it, ignore this e-mail."
                ),
            ),
        };
        Self {
            to,
            subject: subject.to_owned(),
            text,
        }
    }

    /// Instead of a code, when the address has an account.
    #[must_use]
    pub fn already_registered(to: Email, language: Language) -> Self {
        let (subject, text) = match language {
            Language::Russian => (
                "У вас уже есть учётная запись Sightline",
                "Кто-то, возможно вы, запросил код для регистрации с этим адресом. Для него уже \
                 есть учётная запись: войдите с её паролем. Если это были не вы, просто удалите \
                 это письмо.",
            ),
            _ => (
                "You already have a Sightline account",
                "Somebody, perhaps you, asked for a registration code for this address. It has an \
                 account already: sign in with its password. If it was not you, ignore this \
                 e-mail.",
            ),
        };
        Self {
            to,
            subject: subject.to_owned(),
            text: text.to_owned(),
        }
    }
}

/// A mail that was not handed over.
#[derive(Debug, thiserror::Error)]
#[error("the mail was not accepted: {0}")]
pub struct SendError(pub String);

/// Sends mails with codes.
#[async_trait]
pub trait CodeSender: Send + Sync + fmt::Debug + 'static {
    /// Hands one mail over.
    ///
    /// # Errors
    /// [`SendError`] when nobody took it.
    async fn send(&self, mail: Mail) -> Result<(), SendError>;
}

/// Prints mails on standard output, for a machine whose operator is its only user.
#[derive(Debug, Clone, Copy, Default)]
pub struct Console;

#[async_trait]
impl CodeSender for Console {
    async fn send(&self, mail: Mail) -> Result<(), SendError> {
        let Mail { to, subject, text } = mail;
        writeln!(
            std::io::stdout().lock(),
            "\n--- e-mail to {to}: {subject}\n{text}\n---"
        )
        .map_err(|error| SendError(error.to_string()))
    }
}
