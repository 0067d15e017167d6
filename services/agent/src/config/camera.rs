//! One camera: its streams, how to sign in, and what to forgive it.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use retina::client::{InitialTimestampPolicy, SessionIdPolicy};
use url::Url;

use super::{NAME_CHARS_MAX, Secret};

/// A camera, or one input of a recorder.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// What people call it; the cloud shows this name.
    pub name: String,
    /// RTSP address of the full picture.
    pub main: RtspUrl,
    /// RTSP address of the small picture, for grids and thin links.
    #[serde(default)]
    pub sub: Option<RtspUrl>,
    /// User on the camera.
    #[serde(default)]
    pub user: Option<String>,
    /// Password of that user.
    #[serde(default)]
    pub password: Option<Secret>,
    /// File that holds the password instead; a line break at its end does not count.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// How the camera sends.
    #[serde(default)]
    pub transport: Transport,
    /// What to make of a session ID that changes between the camera's answers.
    #[serde(default)]
    pub session_id: SessionIds,
    /// What to make of the start times in the camera's answer to PLAY.
    #[serde(default)]
    pub timestamps: Timestamps,
    /// Pull the main stream even while nobody watches: the first picture is there at once, at the
    /// price of the camera's bandwidth.
    #[serde(default)]
    pub always: bool,
}

/// RTP in the RTSP connection, or beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Interleaved in the connection (RFC 2326, 10.12). Nothing is lost on the way.
    #[default]
    Tcp,
    /// Datagrams. For cameras that send no other way: packets out of order are lost.
    Udp,
}

/// Whether the RTSP session ID may change from one answer to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionIds {
    /// The first one counts, as many cameras draw a new one in every answer.
    #[default]
    UseFirst,
    /// RFC 2326: a change is an error.
    RequireMatch,
}

impl SessionIds {
    pub(crate) fn policy(self) -> SessionIdPolicy {
        match self {
            Self::UseFirst => SessionIdPolicy::UseFirst,
            Self::RequireMatch => SessionIdPolicy::RequireMatch,
        }
    }
}

/// How picture and sound are brought to one time line: `rtptime` of RFC 2326, 12.33.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timestamps {
    /// Used when the camera gives it for all tracks; else both begin with their first packets.
    #[default]
    Permissive,
    /// Must be given.
    Require,
    /// For cameras that give wrong ones.
    Ignore,
}

impl Timestamps {
    pub(crate) fn policy(self) -> InitialTimestampPolicy {
        match self {
            Self::Permissive => InitialTimestampPolicy::Permissive,
            Self::Require => InitialTimestampPolicy::Require,
            Self::Ignore => InitialTimestampPolicy::Ignore,
        }
    }
}

/// Address of a stream; a user and password in it are kept apart from it.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct RtspUrl {
    address: Url,
    login: Option<(String, Secret)>,
}

/// A text that is no address of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtspUrlError {
    /// Not a URL with the scheme `rtsp` and a host.
    #[error("write the stream's address as rtsp://HOST/PATH")]
    Shape,
    /// RTSP over TLS.
    #[error("rtsps:// is not supported; use rtsp:// within the camera's own network")]
    Tls,
}

impl RtspUrl {
    /// The address without user and password.
    #[must_use]
    pub fn address(&self) -> &Url {
        &self.address
    }
}

impl TryFrom<String> for RtspUrl {
    type Error = RtspUrlError;

    fn try_from(text: String) -> Result<Self, RtspUrlError> {
        let mut address = Url::parse(&text).map_err(|_| RtspUrlError::Shape)?;
        match address.scheme() {
            "rtsp" if address.has_host() => {}
            "rtsps" => return Err(RtspUrlError::Tls),
            _ => return Err(RtspUrlError::Shape),
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let login = (!address.username().is_empty()).then(|| {
            let password = decoded(address.password().unwrap_or_default());
            (decoded(address.username()), Secret::from(password))
        });
        address.set_username("").map_err(|()| RtspUrlError::Shape)?;
        address
            .set_password(None)
            .map_err(|()| RtspUrlError::Shape)?;
        Ok(Self { address, login })
    }
}

impl Camera {
    /// A camera of which nothing but the main stream is known.
    #[must_use]
    pub fn new(name: String, main: RtspUrl) -> Self {
        Self {
            name,
            main,
            sub: None,
            user: None,
            password: None,
            password_file: None,
            transport: Transport::default(),
            session_id: SessionIds::default(),
            timestamps: Timestamps::default(),
            always: false,
        }
    }

    /// The field that cannot work, and why.
    pub(super) fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        if self.name.trim().is_empty() {
            return Err(("name", "give the camera a name"));
        }
        if self.name.chars().count() > NAME_CHARS_MAX || self.name.chars().any(char::is_control) {
            return Err(("name", "use at most 64 characters, and no line breaks"));
        }
        if self.password.is_some() && self.password_file.is_some() {
            return Err(("password", "give either `password` or `password_file`"));
        }
        let has_password = self.password.is_some() || self.password_file.is_some();
        if self.user.is_some() != has_password {
            return Err(("user", "`user` and a password go together"));
        }
        let in_address = self.main.login.is_some() || self.sub.iter().any(|u| u.login.is_some());
        if self.user.is_some() && in_address {
            return Err((
                "user",
                "give user and password once: here or in the address",
            ));
        }
        Ok(())
    }

    /// User and password for one of its streams.
    ///
    /// # Errors
    /// When the password file cannot be read.
    pub(crate) fn login(&self, stream: &RtspUrl) -> std::io::Result<Option<(String, Secret)>> {
        let Some(user) = &self.user else {
            return Ok(stream.login.clone());
        };
        let password = match (&self.password, &self.password_file) {
            (Some(password), _) => password.clone(),
            (None, Some(path)) => {
                let mut text = std::fs::read_to_string(path)?;
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
                Secret::from(text)
            }
            (None, None) => return Ok(None),
        };
        Ok(Some((user.clone(), password)))
    }
}
