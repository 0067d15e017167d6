//! The one connection to the cloud: dialled, served, dialled again.
//!
//! The device is the TLS client and the HTTP/2 server (ONVIF Uplink), so nothing on its network
//! has to be reachable. There is one connection at a time: the old one is gone before the next is
//! dialled, so that a newer edge never shares the device with an older one.

mod dial;
mod serve;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::device::Device;
use crate::status::Uplink;
pub(crate) use dial::Dialer;
pub use dial::{Error as DialError, TrustError};
pub use upgrade::Error as UpgradeError;

/// First wait before the cloud is dialled again.
const REDIAL_MIN: Duration = Duration::from_secs(1);
/// Longest such wait: after an outage of hours, devices are back within a minute.
const REDIAL_MAX: Duration = Duration::from_secs(60);
/// A connection that stood for this long was a good one; the next failure is a first one.
const STABLE: Duration = Duration::from_secs(60);

/// Keeps the device connected until `shutdown` is cancelled.
pub(crate) async fn run(
    dialer: Dialer,
    device: Arc<Device>,
    status: watch::Sender<Uplink>,
    shutdown: CancellationToken,
) {
    let mut backoff = Backoff::new(REDIAL_MIN, REDIAL_MAX);
    while !shutdown.is_cancelled() {
        status.send_replace(Uplink::Connecting);
        let (reason, retry_after) = match shutdown.run_until_cancelled(dialer.dial()).await {
            None => return,
            Some(Err(error)) => (error.to_string(), error.retry_after()),
            Some(Ok(io)) => {
                let since = Instant::now();
                let end = serve::serve(io, &device, &status, &shutdown).await;
                if since.elapsed() >= STABLE {
                    backoff.reset();
                }
                (end, None)
            }
        };
        if shutdown.is_cancelled() {
            return;
        }
        let wait = wait(&mut backoff, retry_after);
        tracing::warn!(
            reason,
            retry_s = wait.as_secs_f32(),
            "not connected to the cloud"
        );
        let retry_s = wait.as_secs() + 1;
        status.send_replace(Uplink::Waiting { reason, retry_s });
        let _ = shutdown.run_until_cancelled(sleep(wait)).await;
    }
}

/// At least as long as the cloud asks for, and a little more, different for each device.
fn wait(backoff: &mut Backoff, retry_after: Option<Duration>) -> Duration {
    let own = backoff.next();
    retry_after.map_or(own, |asked| {
        own.max(asked.mul_f64(rand::rng().random_range(1.0..1.25)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_stays_away_for_as_long_as_the_cloud_asks() {
        let mut backoff = Backoff::new(REDIAL_MIN, REDIAL_MAX);
        let asked = Duration::from_secs(100);
        let wait = wait(&mut backoff, Some(asked));
        assert!(wait >= asked && wait <= asked * 5 / 4, "{wait:?}");
    }
}
