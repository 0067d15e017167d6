//! The client of a connection on which a server sends live streams.
//!
//! [h2](h2) asks, and hears all answers but the bodies that somebody takes: these go from the connection
//! to whoever takes them, with no queue and no task in between. Start reading at [`Connection`].

mod bodies;
mod link;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::http::{Request, Response};
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{PingPong, RecvStream};

use super::{frames, silence};
pub use link::Duplex;
use link::{Io, Link, Woken};

/// All headers of one response, bytes.
const HEADERS_BYTES_MAX: u32 = 16 << 10;

/// What a server may send, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Windows {
    /// On one stream before it is read.
    pub stream_bytes: u32,
    /// On all streams together.
    pub connection_bytes: u32,
    /// In one frame.
    pub frame_bytes_max: u32,
}

/// Gets the bytes of a body as they come.
pub type Take = Box<dyn FnMut(&[u8]) + Send>;

/// Asks a server. Clones use the same connection, which ends when [`Self::close`] was called and all
/// answers have ended.
#[derive(Debug, Clone)]
pub struct Client {
    requests: Arc<Mutex<Option<SendRequest<Bytes>>>>,
    link: Link,
}

/// Why a server could not be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The client was closed.
    #[error("the connection is closed")]
    Closed,
    /// HTTP/2 has failed: this stream, or all of the connection.
    #[error(transparent)]
    Http2(#[from] h2::Error),
}

/// Begins HTTP/2 on a stream; `first` are bytes of the server that have been read already. The connection
/// has to be polled for as long as it lives.
///
/// # Errors
/// When the stream cannot be written to.
pub async fn open(
    stream: impl Duplex + 'static,
    first: &[u8],
    windows: Windows,
) -> Result<(Client, Connection), h2::Error> {
    let link = Link::new(Box::new(stream), first, windows);
    let (requests, h2) = Builder::new()
        .enable_push(false)
        .initial_window_size(windows.stream_bytes)
        .initial_connection_window_size(windows.connection_bytes)
        .max_frame_size(windows.frame_bytes_max)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .handshake(Io(link.clone()))
        .await?;
    let client = Client {
        requests: Arc::new(Mutex::new(Some(requests))),
        link: link.clone(),
    };
    let woken = Arc::<Woken>::default();
    let connection = Connection {
        link,
        h2,
        waker: Waker::from(Arc::clone(&woken)),
        woken,
    };
    Ok((client, connection))
}

impl Client {
    /// Sends a request whose body is one message; the answer has come as far as its head.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn ask(
        &self,
        head: Request<()>,
        message: Bytes,
    ) -> Result<Response<RecvStream>, AskError> {
        Ok(self.begin(head, message).await?.await?)
    }

    /// The same, with a body that goes to `take` as it comes, within the poll of the connection. What is
    /// left of it for h2 is how it ends. It has to be polled by the thread that polls the connection.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn ask_beside(
        &self,
        head: Request<()>,
        message: Bytes,
        take: Take,
    ) -> Result<(Response<RecvStream>, Taking), AskError> {
        let answer = self.begin(head, message).await?;
        // On this thread nothing of it has gone out yet.
        let taking = self.link.attach(answer.stream_id().as_u32(), take);
        Ok((answer.await?, taking))
    }

    async fn begin(&self, head: Request<()>, message: Bytes) -> Result<ResponseFuture, AskError> {
        let mut requests = self.requests()?.ready().await?;
        let (answer, mut stream) = requests.send_request(head, false)?;
        stream.send_data(message, true)?;
        Ok(answer)
    }

    /// Says good-bye (GOAWAY): the connection ends once its answers have.
    pub fn close(&self) {
        self.lock().take();
    }

    fn requests(&self) -> Result<SendRequest<Bytes>, AskError> {
        self.lock().clone().ok_or(AskError::Closed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<SendRequest<Bytes>>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body goes beside h2 until this is dropped.
#[derive(Debug)]
pub struct Taking {
    link: Link,
    stream: u32,
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.link.detach(self.stream);
    }
}

/// Reads and writes. A body that is taken costs no look at h2, which is polled when there is something
/// for it.
#[derive(Debug)]
pub struct Connection {
    link: Link,
    h2: h2::client::Connection<Io, Bytes>,
    /// Wakes this task, and remembers that it was for h2.
    waker: Waker,
    woken: Arc<Woken>,
}

impl Connection {
    /// Until the server has said nothing for an interval, and then, although it was asked, nothing for a
    /// timeout. It is for a task of its own, so that no timer is looked at for each frame.
    pub fn silence(
        &mut self,
        interval: Duration,
        limit: Duration,
    ) -> impl Future<Output = ()> + use<> {
        let (link, ping): (Link, Option<PingPong>) = (self.link.clone(), self.h2.ping_pong());
        async move { silence(|| link.heard_at(), ping, interval, limit).await }
    }
}

impl Future for Connection {
    type Output = Result<(), h2::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.woken.hear(cx.waker());
        let mut for_h2 = Context::from_waker(&this.waker);
        let mut is_woken = this.woken.take();
        loop {
            let received = this.link.poll_receive(cx, &mut for_h2);
            if received.is_pending() && !is_woken {
                return Poll::Pending;
            }
            // When it is woken meanwhile, so is this task: it may have to make way first.
            is_woken = false;
            let ended = Pin::new(&mut this.h2).poll(&mut for_h2);
            // While it does not take what there is for it, it waits to write.
            if ended.is_ready() || this.link.has_received() {
                return ended;
            }
        }
    }
}

#[cfg(test)]
mod tests;
