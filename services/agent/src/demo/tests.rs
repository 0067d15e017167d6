//! What a viewer may rely on.

use jiff::tz::{self, TimeZone};
use openh264::decoder::{DecodedYUV, Decoder};
use openh264::formats::YUVSource as _;
use sightline_media::{Frame, h264, nal};

use super::{Camera, Error, Quality, SCENES, prepare, scenes, snapshot};

/// A whole even second, microseconds: 2026-01-01 12:00:00 UTC.
const NOON_US: i64 = 1_767_268_800_000_000;
const SECOND_US: i64 = 1_000_000;

fn camera(scene: usize) -> Camera {
    Camera::open(scene, Quality::Sub, TimeZone::UTC).unwrap()
}

/// Frames of the time between the two, at the camera's own pace.
fn frames(camera: &mut Camera, from_us: i64, until_us: i64) -> Vec<Frame> {
    let interval_us = camera.frame_interval().as_micros() as usize;
    (from_us..until_us)
        .step_by(interval_us)
        .flat_map(|at_us| camera.next(at_us).unwrap())
        .collect()
}

fn video(camera: &Camera, frames: &[Frame]) -> Vec<Frame> {
    let track = camera.tracks().video().unwrap().id;
    frames
        .iter()
        .filter(|frame| frame.track == track)
        .cloned()
        .collect()
}

/// Luma of every picture, row by row, as a decoder that knows only the track sees it.
fn decode(camera: &Camera, frames: &[Frame]) -> Vec<Vec<u8>> {
    let config = &camera.tracks().video().unwrap().config;
    let mut decoder = Decoder::new().unwrap();
    for set in h264::parameter_sets(config).unwrap() {
        decoder.decode(&[&[0, 0, 0, 1], set].concat()).unwrap();
    }
    let luma = |picture: DecodedYUV<'_>| {
        let (width, height) = picture.dimensions();
        let rows = picture.y().chunks(picture.strides().0).take(height);
        rows.flat_map(|row| row[..width].to_vec()).collect()
    };
    let decoded = video(camera, frames).into_iter().map(|frame| {
        let stream = nal::lengths_to_annex_b(&frame.data).unwrap();
        luma(decoder.decode(&stream).unwrap().unwrap())
    });
    decoded.collect()
}

/// Mean difference of two pictures within columns and rows of a picture 640 wide.
fn difference(
    a: &[u8],
    b: &[u8],
    columns: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
) -> f64 {
    let pixels = rows.flat_map(|y| columns.clone().map(move |x| y * 640 + x));
    let (sum, count) = pixels.fold((0.0, 0.0), |(sum, count), pixel| {
        (sum + f64::from(a[pixel].abs_diff(b[pixel])), count + 1.0)
    });
    sum / count
}

#[test]
fn every_scene_decodes_and_moves() {
    for scene in 0..SCENES {
        let mut camera = camera(scene);
        let sent = frames(&mut camera, NOON_US, NOON_US + 4 * SECOND_US);
        let pictures = decode(&camera, &sent);
        assert_eq!(pictures.len(), 50, "scene {scene}");
        let (first, last) = (&pictures[0], &pictures[49]);
        // Below the clock.
        let rows = 40..320;
        let moved = rows
            .flat_map(|y| (0..640).map(move |x| y * 640 + x))
            .filter(|&pixel| first[pixel].abs_diff(last[pixel]) > 16)
            .count();
        assert!(moved > 100, "scene {scene}: {moved} pixels");
    }
}

#[test]
fn clock_in_picture_changes_every_second() {
    let mut camera = camera(0);
    let sent = frames(&mut camera, NOON_US, NOON_US + 3 * SECOND_US);
    let pictures = decode(&camera, &sent);
    // The last digit of the seconds: 3 characters of 8 from the margin of 9.
    let seconds = 640 - 9 - 3 * 8..640 - 9 - 2 * 8;
    let change =
        |a: usize, b: usize| difference(&pictures[a], &pictures[b], seconds.clone(), 9..22);
    for second in 0..2 {
        let at = |tenths: usize| (second * 10 + tenths) * 100 / 80;
        assert!(
            change(at(1), at(9)) < 6.0,
            "within second {second}: {}",
            change(at(1), at(9))
        );
        assert!(
            change(at(1), at(11)) > 20.0,
            "after second {second}: {}",
            change(at(1), at(11))
        );
    }
}

#[test]
fn clock_shows_the_time_of_the_zone() {
    let jpeg = |zone| snapshot(1, Quality::Sub, zone, NOON_US).unwrap();
    let east = TimeZone::fixed(tz::offset(3));
    assert_ne!(jpeg(TimeZone::UTC), jpeg(east));
}

#[test]
fn key_frame_every_two_seconds() {
    let mut camera = camera(1);
    let sent = frames(&mut camera, NOON_US + 400_000, NOON_US + 7 * SECOND_US);
    let keys: Vec<i64> = video(&camera, &sent)
        .iter()
        .filter(|frame| frame.key)
        .map(|frame| frame.pts_us - NOON_US)
        .collect();
    assert_eq!(keys, [400_000, 2 * SECOND_US, 4 * SECOND_US, 6 * SECOND_US]);
}

