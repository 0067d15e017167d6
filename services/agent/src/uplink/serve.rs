//! The device as HTTP/2 server on a connection that it dialled.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use sightline_rpc::device::v1::device_server::DeviceServer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::device::{Device, Session};
use crate::status::Uplink;

/// A cloud that is silent for this long is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Without an answer for this long the connection is dead.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest HTTP/2 frame that is read, bytes; the edge uses the same for what it reads, which
/// saves a tenth of the work per video frame.
const FRAME_BYTES_MAX: u32 = 1 << 20;
/// Bytes of one stream that wait in HTTP/2. Frames that wait here can no longer be skipped.
const SEND_BYTES_MAX: usize = 64 << 10;
/// Calls at once; live streams are limited on their own, to fewer.
const CALLS_MAX: u32 = 256;
/// Largest message that the cloud sends a device, bytes.
const REQUEST_BYTES_MAX: usize = 64 << 10;
/// The cloud's first call must come within this time, as it carries the claim.
const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(30);
/// Calls may take this long to end at shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until the connection ends; says why it did.
pub(super) async fn serve(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    device: &Arc<Device>,
    status: &watch::Sender<Uplink>,
    shutdown: &CancellationToken,
) -> String {
    let (described, mut edge) = watch::channel(None);
    let service = DeviceServer::new(Session::new(Arc::clone(device), described))
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_frame_size(FRAME_BYTES_MAX)
        .max_send_buf_size(SEND_BYTES_MAX)
        .max_concurrent_streams(CALLS_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .serve_connection(TokioIo::new(io), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let await_describe = async {
        let edge = timeout(DESCRIBE_TIMEOUT, edge.wait_for(Option::is_some)).await;
        let Ok(Ok(edge)) = edge.map(|e| e.map(|e| e.clone().unwrap_or_default())) else {
            return;
        };
        tracing::info!(edge, "connected to the cloud");
        status.send_replace(Uplink::Connected { edge });
        std::future::pending().await
    };
    tokio::select! {
        ended = connection.as_mut() => match ended {
            Ok(()) => "the cloud ended the connection".to_owned(),
            Err(error) => format!("the connection broke: {}", cause(&error)),
        },
        () = await_describe => "the cloud did not ask who this device is".to_owned(),
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // Only a courtesy: the cloud finds out either way.
            let _ = timeout(GRACE, connection).await;
            String::new()
        }
    }
}

/// The innermost cause: hyper's own words say less.
fn cause(error: &hyper::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
