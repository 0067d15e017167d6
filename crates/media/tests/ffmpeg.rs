//! Streams made by ffmpeg go through a ring and fMP4, and come back to ffprobe and ffmpeg as the
//! same frames at the same times. Needs `ffmpeg` and `ffprobe`.
#![allow(clippy::unwrap_used, reason = "all of this is a test")]

use std::path::Path;
use std::process::Command;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use sightline_media::fmp4;
use sightline_media::ring::{Limits, Wire, ring};
use sightline_media::{Codec, Frame, Track, Tracks};

/// Added to all times: ffmpeg's begin before 0.
const ORIGIN_US: i64 = 1_000_000;
/// Samples in a packet of G.711, 20 ms.
const PACKET: usize = 160;

/// A packet as ffprobe lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Packet {
    video: bool,
    pts_us: i64,
    dts_us: i64,
    key: bool,
    data: Vec<u8>,
}

fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(["-v", "error"])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed (apt-get install ffmpeg): {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{program} {arguments:?}: {errors}"
    );
    output.stdout
}

fn ffmpeg(arguments: &str, file: &Path) {
    let mut arguments: Vec<&str> = arguments.split_whitespace().collect();
    arguments.extend(["-y", file.to_str().unwrap()]);
    run("ffmpeg", &arguments);
}

fn packets(file: &Path) -> Vec<Packet> {
    let listing = run(
        "ffprobe",
        &["-of", "json", "-show_packets", file.to_str().unwrap()],
    );
    let listing: Value = serde_json::from_slice(&listing).unwrap();
    let bytes = std::fs::read(file).unwrap();
    let packet = |packet: &Value| {
        let text = |key: &str| packet[key].as_str().unwrap();
        let number = |key: &str| text(key).parse::<usize>().unwrap();
        // Seconds with six decimals.
        let us = |key: &str| text(key).replace('.', "").parse::<i64>().unwrap();
        Packet {
            video: text("codec_type") == "video",
            pts_us: us("pts_time"),
            dts_us: us("dts_time"),
            key: text("flags").starts_with('K'),
            data: bytes[number("pos")..][..number("size")].to_vec(),
        }
    };
    listing["packets"]
        .as_array()
        .unwrap()
        .iter()
        .map(packet)
        .collect()
}

/// The content of the first box of this kind.
fn find_box(file: &[u8], kind: &[u8; 4]) -> Bytes {
    let at = file.windows(4).position(|window| window == kind).unwrap();
    let size = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
    Bytes::copy_from_slice(&file[at + 4..at - 4 + size])
}

/// The AudioSpecificConfig of a file: DecoderSpecificInfo, with a length of four bytes.
fn find_aac_config(file: &[u8]) -> Bytes {
    let esds = find_box(file, b"esds");
    let at = esds
        .windows(4)
        .position(|window| window == [5, 0x80, 0x80, 0x80])
        .unwrap();
    esds.slice(at + 5..at + 5 + usize::from(esds[at + 4]))
}

/// Puts the packets through a ring, in the order of their decoding times, and writes what a
/// browser would get.
fn write(tracks: Tracks, mut packets: Vec<Packet>, file: &Path) {
    packets.sort_by_key(|packet| packet.dts_us);
    let mut out = BytesMut::from(&fmp4::init_segment(&tracks).unwrap()[..]);
    let ids = [true, false].map(|video| {
        if video {
            tracks.video()
        } else {
            tracks.audio()
        }
    });
    let ids = ids.map(|track| track.map_or(0, |track| track.id));
    let (mut writer, ring) = ring(Limits::default());
    writer.set_tracks(tracks);
    let mut cursor = ring.cursor();
    for packet in packets {
        let Packet {
            video,
            pts_us,
            dts_us,
            key,
            data,
        } = packet;
        let track = ids[usize::from(!video)];
        writer
            .push(Frame {
                track,
                key,
                pts_us,
                dts_us,
                data: data.into(),
            })
            .unwrap();
        while let Some(step) = cursor.try_next() {
            out.extend_from_slice(step.entry.wire(Wire::WebSocket, |entry| {
                let mut fragment = BytesMut::with_capacity(fmp4::fragment_len(entry));
                fmp4::put_fragment(&mut fragment, entry);
                fragment.freeze()
            }));
        }
    }
    std::fs::write(file, out).unwrap();
}

