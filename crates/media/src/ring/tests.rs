mod model;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use super::*;
use crate::fixtures::{self, picture, sound};
use crate::{Codec, Error, Frame, Track, Tracks};

const SECOND: i64 = 1_000_000;
/// 25 pictures a second.
const FRAME_US: i64 = 40_000;
/// Size of a picture where it does not matter, bytes.
const SMALL: usize = 16;

fn started(limits: Limits) -> (Writer, Ring) {
    let (mut writer, ring) = ring(limits);
    writer.set_tracks(fixtures::video_and_sound());
    (writer, ring)
}

/// Publishes pictures numbered from `from` to `to`; each `group`th is a key picture.
fn push_pictures(writer: &mut Writer, from: i64, to: i64, group: i64) {
    for number in from..to {
        writer
            .push(picture(number % group == 0, number * FRAME_US, SMALL))
            .unwrap();
    }
}

fn read_all(cursor: &mut Cursor) -> Vec<(u64, u64)> {
    std::iter::from_fn(|| cursor.try_next())
        .map(|step| (step.lost, step.entry.seq()))
        .collect()
}

fn without_loss(seqs: std::ops::Range<u64>) -> Vec<(u64, u64)> {
    seqs.map(|seq| (0, seq)).collect()
}

#[test]
fn new_cursor_starts_at_newest_key_frame() {
    let (mut writer, ring) = started(Limits::default());
    push_pictures(&mut writer, 0, 8, 5);
    assert_eq!(ring.newest_key().unwrap().seq(), 5);
    assert_eq!(read_all(&mut ring.cursor()), without_loss(5..8));
}

#[test]
fn viewer_that_goes_on_to_another_ring_is_told_what_lies_between() {
    let (mut writer, ring) = started(Limits::default());
    push_pictures(&mut writer, 0, 8, 5);
    let mut cursor = ring.cursor();
    read_all(&mut cursor);
    // Three more that it does not read before the ring is gone.
    push_pictures(&mut writer, 8, 11, 5);
    let (mut next, next_ring) = started(Limits::default());
    next.gap(writer.pictures() + 20);
    drop(writer);
    let mut moved = next_ring.cursor_expecting(cursor.expected());
    let mut new = next_ring.cursor();
    push_pictures(&mut next, 13, 17, 5);
    // Two pictures before the key frame 15 are left out as well.
    assert_eq!(read_all(&mut moved), [(3 + 20 + 2, 0), (0, 1)]);
    assert_eq!(read_all(&mut new), without_loss(0..2));
}

#[test]
fn cursor_that_was_there_first_gets_everything() {
    let (mut writer, ring) = started(Limits::default());
    let mut cursor = ring.cursor();
    assert!(cursor.try_next().is_none());
    push_pictures(&mut writer, 0, 8, 5);
    assert_eq!(read_all(&mut cursor), without_loss(0..8));
}

#[test]
fn nothing_is_published_before_the_first_key_picture() {
    let (mut writer, ring) = started(Limits::default());
    let mut cursor = ring.cursor();
    writer.push(sound(0, 160)).unwrap();
    writer.push(picture(false, 0, SMALL)).unwrap();
    assert!(cursor.try_next().is_none());
    writer.push(picture(true, FRAME_US, SMALL)).unwrap();
    writer.push(sound(20_000, 160)).unwrap();
    let tracks: Vec<u8> = std::iter::from_fn(|| cursor.try_next())
        .map(|step| step.entry.frame().track)
        .collect();
    assert_eq!(tracks, [fixtures::VIDEO, fixtures::SOUND]);
}

#[test]
fn sound_alone_can_be_joined_at_any_packet() {
    let (mut writer, ring) = ring(Limits::default());
    let track = Track::g711(fixtures::SOUND, Codec::Pcma).unwrap();
    writer.set_tracks(Tracks::new(vec![track]).unwrap());
    for packet in 0..5 {
        writer.push(sound(packet * 20_000, 160)).unwrap();
    }
    assert_eq!(read_all(&mut ring.cursor()), without_loss(4..5));
}

