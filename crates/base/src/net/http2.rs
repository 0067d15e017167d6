//! HTTP/2 on one connection, as one task (RFC 9113).
//!
//! [h2](h2) does what a client and a server say to each other, and carries the bodies of most
//! responses. The frames of live streams do not go through it: a [`BodyWriter`] puts them between
//! h2's frames as they are, shared by all who watch. Start reading at [`serve`], then [`link`].
//! The other side, for what is dialled by devices, is [`client`].

mod answer;
pub mod client;
mod data;
mod frames;
mod incoming;
mod link;
mod outgoing;
mod received;
mod windows;
mod writer;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use h2::{Ping, PingPong, server};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

pub(super) use frames::PREFACE;
use link::Io;
pub(super) use link::Link;
pub use received::ReceivedBody;
pub use writer::{BodyWriter, DirectBody, advance};

/// Longest until the first settings have been exchanged.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes a client may send on one stream before it is read.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// Requests that one connection may have open at once.
const STREAMS_MAX: u32 = 200;
/// All headers of one request, bytes.
const HEADERS_BYTES_MAX: u32 = 16 << 10;
/// Bytes of one response's body that wait for the client; h2 takes no more.
const SEND_BYTES_MAX: usize = 400 << 10;
/// Requests that a client may take back before they were looked at.
const RESET_STREAMS_MAX: usize = 20;
/// A client that is silent for this long is asked, and given up after [`PING_TIMEOUT`] more.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until the client has gone, or the shutdown has come and its requests are finished.
pub(super) async fn serve<F>(
    link: Link,
    handle: impl Fn(Request<Body>) -> F,
    shutdown: CancellationToken,
) where
    F: Future<Output = Response<Body>>,
{
    let handshake = server::Builder::new()
        .initial_window_size(STREAM_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .max_send_buffer_size(SEND_BYTES_MAX)
        .max_pending_accept_reset_streams(RESET_STREAMS_MAX)
        .handshake::<_, Bytes>(Io(link.clone()));
    let mut connection = match timeout(HANDSHAKE_TIMEOUT, handshake).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return tracing::debug!(%error, "HTTP/2 handshake"),
        Err(_) => return,
    };
    let ping = connection.ping_pong();
    let mut silence = pin!(silence(
        || link.heard_at(),
        ping,
        PING_INTERVAL,
        PING_TIMEOUT
    ));
    let mut shutdown = pin!(shutdown.cancelled_owned().fuse());
    // At most STREAMS_MAX, and those that have just been reset.
    let mut requests = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    requests.push(answer::answer(request, respond, link.clone(), &handle));
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "HTTP/2 connection");
                    break;
                }
                None => break,
            },
            Some(()) = requests.next() => {}
            () = &mut shutdown => connection.graceful_shutdown(),
            () = &mut silence => {
                tracing::debug!("HTTP/2 client is silent");
                break;
            }
        }
    }
}

/// Until the other side has said nothing for an interval, and then, although it was asked, nothing for a
/// timeout. Whatever is heard from it counts as an answer.
async fn silence(
    heard_at: impl Fn() -> Instant,
    ping: Option<PingPong>,
    interval: Duration,
    limit: Duration,
) {
    let Some(mut ping) = ping else {
        return std::future::pending().await;
    };
    loop {
        let until = heard_at() + interval;
        sleep_until(until).await;
        if heard_at() + interval > until {
            continue;
        }
        let asked_at = Instant::now();
        // The last one may be on its way still; its answer counts as well.
        let _ = ping.send_ping(Ping::opaque());
        sleep(limit).await;
        let _ = poll_fn(|cx| ping.poll_pong(cx)).now_or_never();
        if heard_at() < asked_at {
            return;
        }
    }
}
