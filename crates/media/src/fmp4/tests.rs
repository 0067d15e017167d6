use std::io::Cursor;

use bytes::{Bytes, BytesMut};
use mp4::{MoofBox, Mp4Reader, TrackType};

use super::*;
use crate::fixtures::{self, picture, sound};
use crate::ring::{Limits, Writer, ring};
use crate::track::CONFIG_BYTES_MAX;
use crate::{Frame, Track};

/// What the `mp4` crate finds in the segment of these tracks and the fragments of these frames.
fn read_back(tracks: Tracks, frames: Vec<Frame>) -> Mp4Reader<Cursor<BytesMut>> {
    let mut file = BytesMut::from(&init_segment(&tracks).unwrap()[..]);
    let (mut writer, ring) = ring(Limits::default());
    writer.set_tracks(tracks);
    let mut cursor = ring.cursor();
    for frame in frames {
        writer.push(frame).unwrap();
        put_fragment(&mut file, &cursor.try_next().unwrap().entry);
    }
    let size = file.len() as u64;
    Mp4Reader::read_header(Cursor::new(file), size).unwrap()
}

/// Decoding time, duration, composition offset and flags of the only sample.
fn sample(moof: &MoofBox) -> (u64, u32, i32, u32) {
    let traf = &moof.trafs[0];
    let (tfdt, trun) = (traf.tfdt.as_ref().unwrap(), traf.trun.as_ref().unwrap());
    assert_eq!(trun.sample_count, 1);
    (
        tfdt.base_media_decode_time,
        trun.sample_durations[0],
        trun.sample_cts[0].cast_signed(),
        trun.sample_flags[0],
    )
}

fn with_aac() -> Tracks {
    let aac = Track::aac(fixtures::SOUND, Bytes::from_static(&[0x12, 0x10])).unwrap();
    Tracks::new(vec![fixtures::video(), aac]).unwrap()
}

#[test]
fn codecs_are_listed_for_the_browser() {
    assert_eq!(codecs(&with_aac()), "avc1.640028,mp4a.40.2");
    assert_eq!(codecs(&fixtures::video_and_sound()), "avc1.640028,flac");
}

#[test]
fn segment_describes_the_tracks() {
    let file = read_back(with_aac(), vec![]);
    let video = &file.tracks()[&1];
    assert_eq!(video.track_type().unwrap(), TrackType::Video);
    assert_eq!(
        (video.width(), video.height(), video.timescale()),
        (1920, 1080, 1_000_000)
    );
    let record = fixtures::hex(fixtures::AVCC_HIGH_1080);
    let sets = crate::h264::parameter_sets(&record).unwrap();
    assert_eq!(video.sequence_parameter_set().unwrap(), sets[0]);
    assert_eq!(video.picture_parameter_set().unwrap(), sets[1]);
    let audio = &file.tracks()[&2];
    assert_eq!(audio.track_type().unwrap(), TrackType::Audio);
    assert_eq!(audio.timescale(), 44_100);
    assert_eq!(audio.sample_freq_index().unwrap().freq(), 44_100);
    assert_eq!(
        audio.audio_profile().unwrap(),
        mp4::AudioObjectType::AacLowComplexity
    );
    assert_eq!(audio.channel_config().unwrap(), mp4::ChannelConfig::Stereo);
    assert_eq!(file.moov.mvhd.next_track_id, 3);
}

#[test]
fn fragment_holds_the_times_and_kind_of_its_frame() {
    let early = Frame {
        pts_us: 1_020_000,
        ..picture(false, 1_040_000, 99)
    };
    let late = Frame {
        pts_us: 1_200_000,
        ..picture(false, 1_080_000, 99)
    };
    let frames = vec![
        picture(true, 1_000_000, 99),
        early,
        late,
        sound(1_000_000, 160),
    ];
    let file = read_back(fixtures::video_and_sound(), frames);
    let samples: Vec<_> = file.moofs.iter().map(sample).collect();
    assert_eq!(
        samples,
        [
            (1_000_000, 40_000, 0, SYNC),
            (1_040_000, 40_000, -20_000, NON_SYNC),
            (1_080_000, 40_000, 120_000, NON_SYNC),
            (8_000, 160, 0, SYNC),
        ]
    );
    let numbers: Vec<_> = file
        .moofs
        .iter()
        .map(|moof| moof.mfhd.sequence_number)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(file.moofs[3].trafs[0].tfhd.track_id, 2);
}

#[test]
fn times_before_the_origin_count_as_zero() {
    let frames = vec![
        picture(true, -100_000, 99),
        Frame {
            pts_us: 20_000,
            ..picture(false, -20_000, 99)
        },
        sound(-100_000, 160),
    ];
    let file = read_back(fixtures::video_and_sound(), frames);
    let times: Vec<_> = file
        .moofs
        .iter()
        .map(|moof| (sample(moof).0, sample(moof).2))
        .collect();
    assert_eq!(times, [(0, 0), (0, 20_000), (0, 0)]);
}

#[test]
fn data_begins_where_the_fragment_says_and_its_length_is_known() {
    let (mut writer, ring) = ring(Limits::default());
    writer.set_tracks(fixtures::video_and_sound());
    let mut cursor = ring.cursor();
    let mut fragment = |writer: &mut Writer, frame| {
        writer.push(frame).unwrap();
        let entry = cursor.try_next().unwrap().entry;
        let mut out = BytesMut::from(&b"before"[..]);
        put_fragment(&mut out, &entry);
        assert_eq!(out.len(), 6 + fragment_len(&entry));
        out.split_off(6)
    };
    let frame = picture(true, 0, 5000);
    let bytes = fragment(&mut writer, frame.clone());
    let init = init_segment(&fixtures::video_and_sound()).unwrap();
    let file = [&init[..], &bytes].concat();
    let size = file.len() as u64;
    let file = Mp4Reader::read_header(Cursor::new(file), size).unwrap();
    let trun = file.moofs[0].trafs[0].trun.as_ref().unwrap();
    let offset = usize::try_from(trun.data_offset.unwrap()).unwrap();
    assert_eq!(bytes[offset - 4..offset], *b"mdat");
    assert_eq!(bytes[offset..], frame.data);
    assert_eq!(trun.sample_sizes, [5000]);
    // FLAC numbers of one byte and of more.
    for dts_us in [0, 15_875, 16_000, 1 << 40] {
        fragment(&mut writer, sound(dts_us + 1, 160));
    }
}

#[test]
fn oversized_record_makes_no_segment() {
    let track = Track {
        config: Bytes::from(vec![0; CONFIG_BYTES_MAX + 1]),
        ..fixtures::video()
    };
    assert!(init_segment(&Tracks::new(vec![track]).unwrap()).is_err());
}
