//! What several tests do with a viewer.

use std::time::Duration;

use anyhow::{Context as _, bail};
use sightline_domain::CloudId;
use sightline_loadtest::stream::Shape;
use sightline_loadtest::viewer::{Event, Keep, Seen, grpc, websocket};
use sightline_rpc::live::v1::live_client::LiveClient;
use sightline_rpc::live::v1::{WatchRequest, WatchResponse};
use sightline_tests::{PATIENCE, Person, Sandbox};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A viewer over the one path or the other.
pub(crate) trait Watch {
    /// The next event, or `None` when the cloud has ended the stream well.
    fn event(&mut self) -> impl Future<Output = anyhow::Result<Option<Event>>> + Send;
}

impl Watch for websocket::Viewer {
    fn event(&mut self) -> impl Future<Output = anyhow::Result<Option<Event>>> + Send {
        self.next()
    }
}

impl Watch for grpc::Viewer {
    fn event(&mut self) -> impl Future<Output = anyhow::Result<Option<Event>>> + Send {
        self.next()
    }
}

/// Watches channel 1.
pub(crate) async fn over_websocket(
    sandbox: &Sandbox,
    person: &Person,
    device: CloudId,
) -> anyhow::Result<websocket::Viewer> {
    let path = format!("{}/1", device.compact());
    websocket::Viewer::open(&sandbox.target()?, &path, &person.token, Keep::Whole).await
}

/// Watches channel 1.
pub(crate) async fn over_grpc(
    sandbox: &Sandbox,
    person: &Person,
    device: CloudId,
) -> anyhow::Result<grpc::Viewer> {
    channel_over_grpc(sandbox, person, device, 1).await
}

pub(crate) async fn channel_over_grpc(
    sandbox: &Sandbox,
    person: &Person,
    device: CloudId,
    channel: u32,
) -> anyhow::Result<grpc::Viewer> {
    let request = WatchRequest {
        device_id: device.to_string(),
        channel,
        ..WatchRequest::default()
    };
    grpc::Viewer::open(&sandbox.target()?, &request, &person.token, Keep::Whole).await
}

/// Over gRPC with the generated client: the whole messages.
pub(crate) async fn stream_over_grpc(
    person: &Person,
    device: CloudId,
) -> tonic::Streaming<WatchResponse> {
    let mut request = tonic::Request::new(WatchRequest {
        device_id: device.to_string(),
        channel: 1,
        ..WatchRequest::default()
    });
    let bearer = format!("Bearer {}", person.token).parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let mut client = LiveClient::new(person.api.channel());
    client.watch(request).await.unwrap().into_inner()
}

/// The next event of a viewer, which must come.
pub(crate) async fn next(viewer: &mut impl Watch) -> anyhow::Result<Event> {
    let event = tokio::time::timeout(PATIENCE, viewer.event())
        .await
        .context("nothing came")??;
    event.context("the stream was closed")
}

/// So many frames in a row; anything but frames and the beginning is an error.
pub(crate) async fn frames(viewer: &mut impl Watch, count: usize) -> anyhow::Result<Vec<Seen>> {
    let mut seen = Vec::with_capacity(count);
    while seen.len() < count {
        match next(viewer).await? {
            Event::Frame(frame) => seen.push(frame),
            Event::Started { .. } => {}
            other => bail!("after {} frames came {other:?}", seen.len()),
        }
    }
    Ok(seen)
}

/// The reason with which a stream ends, whatever comes before.
pub(crate) async fn end(viewer: &mut impl Watch) -> anyhow::Result<String> {
    loop {
        if let Event::Ended { reason, .. } = next(viewer).await? {
            return Ok(reason);
        }
    }
}

/// Reads what was on its way until the connection breaks; an error when the stream goes on, hangs,
/// or has last words.
pub(crate) async fn broken(viewer: &mut impl Watch) -> anyhow::Result<()> {
    let read = async {
        loop {
            match viewer.event().await {
                Ok(Some(Event::Frame(_))) => {}
                Ok(Some(other)) => bail!("{other:?}"),
                Ok(None) | Err(_) => return Ok(()),
            }
        }
    };
    let read = tokio::time::timeout(PATIENCE, read).await;
    read.context("the stream goes on")?
}

/// Frames without a hole: by the numbers of their fragments over WebSocket, by the times of a
/// synthetic device over gRPC.
pub(crate) fn assert_consecutive(seen: &[Seen]) {
    let interval_us = i64::try_from(Shape::FOUR_MBIT.interval().as_micros()).unwrap();
    for pair in seen.windows(2) {
        let [before, after] = pair else { continue };
        match before.sequence {
            Some(number) => assert_eq!(after.sequence, Some(number + 1)),
            None => assert_eq!(after.dts, before.dts + interval_us),
        }
    }
}

/// Somebody who watches a synthetic device beside what happens in a test.
pub(crate) struct Bystander {
    over: CancellationToken,
    watching: JoinHandle<anyhow::Result<Vec<Seen>>>,
}

impl Bystander {
    /// Waits for the first frame, so that all that follows happens before their eyes.
    pub(crate) async fn new(mut viewer: impl Watch + Send + 'static) -> anyhow::Result<Self> {
        let mut seen = frames(&mut viewer, 1).await?;
        let over = CancellationToken::new();
        let until = over.clone();
        let watching = tokio::spawn(async move {
            while !until.is_cancelled() {
                seen.extend(frames(&mut viewer, 1).await?);
            }
            // What goes wrong for others may come to light a little later.
            seen.extend(frames(&mut viewer, 25).await?);
            Ok(seen)
        });
        Ok(Self { over, watching })
    }

    /// Ends it a second later: they got every frame, and no word besides.
    pub(crate) async fn lost_nothing(self) {
        self.over.cancel();
        let seen = self.watching.await.unwrap().unwrap();
        assert_consecutive(&seen);
    }
}

/// Tries until it works, as a page does that opens a stream again.
pub(crate) async fn again<T, F>(mut open: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let tries = async {
        loop {
            match open().await {
                Ok(opened) => return opened,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, tries)
        .await
        .context("it did not come back")
}