fn shifted(packets: Vec<Packet>) -> Vec<Packet> {
    let shift = |packet: Packet| Packet {
        pts_us: packet.pts_us + ORIGIN_US,
        dts_us: packet.dts_us + ORIGIN_US,
        ..packet
    };
    packets.into_iter().map(shift).collect()
}

fn of_kind(packets: &[Packet], video: bool) -> Vec<&Packet> {
    packets
        .iter()
        .filter(|packet| packet.video == video)
        .collect()
}

/// Decodes everything, checksums included; any complaint fails.
fn assert_decodes(file: &Path) {
    let strict = ["-xerror", "-err_detect", "crccheck+bitstream+explode"];
    let input = ["-i", file.to_str().unwrap(), "-f", "null", "-"];
    run("ffmpeg", &[&strict[..], &input[..]].concat());
}

#[test]
fn h264_with_reordering_and_aac_come_back_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let (source, result) = (dir.path().join("source.mp4"), dir.path().join("result.mp4"));
    ffmpeg(
        "-f lavfi -i testsrc2=s=320x180:r=25:d=2 -f lavfi -i sine=r=48000:d=2 \
         -c:v libx264 -pix_fmt yuv420p -g 20 -bf 2 -c:a aac",
        &source,
    );
    let bytes = std::fs::read(&source).unwrap();
    let video = Track::video(3, Codec::H264, find_box(&bytes, b"avcC")).unwrap();
    assert_eq!((video.width, video.height), (320, 180));
    let audio = Track::aac(7, find_aac_config(&bytes)).unwrap();
    let packets_in = shifted(packets(&source));
    assert!(
        packets_in
            .iter()
            .any(|packet| packet.pts_us != packet.dts_us),
        "no reordering"
    );
    write(
        Tracks::new(vec![video, audio]).unwrap(),
        packets_in.clone(),
        &result,
    );

    let packets_out = packets(&result);
    assert_eq!(of_kind(&packets_out, true), of_kind(&packets_in, true));
    assert_eq!(of_kind(&packets_out, true).len(), 50);
    assert_eq!(of_kind(&packets_out, false), of_kind(&packets_in, false));
    assert_decodes(&result);
}

#[test]
fn h265_comes_back_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let (source, result) = (dir.path().join("source.mp4"), dir.path().join("result.mp4"));
    ffmpeg(
        "-f lavfi -i testsrc2=s=322x182:r=15:d=2 -c:v libx265 -pix_fmt yuv420p -tag:v hvc1 \
         -x265-params log-level=none:keyint=15:bframes=2",
        &source,
    );
    let bytes = std::fs::read(&source).unwrap();
    let video = Track::video(0, Codec::H265, find_box(&bytes, b"hvcC")).unwrap();
    assert_eq!((video.width, video.height), (322, 182));
    assert!(
        video.codec_string.starts_with("hvc1.1.6.L"),
        "{}",
        video.codec_string
    );
    let packets_in = shifted(packets(&source));
    write(
        Tracks::new(vec![video]).unwrap(),
        packets_in.clone(),
        &result,
    );
    let packets_out = packets(&result);
    assert_eq!(packets_out, packets_in);
    assert_eq!(packets_out.len(), 30);
    assert_decodes(&result);
}

