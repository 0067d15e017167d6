//! What an operator can set. Every field has a default that works on one machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use sightline_base::telemetry::LogFormat;

/// Everything an operator can set.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// All durable state is under this directory.
    pub data_dir: PathBuf,
    /// Addresses to listen on.
    pub listen: Listen,
    /// Certificates.
    pub tls: Tls,
    /// Logging.
    pub log: Log,
    /// Accounts and signing in.
    pub identity: sightline_identity::Config,
    /// Devices.
    pub registry: sightline_registry::Config,
    /// Sharing of devices.
    pub sharing: sightline_sharing::Config,
    /// The relay.
    pub edge: sightline_edge::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("/var/lib/sightline"),
            listen: Listen::default(),
            tls: Tls::default(),
            log: Log::default(),
            identity: sightline_identity::Config::default(),
            registry: sightline_registry::Config::default(),
            sharing: sightline_sharing::Config::default(),
            edge: sightline_edge::Config::default(),
        }
    }
}

/// Addresses to listen on; port 0 takes a free one.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Portal, gRPC, gRPC-Web, WebSocket.
    pub https: SocketAddr,
    /// Devices (TLS with the device's key).
    pub devices: SocketAddr,
    /// Metrics and health, in plain text; not for the public.
    pub metrics: SocketAddr,
    /// Connections of viewers and programs at once; the next ones wait.
    pub connections_max: usize,
    /// Those from one address (IPv6: from one /64 network); the next ones are closed. Not counted
    /// behind a proxy (`tls.plain_https`), where all come from one.
    pub connections_per_address_max: usize,
}

impl Default for Listen {
    fn default() -> Self {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            https: SocketAddr::new(any, 8443),
            devices: SocketAddr::new(any, 8444),
            metrics: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464),
            connections_max: 10_000,
            connections_per_address_max: 1_000,
        }
    }
}

/// Certificates. Without files, a certificate authority is made in the data directory.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// PEM file with the certificate chain; needs `key` too.
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key.
    pub key: Option<PathBuf>,
    /// Names and addresses for the self-made certificate.
    pub names: Vec<String>,
    /// Serve `listen.https` without TLS, behind a proxy that ends it. Devices always use TLS.
    pub plain_https: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            certificate: None,
            key: None,
            names: vec![
                "localhost".to_owned(),
                "127.0.0.1".to_owned(),
                "::1".to_owned(),
            ],
            plain_https: false,
        }
    }
}

/// Logging.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for programs.
    pub format: LogFormat,
    /// Which lines; as in `RUST_LOG`, which overrides it.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

impl Config {
    /// What cannot be told from single fields.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn validate(&self) -> Result<(), String> {
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return Err("tls.certificate and tls.key belong together: set both or none".to_owned());
        }
        if self.tls.certificate.is_none() && self.tls.names.is_empty() {
            return Err("tls.names is empty: the certificate would be for nobody".to_owned());
        }
        let Listen {
            connections_max,
            connections_per_address_max,
            ..
        } = self.listen;
        if connections_max == 0 || connections_per_address_max == 0 {
            return Err("a limit of connections in [listen] is 0: nobody could connect".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_configuration_is_the_default() {
        let text = include_str!("../sightline.toml");
        let sample: Config = toml::from_str(text).unwrap();
        assert_eq!(format!("{sample:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn certificate_without_key_is_refused() {
        let mut config = Config::default();
        config.tls.certificate = Some("c.pem".into());
        assert!(config.validate().is_err());
    }
}
