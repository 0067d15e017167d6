//! What the link from the device carries, so that an owner can be told when it is too little.
//!
//! It is measured while nobody watches, and a viewer who comes ends the measurement. A device that
//! is always watched stays unmeasured rather than disturbed; what viewers were seen to get through
//! raises an older measurement that says less.

use std::time::Duration;

use actix::{ActorFutureExt as _, AsyncContext as _, Context, SpawnHandle, WrapFuture as _};
use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::select_all;
use sightline_rpc::device::v1 as device;
use tokio::time::Instant;

use super::Session;
use crate::uplink::Tunnel;

/// Bytes that are asked for in all: two seconds of 16 Mbit/s, which is what a recorder needs.
const PROBE_BYTES: u32 = 4 << 20;
/// Streams that share them, as the cameras of a recorder do: what one stream carries is bounded by
/// its window, over a way of 150 ms there and back to less than 16 Mbit/s.
const STREAMS: u32 = 4;
/// A connection begins slowly, so the first bytes do not count when enough follow.
const WARM_UP_BYTES: u64 = 1 << 20;
/// A slower link is measured by what it carried in this time.
const PROBE_TIME: Duration = Duration::from_secs(3);
/// Below this nothing can be said.
const BYTES_MIN: u64 = 16 << 10;
/// Between measurements.
const INTERVAL: Duration = Duration::from_secs(6 * 3600);
/// Between looks at whether a measurement is due, or what viewers got meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// Where the measuring of a session's link stands.
#[derive(Debug, Default)]
pub(super) struct Measurement {
    probe: Option<SpawnHandle>,
    /// When the last one ended.
    measured_at: Option<Instant>,
    /// Frame bytes that had come at the last look, when somebody watched.
    seen: Option<(Instant, u64)>,
}

impl Session {
    /// Measures the link some time after the device connected, and again every few hours.
    pub(super) fn measure_uplink(&self, ctx: &mut Context<Self>) {
        let after = self.edge.config.uplink_probe_after();
        if !after.is_zero() {
            ctx.run_later(after, Self::look_at_uplink);
        }
    }

    /// A viewer has come: the link is theirs.
    pub(super) fn interrupt_measurement(&mut self, ctx: &mut Context<Self>) {
        if let Some(probe) = self.measurement.probe.take() {
            ctx.cancel_future(probe);
        }
    }

    fn look_at_uplink(&mut self, ctx: &mut Context<Self>) {
        ctx.run_later(LOOK_INTERVAL, Self::look_at_uplink);
        if !self.viewers.is_empty() {
            return self.learn_from_viewers(Instant::now());
        }
        self.measurement.seen = None;
        let measured_at = self.measurement.measured_at;
        if measured_at.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        let probe = probe(self.tunnel.clone()).into_actor(self);
        self.measurement.probe = Some(ctx.spawn(probe.map(|measured, session, _| {
            session.measurement.probe = None;
            session.measurement.measured_at = Some(Instant::now());
            if let Some(bits_per_s) = measured {
                session.uplink_bits_per_s.send_replace(bits_per_s);
            }
        })));
    }

    /// What came through proves that the link carries as much, and not that it carries no more.
    fn learn_from_viewers(&mut self, now: Instant) {
        let bytes = self.received.get();
        let Some((at, before)) = self.measurement.seen.replace((now, bytes)) else {
            return;
        };
        let Some(carried) = bits_per_s(bytes - before, now - at) else {
            return;
        };
        self.uplink_bits_per_s
            .send_if_modified(|known| match *known {
                0 => false,
                less if less < carried => {
                    *known = carried;
                    true
                }
                _ => false,
            });
    }
}

/// Bits per second; `None` when the device cannot be measured.
async fn probe(tunnel: Tunnel) -> Option<u64> {
    let asked = (0..STREAMS).map(|_| {
        let mut tunnel = tunnel.clone();
        let request = device::ProbeUplinkRequest {
            bytes: PROBE_BYTES / STREAMS,
        };
        async move { tunnel.client().probe_uplink(request).await.ok() }
    });
    let mut arrivals: Option<Arrivals> = None;
    let read = async {
        let answers = join_all(asked).await.into_iter().flatten();
        let mut filler = select_all(answers.map(tonic::Response::into_inner));
        while let Some(message) = filler.next().await {
            let Ok(message) = message else { continue };
            match &mut arrivals {
                // The time counts from the first bytes on, so that the way there and back is left
                // out.
                None => arrivals = Some(Arrivals::since(Instant::now())),
                Some(arrivals) => arrivals.add(message.filler.len() as u64, Instant::now()),
            }
        }
    };
    // The rest of a long probe is not waited for: dropping the streams ends it.
    let _ = tokio::time::timeout(PROBE_TIME, read).await;
    arrivals?.bits_per_s(Instant::now())
}

/// How much has come, and since when.
#[derive(Debug)]
struct Arrivals {
    since: Instant,
    bytes: u64,
    /// When, and with how many bytes, the slow beginning was over.
    warm: Option<(Instant, u64)>,
}

impl Arrivals {
    fn since(since: Instant) -> Self {
        Self {
            since,
            bytes: 0,
            warm: None,
        }
    }

    fn add(&mut self, bytes: u64, now: Instant) {
        self.bytes += bytes;
        if self.warm.is_none() && self.bytes >= WARM_UP_BYTES {
            self.warm = Some((now, self.bytes));
        }
    }

    fn bits_per_s(&self, now: Instant) -> Option<u64> {
        let (since, before) = match self.warm {
            Some((at, bytes)) if self.bytes - bytes >= WARM_UP_BYTES => (at, bytes),
            _ => (self.since, 0),
        };
        bits_per_s(self.bytes - before, now - since)
    }
}

fn bits_per_s(bytes: u64, time: Duration) -> Option<u64> {
    let micros = u64::try_from(time.as_micros()).ok()?.max(1);
    (bytes >= BYTES_MIN).then(|| bytes.saturating_mul(8_000_000) / micros)
}

#[cfg(test)]
mod tests;
