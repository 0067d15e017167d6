//! What several tests do with a viewer.

use std::time::Duration;

use anyhow::{Context as _, bail};
use sightline_domain::CloudId;
use sightline_loadtest::viewer::{Event, Keep, Seen, grpc, websocket};
use sightline_rpc::live::v1::live_client::LiveClient;
use sightline_rpc::live::v1::{WatchRequest, WatchResponse};
use sightline_tests::{PATIENCE, Person, Sandbox};

pub(crate) async fn over_websocket(
    sandbox: &Sandbox,
    person: &Person,
    device: CloudId,
) -> anyhow::Result<websocket::Viewer> {
    let path = format!("{}/1", device.compact());
    websocket::Viewer::open(&sandbox.target()?, &path, &person.token, Keep::Whole).await
}

pub(crate) async fn over_grpc(
    sandbox: &Sandbox,
    person: &Person,
    device: CloudId,
) -> anyhow::Result<grpc::Viewer> {
    let request = WatchRequest {
        device_id: device.to_string(),
        channel: 1,
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

/// The next event of a WebSocket viewer, which must come.
pub(crate) async fn next(viewer: &mut websocket::Viewer) -> anyhow::Result<Event> {
    let event = tokio::time::timeout(PATIENCE, viewer.next())
        .await
        .context("nothing came")??;
    event.context("the connection was closed")
}

/// So many frames in a row; anything but frames and the beginning is an error.
pub(crate) async fn frames(
    viewer: &mut websocket::Viewer,
    count: usize,
) -> anyhow::Result<Vec<Seen>> {
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
pub(crate) async fn end(viewer: &mut websocket::Viewer) -> anyhow::Result<String> {
    loop {
        if let Event::Ended { reason, .. } = next(viewer).await? {
            return Ok(reason);
        }
    }
}

/// Fragments without a hole.
pub(crate) fn assert_consecutive(seen: &[Seen]) {
    for pair in seen.windows(2) {
        let [before, after] = pair else { continue };
        assert_eq!(after.sequence, before.sequence.map(|n| n + 1));
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
