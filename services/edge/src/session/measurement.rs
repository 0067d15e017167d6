//! What the link from the device carries, so that an owner can be told when it is too little.

use std::time::Duration;

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};
use sightline_rpc::device::v1 as device;
use tokio::time::Instant;

use super::Session;
use crate::uplink::Tunnel;

/// Bytes that are asked for: two seconds of 16 Mbit/s, which is what a recorder needs.
const PROBE_BYTES: u32 = 4 << 20;
/// A slower link is measured by what it carried in this time.
const PROBE_TIME: Duration = Duration::from_secs(2);
/// Below this nothing can be said.
const BYTES_MIN: u64 = 16 << 10;
/// Between measurements.
const INTERVAL: Duration = Duration::from_secs(6 * 3600);
/// A link on which somebody watches is measured later.
const BUSY_PAUSE: Duration = Duration::from_secs(60);

impl Session {
    /// Measures the link some time after the device connected, and again every few hours.
    pub(super) fn measure_uplink(&self, ctx: &mut Context<Self>) {
        let after = self.edge.config.uplink_probe_after();
        if !after.is_zero() {
            ctx.run_later(after, Self::measure_now);
        }
    }

    fn measure_now(&mut self, ctx: &mut Context<Self>) {
        if !self.viewers.is_empty() {
            ctx.run_later(BUSY_PAUSE, Self::measure_now);
            return;
        }
        let probe = probe(self.tunnel.clone()).into_actor(self);
        ctx.spawn(probe.map(|measured, session, ctx| {
            if let Some(bits_per_s) = measured {
                session.uplink_bits_per_s.send_replace(bits_per_s);
            }
            ctx.run_later(INTERVAL, Self::measure_now);
        }));
    }
}

/// Bits per second; `None` when the device cannot be measured. The time counts from the first
/// bytes on, so that the way there and back is left out.
async fn probe(mut tunnel: Tunnel) -> Option<u64> {
    let request = device::ProbeUplinkRequest { bytes: PROBE_BYTES };
    let mut filler = tunnel
        .client()
        .probe_uplink(request)
        .await
        .ok()?
        .into_inner();
    filler.message().await.ok()??;
    let (start, mut bytes) = (Instant::now(), 0u64);
    let read = async {
        while let Ok(Some(message)) = filler.message().await {
            bytes += message.filler.len() as u64;
        }
    };
    // The rest of a long probe is not waited for: dropping the stream ends it.
    let _ = tokio::time::timeout(PROBE_TIME, read).await;
    bits_per_s(bytes, start.elapsed())
}

fn bits_per_s(bytes: u64, time: Duration) -> Option<u64> {
    let micros = u64::try_from(time.as_micros()).ok()?.max(1);
    (bytes >= BYTES_MIN).then(|| bytes.saturating_mul(8_000_000) / micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_in_bits_per_second_and_not_from_a_handful_of_bytes() {
        let second = Duration::from_secs(1);
        assert_eq!(bits_per_s(2_000_000, second), Some(16_000_000));
        assert_eq!(bits_per_s(2_000_000, 2 * second), Some(8_000_000));
        assert_eq!(bits_per_s(1_000, second), None);
    }
}
