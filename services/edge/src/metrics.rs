//! What an operator sees of an edge.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use sightline_rpc::live::v1::EndReason;

/// Reasons of [`EndReason`]; its first one, unspecified, stands for viewers who left.
const REASONS: usize = 11;

/// Plain counters that the data path adds to once per pass; OpenTelemetry reads them when it is
/// asked, so that a frame costs no attribute look-up.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) devices: Level,
    pub(crate) viewers: Level,
    pub(crate) feeds: Level,
    pub(crate) snapshots: Level,
    pub(crate) ring_bytes: Level,
    pub(crate) frames_in: Count,
    pub(crate) bytes_in: Count,
    pub(crate) frames_out: Count,
    pub(crate) bytes_out: Count,
    pub(crate) pictures_skipped: Count,
    pub(crate) viewers_refused: Count,
    pub(crate) bad_streams: Count,
    pub(crate) devices_refused: Count,
    pub(crate) endings: Endings,
}

/// Streams to viewers that are over.
#[derive(Debug, Default)]
pub(crate) struct Endings([Count; REASONS]);

impl Endings {
    /// One more; without a reason when the viewer left.
    pub(crate) fn add(&self, reason: Option<EndReason>) {
        let reason = reason.unwrap_or(EndReason::Unspecified);
        let at = usize::try_from(i32::from(reason)).unwrap_or(0);
        if let Some(count) = self.0.get(at) {
            count.add(1);
        }
    }

    /// Each reason with its number.
    fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let reasons = (0..).map_while(|at| EndReason::try_from(at).ok());
        reasons.zip(&self.0).map(|(reason, count)| {
            let name = match reason {
                EndReason::Unspecified => "VIEWER_LEFT",
                reason => reason.as_str_name().trim_start_matches("END_REASON_"),
            };
            (name, count.get())
        })
    }
}

/// Only rises.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Rises and falls.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicU64);

impl Level {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, until the returned token is dropped.
    pub(crate) fn enter(metrics: &Arc<Metrics>, level: fn(&Metrics) -> &Level) -> Entered {
        level(metrics).0.fetch_add(1, Ordering::Relaxed);
        Entered {
            metrics: Arc::clone(metrics),
            level,
        }
    }
}

/// One that counts in a [`Level`] as long as it lives.
#[derive(Debug)]
pub(crate) struct Entered {
    metrics: Arc<Metrics>,
    level: fn(&Metrics) -> &Level,
}

impl Drop for Entered {
    fn drop(&mut self) {
        (self.level)(&self.metrics)
            .0
            .fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bytes of one ring that count in [`Metrics::ring_bytes`] as long as this lives.
#[derive(Debug)]
pub(crate) struct RingBytes {
    metrics: Arc<Metrics>,
    bytes: u64,
}

impl RingBytes {
    pub(crate) fn none(metrics: Arc<Metrics>) -> Self {
        Self { metrics, bytes: 0 }
    }

    /// So many now.
    pub(crate) fn set(&mut self, bytes: u64) {
        let level = &self.metrics.ring_bytes.0;
        level.fetch_add(bytes.wrapping_sub(self.bytes), Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for RingBytes {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl Metrics {
    /// Counters that the meter reads.
    pub(crate) fn new(meter: &Meter) -> Arc<Self> {
        let metrics = Arc::new(Self::default());
        metrics.level(meter, "sightline_edge_devices", "connected devices", |m| {
            &m.devices
        });
        metrics.level(
            meter,
            "sightline_edge_viewers",
            "open streams to viewers",
            |m| &m.viewers,
        );
        metrics.level(
            meter,
            "sightline_edge_feeds",
            "streams asked of devices",
            |m| &m.feeds,
        );
        let snapshots = "pictures that devices are making";
        metrics.level(meter, "sightline_edge_snapshots", snapshots, |m| {
            &m.snapshots
        });
        let ring_bytes = "frame bytes that are held for viewers";
        metrics.level(meter, "sightline_edge_ring_bytes", ring_bytes, |m| {
            &m.ring_bytes
        });
        metrics.count(
            meter,
            "sightline_edge_frames_in",
            "frames from devices",
            |m| &m.frames_in,
        );
        metrics.count(
            meter,
            "sightline_edge_bytes_in",
            "frame bytes from devices",
            |m| &m.bytes_in,
        );
        metrics.count(
            meter,
            "sightline_edge_frames_out",
            "frames to viewers",
            |m| &m.frames_out,
        );
        metrics.count(meter, "sightline_edge_bytes_out", "bytes to viewers", |m| {
            &m.bytes_out
        });
        let skipped = "pictures left out for viewers that read too slowly";
        metrics.count(meter, "sightline_edge_pictures_skipped", skipped, |m| {
            &m.pictures_skipped
        });
        let refused = "viewers refused by a limit";
        metrics.count(meter, "sightline_edge_viewers_refused", refused, |m| {
            &m.viewers_refused
        });
        let bad = "streams ended because a device sent what is no valid stream";
        metrics.count(meter, "sightline_edge_bad_streams", bad, |m| &m.bad_streams);
        let devices = "device connections refused before a session began";
        metrics.count(meter, "sightline_edge_devices_refused", devices, |m| {
            &m.devices_refused
        });
        metrics.endings(meter);
        metrics
    }

    fn endings(self: &Arc<Self>, meter: &Meter) {
        let metrics = Arc::clone(self);
        meter
            .u64_observable_counter("sightline_edge_streams_ended")
            .with_description("streams to viewers that are over, by reason")
            .with_callback(move |observer| {
                for (reason, count) in metrics.endings.all() {
                    observer.observe(count, &[KeyValue::new("reason", reason)]);
                }
            })
            .build();
    }

    fn level(
        self: &Arc<Self>,
        meter: &Meter,
        name: &'static str,
        description: &'static str,
        level: fn(&Self) -> &Level,
    ) {
        let metrics = Arc::clone(self);
        meter
            .u64_observable_gauge(name)
            .with_description(description)
            .with_callback(move |observer| observer.observe(level(&metrics).get(), &[]))
            .build();
    }

    fn count(
        self: &Arc<Self>,
        meter: &Meter,
        name: &'static str,
        description: &'static str,
        count: fn(&Self) -> &Count,
    ) {
        let metrics = Arc::clone(self);
        meter
            .u64_observable_counter(name)
            .with_description(description)
            .with_callback(move |observer| {
                observer.observe(count(&metrics).get(), &[]);
            })
            .build();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_of_an_end_has_a_count_of_its_own() {
        let endings = Endings::default();
        let reasons = (1..).map_while(|at| EndReason::try_from(at).ok());
        reasons.for_each(|reason| endings.add(Some(reason)));
        endings.add(None);
        assert_eq!(endings.all().count(), REASONS);
        for (name, count) in endings.all() {
            assert_eq!(count, 1, "{name}");
        }
    }
}
