//! A response whose body does not go through h2.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::http::HeaderMap;
use bytes::{Buf as _, Bytes};
use tokio::sync::oneshot;

use super::link::Link;

/// An extension of gRPC requests over HTTP/2: who takes it writes the body of the response himself,
/// and what body the response has is left out.
#[derive(Debug, Clone)]
pub struct DirectBody(Arc<Claim>);

#[derive(Debug)]
struct Claim {
    link: Link,
    stream: u32,
    end: Mutex<Option<End>>,
}

/// How the writer ends: an error when it was dropped.
pub(super) type End = oneshot::Receiver<LastWords>;

/// What is left of a body, and the trailers.
pub(super) type LastWords = (VecDeque<Bytes>, HeaderMap);

impl DirectBody {
    pub(super) fn new(link: Link, stream: u32) -> Self {
        Self(Arc::new(Claim {
            link,
            stream,
            end: Mutex::default(),
        }))
    }

    /// The writer; there is one for each response.
    #[must_use]
    pub fn take(&self) -> Option<BodyWriter> {
        let mut end = self.0.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.is_some() {
            return None;
        }
        let (finish, finished) = oneshot::channel();
        *end = Some(finished);
        self.0.link.attach_writer(self.0.stream);
        Some(BodyWriter {
            link: self.0.link.clone(),
            stream: self.0.stream,
            finish: Some(finish),
        })
    }

    /// How the writer ends, when there is one.
    pub(super) fn end(&self) -> Option<End> {
        let mut end = self.0.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.take()
    }
}

/// Writes the body of one response, as DATA frames between those of its connection. Dropping it resets
/// the stream.
#[derive(Debug)]
pub struct BodyWriter {
    link: Link,
    stream: u32,
    /// Until it has been finished.
    finish: Option<oneshot::Sender<LastWords>>,
}

impl BodyWriter {
    /// Sends what the client has room for, and takes it off the body; ready with the number of bytes.
    /// Each piece begins a frame. Waits for the head of the response to go out first.
    ///
    /// # Errors
    /// When the stream or its connection is over.
    pub fn poll_write(
        &mut self,
        cx: &Context<'_>,
        body: &mut VecDeque<Bytes>,
    ) -> Poll<io::Result<usize>> {
        self.link.lock().poll_write_body(cx, self.stream, body)
    }

    /// Ready when the system has everything.
    ///
    /// # Errors
    /// When the connection is over.
    pub fn poll_flush(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.link.lock().poll_flush(cx)
    }

    /// Ends the response with what is left of its body and trailers. The connection sends them when
    /// the client takes them.
    pub fn finish(&mut self, rest: VecDeque<Bytes>, trailers: HeaderMap) {
        if let Some(finish) = self.finish.take() {
            // Nobody is left to tell when the stream is over.
            let _ = finish.send((rest, trailers));
        }
    }
}

/// Takes bytes off the front of several pieces.
pub fn advance(pieces: &mut VecDeque<Bytes>, mut bytes: usize) {
    while bytes > 0
        && let Some(first) = pieces.front_mut()
    {
        let of_first = bytes.min(first.len());
        first.advance(of_first);
        bytes -= of_first;
        if first.is_empty() {
            pieces.pop_front();
        }
    }
}
