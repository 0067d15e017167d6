//! HTTP on one connection, as one task.
//!
//! The requests of an HTTP/2 connection run inside the connection's own task. A task of each would
//! cost every frame of a stream a second wake-up, mostly of another thread. What a request asks for
//! is worked out on the threads of the listener; only its answer is sent from here.
//!
//! A connection that carries frames moves to the thread on which they come in ([`Affinity`]).

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use atomic_waker::AtomicWaker;
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use hyper::Request;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::{self, UpgradeableConnection};
use hyper_util::service::TowerToHyperService;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt as _;

use super::{Conn, Peer};

/// Longest a client may take to send the head of an HTTP/1.1 request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes a client may send on one HTTP/2 stream before it is read.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// Requests that one HTTP/2 connection may have open at once.
const STREAMS_MAX: u32 = 200;
/// A client of HTTP/2 that is silent for this long is asked, and given up after
/// [`PING_TIMEOUT`] more.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the task of a connection runs; an extension of every request.
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
pub(super) async fn serve(conn: Conn, peer: Peer, router: Router, shutdown: CancellationToken) {
    let affinity = Affinity::default();
    let mut connection = Box::pin(run(conn, peer, router, affinity.clone(), shutdown));
    let elsewhere = poll_fn(|cx| match affinity.0.get() {
        Some(runtime) => Poll::Ready(Some(runtime)),
        None => connection.as_mut().poll(cx).map(|()| None),
    });
    if let Some(runtime) = elsewhere.await {
        // How it ended has been logged there, a panic by the panic hook.
        let _ = AbortOnDropHandle::new(runtime.spawn(connection)).await;
    }
}

async fn run(
    conn: Conn,
    peer: Peer,
    router: Router,
    affinity: Affinity,
    shutdown: CancellationToken,
) {
    let listener = Handle::current();
    let service = tower::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(affinity.clone());
        let answer = router.clone().oneshot(request.map(Body::new));
        let answer = AbortOnDropHandle::new(listener.spawn(answer));
        async {
            Ok::<_, Infallible>(match answer.await {
                Ok(Ok(answer)) => answer,
                Err(_) => panicked(),
            })
        }
    });
    let mut requests = Requests::default();
    let mut builder = auto::Builder::new(requests.new.clone());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    let service = TowerToHyperService::new(service);
    let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(conn), service));
    requests.open(async move {
        shutdown.cancelled().await;
        Done::Shutdown
    });
    let served = poll_fn(|cx| {
        requests.poll_with(
            connection.as_mut(),
            UpgradeableConnection::graceful_shutdown,
            cx,
        )
    });
    if let Err(error) = served.await {
        tracing::debug!(%error, "connection");
    }
}

/// The panic hook has told what happened.
fn panicked() -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// What has come to its end.
enum Done {
    Request,
    /// The wait for the shutdown.
    Shutdown,
}

type Task = Pin<Box<dyn Future<Output = Done> + Send>>;

/// The requests of one connection; at most [`STREAMS_MAX`].
struct Requests {
    open: FuturesUnordered<Task>,
    new: NewRequests,
    pass: Arc<Pass>,
    /// Of the connection.
    waker: Waker,
}

/// Those that the connection has read since it was last polled.
#[derive(Clone, Default)]
struct NewRequests(Arc<Mutex<Vec<Task>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for NewRequests {
    fn execute(&self, request: F) {
        let task = Box::pin(request.map(|()| Done::Request));
        self.lock().push(task);
    }
}

impl NewRequests {
    fn lock(&self) -> MutexGuard<'_, Vec<Task>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One poll of requests and connection. A request that has something to send wakes its connection,
/// which is polled next anyway: such a wake-up is kept here, and does not poll everything again.
#[derive(Default)]
struct Pass {
    is_on: AtomicBool,
    is_woken: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Pass {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        if !self.is_on.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

impl Default for Requests {
    fn default() -> Self {
        let pass = Arc::new(Pass::default());
        Self {
            open: FuturesUnordered::new(),
            new: NewRequests::default(),
            waker: Waker::from(Arc::clone(&pass)),
            pass,
        }
    }
}

impl Requests {
    fn open(&mut self, task: impl Future<Output = Done> + Send + 'static) {
        self.open.push(Box::pin(task));
    }

    /// Polls what is open, then the connection, which sends what that had to say.
    fn poll_with<C: Future>(
        &mut self,
        mut connection: Pin<&mut C>,
        shut_down: impl Fn(Pin<&mut C>),
        cx: &mut Context<'_>,
    ) -> Poll<C::Output> {
        self.pass.task.register(cx.waker());
        self.pass.is_on.store(true, Ordering::SeqCst);
        let output = loop {
            while let Poll::Ready(Some(done)) = self.open.poll_next_unpin(cx) {
                match done {
                    Done::Request => {}
                    Done::Shutdown => shut_down(connection.as_mut()),
                }
            }
            self.pass.is_woken.store(false, Ordering::SeqCst);
            let polled = connection
                .as_mut()
                .poll(&mut Context::from_waker(&self.waker));
            let mut new = self.new.lock();
            if polled.is_ready() || new.is_empty() {
                break polled;
            }
            self.open.extend(new.drain(..));
        };
        self.pass.is_on.store(false, Ordering::SeqCst);
        // By itself, or from elsewhere while it was polled.
        if self.pass.is_woken.load(Ordering::SeqCst) {
            cx.waker().wake_by_ref();
        }
        output
    }
}
