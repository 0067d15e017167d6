//! What edges tell of the devices that are connected to them.

use sightline_coord::Epoch;
use sightline_domain::CloudId;
use sightline_rpc::internal::v1::ReportRequest;
use sightline_store::Error as StoreError;

use crate::Error;
use crate::description::Description;
use crate::records::{Records, Report};
use crate::service::Registry;

/// Rounds against other reports of the same device, and against a claim.
const ROUNDS_MAX: usize = 4;

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
        };
        self.keep(device, report).await
    }

    async fn keep(&self, device: CloudId, report: Report) -> Result<(), Error> {
        for _ in 0..ROUNDS_MAX {
            if self.records.owner(device).await?.is_none() {
                self.unclaimed.put(device, report.clone())?;
                // A claim that is written by now may have looked there before.
                if self.records.owner(device).await?.is_none() {
                    return Ok(());
                }
                self.unclaimed.take(device);
            }
            match store(&self.records, device, &report).await {
                Err(Error::Store(StoreError::Conflict { .. })) => {}
                other => return other,
            }
        }
        Err(Error::StaleEpoch)
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
        report.seen_at_unix_ms = self.clock.now_unix_ms();
        match self
            .records
            .put_report(device, Some(revision), &report)
            .await
        {
            // It is back and has reported.
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn store(records: &Records, device: CloudId, report: &Report) -> Result<(), Error> {
    let before = records.report(device).await?;
    if let Some((_, known)) = &before {
        if known.epoch > report.epoch {
            return Err(Error::StaleEpoch);
        }
        if known.epoch == report.epoch && known.description == report.description {
            return Ok(());
        }
    }
    let revision = before.map(|(revision, _)| revision);
    Ok(records.put_report(device, revision, report).await?)
}
