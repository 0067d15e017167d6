//! The ring between real threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use super::*;

const READERS: usize = 4;
const PICTURES: i64 = 20_000;
const GROUP: i64 = 25;
/// A reader that is not woken for so long has missed a wake.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Bell {
    rings: Mutex<u64>,
    rang: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rings.lock().unwrap() += 1;
        self.rang.notify_one();
    }
}

/// Reads to the end of the stream, sleeping whenever there is nothing to read.
fn read_to_end(ring: &Ring, mut on_step: impl FnMut(Step)) {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let listener = ring.listen();
    let mut cursor = ring.cursor();
    loop {
        let heard = *bell.rings.lock().unwrap();
        listener.register(&waker);
        while let Some(step) = cursor.try_next() {
            on_step(step);
        }
        if cursor.is_closed() {
            return;
        }
        let rings = bell.rings.lock().unwrap();
        let silent = |rings: &mut u64| *rings == heard;
        let waited = bell
            .rang
            .wait_timeout_while(rings, PATIENCE, silent)
            .unwrap()
            .1;
        assert!(
            !waited.timed_out(),
            "neither a frame nor the end of the stream has woken the reader"
        );
    }
}

#[test]
fn fast_readers_miss_no_frame_and_no_wake() {
    let frames = usize::try_from(PICTURES).unwrap();
    let long = PICTURES * FRAME_US;
    let (mut writer, ring) = started(Limits {
        frames,
        keep_us: long,
        lag_us: long,
        ..Limits::default()
    });
    let ready = std::sync::Barrier::new(READERS + 1);
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                ready.wait();
                let mut expected = None;
                read_to_end(&ring, |step| {
                    assert_eq!(step.lost, 0);
                    assert!(expected.is_some() || step.entry.is_start());
                    let seq = step.entry.seq();
                    assert_eq!(expected.unwrap_or(seq), seq);
                    expected = Some(seq + 1);
                });
                assert_eq!(expected, Some(PICTURES.unsigned_abs()));
            });
        }
        ready.wait();
        push_pictures(&mut writer, 0, PICTURES, GROUP);
        drop(writer);
    });
}

#[test]
fn slow_readers_go_forward_by_whole_groups_and_count_every_picture() {
    let (mut writer, ring) = started(Limits {
        frames: 64,
        ..Limits::default()
    });
    thread::scope(|scope| {
        for reader in 0..READERS {
            let ring = ring.clone();
            scope.spawn(move || {
                let (mut first, mut next, mut seen) = (None, 0, 0);
                read_to_end(&ring, |step| {
                    let seq = step.entry.seq();
                    assert!(seq >= next, "{seq} after {next}");
                    assert!(seq == next || step.entry.is_start(), "{seq} after {next}");
                    let first = *first.get_or_insert(seq);
                    seen += 1 + step.lost;
                    assert_eq!(
                        first + seen,
                        seq + 1,
                        "a picture is neither seen nor counted"
                    );
                    next = seq + 1;
                    if seq.is_multiple_of(3 + reader as u64) {
                        thread::yield_now();
                    }
                });
            });
        }
        push_pictures(&mut writer, 0, PICTURES, GROUP);
        drop(writer);
    });
}

#[test]
fn wire_is_encoded_once_for_many_viewers() {
    let (mut writer, ring) = started(Limits::default());
    push_pictures(&mut writer, 0, 1, GROUP);
    let encoded = AtomicUsize::new(0);
    let start = std::sync::Barrier::new(READERS);
    let addresses: Vec<usize> = thread::scope(|scope| {
        let view = || {
            let entry = ring.cursor().try_next().unwrap().entry;
            start.wait();
            let wire = entry.wire(Wire::WebSocket, |entry| {
                encoded.fetch_add(1, Ordering::Relaxed);
                bytes::Bytes::copy_from_slice(&entry.frame().data)
            });
            wire.as_ptr() as usize
        };
        let viewers: Vec<_> = (0..READERS).map(|_| scope.spawn(view)).collect();
        viewers
            .into_iter()
            .map(|viewer| viewer.join().unwrap())
            .collect()
    });
    assert_eq!(encoded.load(Ordering::Relaxed), 1);
    assert!(addresses.iter().all(|address| *address == addresses[0]));
    let entry = ring.newest_key().unwrap();
    let other = entry.wire(Wire::Grpc, |_| bytes::Bytes::from_static(b"other"));
    assert_eq!(&other[..], b"other");
}
