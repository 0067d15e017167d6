//! Real cameras (gst-rtsp-server) through a real agent, checked by ffmpeg: what arrives is what the
//! camera sent, picture by picture and time by time.

use std::path::{Path, PathBuf};

use bytes::BytesMut;
use sightline_agent::config::{Camera as CameraConfig, RtspUrl};
use sightline_loadtest::viewer::{Event, websocket};
use sightline_media::{fmp4, ring};
use sightline_rpc::live::v1::{WatchResponse, watch_response};
use sightline_rpc::media::{frame_from_proto, tracks_from_proto};
use sightline_tests::camera::Camera;
use sightline_tests::ffmpeg::{self, Picture};
use sightline_tests::{PATIENCE, Sandbox};

use crate::watching::{next, over_websocket, stream_over_grpc};

/// Pictures that are compared.
const PICTURES: usize = 75;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_aac_arrives_unchanged() {
    let encode = ["-c:v", "libx264", "-bf", "0", "-g", "25", "-c:a", "aac"];
    arrives_unchanged(&encode, "h264+aac", "avc1.", &["h264", "aac"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_g711_arrives_unchanged_with_its_sound_as_flac() {
    let encode = ["-c:v", "libx264", "-bf", "0", "-g", "25"];
    let sound = ["-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"];
    arrives_unchanged(
        &[&encode[..], &sound].concat(),
        "h264+pcmu",
        "avc1.",
        &["h264", "flac"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_arrives_unchanged() {
    let encode = [
        "-c:v",
        "libx265",
        "-x265-params",
        "bframes=0:keyint=25:log-level=error",
    ];
    let silent = ["-preset", "ultrafast", "-tag:v", "hvc1", "-an"];
    arrives_unchanged(&[&encode[..], &silent].concat(), "h265", "hvc1.", &["hevc"]).await;
}

async fn arrives_unchanged(encode: &[&str], codecs: &str, codec: &str, streams: &[&str]) {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let clip = sandbox.directory().join("clip.mov");
    ffmpeg::encode(encode, &clip).await.unwrap();
    let sent = ffmpeg::pictures(&clip).await.unwrap();
    let camera = Camera::playing(&clip, codecs).await.unwrap();
    let (id, agent) = sandbox
        .agent(&owner, |config| {
            let url = RtspUrl::try_from(camera.url()).unwrap();
            config.cameras = vec![CameraConfig::new("Camera".to_owned(), url)];
        })
        .await
        .unwrap();

    let mut browser = over_websocket(&sandbox, &owner, id).await.unwrap();
    let program = stream_over_grpc(&owner, id).await;
    let (from_browser, from_program) = tokio::join!(
        save_websocket(&mut browser, codec, sandbox.directory()),
        save_grpc(program, sandbox.directory()),
    );
    agent.shutdown().await;

    for file in [from_browser, from_program] {
        let mut codecs = ffmpeg::codecs(&file).await.unwrap();
        codecs.sort_by_key(|name| streams.iter().position(|s| s == name));
        assert_eq!(codecs, streams, "{}", file.display());
        assert_same(&sent, &ffmpeg::pictures(&file).await.unwrap());
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

/// What gRPC delivered, put into a file that ffmpeg reads.
async fn save_grpc(mut events: tonic::Streaming<WatchResponse>, directory: &Path) -> PathBuf {
    let (mut writer, ring) = ring::ring(ring::Limits::default());
    let mut cursor = ring.cursor();
    let (mut bytes, mut pictures) = (BytesMut::new(), 0);
    let mut video = None;
    while pictures < PICTURES {
        let message = tokio::time::timeout(PATIENCE, events.message())
            .await
            .unwrap()
            .unwrap();
        match message.unwrap().event.unwrap() {
            watch_response::Event::Started(started) => {
                let tracks = tracks_from_proto(started).unwrap();
                video = tracks.video().map(|track| track.id);
                bytes.extend_from_slice(&fmp4::init_segment(&tracks).unwrap());
                writer.set_tracks(tracks);
            }
            watch_response::Event::Frame(frame) => {
                let frame = frame_from_proto(frame).unwrap();
                pictures += usize::from(Some(frame.track) == video);
                writer.push(frame).unwrap();
                while let Some(step) = cursor.try_next() {
                    fmp4::put_fragment(&mut bytes, &step.entry);
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let file = directory.join("grpc.mp4");
    std::fs::write(&file, bytes).unwrap();
    file
}

/// The pictures that arrived are a run of those that were sent: none missing, none changed, and
/// each as far from the one before it.
fn assert_same(sent: &[Picture], arrived: &[Picture]) {
    /// Both sides round: the camera to 1/90,000 s, the file to a microsecond.
    const ROUNDING_US: i64 = 100;
    assert!(
        arrived.len() >= PICTURES,
        "only {} pictures were decoded",
        arrived.len()
    );
    let run = sent
        .windows(arrived.len())
        .find(|run| {
            run.iter()
                .zip(arrived)
                .all(|(sent, arrived)| sent.md5 == arrived.md5)
        })
        .unwrap_or_else(|| {
            let place = |p: &Picture| sent.iter().position(|s| s.md5 == p.md5);
            let places: Vec<_> = arrived.iter().map(place).collect();
            panic!(
                "of {} pictures arrived, by their place: {places:?}",
                sent.len()
            );
        });
    for (sent, arrived) in run.windows(2).zip(arrived.windows(2)) {
        let (sent_us, arrived_us) = (
            sent[1].pts_us - sent[0].pts_us,
            arrived[1].pts_us - arrived[0].pts_us,
        );
        assert!(
            (sent_us - arrived_us).abs() <= ROUNDING_US,
            "{sent_us} us became {arrived_us}"
        );
    }
}
