//! Listeners and connections: TCP with or without TLS, handed to an HTTP router.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// Longest a client may take from the first byte to the end of the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest a client may take to send the head of an HTTP/1.1 request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// Connections get this long to finish their requests after a shutdown began.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after the system refused to accept (mostly for want of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Bytes that the system holds for a client beyond what is on its way. The system's own bound is
/// megabytes: a viewer on a thin link would see pictures of half a minute ago instead of fewer.
const UNSENT_BYTES_MAX: u32 = 256 << 10;
/// Bytes a client may send on one HTTP/2 stream before it is read.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// Requests that one HTTP/2 connection may have open at once.
const STREAMS_MAX: u32 = 200;

/// One connection of a client.
#[derive(Debug)]
pub enum Conn {
    /// Without TLS: behind a proxy that ends it, or in a benchmark.
    Plain(TcpStream),
    /// With TLS; boxed, since a TLS session is a kilobyte.
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Conn {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Conn {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_shutdown(cx),
        }
    }
}

/// Where a request comes from; an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What a listener does with clients.
#[derive(Debug, Clone)]
pub struct Serve {
    /// `None` serves in plain text.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Most connections at once; the next ones wait in the system's queue.
    pub connections_max: usize,
}

/// Serves HTTP/1.1 and HTTP/2 on the listener until the token is cancelled, then lets requests
/// finish for a few seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: Serve,
    shutdown: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(options.connections_max));
    let acceptor = options.tls.map(TlsAcceptor::from);
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        let Some((socket, peer, permit)) = accepted else {
            continue;
        };
        let (router, acceptor, shutdown) = (router.clone(), acceptor.clone(), shutdown.clone());
        let cut = cut.clone();
        connections.spawn(async move {
            let serving = async {
                let conn = establish(socket, acceptor).await?;
                // Boxed, so that the handshake's memory is not kept as long as the connection.
                Box::pin(serve_connection(conn, peer, router, shutdown)).await;
                Some(())
            };
            cut.run_until_cancelled(serving).await;
            drop(permit);
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

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, peer)) => Some((socket, peer, permit)),
        Err(error) => {
            tracing::warn!(%error, "accept");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn establish(socket: TcpStream, acceptor: Option<TlsAcceptor>) -> Option<Conn> {
    // A frame is one write; waiting to fill a segment would only delay it.
    socket.set_nodelay(true).ok()?;
    SockRef::from(&socket)
        .set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
        .ok()?;
    let Some(acceptor) = acceptor else {
        return Some(Conn::Plain(socket));
    };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(socket)).await {
        Ok(Ok(stream)) => Some(Conn::Tls(Box::new(stream))),
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake");
            None
        }
        Err(_) => None,
    }
}

async fn serve_connection(
    conn: Conn,
    peer: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
) {
    let service = router.map_request(move |mut request: Request<_>| {
        request.extensions_mut().insert(Peer(peer));
        request
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(conn), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "connection");
    }
}
