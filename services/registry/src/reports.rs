//! What edges tell of the devices that are connected to them.

use sightline_coord::Epoch;
use sightline_domain::CloudId;
use sightline_rpc::internal::v1::ReportRequest;
use sightline_store::{Error as StoreError, Revision};

use crate::Error;
use crate::description::Description;
use crate::records::{Records, Report};
use crate::service::Registry;

/// Rounds against other reports of the same device, claims and deletions. When they do not suffice,
/// the device is shown without its model and channels until it reports again.
const ROUNDS_MAX: usize = 16;

impl Registry {
    /// Keeps what a device told, unless a newer connection of it exists.
    pub(crate) async fn report(&self, request: ReportRequest) -> Result<(), Error> {
        let device: CloudId = request.device_id.parse()?;
        let connected = self.coordinator.owner(device).await?;
        if connected.is_none_or(|owner| owner.epoch.0 != request.epoch) {
            return Err(Error::StaleEpoch);
        }
        let told = request.description.unwrap_or_default();
        let report = Report {
            epoch: request.epoch,
            seen_at_unix_ms: self.clock.now_unix_ms(),
            description: Description::from_device(&told)?,
            uplink_bits_per_s: request.uplink_bits_per_s,
        };
        self.keep(device, report).await
    }

    async fn keep(&self, device: CloudId, report: Report) -> Result<(), Error> {
        for _ in 0..ROUNDS_MAX {
            let mut owned = self.records.owned(device).await?;
            if owned.is_none() {
                self.unclaimed.put(device, report.clone())?;
                // A claim that is written by now may have looked there before.
                owned = self.records.owned(device).await?;
                if owned.is_some() {
                    self.unclaimed.take(device);
                }
            }
            let Some(owned) = owned else {
                return Ok(());
            };
            match store(&self.records, device, owned.revision, report.clone()).await {
                Err(Error::Store(StoreError::Conflict { .. })) => {}
                other => return other,
            }
        }
        Err(Error::StaleEpoch)
    }

    /// Remembers what a device told while it had an owner, as long as that connection lives.
    pub(crate) async fn keep_of_freed(&self, device: CloudId, report: Report) {
        let connected = self.coordinator.owner(device).await.ok().flatten();
        if connected.is_some_and(|owner| owner.epoch.0 == report.epoch)
            && let Err(error) = self.keep(device, report).await
        {
            tracing::info!(%device, %error, "keep what a device told before it was freed");
        }
    }

    /// Keeps what a device told until its claim was written. Without it the claim stands all the
    /// same, and the device tells it again when it connects next.
    pub(crate) async fn keep_unclaimed(&self, device: CloudId) {
        if let Some(report) = self.unclaimed.take(device)
            && let Err(error) = self.keep(device, report).await
        {
            tracing::warn!(%device, %error, "keep what a device told before it was claimed");
        }
    }

    /// A connection of a device has ended; it may have a newer one already.
    pub(crate) async fn disconnected(&self, device: CloudId, epoch: Epoch) -> Result<(), Error> {
        self.unclaimed.forget(device, epoch);
        let report = self.records.report(device).await?;
        let Some((revision, mut report)) = report.filter(|(_, r)| r.epoch <= epoch.0) else {
            return Ok(());
        };
        let Some(owned) = self.records.owned(device).await? else {
            return Ok(());
        };
        report.seen_at_unix_ms = self.clock.now_unix_ms();
        let owned = owned.revision;
        match self
            .records
            .put_report(device, owned, Some(revision), &report)
            .await
        {
            // It is back and has reported, or its owner changed something.
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn store(
    records: &Records,
    device: CloudId,
    owned: Revision,
    mut report: Report,
) -> Result<(), Error> {
    let before = records.report(device).await?;
    if let Some((_, known)) = &before {
        if known.epoch > report.epoch {
            return Err(Error::StaleEpoch);
        }
        report.keep_uplink_of(known);
        if *known
            == (Report {
                seen_at_unix_ms: known.seen_at_unix_ms,
                ..report.clone()
            })
        {
            return Ok(());
        }
    }
    let before = before.map(|(revision, _)| revision);
    Ok(records.put_report(device, owned, before, &report).await?)
}
