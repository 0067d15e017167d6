//! What an operator can set on an edge.

use std::time::Duration;

use sightline_media::ring;

/// Settings of one edge. Every limit says what happens beyond it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of this edge in the cluster.
    pub name: String,
    /// Connected devices; the next ones are told to come back later.
    pub devices_max: usize,
    /// Device connections between TCP accept and the end of the upgrade; the next ones wait.
    pub handshakes_max: usize,
    /// Those from one address (IPv6: from one /64 network); the next ones are closed, and the
    /// devices dial again.
    pub handshakes_per_address_max: usize,
    /// Viewers of one device; the next ones are refused with RESOURCE_EXHAUSTED.
    pub viewers_per_device_max: usize,
    /// Viewers of one device with one account; the next ones are refused with RESOURCE_EXHAUSTED,
    /// so that a guest leaves room for the owner.
    pub viewers_per_account_max: usize,
    /// A stream that nobody watches is asked of the device for this much longer, milliseconds.
    pub linger_ms: u64,
    /// Open streams go on for this long when grants cannot be proven fresh, milliseconds;
    /// 0 ends them as soon as that is noticed.
    pub authz_grace_ms: u64,
    /// The link from a device is measured this long after it connected, milliseconds; 0: never.
    pub uplink_probe_after_ms: u64,
    /// Memory for the frames of one stream, bytes. Old frames go first.
    pub ring_bytes: usize,
    /// A viewer farther behind skips to the newest key frame, milliseconds.
    pub viewer_lag_ms: u32,
    /// Threads for device sessions; 0 is one per core.
    pub arbiters: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "edge-1".to_owned(),
            devices_max: 10_000,
            handshakes_max: 64,
            handshakes_per_address_max: 16,
            viewers_per_device_max: 1_000,
            viewers_per_account_max: 100,
            linger_ms: 5_000,
            authz_grace_ms: 30_000,
            uplink_probe_after_ms: 10_000,
            ring_bytes: 16 << 20,
            viewer_lag_ms: 2_000,
            arbiters: 0,
        }
    }
}

impl Config {
    pub(crate) fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }

    pub(crate) fn authz_grace(&self) -> Duration {
        Duration::from_millis(self.authz_grace_ms)
    }

    pub(crate) fn uplink_probe_after(&self) -> Duration {
        Duration::from_millis(self.uplink_probe_after_ms)
    }

    pub(crate) fn ring_limits(&self) -> ring::Limits {
        let lag_us = i64::from(self.viewer_lag_ms) * 1_000;
        ring::Limits {
            bytes: self.ring_bytes.max(2 * sightline_media::FRAME_BYTES_MAX),
            lag_us,
            // One second more than the lag, so that a slow viewer skips rather than falls off.
            keep_us: lag_us + 1_000_000,
            ..ring::Limits::default()
        }
    }

    pub(crate) fn arbiters(&self) -> usize {
        match self.arbiters {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            set => set,
        }
    }
}
