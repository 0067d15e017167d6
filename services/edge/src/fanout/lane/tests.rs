use std::task::Waker;

use sightline_media::ring::Writer;
use sightline_media::{Codec, Track, Tracks};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::*;
use crate::fanout::Outlet;
use crate::fanout::outlet::tests::{PING, connection, websocket};
use crate::fanout::tests::{publish, sound_ring};
use crate::metrics::Metrics;
use crate::rig::{self, Device, until};
use crate::session::Admission;

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

/// A connection on which little is on its way.
async fn thin_connection() -> (TcpStream, TcpStream) {
    let listener = TcpSocket::new_v4().unwrap();
    listener.set_send_buffer_size(8 << 10).unwrap();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(1).unwrap();
    let viewer = TcpSocket::new_v4().unwrap();
    viewer.set_recv_buffer_size(8 << 10).unwrap();
    let viewer = viewer.connect(listener.local_addr().unwrap());
    let (edge, viewer) = tokio::join!(listener.accept(), viewer);
    (edge.unwrap().0, viewer.unwrap())
}

#[test]
fn frames_that_were_on_their_way_when_the_gate_was_shut_are_not_sent() {
    const SOUND_BYTES: usize = 40_000;
    rig::run(async |rig| {
        let (_connected, admission) = rig.watch(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let (edge, mut viewer) = thin_connection().await;
        let outlet = Outlet::WebSocket(websocket(edge).await);
        let gate = Arc::clone(&admission.gate);
        let mut lane = Lane::new(outlet, Arc::clone(&gate), &ring, admission.hold);
        publish(&mut writer, 0..8, SOUND_BYTES);
        let mut look = async || {
            // Lets the runtime see which sockets are ready.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut tally = Tally::default();
            let cx = &mut Context::from_waker(Waker::noop());
            let over = lane.poll(cx, Instant::now(), true, &mut tally);
            (over.is_ready(), tally.frames)
        };
        assert_eq!(look().await, (false, 8), "all are on their way");
        // Of the first the viewer takes a part, so that the edge can go on.
        viewer.read_exact(&mut [0; SOUND_BYTES / 2]).await.unwrap();
        gate.shut(End::new(EndReason::AccessEnded, "a test ends it"));
        let rest = tokio::spawn(async move {
            let mut rest = Vec::new();
            viewer.read_to_end(&mut rest).await.map(|_| rest)
        });
        until(async || look().await.0).await;
        drop(lane);
        // In fragments a sample has two bytes.
        let rest = rest.await.unwrap().unwrap();
        assert!(rest.len() < 4 * SOUND_BYTES, "{} bytes", rest.len());
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

/// A viewer that the test serves, and what it has read.
struct Served {
    lane: Lane,
    gate: Arc<Gate>,
    read: tokio::task::JoinHandle<Vec<u8>>,
}

impl Served {
    /// On a thin connection most frames are taken in parts.
    async fn new(admission: Admission, ring: &Ring, is_thin: bool) -> Self {
        let (edge, mut viewer) = match is_thin {
            true => thin_connection().await,
            false => connection().await,
        };
        let outlet = Outlet::WebSocket(websocket(edge).await);
        let gate = Arc::clone(&admission.gate);
        Self {
            lane: Lane::new(outlet, Arc::clone(&gate), ring, admission.hold),
            gate,
            read: tokio::spawn(async move {
                let mut read = Vec::new();
                viewer.read_to_end(&mut read).await.unwrap();
                read
            }),
        }
    }

    fn serve(&mut self, newest: &Entry, now: Instant, tally: &mut Tally) -> Poll<()> {
        let cx = &mut Context::from_waker(Waker::noop());
        self.lane.poll_newest(cx, now, newest, tally)
    }

    /// From the ring, until everything there is has been sent.
    async fn drain(&mut self, now: Instant, tally: &mut Tally) {
        let cx = &mut Context::from_waker(Waker::noop());
        while self.lane.poll(cx, now, true, tally).is_pending()
            && !self.lane.outbox.messages.is_empty()
        {
            // Lets the runtime see which sockets are ready.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Ends the stream; all that the viewer was sent.
    async fn finish(mut self, now: Instant) -> Vec<u8> {
        self.gate
            .shut(End::new(EndReason::AccessEnded, "a test ends it"));
        self.drain(now, &mut Tally::default()).await;
        drop(self.lane);
        self.read.await.unwrap()
    }
}

#[test]
fn viewers_are_sent_the_same_however_fast_they_take_it() {
    const SOUND_BYTES: usize = 40_000;
    rig::run(async |rig| {
        let (connected, admission) = rig.watch(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let mut of_ring = Served::new(admission, &ring, false).await;
        // At once, in parts, and in parts while the next one comes.
        let mut others = Vec::new();
        for is_thin in [false, true, true] {
            let admission = rig.watch_again(&connected).await;
            others.push(Served::new(admission, &ring, is_thin).await);
        }
        let now = Instant::now();
        let mut tallies = <[Tally; 4]>::default();
        let mut sent = 0;
        // The seventh has other tracks, the ninth and tenth come together.
        for (at, frames) in [1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1].into_iter().enumerate() {
            if at == 6 {
                let sound = Track::g711(0, Codec::Pcma).unwrap();
                writer.set_tracks(Tracks::new(vec![sound]).unwrap());
            }
            publish(&mut writer, sent..sent + frames, SOUND_BYTES);
            sent += frames;
            of_ring.drain(now, &mut tallies[0]).await;
            let newest = ring.newest().unwrap();
            for (served, tally) in others.iter_mut().zip(&mut tallies[1..]) {
                assert!(served.serve(&newest, now, tally).is_pending());
            }
            for (served, tally) in others[..2].iter_mut().zip(&mut tallies[1..]) {
                served.drain(now, tally).await;
            }
        }
        others[2].drain(now, &mut tallies[3]).await;
        assert_eq!(tallies[0].frames, 12);
        let expected = of_ring.finish(now).await;
        for (served, tally) in others.into_iter().zip(&tallies[1..]) {
            assert_eq!(*tally, tallies[0]);
            assert_eq!(served.finish(now).await, expected);
        }
    });
}

/// A viewer who has had all frames.
async fn level(admission: Admission, writer: &mut Writer, ring: &Ring, is_thin: bool) -> Served {
    let mut served = Served::new(admission, ring, is_thin).await;
    publish(writer, 0..2, 160);
    let now = Instant::now();
    served.drain(now, &mut Tally::default()).await;
    served
}

#[test]
fn newest_frame_does_not_pass_when_the_time_of_the_permit_is_over() {
    rig::run(async |rig| {
        let (_connected, admission) = rig.watch(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let mut served = level(admission, &mut writer, &ring, false).await;
        let until = served.gate.permit().until();
        let mut tally = Tally::default();
        publish(&mut writer, 2..3, 160);
        let newest = ring.newest().unwrap();
        let before = until - Duration::from_millis(1);
        assert!(served.serve(&newest, before, &mut tally).is_pending());
        assert_eq!(tally.frames, 1);
        publish(&mut writer, 3..4, 160);
        let newest = ring.newest().unwrap();
        assert!(served.serve(&newest, until, &mut tally).is_ready());
        assert_eq!(tally.frames, 1);
    });
}

#[test]
fn viewer_who_was_level_has_not_stalled_as_soon_as_it_takes_nothing() {
    rig::run(async |rig| {
        let (_connected, admission) = rig.watch(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let mut served = level(admission, &mut writer, &ring, true).await;
        let (now, tally) = (Instant::now(), &mut Tally::default());
        let mut offer = |frame: i64, now| {
            publish(&mut writer, frame..frame + 1, 40_000);
            let newest = ring.newest().unwrap();
            assert!(served.serve(&newest, now, tally).is_pending());
            // As if all had gone out, and yet the socket is full.
            served.lane.outbox.messages.clear();
            served.lane.outbox.is_leaving()
        };
        for frame in 2..10 {
            assert!(!offer(frame, now));
        }
        assert!(!offer(10, now + STALL_MAX * 2));
    });
}

#[test]
fn no_frame_follows_the_last_words() {
    rig::run(async |rig| {
        let (_connected, admission) = rig.watch(Device::new()).await;
        let (mut writer, ring) = sound_ring();
        let Served { mut lane, .. } = level(admission, &mut writer, &ring, false).await;
        publish(&mut writer, 2..3, 160);
        let newest = ring.newest().unwrap();
        let end = End::new(EndReason::AccessEnded, "a test ends it");
        lane.outbox.leave(&end);
        // As if they had gone out.
        lane.outbox.messages.clear();
        assert_eq!(lane.outbox.pass(&newest, Instant::now()), None);
    });
}
