//! Claiming many devices from a file.

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use sightline_base::place::Network;
use sightline_domain::{AccountId, CloudId};
use sightline_rpc::ServiceError as _;
use sightline_rpc::error::status;
use sightline_rpc::registry::v1::{ImportDevicesRequest, ImportDevicesResponse};
use sightline_rpc::run::to_the_end;
use sightline_rpc::session::Session;
use tonic::Status;

use crate::Error;
use crate::import_file::{self, Line};
use crate::service::Registry;

/// Claims of one file at a time: a device that does not answer holds up the others less.
const AT_ONCE_MAX: usize = 4;
/// Reason of a line that cannot be understood.
const INVALID_LINE: &str = "INVALID_LINE";

pub(crate) type Results = Pin<Box<dyn Stream<Item = Result<ImportDevicesResponse, Status>> + Send>>;

/// Claims the devices of a file, as its results are read; one result per line, in their order.
pub(crate) fn import(
    registry: Arc<Registry>,
    session: Session,
    network: Option<Network>,
    request: &ImportDevicesRequest,
) -> Result<Results, Error> {
    let account = session.caller().account()?.clone();
    let lines = import_file::lines(request.file.as_ref())?;
    let total = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let session = Arc::new(session);
    let results = futures::stream::iter(lines).map(move |line| {
        let (registry, session) = (Arc::clone(&registry), Arc::clone(&session));
        let account = account.clone();
        async move {
            session.check().map_err(|error| status(&error))?;
            let import = async move { registry.import_line(account, network, line, total).await };
            to_the_end(async { Ok::<_, Error>(import.await) }).await
        }
    });
    Ok(Box::pin(results.buffered(AT_ONCE_MAX)))
}

impl Registry {
    async fn import_line(
        &self,
        account: AccountId,
        network: Option<Network>,
        line: Line,
        total: u32,
    ) -> ImportDevicesResponse {
        let mut result = ImportDevicesResponse {
            line: line.number,
            total,
            ..ImportDevicesResponse::default()
        };
        let Some(entry) = line.entry else {
            INVALID_LINE.clone_into(&mut result.reason);
            result.message = "the line does not have the fields that the heading names".into();
            return result;
        };
        let id = entry.cloud_id.parse::<CloudId>();
        result.device_id = id.map_or_else(|_| entry.cloud_id.clone(), |id| id.to_string());
        result.name.clone_from(&entry.name);
        match self.claim(account, network, &entry.claim()).await {
            Ok(_) | Err(Error::OwnedByCaller) => {}
            Err(error) => {
                error.reason().clone_into(&mut result.reason);
                status(&error).message().clone_into(&mut result.message);
            }
        }
        result
    }
}
