//! The device's connection: dialled, upgraded to `h2c-reverse`, served.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use sightline_base::tls;
use sightline_rpc::device::v1::device_server::DeviceServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Synthetic;
use super::service::Service;
use crate::connect::{client_config, localhost};

/// Longest head of the cloud's answer, bytes.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// Largest HTTP/2 frame, bytes; the same as a device of ours has.
const FRAME_BYTES_MAX: u32 = 1 << 20;

/// Where devices connect to.
#[derive(Debug, Clone)]
pub struct Cloud {
    address: SocketAddr,
    authority: PathBuf,
}

impl Cloud {
    /// The devices' port of a cloud on this machine, and the PEM file with its authority.
    #[must_use]
    pub fn new(address: SocketAddr, authority: &Path) -> Self {
        Self {
            address,
            authority: authority.to_owned(),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// TLS with the device's key.
pub(super) fn client_config_of(device: &Synthetic, cloud: &Cloud) -> anyhow::Result<ClientConfig> {
    let certificate = device.certificate()?;
    let key = PrivateKeyDer::Pkcs8(device.key.serialize_der().into());
    let key = tls::provider().key_provider.load_private_key(key)?;
    // Whether the key fits the certificate is for the cloud to find out.
    let identity = CertifiedKey::new(vec![certificate], key);
    let mut config = client_config(&cloud.authority)?
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// A connected device. Dropping it cuts the connection.
#[derive(Debug)]
pub struct Uplink {
    device: Arc<Synthetic>,
    stream: TlsStream<TcpStream>,
}

impl Uplink {
    /// Connects with the device's key, and asks for the reversal.
    pub(super) async fn dial(device: Arc<Synthetic>, cloud: &Cloud) -> anyhow::Result<Self> {
        let config = client_config_of(&device, cloud)?;
        let tcp = TcpStream::connect(cloud.address).await.context("connect")?;
        tcp.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = connector.connect(localhost(), tcp).await.context("TLS")?;
        let request = format!(
            "GET /uplink HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n\
             Upgrade: h2c-reverse\r\n\r\n",
            cloud.address
        );
        stream.write_all(request.as_bytes()).await?;
        read_answer(&mut stream).await?;
        Ok(Self { device, stream })
    }

    /// Serves until the connection is over.
    ///
    /// # Errors
    /// When it breaks rather than ends.
    pub async fn serve(self) -> anyhow::Result<()> {
        let service = DeviceServer::new(Service(self.device));
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .max_frame_size(FRAME_BYTES_MAX)
            .serve_connection(TokioIo::new(self.stream), TowerToHyperService::new(service))
            .await
            .context("serve the edge")
    }
}

/// Reads the head byte by byte: what comes after it is HTTP/2, and must not be taken away.
async fn read_answer(stream: &mut TlsStream<TcpStream>) -> anyhow::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_BYTES_MAX {
            bail!("the answer has no end");
        }
        head.push(stream.read_u8().await.context("read the answer")?);
    }
    if !head.starts_with(b"HTTP/1.1 101 ") {
        let head = String::from_utf8_lossy(&head);
        bail!("refused: {}", head.lines().next().unwrap_or_default());
    }
    Ok(())
}