#[test]
fn g711_is_heard_sample_by_sample_as_flac() {
    for (codec, format) in [(Codec::Pcmu, "mulaw"), (Codec::Pcma, "alaw")] {
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join("sound.raw");
        // Noise reaches all 256 codes.
        ffmpeg(
            &format!("-f lavfi -i anoisesrc=r=8000:d=3:a=1 -ac 1 -f {format}"),
            &raw,
        );
        let picture = dir.path().join("picture.mp4");
        ffmpeg(
            "-f lavfi -i testsrc2=s=320x180:r=25:d=3 -c:v libx264 -bf 0",
            &picture,
        );

        let mut packets_in = shifted(packets(&picture));
        let video = find_box(&std::fs::read(&picture).unwrap(), b"avcC");
        let codes = std::fs::read(&raw).unwrap();
        for (number, data) in codes.chunks(PACKET).enumerate() {
            let dts_us = ORIGIN_US + i64::try_from(number).unwrap() * 20_000;
            let data = data.to_vec();
            packets_in.push(Packet {
                video: false,
                pts_us: dts_us,
                dts_us,
                key: true,
                data,
            });
        }
        let tracks = vec![
            Track::video(0, Codec::H264, video).unwrap(),
            Track::g711(1, codec).unwrap(),
        ];
        let result = dir.path().join("result.mp4");
        write(Tracks::new(tracks).unwrap(), packets_in.clone(), &result);

        let packets_out = packets(&result);
        let times = |packets: &[Packet]| -> Vec<i64> {
            of_kind(packets, false)
                .iter()
                .map(|packet| packet.pts_us)
                .collect()
        };
        assert_eq!(times(&packets_out), times(&packets_in));
        let expected = run(
            "ffmpeg",
            &[
                "-f",
                format,
                "-ar",
                "8000",
                "-i",
                raw.to_str().unwrap(),
                "-f",
                "s16le",
                "-",
            ],
        );
        let heard = run(
            "ffmpeg",
            &[
                "-xerror",
                "-i",
                result.to_str().unwrap(),
                "-vn",
                "-f",
                "s16le",
                "-",
            ],
        );
        assert_eq!(heard.len(), codes.len() * 2);
        assert!(heard == expected, "{format}: samples differ");
        assert_decodes(&result);
    }
}

#[test]
fn encoders_annex_b_stream_becomes_frames() {
    let dir = tempfile::tempdir().unwrap();
    let (source, result) = (
        dir.path().join("source.h264"),
        dir.path().join("result.mp4"),
    );
    // One access unit delimiter before each picture, to cut the stream at.
    ffmpeg(
        "-f lavfi -i testsrc2=s=320x180:r=25:d=1 -c:v libx264 -bf 0 -g 10 -x264-params aud=1",
        &source,
    );
    let stream = std::fs::read(&source).unwrap();
    let units: Vec<&[u8]> = sightline_media::nal::split_annex_b(&stream).collect();
    let find = |kind| *units.iter().find(|unit| unit[0] & 0x1f == kind).unwrap();
    let record = sightline_media::h264::config_from_parameter_sets(find(7), find(8)).unwrap();
    let packets_in = units
        .split(|unit| unit[0] & 0x1f == 9)
        .skip(1)
        .enumerate()
        .map(|(number, units)| {
            let dts_us = i64::try_from(number).unwrap() * 40_000;
            let stream: Vec<u8> = units
                .iter()
                .flat_map(|unit| [&[0, 0, 1], *unit].concat())
                .collect();
            let data = sightline_media::nal::annex_b_to_lengths(&stream, Codec::H264).to_vec();
            Packet {
                video: true,
                pts_us: dts_us,
                dts_us,
                key: number % 10 == 0,
                data,
            }
        })
        .collect::<Vec<_>>();
    assert_eq!(packets_in.len(), 25);
    let video = Track::video(0, Codec::H264, record).unwrap();
    write(
        Tracks::new(vec![video]).unwrap(),
        packets_in.clone(),
        &result,
    );
    assert_eq!(packets(&result), packets_in);
    assert_decodes(&result);
}
