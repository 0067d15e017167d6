//! What the agent is told: which cloud, which cameras.

mod camera;
mod secret;
pub(crate) mod shown;

use std::path::{Path, PathBuf};

pub use camera::{Camera, RtspUrl, SessionIds, Timestamps, Transport};
pub use secret::Secret;
use sightline_base::telemetry::LogFormat;
use sightline_domain::access::zone;
use url::Url;

/// Most cameras of one agent. Each costs two tasks even when nobody watches, and all of them
/// travel in one message.
pub const CAMERAS_MAX: usize = 64;
/// Longest camera name, characters: what a tile in the portal has room for.
pub const NAME_CHARS_MAX: usize = 64;
/// Port for devices when the address of the cloud names none.
pub const DEVICE_PORT: u16 = 8444;
/// Port of the cloud's portal, for the address in the QR code.
const PORTAL_PORT: u16 = 8443;

/// Configuration of one agent. Every field can be left out of the file but `cloud`.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The cloud's address for devices, `HOST` or `HOST:PORT`; the port is 8444 by default.
    pub cloud: String,
    /// Directory of the device's key, verification code and users. It is made with mode 0700.
    pub data_dir: PathBuf,
    /// PEM file with the authority of the cloud's certificate. When it is set, no other authority
    /// is trusted; else those of the system are.
    pub ca_file: Option<PathBuf>,
    /// Address of the cloud's portal, for the QR code; `https://HOST:8443` by default.
    pub portal: Option<String>,
    /// IANA name of the time zone in which the cameras stand, such as `Europe/Berlin`: hours of
    /// shares count in it. The machine's own by default.
    pub time_zone: Option<String>,
    /// Serve the four built-in demo cameras before the configured ones.
    pub demo: bool,
    /// Which log lines are written, in the language of `RUST_LOG`.
    pub log: String,
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// The cameras, in the order of their channel numbers.
    #[serde(rename = "camera")]
    pub cameras: Vec<Camera>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cloud: String::new(),
            data_dir: PathBuf::from("/var/lib/sightline-agent"),
            ca_file: None,
            portal: None,
            time_zone: None,
            demo: false,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            cameras: Vec::new(),
        }
    }
}

/// A configuration that cannot be used. The words are for the person who wrote it, and never
/// repeat a value, since any of them may be a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a field that does not exist or has a wrong type.
    #[error("{path}, line {line}: {problem}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// 1-based.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A value that cannot work.
    #[error("{field}: {problem}")]
    Invalid {
        /// Name of the field, with the camera's name before it.
        field: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

impl Config {
    /// Reads a TOML file; [`Self::validate`] is left to the caller, who may override fields.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Parse`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        // The error's own text would quote the line, with the password in it.
        toml::from_str(&text).map_err(|error| Error::Parse {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_of(&text, span.start)),
            problem: error.message().to_owned(),
        })
    }

    /// Checks everything that can be checked without the network.
    ///
    /// # Errors
    /// [`Error::Invalid`], for the first field that cannot work.
    pub fn validate(&self) -> Result<(), Error> {
        self.cloud_address()?;
        self.portal_address()?;
        if let Some(name) = &self.time_zone
            && zone::named(name).is_none()
        {
            return Err(invalid(
                "time_zone",
                "write the IANA name of a time zone, such as \"Europe/Berlin\"",
            ));
        }
        if !self.demo && self.cameras.is_empty() {
            return Err(invalid(
                "camera",
                "configure at least one camera, or set `demo = true`",
            ));
        }
        if self.cameras.len() > CAMERAS_MAX {
            return Err(invalid(
                "camera",
                &format!("one agent serves {CAMERAS_MAX} at most"),
            ));
        }
        for (at, camera) in self.cameras.iter().enumerate() {
            camera.validate().map_err(|(field, problem)| {
                invalid(
                    &format!("camera {} ({:?}), {field}", at + 1, camera.name),
                    problem,
                )
            })?;
        }
        Ok(())
    }

    /// Host and port of the cloud; the host of an IPv6 address is without brackets.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `cloud` is not an address.
    pub fn cloud_address(&self) -> Result<(String, u16), Error> {
        const WANTED: &str = "write the cloud's address as HOST or HOST:PORT";
        if self.cloud.is_empty() || self.cloud.contains(['/', '@', '?', '#']) {
            return Err(invalid("cloud", WANTED));
        }
        // Without a default port of its own, the scheme keeps every port that is written.
        let url = Url::parse(&format!("sightline://{}", self.cloud))
            .map_err(|_| invalid("cloud", WANTED))?;
        let host = url.host_str().filter(|h| !h.is_empty());
        let host = host.ok_or_else(|| invalid("cloud", WANTED))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok((host.to_owned(), url.port().unwrap_or(DEVICE_PORT)))
    }

    /// Where a person claims the device: the text of the QR code, before its parameters.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `cloud` or `portal` is not an address.
    pub fn portal_address(&self) -> Result<String, Error> {
        if let Some(portal) = &self.portal {
            return match Url::parse(portal) {
                Ok(url) if url.scheme() == "https" && url.fragment().is_none() => {
                    Ok(url.as_str().trim_end_matches('/').to_owned())
                }
                _ => Err(invalid(
                    "portal",
                    "write the portal's address as https://HOST:PORT",
                )),
            };
        }
        let (host, _) = self.cloud_address()?;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host
        };
        Ok(format!("https://{host}:{PORTAL_PORT}"))
    }
}

fn invalid(field: &str, problem: &str) -> Error {
    Error::Invalid {
        field: field.to_owned(),
        problem: problem.to_owned(),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(at)
        .filter(|b| **b == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests;
