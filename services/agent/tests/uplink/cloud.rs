//! The cloud's end of an uplink, as small as it can be: it accepts any device key.

use std::io::Cursor;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::DigitallySignedStruct;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use sightline_agent::Config;
use sightline_base::tls::{Authority, provider};
use sightline_domain::CloudId;
use sightline_rpc::device::v1::device_client::DeviceClient;
use sightline_rpc::device::v1::{DescribeRequest, DescribeResponse};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::{Channel, Endpoint};

/// Far more than anything here takes; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The answer that makes a connection an uplink.
pub const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Connection: Upgrade\r\nUpgrade: h2c-reverse\r\n\r\n";

/// A listener with a certificate of its own authority.
pub struct Cloud {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    pub address: SocketAddr,
    pub ca_file: PathBuf,
    directory: tempfile::TempDir,
}

/// A device that has dialled.
pub struct Device {
    pub client: DeviceClient<Channel>,
    /// By its certificate.
    pub cloud_id: CloudId,
}

impl Cloud {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::open(directory.path()).unwrap();
        let identity = authority.issue(&["127.0.0.1".to_owned()]).unwrap();
        let tls = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(Arc::new(AnyKey))
            .with_single_cert(identity.chain, identity.key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            listener,
            acceptor: TlsAcceptor::from(Arc::new(tls)),
            ca_file: authority.certificate_file().to_owned(),
            directory,
        }
    }

    /// Of a demo device in a directory of its own.
    pub fn config(&self) -> Config {
        Config {
            cloud: self.address.to_string(),
            data_dir: self.directory.path().join("agent"),
            ca_file: Some(self.ca_file.clone()),
            demo: true,
            ..Config::default()
        }
    }

    /// Takes the next connection, up to the end of the TLS handshake.
    pub async fn handshake(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let (socket, _) = timeout(PATIENCE, self.listener.accept())
            .await
            .unwrap()
            .unwrap();
        timeout(PATIENCE, self.acceptor.accept(socket))
            .await
            .unwrap()
    }

    /// Takes the next connection and its request, and gives this answer.
    pub async fn answer(&self, answer: &str) -> TlsStream<TcpStream> {
        let mut tls = self.handshake().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(timeout(PATIENCE, tls.read_u8()).await.unwrap().unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        assert!(request.starts_with("GET /uplink HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("Upgrade: h2c-reverse\r\n"), "{request}");
        tls.write_all(answer.as_bytes()).await.unwrap();
        tls.flush().await.unwrap();
        tls
    }

    /// Takes the next device; the cloud becomes the HTTP/2 client.
    pub async fn device(&self) -> Device {
        let tls = self.answer(SWITCHED).await;
        let certificate = tls.get_ref().1.peer_certificates().unwrap()[0].clone();
        let key = ParsedCertificate::try_from(&certificate)
            .unwrap()
            .subject_public_key_info();
        let mut io = Some(TokioIo::new(tls));
        let once = tower::service_fn(move |_| {
            let io = io
                .take()
                .ok_or_else(|| std::io::Error::other("the device is gone"));
            std::future::ready(io)
        });
        let channel = Endpoint::from_static("http://device.invalid")
            .initial_stream_window_size(256 << 10)
            .initial_connection_window_size(16 << 20)
            .connect_with_connector(once)
            .await
            .unwrap();
        let cloud_id = CloudId::of_public_key(key.as_ref());
        Device {
            client: DeviceClient::new(channel),
            cloud_id,
        }
    }
}

impl Device {
    pub async fn describe(&mut self, epoch: u64) -> Result<DescribeResponse, tonic::Status> {
        let request = DescribeRequest {
            epoch,
            edge: "edge-a".to_owned(),
        };
        Ok(self.client.describe(request).await?.into_inner())
    }
}

/// Reads everything up to the end of a connection.
pub async fn read_to_end(mut tls: TlsStream<TcpStream>) -> Vec<u8> {
    let mut read = Cursor::new(Vec::new());
    let _ = timeout(PATIENCE, tokio::io::copy(&mut tls, &mut read))
        .await
        .unwrap();
    read.into_inner()
}

/// Takes any certificate and checks that the device holds its key.
#[derive(Debug)]
struct AnyKey;

impl ClientCertVerifier for AnyKey {
    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
