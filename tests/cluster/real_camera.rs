//! Real cameras (gst-rtsp-server) through a real agent, checked by ffmpeg: what arrives is what the
//! camera sent, picture by picture and time by time.

use std::path::{Path, PathBuf};
use std::time::Duration;

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
    arrives_unchanged("/h264aac", "avc1.", &["h264", "aac"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_g711_arrives_unchanged_with_its_sound_as_flac() {
    arrives_unchanged("/h264pcmu", "avc1.", &["h264", "flac"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_arrives_unchanged() {
    arrives_unchanged("/h265", "hvc1.", &["hevc"]).await;
}

async fn arrives_unchanged(mount: &str, codec: &str, streams: &[&str]) {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let camera = Camera::start().await.unwrap();
    let url = camera.url(mount);
    let (id, agent) = sandbox
        .agent(&owner, |config| {
            let url = RtspUrl::try_from(url.clone()).unwrap();
            config.cameras = vec![CameraConfig::new("Camera".to_owned(), url)];
        })
        .await
        .unwrap();
    let reference = sandbox.directory().join("reference.framemd5");
    let mut recorder = ffmpeg::record(&url, Duration::from_secs(20), &reference).unwrap();
    await_pictures(&reference).await;

    let mut browser = over_websocket(&sandbox, &owner, id).await.unwrap();
    let program = stream_over_grpc(&owner, id).await;
    let (from_browser, from_program) = tokio::join!(
        save_websocket(&mut browser, codec, sandbox.directory()),
        save_grpc(program, sandbox.directory()),
    );
    recorder.wait().await.unwrap();
    agent.shutdown().await;

    let sent = ffmpeg::parse(&std::fs::read_to_string(&reference).unwrap()).unwrap();
    for file in [from_browser, from_program] {
        let mut codecs = ffmpeg::codecs(&file).await.unwrap();
        codecs.sort_by_key(|name| streams.iter().position(|s| s == name));
        assert_eq!(codecs, streams, "{}", file.display());
        assert_same(&sent, &ffmpeg::pictures(&file).await.unwrap());
    }
}

/// The reference has begun before anything is compared with it.
async fn await_pictures(report: &Path) {
    let begun = async {
        while std::fs::read_to_string(report).is_ok_and(|text| !text.contains("0, "))
            || !report.exists()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("ffmpeg gets pictures");
}

async fn save_websocket(
    viewer: &mut websocket::Viewer,
    codec: &str,
    directory: &Path,
) -> PathBuf {
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
async fn save_grpc(
    mut events: tonic::Streaming<WatchResponse>,
    directory: &Path,
) -> PathBuf {
    let (mut writer, ring) = ring::ring(ring::Limits::default());
    let mut cursor = ring.cursor();
    let (mut bytes, mut pictures) = (BytesMut::new(), 0);
    let mut video = None;
    while pictures < PICTURES {
        let message = tokio::time::timeout(PATIENCE, events.message()).await.unwrap().unwrap();
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
    assert!(arrived.len() >= PICTURES, "only {} pictures were decoded", arrived.len());
    let run = sent
        .windows(arrived.len())
        .find(|run| run.iter().zip(arrived).all(|(sent, arrived)| sent.md5 == arrived.md5))
        .expect("the pictures are those of the camera, in order and without a hole");
    for (sent, arrived) in run.windows(2).zip(arrived.windows(2)) {
        let (sent_us, arrived_us) =
            (sent[1].pts_us - sent[0].pts_us, arrived[1].pts_us - arrived[0].pts_us);
        assert!((sent_us - arrived_us).abs() <= ROUNDING_US, "{sent_us} us became {arrived_us}");
    }
}
