//! Connections of clients, in plain text or with TLS 1.3.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use sightline_base::tls;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

/// Longest from the first packet to the end of the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection to a cloud.
pub type Conn = Either<TcpStream, TlsStream<TcpStream>>;

/// Where to connect to, and how.
#[derive(Debug, Clone)]
pub struct Target {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    receive_bytes: Option<u32>,
}

impl Target {
    /// In plain text.
    #[must_use]
    pub fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            receive_bytes: None,
        }
    }

    /// With TLS, for `localhost`, trusting the authority in a PEM file. Only TLS 1.3 with
    /// AES-128-GCM is offered, so that all that is compared encrypts in the same way.
    ///
    /// # Errors
    /// When the file holds no certificate.
    pub fn tls(address: SocketAddr, authority: &Path) -> anyhow::Result<Self> {
        let mut config = client_config(authority)?.with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            tls: Some(Arc::new(config)),
            ..Self::plain(address)
        })
    }

    /// With TLS as some client that has a certificate.
    pub(crate) fn with_client(address: SocketAddr, config: ClientConfig) -> Self {
        Self {
            tls: Some(Arc::new(config)),
            ..Self::plain(address)
        }
    }

    /// With a receive buffer of this many bytes, for a viewer that reads slowly: the system would
    /// else take in megabytes for it.
    #[must_use]
    pub fn with_receive_bytes(self, bytes: u32) -> Self {
        Self {
            receive_bytes: Some(bytes),
            ..self
        }
    }

    /// For the `host` and `:authority` of requests.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Connects; `protocol` is what is told by ALPN (RFC 7301).
    ///
    /// # Errors
    /// When nobody listens, or is not whom the authority vouches for.
    pub async fn connect(&self, protocol: &str) -> anyhow::Result<Conn> {
        let connect = async {
            let socket = TcpSocket::new_v4()?;
            if let Some(bytes) = self.receive_bytes {
                socket.set_recv_buffer_size(bytes)?;
            }
            let tcp = socket.connect(self.address).await.context("connect")?;
            tcp.set_nodelay(true)?;
            let Some(tls) = &self.tls else {
                return Ok(Either::Left(tcp));
            };
            let mut tls = ClientConfig::clone(tls);
            tls.alpn_protocols = vec![protocol.as_bytes().to_vec()];
            let connector = TlsConnector::from(Arc::new(tls));
            let stream = connector.connect(localhost(), tcp).await.context("TLS")?;
            Ok(Either::Right(stream))
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connect)
            .await
            .context("connect in time")?
    }
}

/// The name in certificates of a cloud on this machine.
pub(crate) fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a valid name")
}

/// TLS 1.3 with AES-128-GCM, trusting one authority.
pub(crate) fn client_config(
    authority: &Path,
) -> anyhow::Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(tls::certificates(authority)?);
    let mut provider = rustls::crypto::CryptoProvider::clone(&tls::provider());
    provider.cipher_suites = vec![TLS13_AES_128_GCM_SHA256];
    Ok(ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots))
}
