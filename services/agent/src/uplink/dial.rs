//! A fresh connection to the cloud, up to the moment when HTTP/2 begins.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::upgrade;
use crate::config::{self, Config};
use crate::identity::Identity;

/// Longest that finding and reaching the cloud may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest TLS handshake.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the answer to the upgrade: the cloud looks the device up for it.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that the kernel holds unsent before the socket counts as full. On a thin link a frame
/// that waits in the kernel is late and cannot be skipped any more; 32 KiB keep 16 Mbit/s busy.
const UNSENT_BYTES_MAX: u32 = 32 << 10;

/// Why the cloud could not be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such host, or nothing listens there.
    #[error("cannot reach the cloud: {0}")]
    Connect(std::io::Error),
    /// Mostly a certificate that is not trusted.
    #[error("no secure connection to the cloud: {0}")]
    Tls(std::io::Error),
    /// The cloud answered something else than an uplink.
    #[error(transparent)]
    Upgrade(#[from] upgrade::Error),
    /// One of the steps took too long.
    #[error("the cloud does not answer in time ({0})")]
    Timeout(&'static str),
}

impl Error {
    /// How long the cloud asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Upgrade(upgrade::Error::Refused { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }
}

/// Why no certificate of a cloud could ever be checked, or none shown to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The address is wrong.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// Not a host name or an address.
    #[error("cloud: {0:?} is not a host name")]
    Host(String),
    /// The file with the authority cannot be used.
    #[error("ca_file: {0}")]
    CaFile(sightline_base::tls::Error),
    /// The file holds no certificate.
    #[error("ca_file: {0} holds no certificate of an authority")]
    NoAuthority(PathBuf),
    /// Neither does the system.
    #[error("the system has no certificates of authorities; install them or set ca_file")]
    NoSystemAuthorities,
    /// The device's own certificate.
    #[error("make the device's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The device's key does not fit.
    #[error("set up TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Knows the way to the cloud, and how to recognise it.
pub(crate) struct Dialer {
    host: String,
    port: u16,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl Dialer {
    pub(crate) fn new(config: &Config, identity: &Identity) -> Result<Self, TrustError> {
        let (host, port) = config.cloud_address()?;
        let name =
            ServerName::try_from(host.clone()).map_err(|_| TrustError::Host(host.clone()))?;
        let (certificate, key) = identity.certificate()?;
        let mut tls = ClientConfig::builder_with_provider(sightline_base::tls::provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots(config)?)
            .with_client_auth_cert(vec![certificate], key)?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Each connection proves the key anew; a ticket would only prove an earlier proof.
        tls.resumption = Resumption::disabled();
        Ok(Self {
            host,
            port,
            name,
            tls: TlsConnector::from(Arc::new(tls)),
        })
    }

    /// The cloud's address, for people.
    pub(crate) fn cloud(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Connects, and hands over the connection where HTTP/2 begins on it.
    pub(super) async fn dial(
        &self,
    ) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, Error> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port));
        let tcp = timeout(CONNECT_TIMEOUT, tcp).await;
        let tcp = tcp
            .map_err(|_| Error::Timeout("connect"))?
            .map_err(Error::Connect)?;
        tcp.set_nodelay(true).map_err(Error::Connect)?;
        SockRef::from(&tcp)
            .set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
            .map_err(Error::Connect)?;
        let tls = timeout(TLS_TIMEOUT, self.tls.connect(self.name.clone(), tcp)).await;
        let mut tls = tls
            .map_err(|_| Error::Timeout("TLS"))?
            .map_err(Error::Tls)?;
        let answer = timeout(UPGRADE_TIMEOUT, async {
            tls.write_all(upgrade::request(&self.host, self.port).as_bytes())
                .await?;
            tls.flush().await?;
            upgrade::read_answer(&mut tls).await
        });
        let rest = answer.await.map_err(|_| Error::Timeout("upgrade"))??;
        // What came with the answer is the first of what HTTP/2 reads.
        let (read, write) = tokio::io::split(tls);
        Ok(tokio::io::join(Cursor::new(rest).chain(read), write))
    }
}

/// Whom to believe. The system's own list is used rather than one built into the program, since
/// the system keeps it up to date for years. A configured authority stands alone: a cloud with an
/// authority of its own needs no other, and then none of the others can pose as it.
fn roots(config: &Config) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &config.ca_file {
        let authorities = sightline_base::tls::certificates(path).map_err(TrustError::CaFile)?;
        roots.add_parsable_certificates(authorities);
        if roots.is_empty() {
            return Err(TrustError::NoAuthority(path.clone()));
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(TrustError::NoSystemAuthorities);
        }
    }
    Ok(roots)
}
