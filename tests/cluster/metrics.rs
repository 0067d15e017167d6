//! What an operator reads at `/metrics` of a running node.

use sightline_loadtest::device::Synthetic;
use sightline_tests::Sandbox;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::watching::{again, end, frames, over_websocket};

/// The value of a metric, with a label if it has one that is asked for.
fn value(text: &str, name: &str, label: &str) -> anyhow::Result<f64> {
    let mut lines = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
    });
    let value = lines.next().and_then(|line| line.rsplit(' ').next());
    let value = value.ok_or_else(|| anyhow::anyhow!("no {name} {label} in:\n{text}"))?;
    Ok(value.parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_of_a_running_node_tell_of_devices_viewers_and_how_streams_ended() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let id = device.cloud_id();
    let mut stays = over_websocket(&sandbox, &owner, id).await.unwrap();
    let mut leaves = over_websocket(&sandbox, &owner, id).await.unwrap();
    frames(&mut stays, 30).await.unwrap();
    frames(&mut leaves, 1).await.unwrap();

    let text = sandbox.metrics().await.unwrap();
    let now = |name| value(&text, name, "").unwrap();
    assert_eq!(now("sightline_edge_devices"), 1.0);
    assert_eq!(now("sightline_edge_viewers"), 2.0);
    assert_eq!(now("sightline_edge_feeds"), 1.0);
    assert_eq!(now("sightline_edge_snapshots"), 0.0);
    assert!(now("sightline_edge_frames_in_total") >= 30.0);
    assert!(now("sightline_edge_frames_out_total") >= 31.0);
    // A key frame and 29 others of 4 Mbit/s, and less than the bound of a ring.
    let held = now("sightline_edge_ring_bytes");
    assert!((500_000.0..16_777_216.0).contains(&held), "{held}");

    drop(leaves);
    drop(uplink);
    assert_eq!(end(&mut stays).await.unwrap(), "DEVICE_OFFLINE");
    drop(stays);
    let mut stranger = TcpStream::connect(sandbox.devices()).await.unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let wanted = [
        ("sightline_edge_streams_ended_total", "VIEWER_LEFT", 1.0),
        ("sightline_edge_streams_ended_total", "DEVICE_OFFLINE", 1.0),
        ("sightline_edge_streams_ended_total", "TOO_SLOW", 0.0),
        ("sightline_edge_devices_refused_total", "", 1.0),
        ("sightline_edge_devices", "", 0.0),
        ("sightline_edge_viewers", "", 0.0),
        ("sightline_edge_feeds", "", 0.0),
        ("sightline_edge_ring_bytes", "", 0.0),
    ];
    again(|| async {
        let text = sandbox.metrics().await?;
        for (name, label, wanted) in wanted {
            let is = value(&text, name, label)?;
            anyhow::ensure!(is == wanted, "{name} {label}: {is}");
        }
        Ok(())
    })
    .await
    .unwrap();
}