#[test]
fn slow_cursor_skips_whole_groups_and_is_told_what_it_lost() {
    let (mut writer, ring) = started(Limits {
        lag_us: 2 * SECOND,
        ..Limits::default()
    });
    let mut cursor = ring.cursor();
    push_pictures(&mut writer, 0, 25, 25);
    assert_eq!(cursor.try_next().unwrap().entry.seq(), 0);
    // Two seconds behind is not late yet.
    push_pictures(&mut writer, 25, 52, 25);
    assert_eq!(cursor.try_next().unwrap().entry.seq(), 1);
    push_pictures(&mut writer, 52, 110, 25);
    let step = cursor.try_next().unwrap();
    assert_eq!((step.lost, step.entry.seq()), (98, 100));
    assert!(step.entry.is_start());
    assert_eq!(read_all(&mut cursor), without_loss(101..110));
}

#[test]
fn late_cursor_in_the_newest_group_goes_on() {
    let (mut writer, ring) = started(Limits {
        lag_us: SECOND,
        ..Limits::default()
    });
    let mut cursor = ring.cursor();
    push_pictures(&mut writer, 0, 100, 1000);
    assert_eq!(read_all(&mut cursor), without_loss(0..100));
}

#[test]
fn sound_with_another_origin_makes_nobody_late() {
    let (mut writer, ring) = started(Limits {
        lag_us: SECOND,
        ..Limits::default()
    });
    let mut cursor = ring.cursor();
    for number in 0..10 {
        writer
            .push(picture(number % 2 == 0, number * FRAME_US, SMALL))
            .unwrap();
        writer
            .push(sound(3600 * SECOND + number * FRAME_US, 320))
            .unwrap();
    }
    assert_eq!(read_all(&mut cursor), without_loss(0..20));
}

#[test]
fn cursor_that_fell_off_the_ring_goes_on_with_a_key_frame() {
    let (mut writer, ring) = started(Limits {
        frames: 8,
        ..Limits::default()
    });
    let mut cursor = ring.cursor();
    push_pictures(&mut writer, 0, 1, 4);
    assert_eq!(read_all(&mut cursor), without_loss(0..1));
    push_pictures(&mut writer, 1, 15, 4);
    assert_eq!(read_all(&mut cursor), [(11, 12), (0, 13), (0, 14)]);
}

#[test]
fn cursor_that_waits_for_a_key_frame_steps_over_nothing_else() {
    let (mut writer, ring) = started(Limits {
        frames: 4,
        ..Limits::default()
    });
    push_pictures(&mut writer, 0, 1, 10);
    let mut cursor = ring.cursor();
    assert_eq!(read_all(&mut cursor), without_loss(0..1));
    // No picture is lost, and yet it has fallen off.
    for at in 0..6 {
        writer.push(sound(at * 1000, SMALL)).unwrap();
    }
    assert_eq!(read_all(&mut cursor), []);
    writer.push(sound(6000, SMALL)).unwrap();
    assert!(!cursor.step_over(&ring.newest().unwrap()));
    push_pictures(&mut writer, 10, 11, 10);
    assert!(!cursor.step_over(&ring.newest().unwrap()));
    assert_eq!(read_all(&mut cursor), without_loss(8..9));
}

#[test]
fn group_larger_than_the_ring_is_joined_at_the_next_key_frame() {
    let (mut writer, ring) = started(Limits {
        frames: 8,
        ..Limits::default()
    });
    let mut early = ring.cursor();
    push_pictures(&mut writer, 0, 20, 22);
    let mut late = ring.cursor();
    assert!(ring.newest_key().is_none());
    assert!(early.try_next().is_none());
    assert!(late.try_next().is_none());
    push_pictures(&mut writer, 20, 24, 22);
    assert_eq!(read_all(&mut early), without_loss(22..24));
    assert_eq!(read_all(&mut late), without_loss(22..24));
}

#[test]
fn loss_inside_a_group_larger_than_the_ring_is_counted() {
    let (mut writer, ring) = started(Limits {
        frames: 8,
        ..Limits::default()
    });
    let mut cursor = ring.cursor();
    push_pictures(&mut writer, 0, 4, 22);
    assert_eq!(read_all(&mut cursor), without_loss(0..4));
    push_pictures(&mut writer, 4, 24, 22);
    assert_eq!(read_all(&mut cursor), [(18, 22), (0, 23)]);
}

