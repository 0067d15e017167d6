//! Who owns a device, for the edge that holds its connection and for sharing.
//!
//! Each heartbeat reads the records again, so whoever hears one knows that the ownership was true
//! a moment ago, whatever became of the wake-ups.

use std::sync::Arc;
use std::time::Duration;

use sightline_domain::CloudId;
use sightline_rpc::internal::v1::{Ownership, WatchOwnershipRequest, WatchOwnershipResponse};
use sightline_rpc::stream::Watch;
use sightline_store::{Error as StoreError, Revision};

use crate::Error;
use crate::changes::{Listener, Topic};
use crate::records::Records;
use crate::service::Registry;

/// Longest silence; an edge that hears nothing for three seconds opens nothing new.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// One stream. It is made as it is read: there is no queue between this and the connection.
pub(crate) struct OwnershipWatch {
    registry: Arc<Registry>,
    device: CloudId,
    changes: Listener,
    told: Option<(Revision, Ownership)>,
}

impl OwnershipWatch {
    pub(crate) fn new(
        registry: Arc<Registry>,
        request: &WatchOwnershipRequest,
    ) -> Result<Self, Error> {
        let device = request.device_id.parse()?;
        // Before the records are read, so that no change falls between the two.
        let changes = registry.changes.listen(Topic::Device(device));
        Ok(Self {
            registry,
            device,
            changes,
            told: None,
        })
    }
}

impl Watch for OwnershipWatch {
    type Item = WatchOwnershipResponse;
    type Error = Error;

    /// At once the first time and after a change, else a heartbeat.
    async fn next(&mut self) -> Result<WatchOwnershipResponse, Error> {
        if self.told.is_some() {
            tokio::select! {
                wake = self.changes.next() => { wake?; }
                () = tokio::time::sleep(HEARTBEAT) => {}
            }
        }
        let (revision, ownership) = read(&self.registry.records, self.device).await?;
        if let Some((told, known)) = &self.told
            && *known == ownership
        {
            // What else the device told is no change of its ownership.
            return Ok(WatchOwnershipResponse {
                revision: *told,
                ownership: None,
            });
        }
        self.told = Some((revision, ownership.clone()));
        Ok(WatchOwnershipResponse {
            revision,
            ownership: Some(ownership),
        })
    }
}

/// The ownership, and the newest revision of what it was made from. A device that never had an
/// owner has no record, and the revision before all others.
async fn read(records: &Records, device: CloudId) -> Result<(Revision, Ownership), StoreError> {
    loop {
        let ownership = records.ownership(device).await?;
        let report = records.report(device).await?;
        // A time zone of one owner's time under the revision of another's would never be mended.
        let again = records.ownership(device).await?;
        if again.as_ref().map(|(revision, _)| revision) != ownership.as_ref().map(|(r, _)| r) {
            continue;
        }
        let Some((revision, ownership)) = ownership else {
            return Ok((0, Ownership::default()));
        };
        let Some(owner) = ownership.owner else {
            let epoch = ownership.epoch;
            return Ok((
                revision,
                Ownership {
                    epoch,
                    ..Ownership::default()
                },
            ));
        };
        let (reported, time_zone) = report.map_or((0, String::new()), |(revision, report)| {
            (revision, report.description.time_zone)
        });
        let ownership = Ownership {
            epoch: ownership.epoch,
            account_id: owner.account.to_string(),
            device_name: owner.name.to_string(),
            time_zone,
        };
        return Ok((revision.max(reported), ownership));
    }
}

#[cfg(test)]
mod tests;
