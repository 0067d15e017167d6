//! This edge's claim of a device: made when the device connects, ended with its session.

use std::sync::Arc;

use sightline_coord::{Epoch, Error};
use sightline_domain::CloudId;

use crate::edge::Shared;

/// A claim that stands until it is dropped, however that comes: the device never said what it is,
/// its connection broke, its session ended or failed.
#[derive(Debug)]
pub(super) struct Claim {
    device: CloudId,
    epoch: Epoch,
    edge: Arc<Shared>,
}

impl Claim {
    /// Claims the device. Runs to its end also when nobody waits for it any more, so that what is
    /// claimed then is released.
    ///
    /// # Errors
    /// Those of [`sightline_coord::Coordinator::claim`].
    pub(super) async fn make(edge: &Arc<Shared>, device: CloudId) -> Result<Self, Error> {
        let shared = Arc::clone(edge);
        let claiming = async move {
            let epoch = shared.coordinator.claim(device, &shared.id).await?;
            Ok(Self {
                device,
                epoch,
                edge: shared,
            })
        };
        let claiming = edge.tasks.spawn_on(claiming, &edge.runtime);
        claiming.await.unwrap_or(Err(Error::Closed))
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let (edge, device, epoch) = (Arc::clone(&self.edge), self.device, self.epoch);
        edge.directory.leave(device, epoch);
        let runtime = edge.runtime.clone();
        // Released under its own epoch: a newer owner is not touched.
        let release = async move {
            if let Err(error) = edge.coordinator.release(device, epoch).await {
                tracing::warn!(%device, %error, "release the device");
            }
        };
        self.edge.tasks.spawn_on(release, &runtime);
    }
}
