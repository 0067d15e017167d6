//! The reversed connection: this side is the HTTP/2 client, the device the server.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt as _;
use sightline_base::net::ReceivedBody;
use sightline_base::net::client::{self, Client, Duplex, Windows};
use sightline_media::FRAME_BYTES_MAX;
use sightline_rpc::device::v1::device_client::DeviceClient;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::body::Body;
use tower::Service;

/// What a device may send.
const WINDOWS: Windows = Windows {
    // Small, so that a slow link shows on the device at once, which then drops whole GOPs.
    stream_bytes: 256 << 10,
    // More than the sum of the streams that one device can have running, or a stream that nobody reads
    // would stop the others.
    connection_bytes: 16 << 20,
    // A key frame in one piece.
    frame_bytes_max: 1 << 20,
};
/// A device that is silent for this long is asked, and given up after [`PING_TIMEOUT`] more.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest message of a device besides its streams: a picture.
const MESSAGE_BYTES_MAX: usize = FRAME_BYTES_MAX;

/// A connected device. Clones are the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Tunnel {
    pub(super) requests: Client,
    closed: CancellationToken,
}

impl Tunnel {
    /// Begins HTTP/2 on a connection that has been upgraded; `rest` came with the request head. The
    /// connection stays on the arbiter of the caller.
    pub(crate) async fn open(
        stream: impl Duplex + 'static,
        rest: Vec<u8>,
    ) -> Result<Self, h2::Error> {
        let (requests, mut connection) = client::open(stream, &rest, WINDOWS).await?;
        let silence = connection.silence(PING_INTERVAL, PING_TIMEOUT);
        let closed = CancellationToken::new();
        let over = closed.clone().drop_guard();
        let connection = AbortOnDropHandle::new(actix::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "device connection");
            }
            drop(over);
        }));
        let gone = closed.clone();
        actix::spawn(async move {
            tokio::select! {
                () = silence => tracing::debug!("device is silent"),
                () = gone.cancelled() => {}
            }
            drop(connection);
        });
        Ok(Self { requests, closed })
    }

    /// What the device serves. Its streams are asked for by [`super::Live`].
    pub(crate) fn client(&mut self) -> DeviceClient<Self> {
        let origin = http::Uri::from_static("http://device.invalid");
        DeviceClient::with_origin(self.clone(), origin).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// Cancelled when the connection is over.
    pub(crate) fn closed(&self) -> CancellationToken {
        self.closed.clone()
    }

    /// Says good-bye: the connection ends once its calls do.
    pub(crate) fn close(&self) {
        self.requests.close();
    }
}

impl Service<http::Request<Body>> for Tunnel {
    type Response = http::Response<ReceivedBody>;
    type Error = tower::BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let requests = self.requests.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            // Whatever is asked of a device is one message.
            let message = body.collect().await?.to_bytes();
            let head = http::Request::from_parts(head, ());
            let response = requests.ask(head, message).await;
            match response {
                Ok(response) => Ok(response.map(ReceivedBody::new)),
                // The reason of HTTP/2 makes the status.
                Err(client::AskError::Http2(error)) => Err(error.into()),
                Err(closed) => Err(closed.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests;
