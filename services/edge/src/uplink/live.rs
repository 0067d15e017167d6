//! A `Device/Live` call. Each message is dealt with as soon as it has come, within the turn in which the
//! connection reads it: no task, no queue and no client for all calls lies in between.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::RecvStream;
use http::{HeaderMap, header};
use prost::Message as _;
use sightline_base::net::client::{AskError, Taking};
use sightline_media::FRAME_BYTES_MAX;
use sightline_rpc::device::v1::live_response::Event;
use sightline_rpc::device::v1::{LiveRequest, LiveResponse};
use tokio::sync::oneshot;
use tonic::{Code, Status};

use super::Tunnel;
use super::messages::{BadMessage, Messages, PREFIX_BYTES};

/// Largest message of a stream: a frame and what is around it.
const MESSAGE_BYTES_MAX: usize = FRAME_BYTES_MAX + (64 << 10);
/// The authority means nothing: there is one device at the other end.
const METHOD: &str = "http://device.invalid/sightline.device.v1.Device/Live";

/// An open call. Dropping it ends the call.
#[derive(Debug)]
pub(crate) struct Live {
    /// Only its end comes here.
    body: RecvStream,
    _taking: Taking,
    taker: Arc<Mutex<Taker>>,
    refused: oneshot::Receiver<Status>,
}

impl Live {
    /// Asks for a stream; waits until the device has agreed. `take` gets what comes, and may refuse it.
    pub(crate) async fn open(
        tunnel: &Tunnel,
        request: &LiveRequest,
        take: impl FnMut(Event) -> Result<(), sightline_media::Error> + Send + 'static,
    ) -> Result<Self, Status> {
        let (refuse, refused) = oneshot::channel();
        let taker = Arc::new(Mutex::new(Taker {
            messages: Messages::new(MESSAGE_BYTES_MAX),
            take: Box::new(take),
            refuse: Some(refuse),
        }));
        let head = http::Request::post(METHOD)
            .header(header::TE, "trailers")
            .header(header::CONTENT_TYPE, "application/grpc")
            .body(())
            .map_err(|error| Status::internal(error.to_string()))?;
        let takes = Arc::clone(&taker);
        let asked = tunnel.requests.ask_beside(
            head,
            message(request),
            Box::new(move |bytes| lock(&takes).take_all(bytes)),
        );
        let (response, taking) = asked.await.map_err(|error| match error {
            AskError::Http2(error) => error.into(),
            AskError::Closed => Status::unavailable(error.to_string()),
        })?;
        is_well(response.headers())?;
        if response.status() != http::StatusCode::OK {
            return Err(Status::unknown(format!("HTTP {}", response.status())));
        }
        Ok(Self {
            body: response.into_body(),
            _taking: taking,
            taker,
            refused,
        })
    }

    /// Until the device has ended the call, well or not, or has sent what makes no sense.
    pub(crate) async fn ended(&mut self) -> Result<(), Status> {
        tokio::select! {
            biased;
            refused = &mut self.refused => {
                return Err(refused.unwrap_or_else(|_| Status::internal("nobody takes it")));
            }
            more = self.body.data() => match more {
                None => {}
                Some(Ok(_)) => return Err(Status::internal("data before the response")),
                Some(Err(error)) => return Err(error.into()),
            },
        }
        let trailers = self.body.trailers().await?;
        is_well(&trailers.unwrap_or_default())?;
        if !lock(&self.taker).messages.are_whole() {
            return Err(Status::internal("the call ended within a message"));
        }
        Ok(())
    }
}

/// Makes messages of what comes.
struct Taker {
    messages: Messages,
    take: Box<dyn FnMut(Event) -> Result<(), sightline_media::Error> + Send>,
    /// Until something was refused; what comes after it is of no interest.
    refuse: Option<oneshot::Sender<Status>>,
}

impl Taker {
    fn take_all(&mut self, bytes: &[u8]) {
        if self.refuse.is_some()
            && let Err(status) = self.try_take_all(bytes)
            && let Some(refuse) = self.refuse.take()
        {
            // Nobody is left to tell when the call is over.
            let _ = refuse.send(status);
        }
    }

    fn try_take_all(&mut self, mut bytes: &[u8]) -> Result<(), Status> {
        while let Some(message) = self.messages.next(&mut bytes)? {
            let message = LiveResponse::decode(message);
            let message = message.map_err(|error| Status::internal(error.to_string()))?;
            if let Some(event) = message.event {
                (self.take)(event).map_err(|error| Status::internal(error.to_string()))?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Taker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut taker = f.debug_struct("Taker");
        taker
            .field("messages", &self.messages)
            .finish_non_exhaustive()
    }
}

fn lock(taker: &Mutex<Taker>) -> std::sync::MutexGuard<'_, Taker> {
    taker.lock().unwrap_or_else(PoisonError::into_inner)
}

fn message(request: &LiveRequest) -> Bytes {
    let len = request.encoded_len();
    let mut message = BytesMut::with_capacity(PREFIX_BYTES + len);
    message.put_u8(0);
    message.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
    request.encode_raw(&mut message);
    message.freeze()
}

/// Whether there is no status in the headers that says otherwise.
fn is_well(headers: &HeaderMap) -> Result<(), Status> {
    match Status::from_header_map(headers) {
        Some(status) if status.code() != Code::Ok => Err(status),
        _ => Ok(()),
    }
}

impl From<BadMessage> for Status {
    fn from(bad: BadMessage) -> Self {
        match bad {
            BadMessage::TooLong(_) => Self::out_of_range(bad.to_string()),
            BadMessage::Compressed => Self::internal(bad.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
