//! Filler for measuring the uplink.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use sightline_rpc::device::v1::ProbeUplinkResponse;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Most bytes of all measurements at once: two seconds at the 16 Mbit/s that four cameras need.
const BYTES_MAX: usize = 4 << 20;
/// Bytes of one message, a quarter of the most: the cloud counts whole ones for a few seconds, and
/// must get some over a link of 0.1 Mbit/s too.
const MESSAGE_BYTES: usize = 16 << 10;
/// Messages that wait for the connection, besides those within it: with more, the end would come
/// before the link has taken the bytes.
const MESSAGES_WAITING: usize = 1;
/// Longest measurement. A link that does not take [`BYTES_MAX`] in this time (0.5 Mbit/s) is known
/// to be too slow; what the cloud has got until then tells how slow.
const DURATION_MAX: Duration = Duration::from_secs(60);

/// The bytes mean nothing. They are constant because TLS makes them random on the link, so that
/// nothing there can compress them.
static FILLER: [u8; MESSAGE_BYTES] = [0; MESSAGE_BYTES];

/// Measurements; several streams may be one, so it is their bytes that are bounded in all.
#[derive(Debug)]
pub(super) struct Probes(Arc<Semaphore>);

impl Probes {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BYTES_MAX)))
    }

    /// As many bytes of filler. Ends early after [`DURATION_MAX`] and at shutdown.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for more than [`BYTES_MAX`], RESOURCE_EXHAUSTED when others that go on leave
    /// too little of it.
    pub(super) fn start(
        &self,
        wanted: u32,
        shutdown: CancellationToken,
    ) -> Result<impl Stream<Item = Result<ProbeUplinkResponse, Status>> + use<>, Status> {
        let bytes = usize::try_from(wanted)
            .ok()
            .filter(|bytes| *bytes <= BYTES_MAX)
            .ok_or_else(|| {
                Status::invalid_argument(format!("a measurement has {BYTES_MAX} bytes at most"))
            })?;
        let running = Arc::clone(&self.0)
            .try_acquire_many_owned(wanted)
            .map_err(|_| Status::resource_exhausted("the uplink is being measured already"))?;
        let (sender, mut messages) = mpsc::channel(MESSAGES_WAITING);
        // Not in the stream itself: that is not polled while the link is stuck, and would keep the
        // place for as long.
        tokio::spawn(async move {
            let _running = running;
            let sending = timeout(DURATION_MAX, send(bytes, sender));
            shutdown.run_until_cancelled(sending).await
        });
        Ok(futures::stream::poll_fn(move |cx| messages.poll_recv(cx)))
    }
}

async fn send(bytes: usize, to: mpsc::Sender<Result<ProbeUplinkResponse, Status>>) {
    let mut left = bytes;
    while left > 0 {
        let filler = Bytes::from_static(&FILLER[..left.min(MESSAGE_BYTES)]);
        left -= filler.len();
        if to.send(Ok(ProbeUplinkResponse { filler })).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;
    use tonic::Code;

    use super::*;

    async fn sizes(probes: &Probes, bytes: u32) -> Result<Vec<usize>, Status> {
        let messages = probes.start(bytes, CancellationToken::new())?;
        messages
            .map_ok(|message| message.filler.len())
            .try_collect()
            .await
    }

    #[tokio::test]
    async fn measurement_has_exactly_the_bytes_asked_for() {
        for (bytes, messages) in [(0, 0), (1, 1), (16_384, 1), (16_385, 2), (4_194_304, 256)] {
            let sizes = sizes(&Probes::new(), bytes).await.unwrap();
            assert_eq!(sizes.len(), messages, "{bytes}");
            assert_eq!(sizes.iter().sum::<usize>(), bytes as usize);
        }
    }

    #[tokio::test]
    async fn more_than_four_mebibytes_are_refused() {
        let refused = sizes(&Probes::new(), 4_194_305).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }

    #[tokio::test(start_paused = true)]
    async fn measurement_that_nobody_reads_gives_up_its_place_after_a_minute() {
        let probes = Probes::new();
        let unread = probes.start(4_194_304, CancellationToken::new()).unwrap();
        let refused = sizes(&probes, 1).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let began = tokio::time::Instant::now();
        drop(probes.0.acquire().await.unwrap());
        assert_eq!(began.elapsed(), DURATION_MAX);
        assert_eq!(sizes(&probes, 1).await.unwrap(), [1]);
        drop(unread);
    }

    #[tokio::test]
    async fn four_streams_of_a_mebibyte_are_one_measurement_and_a_fifth_is_refused() {
        let probes = Probes::new();
        let start = || probes.start(1 << 20, CancellationToken::new());
        let streams: Vec<_> = (0..4).map(|_| start().unwrap()).collect();
        let refused = start().err().unwrap();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        drop(streams);
    }

    #[tokio::test]
    async fn measurement_that_is_called_off_frees_its_place() {
        let probes = Probes::new();
        drop(probes.start(4_194_304, CancellationToken::new()).unwrap());
        drop(probes.0.acquire().await.unwrap());
    }
}
