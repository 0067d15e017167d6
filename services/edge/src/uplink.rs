//! Where devices connect: one TLS connection each, dialled by the device, on which the roles of
//! HTTP/2 are reversed (ONVIF Uplink, `Upgrade: h2c-reverse`).
//!
//! The device authenticates with the key that its cloud ID is derived from. Its connection becomes
//! a [`Tunnel`], and the tunnel a [`Session`].

mod head;
mod intake;
mod live;
mod messages;
mod tunnel;
mod verifier;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix::Actor as _;
use sightline_base::net::Seats;
use sightline_base::tls;
use sightline_domain::CloudId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::edge::Shared;
use crate::session::Session;

use head::{Head, read_head};
use intake::Intake;
pub(crate) use live::Live;
pub(crate) use tunnel::Tunnel;

/// Longest from TCP accept to the end of the upgrade.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after the system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Told to a device that finds the edge full, seconds; the device adds jitter.
const RETRY_AFTER_S: u32 = 30;

/// A device that did not get as far as a session.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("TLS: {0}")]
    Tls(#[source] std::io::Error),
    #[error("connection: {0}")]
    Io(#[from] std::io::Error),
    #[error("no client certificate")]
    NoCertificate,
    #[error("request: {0}")]
    Head(#[from] head::BadHead),
    #[error("HTTP/2: {0}")]
    Http2(#[from] h2::Error),
    #[error("too slow")]
    TooSlow,
    #[error("too many handshakes from one address")]
    TooMany,
    #[error("this edge has as many devices as it may")]
    Full,
}

/// A TLS configuration for devices: TLS 1.3 only, client certificate required.
///
/// # Errors
/// When key and certificate of the edge do not fit.
pub(crate) fn server_config(
    identity: tls::Identity,
) -> Result<Arc<rustls::ServerConfig>, tls::Error> {
    let mut config = rustls::ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier::DeviceKeys::new())
        .with_single_cert(identity.chain, identity.key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed connection would skip the proof of the device's key.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Accepts devices until the edge drains.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    edge: Arc<Shared>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let handshakes = Seats::new(
        edge.config.handshakes_max,
        Some(edge.config.handshakes_per_address_max),
    );
    loop {
        let next = async {
            let free = handshakes.free().await;
            (listener.accept().await, free)
        };
        let (accepted, free) = tokio::select! {
            () = edge.draining.cancelled() => return,
            next = next => next,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accept a device");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(seat) = handshakes.take(free, peer.ip()) else {
            refuse(&edge, peer, &Refused::TooMany);
            continue;
        };
        let (acceptor, edge) = (acceptor.clone(), Arc::clone(&edge));
        tokio::spawn(async move {
            let welcomed = tokio::time::timeout(ACCEPT_TIMEOUT, welcome(socket, acceptor, &edge));
            match welcomed.await.unwrap_or(Err(Refused::TooSlow)) {
                Ok(welcomed) => start_session(edge, peer, welcomed),
                Err(refused) => refuse(&edge, peer, &refused),
            }
            drop(seat);
        });
    }
}

/// On an arbiter, with its connection: a frame then wakes one thread on its way to the viewers.
fn start_session(edge: Arc<Shared>, peer: SocketAddr, welcomed: Welcomed) {
    let arbiter = edge.arbiters.pick().clone();
    arbiter.spawn(async move {
        let Welcomed {
            device,
            mut stream,
            rest,
        } = welcomed;
        stream.get_mut().0.rehome();
        match Tunnel::open(stream, rest).await {
            Ok(tunnel) => {
                Session::new(device, edge, tunnel).start();
            }
            Err(error) => refuse(&edge, peer, &error.into()),
        }
    });
}

fn refuse(edge: &Shared, peer: SocketAddr, refused: &Refused) {
    edge.metrics.devices_refused.add(1);
    tracing::debug!(%peer, %refused, "device refused");
}

/// A device that may begin HTTP/2.
struct Welcomed {
    device: CloudId,
    stream: TlsStream<Intake>,
    /// What came behind the head of its request.
    rest: Vec<u8>,
}

/// Authenticates and upgrades one connection.
async fn welcome(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    edge: &Shared,
) -> Result<Welcomed, Refused> {
    socket.set_nodelay(true)?;
    let mut stream = acceptor
        .accept(Intake::new(socket))
        .await
        .map_err(Refused::Tls)?;
    let device = device_of(&stream)?;
    let head = read_request(&mut stream).await?;
    if edge.metrics.devices.get() >= edge.config.devices_max as u64 {
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: {RETRY_AFTER_S}\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        return Err(Refused::Full);
    }
    stream
        .write_all(
            b"HTTP/1.1 101 Switching Protocols\r\n\
              Connection: Upgrade\r\nUpgrade: h2c-reverse\r\n\r\n",
        )
        .await?;
    stream.flush().await?;
    Ok(Welcomed {
        device,
        stream,
        rest: head.rest,
    })
}

/// The cloud ID that belongs to the key of the connection.
fn device_of(stream: &TlsStream<Intake>) -> Result<CloudId, Refused> {
    let certificates = stream.get_ref().1.peer_certificates();
    let certificate = certificates
        .and_then(<[_]>::first)
        .ok_or(Refused::NoCertificate)?;
    verifier::cloud_id(certificate).ok_or(Refused::NoCertificate)
}

async fn read_request(stream: &mut TlsStream<Intake>) -> Result<Head, Refused> {
    let mut bytes = Vec::with_capacity(512);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(Refused::Io(std::io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(head) = read_head(&bytes)? {
            return Ok(head);
        }
    }
}