#[test]
fn stream_starts_with_key_frame() {
    let mut camera = camera(2);
    let first = camera.next(NOON_US + 123_456).unwrap();
    assert_eq!(first.len(), 1);
    assert!(first[0].key);
    nal::check_h264(&first[0].data, true).unwrap();
}

#[test]
fn late_caller_gets_the_picture_of_now() {
    let mut camera = camera(1);
    camera.next(NOON_US).unwrap();
    let late = camera.next(NOON_US + 90 * SECOND_US).unwrap();
    assert_eq!(late.last().unwrap().pts_us, NOON_US + 90 * SECOND_US);
    assert!(late.last().unwrap().key);
}

#[test]
fn early_caller_never_gets_a_time_twice() {
    let mut camera = camera(3);
    let times: Vec<i64> = (0..3)
        .map(|_| camera.next(NOON_US).unwrap().last().unwrap().pts_us - NOON_US)
        .collect();
    assert_eq!(times, [0, 80_000, 160_000]);
}

#[test]
fn main_and_sub_show_the_same_moment() {
    let shot = |quality| {
        let mut camera = Camera::open(1, quality, TimeZone::UTC).unwrap();
        let frames = camera.next(NOON_US + 6 * SECOND_US).unwrap();
        decode(&camera, &frames).remove(0)
    };
    let (main, sub) = (shot(Quality::Main), shot(Quality::Sub));
    let halved: Vec<u8> = (0..360 * 640)
        .map(|pixel| {
            let corner = pixel / 640 * 2 * 1280 + pixel % 640 * 2;
            let four = [corner, corner + 1, corner + 1280, corner + 1281];
            (four.iter().map(|&at| u32::from(main[at])).sum::<u32>() / 4) as u8
        })
        .collect();
    let apart = difference(&halved, &sub, 0..640, 0..360);
    assert!(apart < 6.0, "{apart}");
}

#[test]
fn sound_is_without_gaps_and_keeps_up_with_the_picture() {
    let with_sound: Vec<usize> = (0..SCENES)
        .filter(|&scene| scenes()[scene].has_sound)
        .collect();
    assert_eq!(with_sound.len(), 1);
    let mut camera = camera(with_sound[0]);
    let sent = frames(&mut camera, NOON_US, NOON_US + 4 * SECOND_US);
    let track = camera.tracks().audio().unwrap().clone();
    let packets: Vec<&Frame> = sent
        .iter()
        .filter(|frame| frame.track == track.id)
        .collect();
    let bytes: usize = packets.iter().map(|packet| packet.data.len()).sum();
    for pair in packets.windows(2) {
        let length_us = pair[0].data.len() as i64 * SECOND_US / i64::from(track.sample_rate);
        assert_eq!(pair[1].pts_us, pair[0].pts_us + length_us);
    }
    let until_us = packets.last().unwrap().pts_us + 40_000 - NOON_US;
    assert!((3_840_000..=4_000_000).contains(&until_us), "{until_us}");
    assert!(bytes > 3 * 8000, "{bytes}");
}

#[test]
fn sound_is_heard_but_not_clipped() {
    let samples: Vec<i32> = (0..25 * 20)
        .flat_map(|number| super::sound::packet(NOON_US / super::sound::PACKET_US + number))
        .map(|code| i32::from(sightline_media::g711::decode_pcmu(code)))
        .collect();
    let loudest = samples.iter().map(|sample| sample.abs()).max().unwrap();
    assert!((2000..24_000).contains(&loudest), "{loudest}");
}

#[test]
fn stays_below_the_rates_of_a_real_camera() {
    for (quality, most) in [(Quality::Main, 1_200_000), (Quality::Sub, 350_000)] {
        let mut camera = Camera::open(3, quality, TimeZone::UTC).unwrap();
        let sent = frames(&mut camera, NOON_US, NOON_US + 10 * SECOND_US);
        let bits: usize = video(&camera, &sent)
            .iter()
            .map(|frame| frame.data.len() * 8)
            .sum();
        assert!(bits / 10 < most, "{quality:?}: {} bit/s", bits / 10);
    }
}

#[test]
fn snapshot_is_a_jpeg() {
    let jpeg = snapshot(0, Quality::Sub, TimeZone::UTC, NOON_US).unwrap();
    assert_eq!(
        (&jpeg[..2], &jpeg[jpeg.len() - 2..]),
        (&[0xff, 0xd8][..], &[0xff, 0xd9][..])
    );
}

#[test]
fn there_are_no_more_cameras_than_told() {
    let error = Camera::open(SCENES, Quality::Sub, TimeZone::UTC).unwrap_err();
    assert!(matches!(error, Error::NoScene(SCENES)), "{error}");
    let snapshot = snapshot(SCENES, Quality::Sub, TimeZone::UTC, NOON_US);
    assert!(matches!(snapshot, Err(Error::NoScene(SCENES))));
    let prepared = prepare(SCENES, Quality::Sub);
    assert!(matches!(prepared, Err(Error::NoScene(SCENES))));
}
