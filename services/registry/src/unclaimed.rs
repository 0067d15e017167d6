//! What devices without an owner told of themselves.
//!
//! In memory only: anybody can connect a device, and a stranger must not be able to fill the
//! store. A device that is forgotten here can still be claimed; its model is then shown when it
//! reports again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sightline_coord::Epoch;
use sightline_domain::CloudId;

use crate::Error;
use crate::records::Report;

/// Devices that are remembered. At 64 KiB for the largest description, 64 MiB at worst.
const DEVICES_MAX: usize = 1024;

/// Newest reports of connected devices without an owner.
#[derive(Debug, Default)]
pub(crate) struct Unclaimed(Mutex<HashMap<CloudId, Report>>);

impl Unclaimed {
    /// Remembers a report; when there are too many, the oldest one is forgotten.
    ///
    /// # Errors
    /// [`Error::StaleEpoch`] when a newer connection has reported.
    pub(crate) fn put(&self, device: CloudId, mut report: Report) -> Result<(), Error> {
        let mut reports = self.reports();
        if let Some(known) = reports.get(&device) {
            if known.epoch > report.epoch {
                return Err(Error::StaleEpoch);
            }
            report.keep_uplink_of(known);
        }
        if reports.len() >= DEVICES_MAX && !reports.contains_key(&device) {
            let oldest = reports
                .iter()
                .min_by_key(|(_, r)| r.seen_at_unix_ms)
                .map(|(id, _)| *id);
            oldest.map(|device| reports.remove(&device));
        }
        reports.insert(device, report);
        Ok(())
    }

    pub(crate) fn get(&self, device: CloudId) -> Option<Report> {
        self.reports().get(&device).cloned()
    }

    /// The connection with this epoch has ended. What a newer one told stays.
    pub(crate) fn forget(&self, device: CloudId, epoch: Epoch) {
        let mut reports = self.reports();
        if reports
            .get(&device)
            .is_some_and(|known| known.epoch <= epoch.0)
        {
            reports.remove(&device);
        }
    }

    /// The device has an owner now.
    pub(crate) fn take(&self, device: CloudId) -> Option<Report> {
        self.reports().remove(&device)
    }

    fn reports(&self) -> MutexGuard<'_, HashMap<CloudId, Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Description;

    fn report(epoch: u64, seen_at_unix_ms: i64) -> Report {
        Report {
            epoch,
            seen_at_unix_ms,
            description: Description::default(),
            uplink_bits_per_s: 0,
        }
    }

    #[test]
    fn the_end_of_an_older_connection_forgets_nothing() {
        let unclaimed = Unclaimed::default();
        let device = CloudId::of_public_key(b"key");
        unclaimed.put(device, report(8, 0)).unwrap();
        assert!(matches!(
            unclaimed.put(device, report(7, 0)),
            Err(Error::StaleEpoch)
        ));
        unclaimed.forget(device, Epoch(7));
        assert_eq!(unclaimed.get(device), Some(report(8, 0)));
        unclaimed.forget(device, Epoch(8));
        assert_eq!(unclaimed.get(device), None);
    }

    #[test]
    fn a_crowd_of_devices_pushes_out_the_one_that_reported_first() {
        let unclaimed = Unclaimed::default();
        let device = |n: usize| CloudId::of_public_key(&n.to_be_bytes());
        for n in 0..=DEVICES_MAX {
            let seen_at_unix_ms = i64::try_from(n).unwrap();
            let report = Report {
                epoch: 1,
                seen_at_unix_ms,
                description: Description::default(),
                uplink_bits_per_s: 0,
            };
            unclaimed.put(device(n), report).unwrap();
        }
        assert!(unclaimed.get(device(0)).is_none());
        assert!(unclaimed.get(device(1)).is_some());
        assert!(unclaimed.get(device(DEVICES_MAX)).is_some());
    }
}