#[test]
fn bytes_stay_within_the_limit() {
    let (mut writer, ring) = started(Limits {
        bytes: 10_000,
        ..Limits::default()
    });
    for number in 0..100 {
        let size = usize::try_from(100 + number * 97 % 3000).unwrap();
        writer
            .push(picture(number % 10 == 0, number * FRAME_US, size))
            .unwrap();
        assert!(ring.bytes() <= 10_000);
    }
    let too_large = picture(true, 100 * FRAME_US, 10_001);
    assert_eq!(
        writer.push(too_large),
        Err(Error::FrameTooLarge {
            bytes: 10_001,
            max: 10_000
        })
    );
    writer.push(picture(true, 100 * FRAME_US, 10_000)).unwrap();
    assert_eq!(ring.bytes(), 10_000);
}

#[test]
fn frames_before_the_newest_group_go_when_they_are_old() {
    let (mut writer, ring) = started(Limits {
        keep_us: SECOND,
        ..Limits::default()
    });
    push_pictures(&mut writer, 0, 101, 50);
    // Picture 100 is a key picture; a second before it, picture 75.
    assert_eq!(ring.bytes(), 26 * SMALL as u64);
}

#[test]
fn newest_group_stays_however_old_it_is() {
    let (mut writer, ring) = started(Limits {
        keep_us: SECOND,
        ..Limits::default()
    });
    push_pictures(&mut writer, 0, 500, 1000);
    assert_eq!(read_all(&mut ring.cursor()), without_loss(0..500));
}

