//! Streams that are made as they are read: no queue stands between a service and its reader.

use std::pin::Pin;

use futures::Stream;
use tonic::Status;

use crate::ServiceError;
use crate::error::status;

/// What a stream tells.
pub trait Watch: Send + 'static {
    /// One message.
    type Item;
    /// Why there are no more.
    type Error: ServiceError;

    /// The next message. An error is the last.
    fn next(&mut self) -> impl Future<Output = Result<Self::Item, Self::Error>> + Send;
}

/// The stream of an answer.
pub type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The messages of a watch, up to its first error.
pub fn messages<W: Watch>(watch: W) -> Messages<W::Item> {
    Box::pin(futures::stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        Some(match watch.next().await {
            Ok(message) => (Ok(message), Some(watch)),
            Err(error) => (Err(status(&error)), None),
        })
    }))
}
