//! What an operator sets about mail.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

/// The mail server. Without `host`, mails are printed on standard output.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// Name of the SMTP server, which its certificate has to bear.
    pub host: Option<String>,
    /// Its port; by default the one of the encryption: 587, 465 or 25.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// User on the server; leave it out for a server that asks for none.
    pub user: Option<String>,
    /// Password of that user.
    pub password: Option<Password>,
    /// File that holds the password instead; a line break at its end does not count.
    pub password_file: Option<PathBuf>,
    /// Sender, `name@example.org` or `Name <name@example.org>`.
    pub from: Option<String>,
    /// PEM file with the authority of the server's certificate. When it is set, no other authority
    /// is trusted; else those of the system are.
    pub ca_file: Option<PathBuf>,
    /// Longest it may take to hand a mail over, seconds; 1 to 60.
    pub timeout_s: u32,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            encryption: Encryption::default(),
            user: None,
            password: None,
            password_file: None,
            from: None,
            ca_file: None,
            timeout_s: 10,
        }
    }
}

/// How a connection to a mail server is encrypted. The server's certificate is always checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// The connection begins in the clear and is encrypted before anything is said (RFC 3207). A
    /// server that does not offer it is not used.
    #[default]
    StartTls,
    /// Encrypted from the first byte (RFC 8314).
    Tls,
    /// Not at all, for a server on the same machine or in a closed network; no password is sent.
    None,
}

impl Encryption {
    pub(super) fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// A password from a configuration file; never in `Debug`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Read")]
pub struct Password(Zeroizing<String>);

/// A value of any type: the error of a text would repeat a number that stands there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Read {
    Text(Zeroizing<String>),
    Other(serde::de::IgnoredAny),
}

impl TryFrom<Read> for Password {
    type Error = &'static str;

    fn try_from(value: Read) -> Result<Self, Self::Error> {
        match value {
            Read::Text(text) => Ok(Self(text)),
            Read::Other(_) => Err("a password must be in quotes"),
        }
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A mail configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A field is missing or does not go with the others.
    #[error("identity.mail.{field}: {problem}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What to do about it.
        problem: &'static str,
    },
    /// The file with the password cannot be read.
    #[error("identity.mail.password_file: {path}: {source}")]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file with the authority cannot be used.
    #[error("identity.mail.ca_file: {0}")]
    Authority(#[from] sightline_base::tls::Error),
    /// The encryption cannot be set up.
    #[error("identity.mail.host: {0}")]
    Tls(String),
}

impl ConfigError {
    pub(super) fn field(field: &'static str, problem: &'static str) -> Self {
        Self::Field { field, problem }
    }
}

impl MailConfig {
    /// User and password, when the server asks for them.
    pub(super) fn login(&self) -> Result<Option<(String, Zeroizing<String>)>, ConfigError> {
        let password = match (&self.password, &self.password_file) {
            (Some(_), Some(_)) => {
                let problem = "give either `password` or `password_file`";
                return Err(ConfigError::field("password", problem));
            }
            (Some(password), None) => Some(password.0.clone()),
            (None, Some(path)) => Some(read_password(path)?),
            (None, None) => None,
        };
        match (&self.user, password) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) if self.encryption == Encryption::None => Err(ConfigError::field(
                "encryption",
                "a password is sent encrypted only; use `starttls` or `tls`",
            )),
            (Some(user), Some(password)) => Ok(Some((user.clone(), password))),
            (Some(_), None) => Err(ConfigError::field("password", "`user` needs a password")),
            (None, Some(_)) => Err(ConfigError::field("user", "`password` needs a user")),
        }
    }

    pub(super) fn timeout(&self) -> Result<Duration, ConfigError> {
        match self.timeout_s {
            1..=60 => Ok(Duration::from_secs(u64::from(self.timeout_s))),
            _ => Err(ConfigError::field("timeout_s", "from 1 to 60 seconds")),
        }
    }
}

fn read_password(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::PasswordFile {
        path: path.to_owned(),
        source,
    })?;
    let mut text = Zeroizing::new(text);
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> MailConfig {
        MailConfig {
            host: Some("mail.example.org".into()),
            from: Some("Sightline <cloud@example.org>".into()),
            user: Some("cloud".into()),
            password: Some("s3cret-word".to_owned().into()),
            ..MailConfig::default()
        }
    }

    #[test]
    fn a_password_that_is_no_text_is_not_repeated() {
        let read: MailConfig = serde_json::from_str(r#"{"password": "12345"}"#).unwrap();
        assert_eq!(read.password, Some("12345".to_owned().into()));
        let error = serde_json::from_str::<MailConfig>(r#"{"password": 12345}"#).unwrap_err();
        assert!(error.to_string().contains("must be in quotes"), "{error}");
        assert!(!error.to_string().contains("12345"), "{error}");
    }

    fn refused(config: &MailConfig) -> String {
        crate::mail::sender(config).unwrap_err().to_string()
    }

    #[test]
    fn without_a_server_mails_go_to_the_console() {
        let sender = crate::mail::sender(&MailConfig::default()).unwrap();
        assert_eq!(format!("{sender:?}"), "Console");
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = format!("{:?}", config());
        assert!(shown.contains("mail.example.org") && !shown.contains("s3cret"));
        let sender = format!("{:?}", crate::mail::sender(&config()).unwrap());
        assert!(sender.contains("mail.example.org") && !sender.contains("s3cret"));
    }

    #[test]
    fn a_password_file_ends_at_its_line_break() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        std::fs::write(&path, " with spaces \r\n").unwrap();
        let config = MailConfig {
            password: None,
            password_file: Some(path),
            ..config()
        };
        let (_, password) = config.login().unwrap().unwrap();
        assert_eq!(password.as_str(), " with spaces ");
    }

    #[test]
    fn a_refused_configuration_names_the_field() {
        let ok = config();
        let with = |change: fn(&mut MailConfig)| {
            let mut config = ok.clone();
            change(&mut config);
            refused(&config)
        };
        let cases = [
            (with(|c| c.from = None), "identity.mail.from"),
            (
                with(|c| c.from = Some("a\r\nBcc: eve@example.org".into())),
                "identity.mail.from",
            ),
            (with(|c| c.user = None), "identity.mail.user"),
            (with(|c| c.password = None), "identity.mail.password"),
            (
                with(|c| c.encryption = Encryption::None),
                "identity.mail.encryption",
            ),
            (with(|c| c.timeout_s = 0), "identity.mail.timeout_s"),
            (
                with(|c| c.password_file = Some("x".into())),
                "identity.mail.password",
            ),
            (
                with(|c| c.ca_file = Some("no/such/file".into())),
                "identity.mail.ca_file: no/such/file",
            ),
        ];
        for (message, begin) in cases {
            assert!(message.starts_with(begin), "{message}");
            assert!(!message.contains("s3cret"), "{message}");
        }
    }
}
