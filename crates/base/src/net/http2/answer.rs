//! One request of an HTTP/2 connection, from its head to the end of its response.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, HeaderValue, Request, Response, header};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use tokio::time::timeout;

use super::ReceivedBody;
use super::link::Link;
use super::writer::{DirectBody, End};
use crate::clock::{Clock as _, SystemClock};

/// For what a writer has left to say; who does not take it in this time is reset, so that it is not
/// kept for as long as the connection lives.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers that mean one connection (RFC 9113, 8.2.2).
const OF_A_CONNECTION: [&str; 5] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// Answers a request; what goes wrong ends its stream alone.
pub(super) async fn answer<F>(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    link: Link,
    handle: impl FnOnce(Request<Body>) -> F,
) where
    F: Future<Output = Response<Body>>,
{
    let stream = respond.stream_id().as_u32();
    link.accept(stream);
    let _finish = Finish(link.clone(), stream);
    let mut request = request.map(|body| Body::new(ReceivedBody::new(body)));
    let direct = is_grpc(request.headers()).then(|| DirectBody::new(link.clone(), stream));
    if let Some(direct) = direct.clone() {
        request.extensions_mut().insert(direct);
    }
    if let Err(error) = respond_to(handle(request), respond, direct, link).await {
        tracing::debug!(%error, "HTTP/2 stream");
    }
}

/// Whatever happens, the stream is forgotten.
struct Finish(Link, u32);

impl Drop for Finish {
    fn drop(&mut self) {
        self.0.finish(self.1);
    }
}

/// Whether the body of the answer is made of plain gRPC messages. That of gRPC-Web is made anew on
/// the way out.
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == "application/grpc" || kind == "application/grpc+proto")
}

async fn respond_to(
    answer: impl Future<Output = Response<Body>>,
    mut respond: SendResponse<Bytes>,
    direct: Option<DirectBody>,
    link: Link,
) -> Result<(), h2::Error> {
    let answer = tokio::select! {
        answer = answer => answer,
        // The client has changed its mind.
        reset = poll_fn(|cx| respond.poll_reset(cx)) => return reset.map(drop),
    };
    let (mut head, body) = answer.into_parts();
    complete(&mut head.headers);
    if let Some(end) = direct.as_ref().and_then(DirectBody::end) {
        // Of the body that is left out.
        head.headers.remove(header::CONTENT_LENGTH);
        let stream = respond.send_response(Response::from_parts(head, ()), false)?;
        return finish_with(end, link, stream).await;
    }
    let is_empty = body.is_end_stream();
    if let Some(len) = body.size_hint().exact().filter(|_| !is_empty) {
        let headers = head.headers.entry(header::CONTENT_LENGTH);
        headers.or_insert_with(|| len.into());
    }
    let stream = respond.send_response(Response::from_parts(head, ()), is_empty)?;
    if is_empty {
        return Ok(());
    }
    send(body, stream).await
}

/// What a server adds, and what it takes away.
fn complete(headers: &mut HeaderMap) {
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
    headers.entry(header::DATE).or_insert_with(|| {
        let now = Duration::from_millis(SystemClock.now_unix_ms().unsigned_abs());
        let date = httpdate::fmt_http_date(UNIX_EPOCH + now);
        HeaderValue::try_from(date).unwrap_or_else(|_| HeaderValue::from_static(""))
    });
}

/// Waits for the writer beside h2, or for the client to have enough.
async fn finish_with(end: End, link: Link, mut stream: SendStream<Bytes>) -> Result<(), h2::Error> {
    let id = stream.stream_id().as_u32();
    let write = async {
        let (mut rest, trailers) = end.await.ok()?;
        let write = poll_fn(|cx| {
            while !rest.is_empty() {
                ready!(link.lock().poll_write_body(cx, id, &mut rest))?;
            }
            Poll::Ready(io::Result::Ok(()))
        });
        timeout(LAST_WORDS_TIMEOUT, write).await.ok()?.ok()?;
        Some(trailers)
    };
    let trailers = tokio::select! {
        trailers = write => trailers,
        reset = poll_fn(|cx| stream.poll_reset(cx)) => return reset.map(drop),
    };
    match trailers {
        Some(trailers) => stream.send_trailers(trailers),
        None => {
            stream.send_reset(Reason::CANCEL);
            Ok(())
        }
    }
}

/// Sends a body as fast as the client takes it.
async fn send(body: Body, mut stream: SendStream<Bytes>) -> Result<(), h2::Error> {
    let mut body = pin!(body);
    loop {
        stream.reserve_capacity(1);
        let frame = poll_fn(|cx| {
            if let Poll::Ready(reset) = stream.poll_reset(cx) {
                return Poll::Ready(Err(reset.err()));
            }
            while stream.capacity() == 0 {
                match ready!(stream.poll_capacity(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Poll::Ready(Err(Some(error))),
                    None => return Poll::Ready(Err(None)),
                }
            }
            body.as_mut().poll_frame(cx).map(Ok)
        })
        .await;
        match frame {
            Ok(None) => return stream.send_data(Bytes::new(), true),
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    let is_end = body.is_end_stream();
                    stream.send_data(data, is_end)?;
                    if is_end {
                        return Ok(());
                    }
                }
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return stream.send_trailers(trailers);
                    }
                }
            },
            Ok(Some(Err(error))) => {
                tracing::debug!(%error, "body");
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            Err(reset) => return reset.map_or(Ok(()), Err),
        }
    }
}
