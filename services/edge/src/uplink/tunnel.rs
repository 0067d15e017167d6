//! The reversed connection: this side is the HTTP/2 client, the device the server.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioIo, TokioTimer};
use sightline_media::FRAME_BYTES_MAX;
use sightline_rpc::device::v1::device_client::DeviceClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::Service;

use super::replay::Replay;

/// Bytes that a device may send on one stream before they are read. Small, so that a slow link
/// shows on the device at once, which then drops whole GOPs.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// Bytes on all streams together: more than the sum of the streams that one device can have
/// running, or a stream that nobody reads would stop the others.
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// Largest HTTP/2 frame: a key frame in one piece.
const HTTP2_FRAME_BYTES: u32 = 1 << 20;
/// A device that is silent for this long is asked, and given up after [`PING_TIMEOUT`] more.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest message of a device: a frame and what is around it.
const MESSAGE_BYTES_MAX: usize = FRAME_BYTES_MAX + (64 << 10);

/// A connected device. Clones are the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Tunnel {
    sender: Arc<Mutex<Option<SendRequest<Body>>>>,
    closed: CancellationToken,
}

impl Tunnel {
    /// Begins HTTP/2 on a connection that has been upgraded; `rest` came with the request head. The
    /// connection stays on the arbiter of the caller.
    pub(crate) async fn open<S>(stream: S, rest: Vec<u8>) -> Result<Self, hyper::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http2::Builder::new(OnArbiter)
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(HTTP2_FRAME_BYTES)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(true)
            .handshake(TokioIo::new(Replay::new(rest, stream)))
            .await?;
        let closed = CancellationToken::new();
        let over = closed.clone().drop_guard();
        actix::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "device connection");
            }
            drop(over);
        });
        Ok(Self {
            sender: Arc::new(Mutex::new(Some(sender))),
            closed,
        })
    }

    /// What the device serves.
    pub(crate) fn client(&mut self) -> DeviceClient<Self> {
        let origin = http::Uri::from_static("http://device.invalid");
        DeviceClient::with_origin(self.clone(), origin).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// Cancelled when the connection is over.
    pub(crate) fn closed(&self) -> CancellationToken {
        self.closed.clone()
    }

    /// Says good-bye (GOAWAY): with the last sender gone, the connection ends once its calls do.
    pub(crate) fn close(&self) {
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

/// Beside the session: a frame's way from the socket to the viewers is one turn of its task set.
#[derive(Debug, Clone, Copy)]
struct OnArbiter;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for OnArbiter {
    fn execute(&self, task: F) {
        actix::spawn(task);
    }
}

/// No longer connected.
#[derive(Debug, thiserror::Error)]
#[error("the device is not connected")]
struct Gone;

impl Service<http::Request<Body>> for Tunnel {
    type Response = http::Response<Incoming>;
    type Error = tower::BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(async move {
            let Some(mut sender) = sender else {
                return Err(Gone.into());
            };
            sender.ready().await?;
            Ok(sender.send_request(request).await?)
        })
    }
}
