//! Calls that a client cannot leave half done by going away.

use tonic::Status;
use tracing::Instrument as _;

use crate::ServiceError;
use crate::error::status;

/// Runs a call to its end, also when its client goes away meanwhile: what follows from a change
/// that was committed has to be done.
///
/// # Errors
/// The call's own; `INTERNAL` when it did not come to its end.
pub async fn to_the_end<T, E>(
    call: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, Status>
where
    T: Send + 'static,
    E: ServiceError + Send + 'static,
{
    match tokio::spawn(call.in_current_span()).await {
        Ok(result) => result.map_err(|error| status(&error)),
        Err(error) => {
            tracing::error!(%error, "a call did not come to its end");
            Err(Status::internal("internal error"))
        }
    }
}