#[test]
fn new_tracks_begin_a_generation_at_a_key_picture() {
    let (mut writer, ring) = started(Limits::default());
    let mut cursor = ring.cursor();
    push_pictures(&mut writer, 0, 3, 5);
    writer.set_tracks(fixtures::video_and_sound());
    push_pictures(&mut writer, 3, 5, 5);
    let other = Track::video(0, Codec::H264, fixtures::bytes(fixtures::AVCC_BASELINE_360)).unwrap();
    writer.set_tracks(Tracks::new(vec![other]).unwrap());
    // Times begin anew, and the first two pictures cannot be decoded.
    push_pictures(&mut writer, 1, 3, 3);
    push_pictures(&mut writer, 3, 5, 3);
    let seen: Vec<_> = std::iter::from_fn(|| cursor.try_next())
        .map(|step| {
            (
                step.lost,
                step.entry.generation(),
                step.entry.frame().dts_us / FRAME_US,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (0, 1, 0),
            (0, 1, 1),
            (0, 1, 2),
            (0, 1, 3),
            (0, 1, 4),
            (2, 2, 3),
            (0, 2, 4)
        ]
    );
    assert!(ring.newest_key().unwrap().tracks().audio().is_none());
}

#[test]
fn restart_allows_another_origin_of_times() {
    let (mut writer, ring) = started(Limits::default());
    let mut cursor = ring.cursor();
    push_pictures(&mut writer, 100, 102, 10);
    writer.restart();
    push_pictures(&mut writer, 0, 2, 10);
    let seen: Vec<_> = std::iter::from_fn(|| cursor.try_next())
        .map(|step| {
            (
                step.entry.generation(),
                step.entry.frame().dts_us / FRAME_US,
            )
        })
        .collect();
    assert_eq!(seen, [(1, 100), (1, 101), (2, 0), (2, 1)]);
}

#[test]
fn gap_is_counted_with_the_pictures_that_cannot_be_decoded_after_it() {
    let (mut writer, ring) = started(Limits::default());
    let mut cursor = ring.cursor();
    push_pictures(&mut writer, 0, 2, 10);
    writer.gap(5);
    push_pictures(&mut writer, 7, 12, 10);
    assert_eq!(read_all(&mut cursor), [(0, 0), (0, 1), (8, 2), (0, 3)]);
    writer.gap(u64::MAX);
    push_pictures(&mut writer, 20, 21, 10);
    assert!(cursor.try_next().unwrap().lost > u64::MAX / 2);
}

#[test]
fn what_is_left_can_be_read_after_the_writer_has_gone() {
    let (mut writer, ring) = started(Limits::default());
    let mut cursor = ring.cursor();
    push_pictures(&mut writer, 0, 3, 10);
    drop(writer);
    assert!(ring.is_closed());
    assert!(!cursor.is_closed());
    assert_eq!(read_all(&mut cursor), without_loss(0..3));
    assert!(cursor.is_closed());
}

#[test]
fn time_running_backwards_is_refused_track_by_track() {
    let (mut writer, ring) = started(Limits::default());
    writer.push(picture(true, FRAME_US, SMALL)).unwrap();
    writer.push(sound(0, 160)).unwrap();
    let refused = |track, last_us, now_us| {
        Err(Error::TimeRunsBackwards {
            track,
            last_us,
            now_us,
        })
    };
    for now_us in [FRAME_US, 0, -1] {
        let result = writer.push(picture(true, now_us, SMALL));
        assert_eq!(result, refused(fixtures::VIDEO, FRAME_US, now_us));
    }
    assert_eq!(writer.push(sound(0, 160)), refused(fixtures::SOUND, 0, 0));
    assert_eq!(read_all(&mut ring.cursor()), without_loss(0..2));
}

#[test]
fn frame_that_no_camera_sends_is_refused() {
    let (mut writer, _ring) = ring(Limits::default());
    assert_eq!(
        writer.push(picture(true, 0, SMALL)),
        Err(Error::UnknownTrack(0))
    );
    writer.set_tracks(fixtures::video_and_sound());
    let good = picture(true, 0, SMALL);
    for (frame, why) in [
        (
            Frame {
                track: 2,
                ..good.clone()
            },
            "track",
        ),
        (
            Frame {
                data: bytes::Bytes::new(),
                ..good
            },
            "no data",
        ),
        (picture(true, 0, crate::FRAME_BYTES_MAX + 1), "size"),
        (
            Frame {
                pts_us: 10 * SECOND + 1,
                ..good.clone()
            },
            "presentation far from decoding",
        ),
        (
            Frame {
                pts_us: i64::MIN,
                dts_us: i64::MAX,
                ..good.clone()
            },
            "overflow",
        ),
        (
            Frame {
                dts_us: i64::MIN,
                pts_us: i64::MIN,
                ..good.clone()
            },
            "beyond all times",
        ),
        (
            Frame {
                data: good.data.slice(1..),
                ..good
            },
            "lengths",
        ),
        (
            Frame {
                data: picture(false, 0, SMALL).data,
                ..good
            },
            "no key picture",
        ),
        (sound(0, 65_536), "packet of sound longer than a block"),
    ] {
        assert!(writer.push(frame).is_err(), "{why}");
    }
    assert_eq!(writer.push(good), Ok(()));
}

#[test]
fn rounded_times_of_sound_are_joined_without_a_gap() {
    let (mut writer, ring) = ring(Limits::default());
    // 48 kHz, one channel: 1024 samples last 21,333 1/3 us.
    let track = Track::aac(0, bytes::Bytes::from_static(&[0x11, 0x88])).unwrap();
    writer.set_tracks(Tracks::new(vec![track]).unwrap());
    let mut cursor = ring.cursor();
    // At this origin the times lie half way between two samples.
    let origin_us = 1_000_010;
    let mut push = |dts_us| {
        let data = bytes::Bytes::from_static(&[0x21]);
        writer
            .push(Frame {
                track: 0,
                key: true,
                pts_us: dts_us,
                dts_us,
                data,
            })
            .unwrap();
        let entry = cursor.try_next().unwrap().entry;
        (entry.media_time(), entry.media_duration())
    };
    let (mut end, _) = push(origin_us);
    end += 1024;
    for packet in 1..1000 {
        assert_eq!(push(origin_us + packet * 64_000 / 3), (end, 1024));
        end += 1024;
    }
    // A second of silence is not joined.
    let (time, _) = push(origin_us + 1000 * 64_000 / 3 + SECOND);
    assert!(time.abs_diff(end + 48_000) <= 1);
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn listener_is_woken_by_a_frame_and_by_the_end() {
    let (mut writer, ring) = started(Limits::default());
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let listener = ring.listen();
    drop(ring.listen());
    listener.register(&waker);
    push_pictures(&mut writer, 0, 1, 10);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    // Not registered again: nobody waits.
    push_pictures(&mut writer, 1, 2, 10);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    listener.register(&waker);
    drop(writer);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
}

#[test]
fn dropped_listeners_are_forgotten() {
    let (mut writer, ring) = started(Limits::default());
    let kept = ring.listen();
    for _ in 0..10 {
        drop(ring.listen());
    }
    push_pictures(&mut writer, 0, 1, 10);
    assert_eq!(ring.shared.listeners.lock().unwrap().len(), 1);
    drop(kept);
}
