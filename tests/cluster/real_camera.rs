//! Real cameras (gst-rtsp-server) through a real agent, checked by ffmpeg: what arrives is what the
//! camera sent, picture by picture, sound by sound and time by time.

use std::path::{Path, PathBuf};

use sightline_agent::config::{Camera as CameraConfig, RtspUrl, Transport};
use sightline_loadtest::viewer::{Event, websocket};
use sightline_rpc::live::v1::{Codec, WatchResponse, watch_response};
use sightline_tests::camera::Camera;
use sightline_tests::elementary::{self, Elementary};
use sightline_tests::ffmpeg::{self, Picture};
use sightline_tests::{PATIENCE, Sandbox};

use crate::watching::{next, over_websocket, stream_over_grpc};

/// Pictures that are compared.
const PICTURES: usize = 75;
/// How far the time of a picture or a sound may be from that of the source, microseconds: RTP counts
/// pictures in 1/90,000 s and sound in samples, and each program on the way rounds once.
const ROUNDING_US: i64 = 100;

const H264: [&str; 6] = ["-c:v", "libx264", "-bf", "0", "-g", "25"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_aac_arrives_unchanged() {
    let clip = Clip {
        encode: &[&H264[..], &["-c:a", "aac"]].concat(),
        codecs: "h264+aac",
        in_fmp4: &["h264", "aac"],
        ..Clip::H264
    };
    clip.arrives_unchanged().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_pictures_out_of_order_arrives_unchanged() {
    let encode = ["-c:v", "libx264", "-bf", "3", "-g", "25", "-c:a", "aac"];
    let clip = Clip {
        encode: &encode,
        codecs: "h264+aac",
        in_fmp4: &["h264", "aac"],
        ..Clip::H264
    };
    clip.arrives_unchanged().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_g711_arrives_unchanged_with_its_sound_as_flac_in_browsers() {
    let sound = ["-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"];
    let clip = Clip {
        encode: &[&H264[..], &sound].concat(),
        codecs: "h264+pcmu",
        in_fmp4: &["h264", "flac"],
        ..Clip::H264
    };
    clip.arrives_unchanged().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g711_a_law_over_datagrams_arrives_unchanged() {
    let sound = ["-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"];
    let clip = Clip {
        encode: &[&H264[..], &sound].concat(),
        codecs: "h264+pcma",
        in_fmp4: &["h264", "flac"],
        transport: Transport::Udp,
        ..Clip::H264
    };
    clip.arrives_unchanged().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_arrives_unchanged() {
    let encode = [
        "-c:v",
        "libx265",
        "-x265-params",
        "bframes=0:keyint=25:open-gop=0:log-level=error",
    ];
    let silent = ["-preset", "ultrafast", "-tag:v", "hvc1", "-an"];
    let clip = Clip {
        encode: &[&encode[..], &silent].concat(),
        codecs: "h265",
        codec_string: "hvc1.",
        in_fmp4: &["hevc"],
        ..Clip::H264
    };
    clip.arrives_unchanged().await;
}

/// What a camera plays, and how it reaches a browser.
struct Clip<'a> {
    /// Arguments of ffmpeg.
    encode: &'a [&'a str],
    /// As the simulator calls them.
    codecs: &'a str,
    transport: Transport,
    /// Its beginning, of the picture.
    codec_string: &'a str,
    in_fmp4: &'a [&'a str],
}

impl Clip<'_> {
    const H264: Self = Self {
        encode: &H264,
        codecs: "h264",
        transport: Transport::Tcp,
        codec_string: "avc1.",
        in_fmp4: &["h264"],
    };

    async fn arrives_unchanged(&self) {
        let sandbox = Sandbox::start().await.unwrap();
        let owner = sandbox.person("owner").await.unwrap();
        let file = sandbox.directory().join("clip.mov");
        ffmpeg::encode(self.encode, &file).await.unwrap();
        let camera = Camera::playing(&file, self.codecs).await.unwrap();
        let (id, agent) = sandbox
            .agent(&owner, |config| {
                let url = RtspUrl::try_from(camera.url()).unwrap();
                let camera = CameraConfig::new("Camera".to_owned(), url);
                config.cameras = vec![CameraConfig {
                    transport: self.transport,
                    ..camera
                }];
            })
            .await
            .unwrap();

        let mut browser = over_websocket(&sandbox, &owner, id).await.unwrap();
        let program = stream_over_grpc(&owner, id).await;
        let (from_browser, (picture, sound)) = tokio::join!(
            save_websocket(&mut browser, self.codec_string, sandbox.directory()),
            record_grpc(program),
        );
        agent.shutdown().await;

        let mut codecs = ffmpeg::codecs(&from_browser).await.unwrap();
        codecs.sort_by_key(|name| self.in_fmp4.iter().position(|s| s == name));
        assert_eq!(codecs, self.in_fmp4);
        let sent = ffmpeg::pictures(&file).await.unwrap();
        assert_same(&sent, &ffmpeg::pictures(&from_browser).await.unwrap());

        let first = assert_same_pictures(&file, &sent, &picture, sandbox.directory()).await;
        assert_eq!(sound.is_some(), self.in_fmp4.len() == 2);
        if let Some(sound) = sound {
            let offset_us = first.arrived_us - first.sent_us;
            assert_same_sound(&file, &sound, offset_us, sandbox.directory()).await;
        }
    }
}

async fn save_websocket(viewer: &mut websocket::Viewer, codec: &str, directory: &Path) -> PathBuf {
    let (mut bytes, mut pictures) = (Vec::new(), 0);
    while pictures < PICTURES {
        match next(viewer).await.unwrap() {
            Event::Started { codecs, init } => {
                assert!(codecs.starts_with(codec), "{codecs}");
                bytes.extend_from_slice(&init);
            }
            Event::Frame(frame) => {
                bytes.extend_from_slice(&frame.data);
                // Tracks are numbered from 1 in fMP4, the picture first.
                pictures += usize::from(frame.track == 1);
            }
            other => panic!("{other:?}"),
        }
    }
    let file = directory.join("websocket.mp4");
    std::fs::write(&file, bytes).unwrap();
    file
}

/// Whole groups of pictures, since the last pictures of a group may be shown between others.
async fn record_grpc(
    mut events: tonic::Streaming<WatchResponse>,
) -> (Elementary, Option<Elementary>) {
    let mut event = async || {
        let message = tokio::time::timeout(PATIENCE, events.message()).await;
        message.unwrap().unwrap().unwrap().event.unwrap()
    };
    let watch_response::Event::Started(started) = event().await else {
        panic!("frames before their tracks");
    };
    let (mut picture, mut sound) = elementary::tracks(started).unwrap();
    loop {
        let frame = match event().await {
            watch_response::Event::Frame(frame) => frame,
            other => panic!("{other:?}"),
        };
        if frame.track != picture.track.id {
            let sound = sound.as_mut().expect("sound was announced");
            assert_eq!(frame.track, sound.track.id);
            sound.push(&frame).unwrap();
        } else if frame.key && picture.frames.len() >= PICTURES {
            return (picture, sound);
        } else {
            picture.push(&frame).unwrap();
        }
    }
}

/// The times of one picture, here and there.
struct Same {
    sent_us: i64,
    arrived_us: i64,
}

/// What gRPC delivered decodes to a run of the pictures that were sent: none missing, none changed,
/// each with the times of the source. Returns the first of them.
async fn assert_same_pictures(
    clip: &Path,
    sent: &[Picture],
    picture: &Elementary,
    directory: &Path,
) -> Same {
    let (kind, codec) = match picture.track.codec() {
        Codec::H264 => ("h264", "h264"),
        _ => ("h265", "hevc"),
    };
    let file = directory.join("grpc").with_extension(kind);
    std::fs::write(&file, &picture.bytes).unwrap();
    assert_eq!(ffmpeg::codecs(&file).await.unwrap(), [codec]);
    let arrived = ffmpeg::pictures(&file).await.unwrap();
    assert_eq!(arrived.len(), picture.frames.len(), "each is decoded");
    let of = |pictures: &[Picture]| pictures.iter().map(|p| p.md5.clone()).collect::<Vec<_>>();
    let first = place(&of(sent), &of(&arrived));

    // A group begins with the same picture in the order of decoding and in that of showing.
    let packets = &ffmpeg::packets(clip, "v:0").await.unwrap()[first..];
    let same = Same {
        sent_us: packets[0].pts_us,
        arrived_us: picture.frames[0].pts_us,
    };
    let offset_us = same.arrived_us - same.sent_us;
    let mut groups = 0;
    for (sent, arrived) in packets.iter().zip(&picture.frames) {
        groups += usize::from(arrived.key);
        assert_near(sent.pts_us + offset_us, arrived.pts_us);
        // RTP has no decoding times: an agent learns the order of the pictures from the first ones.
        if groups > 1 {
            assert_near(sent.dts_us + offset_us, arrived.dts_us);
        }
    }
    assert!(groups >= 3, "only {groups} groups of pictures");
    same
}

/// The sound that gRPC delivered is a run of what was sent, and as far from the picture.
async fn assert_same_sound(clip: &Path, sound: &Elementary, offset_us: i64, directory: &Path) {
    let packets = ffmpeg::packets(clip, "a:0").await.unwrap();
    let format = match sound.track.codec() {
        Codec::Aac => {
            let file = directory.join("grpc.aac");
            std::fs::write(&file, &sound.bytes).unwrap();
            assert_eq!(ffmpeg::codecs(&file).await.unwrap(), ["aac"]);
            let units = ffmpeg::adts_units(&file).await.unwrap();
            assert_eq!(units.len(), sound.frames.len(), "one in each message");
            let sent: Vec<_> = packets.iter().map(|packet| packet.md5.clone()).collect();
            let first = place(&sent, &units);
            for (sent, arrived) in packets[first..].iter().zip(&sound.frames) {
                assert_near(sent.pts_us + offset_us, arrived.pts_us);
                assert_eq!(arrived.pts_us, arrived.dts_us);
            }
            return;
        }
        Codec::Pcmu => "mulaw",
        _ => "alaw",
    };
    let sent = ffmpeg::raw_sound(clip, format).await.unwrap();
    let mut samples = place(&sent, &sound.bytes);
    for arrived in &sound.frames {
        let sent_us = packets[0].pts_us + i64::try_from(samples).unwrap() * 125;
        assert_near(sent_us + offset_us, arrived.pts_us);
        samples += arrived.bytes;
    }
}

/// Where in what was sent the run of what arrived begins.
fn place<T: PartialEq + std::fmt::Debug>(sent: &[T], arrived: &[T]) -> usize {
    assert!(!arrived.is_empty());
    sent.windows(arrived.len())
        .position(|run| run == arrived)
        .unwrap_or_else(|| {
            let place = |a: &T| sent.iter().position(|s| s == a);
            let places: Vec<_> = arrived.iter().map(place).take(200).collect();
            panic!("of {} arrived, by their place: {places:?}", sent.len());
        })
}

fn assert_near(wanted_us: i64, found_us: i64) {
    assert!(
        (wanted_us - found_us).abs() <= ROUNDING_US,
        "{wanted_us} us became {found_us}"
    );
}

/// The pictures that arrived are a run of those that were sent: none missing, none changed, and
/// each as far from the one before it.
fn assert_same(sent: &[Picture], arrived: &[Picture]) {
    assert!(
        arrived.len() >= PICTURES,
        "only {} pictures were decoded",
        arrived.len()
    );
    let of = |pictures: &[Picture]| pictures.iter().map(|p| p.md5.clone()).collect::<Vec<_>>();
    let run = &sent[place(&of(sent), &of(arrived))..];
    for (sent, arrived) in run.windows(2).zip(arrived.windows(2)) {
        assert_near(
            sent[1].pts_us - sent[0].pts_us,
            arrived[1].pts_us - arrived[0].pts_us,
        );
    }
}
