//! Listeners and connections: TCP with or without TLS, handed to an HTTP router.

mod conn;
mod connection;
mod http2;
mod seats;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use conn::{Conn, rehome};
pub use connection::Affinity;
pub use http2::{BodyWriter, DirectBody, ReceivedBody, advance, client};
pub use seats::{FreeSeat, Seat, Seats};

/// Longest a client may take from the first byte to the end of the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections get this long to finish their requests after a shutdown began.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after the system refused to accept (mostly for want of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Bytes that the system holds for a client beyond what is on its way. The system's own bound is
/// megabytes: a viewer on a thin link would see pictures of half a minute ago instead of fewer.
const UNSENT_BYTES_MAX: u32 = 256 << 10;

/// Where a request comes from; an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What a listener does with clients.
#[derive(Debug, Clone)]
pub struct Serve {
    /// `None` serves in plain text.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// For connections; the next ones wait in the system's queue. Those from a place that has as
    /// many as it may are closed.
    pub seats: Seats,
}

/// Serves HTTP/1.1 and HTTP/2 on the listener until the token is cancelled, then lets requests
/// finish for a few seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: Serve,
    shutdown: CancellationToken,
) {
    let Serve { tls, seats } = options;
    let acceptor = tls.map(TlsAcceptor::from);
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &seats) => accepted,
        };
        let Some((socket, peer, seat)) = accepted else {
            continue;
        };
        let (router, acceptor, shutdown) = (router.clone(), acceptor.clone(), shutdown.clone());
        let cut = cut.clone();
        connections.spawn(async move {
            let serving = async {
                let conn = establish(socket, acceptor, seat).await?;
                // Boxed, so that the handshake's memory is not kept as long as the connection.
                Box::pin(connection::serve(conn, Peer(peer), router, shutdown)).await;
                Some(())
            };
            cut.run_until_cancelled(serving).await;
        });
    }
    connections.close();
    if tokio::time::timeout(GRACE, connections.wait())
        .await
        .is_err()
    {
        tracing::info!(open = connections.len(), "connections cut at shutdown");
        cut.cancel();
        connections.wait().await;
    }
}

async fn accept(listener: &TcpListener, seats: &Seats) -> Option<(TcpStream, SocketAddr, Seat)> {
    let free = seats.free().await;
    match listener.accept().await {
        Ok((socket, peer)) => match seats.take(free, peer.ip()) {
            Some(seat) => Some((socket, peer, seat)),
            None => {
                tracing::debug!(%peer, "too many connections from one place");
                None
            }
        },
        Err(error) => {
            tracing::warn!(%error, "accept");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn establish(socket: TcpStream, acceptor: Option<TlsAcceptor>, seat: Seat) -> Option<Conn> {
    // A frame is one write; waiting to fill a segment would only delay it.
    socket.set_nodelay(true).ok()?;
    SockRef::from(&socket)
        .set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
        .ok()?;
    let Some(acceptor) = acceptor else {
        return Some(Conn::plain(socket, seat));
    };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(socket)).await {
        Ok(Ok(stream)) => Some(Conn::tls(stream, seat)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake");
            None
        }
        Err(_) => None,
    }
}
