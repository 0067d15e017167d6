//! Who may do what with a device, for the edge that holds its connection.
//!
//! Each heartbeat reads the record again, so an edge that hears one knows that its grants were
//! true a moment ago, whatever became of the wake-ups.

use std::sync::Arc;
use std::time::Duration;

use sightline_domain::CloudId;
use sightline_rpc::internal::v1::{
    Grant, GrantSet, Permission, WatchGrantsRequest, WatchGrantsResponse,
};
use sightline_store::Revision;

use crate::Error;
use crate::changes::Listener;
use crate::records::Ownership;
use crate::service::Registry;
use crate::stream::Watch;

/// Longest silence; an edge that hears nothing for three seconds opens nothing new.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// One stream. It is made as it is read: there is no queue between this and the connection.
pub(crate) struct GrantWatch {
    registry: Arc<Registry>,
    device: CloudId,
    changes: Listener<CloudId>,
    told: Option<Revision>,
}

impl GrantWatch {
    pub(crate) fn new(
        registry: Arc<Registry>,
        request: &WatchGrantsRequest,
    ) -> Result<Self, Error> {
        let device = request.device_id.parse()?;
        // Before the record is read, so that no change falls between the two.
        let changes = registry.changes.of_device(device);
        Ok(Self {
            registry,
            device,
            changes,
            told: None,
        })
    }
}

impl Watch for GrantWatch {
    type Item = WatchGrantsResponse;

    /// At once the first time and after a change, else a heartbeat.
    async fn next(&mut self) -> Result<WatchGrantsResponse, Error> {
        if self.told.is_some() {
            tokio::select! {
                wake = self.changes.next() => { wake?; }
                () = tokio::time::sleep(HEARTBEAT) => {}
            }
        }
        let ownership = self.registry.records.ownership(self.device).await?;
        // A device that never had an owner has no record, and the revision before all others.
        let revision = ownership.as_ref().map_or(0, |(revision, _)| *revision);
        let grants = (self.told != Some(revision)).then(|| grants(ownership));
        self.told = Some(revision);
        Ok(WatchGrantsResponse { revision, grants })
    }
}

fn grants(ownership: Option<(Revision, Ownership)>) -> GrantSet {
    let owner = ownership.and_then(|(_, ownership)| ownership.owner);
    let grant = owner.map(|owner| Grant {
        account_id: owner.account.to_string(),
        permissions: vec![Permission::ViewLive.into()],
    });
    GrantSet {
        grants: grant.into_iter().collect(),
    }
}
