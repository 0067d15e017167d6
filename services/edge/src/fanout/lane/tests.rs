use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::fanout::Outlet;
use crate::fanout::outlet::tests::{PING, connection, websocket};
use crate::metrics::Metrics;
use crate::rig::{self, Device, until};

#[test]
fn viewer_that_says_too_much_is_let_go_and_the_one_beside_it_goes_on() {
    rig::run(async |rig| {
        let (connected, flooding) = rig.watch(Device::new()).await;
        let steady = rig.watch_again(&connected).await;
        let (edge, mut flood) = connection().await;
        flooding
            .hold
            .attach(Outlet::WebSocket(websocket(edge).await));
        let (edge, mut calm) = connection().await;
        steady.hold.attach(Outlet::WebSocket(websocket(edge).await));
        calm.write_all(&PING).await.unwrap();

        let flood = tokio::spawn(async move {
            // Until the edge hangs up.
            while flood.write_all(&PING.repeat(1000)).await.is_ok() {}
        });
        flood.await.unwrap();
        until(async || rig.edge.metrics.viewers.get() == 1).await;
        assert!(steady.gate.check(Instant::now()).is_ok());
        let mut sent = [0; 64 << 10];
        for _ in 0..3 {
            calm.read_exact(&mut sent).await.unwrap();
        }
    });
}

#[test]
fn frames_of_a_pass_that_moved_no_byte_are_counted() {
    let metrics = Metrics::default();
    let tally = Tally {
        frames: 3,
        bytes: 0,
        skipped: 2,
    };
    tally.add_to(&metrics);
    assert_eq!(metrics.frames_out.get(), 3);
    assert_eq!(metrics.pictures_skipped.get(), 2);
}
