//! HTTP on one connection.
//!
//! The requests of an HTTP/2 connection run inside the connection's own task. What a request asks for
//! is worked out on the threads of the listener; only its answer is sent from here.
//!
//! An HTTP/2 connection that carries frames moves to the thread on which they come in ([`Affinity`]).

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt as _;

use super::http2::{self, Link};
use super::{Conn, Peer};

/// Longest until a client has said as much as tells HTTP/1.1 from HTTP/2.
const FIRST_WORDS_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest a client may take to send the head of an HTTP/1.1 request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);

/// Where the task of an HTTP/2 connection runs; an extension of its requests.
#[derive(Debug, Clone, Default)]
pub struct Affinity(Arc<OnceLock<Handle>>);

impl Affinity {
    /// Moves the connection, with all that it serves, to the threads of a runtime. The first call
    /// counts: a connection does not wander.
    pub fn pin_to(&self, runtime: Handle) {
        // Whoever comes second is served from where the connection is.
        let _ = self.0.set(runtime);
    }
}

/// Serves until the client has gone, or the shutdown has come and its requests are finished.
pub(super) async fn serve(mut conn: Conn, peer: Peer, router: Router, shutdown: CancellationToken) {
    let first = timeout(FIRST_WORDS_TIMEOUT, conn.speaks_http2());
    let Ok(Ok(is_http2)) = first.await else {
        return;
    };
    let handler = Handler {
        peer,
        router,
        listener: Handle::current(),
    };
    if is_http2 {
        serve_http2(conn, handler, shutdown).await;
    } else {
        serve_http1(conn, handler, shutdown).await;
    }
}

async fn serve_http2(conn: Conn, handler: Handler, shutdown: CancellationToken) {
    let affinity = Affinity::default();
    let link = Link::new(conn);
    let handle = {
        let affinity = affinity.clone();
        move |mut request: Request<Body>| {
            request.extensions_mut().insert(affinity.clone());
            handler.handle(request)
        }
    };
    let mut serving = Box::pin(http2::serve(link.clone(), handle, shutdown));
    let elsewhere = poll_fn(|cx| match affinity.0.get() {
        Some(runtime) => Poll::Ready(Some(runtime)),
        None => serving.as_mut().poll(cx).map(|()| None),
    });
    if let Some(runtime) = elsewhere.await {
        let moved = runtime.spawn(async move {
            link.rehome();
            serving.await;
        });
        // How it ended has been logged there, a panic by the panic hook.
        let _ = AbortOnDropHandle::new(moved).await;
    }
}

async fn serve_http1(conn: Conn, handler: Handler, shutdown: CancellationToken) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = handler.handle(request.map(Body::new));
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(conn), service)
            .with_upgrades()
    );
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

/// What is done with a request.
struct Handler {
    peer: Peer,
    router: Router,
    listener: Handle,
}

impl Handler {
    /// Works the answer out on the threads of the listener, where it may take its time, and where a
    /// panic ends the one request.
    fn handle(&self, mut request: Request<Body>) -> impl Future<Output = Response> + use<> {
        request.extensions_mut().insert(self.peer);
        let answer = self.router.clone().oneshot(request);
        let answer = AbortOnDropHandle::new(self.listener.spawn(answer));
        async {
            match answer.await {
                Ok(Ok(answer)) => answer,
                // The panic hook has told what happened.
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    }
}
