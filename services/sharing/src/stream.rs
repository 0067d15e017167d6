//! Streams that are made as they are read.

use std::pin::Pin;

use futures::Stream;
use sightline_rpc::error::status;
use tonic::Status;

use crate::Error;

/// What a stream tells.
pub(crate) trait Watch: Send + 'static {
    type Item;

    /// The next message. An error is the last.
    fn next(&mut self) -> impl Future<Output = Result<Self::Item, Error>> + Send;
}

pub(crate) type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The messages of a watch, up to its first error.
pub(crate) fn messages<W: Watch>(watch: W) -> Messages<W::Item> {
    Box::pin(futures::stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        Some(match watch.next().await {
            Ok(message) => (Ok(message), Some(watch)),
            Err(error) => (Err(status(&error)), None),
        })
    }))
}
