//! Who may do what with a device, for the edge that holds its connection.
//!
//! Each message says that owner and shares were read a moment ago, and an edge relies on that. So
//! this never speaks without the registry: while the registry is silent, it is silent too, and that
//! is how edges learn that nothing is certain any more.

use std::sync::Arc;
use std::time::Duration;

use sightline_domain::CloudId;
use sightline_domain::access::{DeviceGrants, GrantSource};
use sightline_rpc::internal::v1::{
    Grant, GrantSet, Ownership, WatchDeviceRequest, WatchDeviceResponse, WatchOwnershipResponse,
};
use sightline_rpc::stream::Watch;
use sightline_rpc::terms::terms_to_proto;
use tokio::time::Instant;
use tonic::Streaming;

use crate::Error;
use crate::changes::Listener;
use crate::peers::registry;
use crate::records;
use crate::service::Sharing;

/// Longest time for which what the registry told is passed on. It speaks again within half a
/// second, so a change that comes later waits for a moment at most.
const OWNERSHIP_AGE_MAX: Duration = Duration::from_millis(500);

/// One stream. It is made as it is read: there is no queue between this and the connection.
pub(crate) struct DeviceWatch {
    sharing: Arc<Sharing>,
    device: CloudId,
    changes: Listener,
    ownerships: Streaming<WatchOwnershipResponse>,
    /// What the registry told, its revision, and when it last confirmed that.
    ownership: Option<(u64, Ownership)>,
    heard_at: Instant,
    told: Option<u64>,
}

impl DeviceWatch {
    pub(crate) async fn new(
        sharing: Arc<Sharing>,
        request: &WatchDeviceRequest,
    ) -> Result<Self, Error> {
        let device = request.device_id.parse()?;
        // Before the records are read, so that no change falls between the two.
        let changes = sharing.changes.listen(records::changes_of(device));
        let ownerships = sharing.peers.watch_ownership(device).await?;
        Ok(Self {
            sharing,
            device,
            changes,
            ownerships,
            ownership: None,
            heard_at: Instant::now(),
            told: None,
        })
    }

    /// What the registry tells, taken in.
    fn heard(&mut self, message: WatchOwnershipResponse) -> Result<(), Error> {
        self.heard_at = Instant::now();
        self.ownership = match (message.ownership, self.ownership.take()) {
            (Some(ownership), _) => Some((message.revision, ownership)),
            (None, Some((revision, known))) if revision == message.revision => {
                Some((revision, known))
            }
            // A heartbeat of what was never told.
            (None, _) => return Err(Error::Peer("registry")),
        };
        Ok(())
    }
}

impl Watch for DeviceWatch {
    type Item = WatchDeviceResponse;
    type Error = Error;

    /// At once after a change, else when the registry has confirmed the owner.
    async fn next(&mut self) -> Result<WatchDeviceResponse, Error> {
        loop {
            let confirmed = tokio::select! {
                message = self.ownerships.message() => {
                    let message = message.map_err(|error| registry(&error))?;
                    self.heard(message.ok_or(Error::Peer("registry"))?)?;
                    true
                }
                wake = self.changes.next() => { wake?; false }
            };
            let Some((ownership_revision, ownership)) = &self.ownership else {
                continue;
            };
            if self.heard_at.elapsed() > OWNERSHIP_AGE_MAX {
                continue;
            }
            // Before the shares: they may be newer than it, and are then told again.
            let revision = ownership_revision + self.sharing.records.revision(self.device).await?;
            if self.told == Some(revision) {
                if confirmed {
                    return Ok(WatchDeviceResponse {
                        revision,
                        grants: None,
                    });
                }
                continue;
            }
            let grants = self.sharing.grants(self.device, ownership).await?;
            let grants = grant_set(grants, &ownership.time_zone);
            self.told = Some(revision);
            return Ok(WatchDeviceResponse {
                revision,
                grants: Some(grants),
            });
        }
    }
}

fn grant_set(grants: DeviceGrants, zone: &str) -> GrantSet {
    let grant = |grant: sightline_domain::access::Grant| {
        let (terms, share_id) = match grant.source {
            GrantSource::Ownership => (None, String::new()),
            GrantSource::Share { id, terms } => (Some(terms_to_proto(&terms)), id),
        };
        Grant {
            account_id: grant.account.to_string(),
            terms,
            share_id,
        }
    };
    GrantSet {
        epoch: grants.ownership_epoch,
        grants: grants.grants.into_iter().map(grant).collect(),
        time_zone: zone.to_owned(),
    }
}
