//! One picture of a channel as JPEG, made here so that the cloud decodes no video.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource as _;
use sightline_base::clock::{Clock as _, SystemClock};
use sightline_media::ring::{Entry, Ring};
use sightline_media::{Codec, Track, h264, nal};
use sightline_rpc::device::v1::SnapshotResponse;
use sightline_rpc::live::v1::StreamKind;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tonic::Status;

use crate::camera::Channel;
use crate::camera::stream::Stream;

/// A snapshot answers all requests of this time.
const FRESH: Duration = Duration::from_secs(1);
/// Longest wait for a key frame of a camera that must be connected to first.
const KEY_FRAME_TIMEOUT: Duration = Duration::from_secs(12);
/// Largest picture that is decoded, pixels: 8K. Memory for it is taken from what the camera says.
const PIXELS_MAX: usize = 7680 * 4320;
/// JPEG quality: no loss that one sees, about 0.2 byte per pixel.
const QUALITY: u8 = 85;

/// The newest snapshot of each channel. The lock of a channel is held while one is made, so its
/// camera is decoded once however many ask.
#[derive(Debug)]
pub(super) struct Snapshots(Vec<Mutex<Option<(Instant, SnapshotResponse)>>>);

impl Snapshots {
    pub(super) fn new(channels: usize) -> Self {
        Self((0..channels).map(|_| Mutex::new(None)).collect())
    }

    /// A snapshot of the channel at this position, at most [`FRESH`] old, or as old as the
    /// camera's last key frame.
    pub(super) async fn take(
        &self,
        at: usize,
        channel: &Channel,
    ) -> Result<SnapshotResponse, Status> {
        let slot = self
            .0
            .get(at)
            .ok_or_else(|| Status::not_found("no such channel"))?;
        let mut slot = slot.lock().await;
        if let Some((taken, snapshot)) = &*slot
            && taken.elapsed() < FRESH
        {
            return Ok(snapshot.clone());
        }
        let snapshot = make(channel).await?;
        *slot = Some((Instant::now(), snapshot.clone()));
        Ok(snapshot)
    }
}

async fn make(channel: &Channel) -> Result<SnapshotResponse, Status> {
    let (jpeg, taken_at_unix_ms) = if let Some(demo) = channel.demo {
        blocking(move || demo.jpeg().map_err(|e| Status::internal(e.to_string()))).await?
    } else {
        let (entry, age_us) = h264_key_frame(channel).await?;
        let taken_at_unix_ms = SystemClock.now_unix_ms() - age_us / 1000;
        (blocking(move || picture(&entry)).await?, taken_at_unix_ms)
    };
    Ok(SnapshotResponse {
        jpeg: Bytes::from(jpeg),
        taken_at_unix_ms,
    })
}

/// Decoding takes milliseconds: not on the threads that serve the network.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<T, Status> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Status::internal("the snapshot could not be made"))?
}

/// From the main stream, or from the sub stream where only that is H.264.
async fn h264_key_frame(channel: &Channel) -> Result<(Arc<Entry>, i64), Status> {
    for kind in [StreamKind::Main, StreamKind::Sub] {
        let Some(stream) = channel.stream(kind) else {
            continue;
        };
        let found = timeout(KEY_FRAME_TIMEOUT, key_frame(stream)).await;
        let found = found.map_err(|_| Status::unavailable("the camera sends no picture"))?;
        if let Some((entry, age_us)) = found
            && entry
                .tracks()
                .video()
                .is_some_and(|track| track.codec == Codec::H264)
        {
            return Ok((entry, age_us));
        }
    }
    Err(Status::failed_precondition(
        "the camera sends H.265 only; give the channel a sub stream in H.264 for snapshots",
    ))
}

/// The newest key frame and its age, microseconds; the stream is pulled for it if it is not
/// already.
async fn key_frame(stream: &Stream) -> Option<(Arc<Entry>, i64)> {
    let mut viewer = stream.watch();
    loop {
        let ring = viewer.ring.wait_for(Option::is_some).await.ok()?.clone()?;
        let listener = ring.listen();
        let found = std::future::poll_fn(|cx| {
            listener.register(cx.waker());
            match ring.newest_key() {
                None if !ring.is_closed() => std::task::Poll::Pending,
                found => std::task::Poll::Ready(found),
            }
        });
        if let Some(entry) = found.await {
            let age_us = newest_us(&ring).map_or(0, |newest| newest - entry.frame().pts_us);
            return Some((entry, age_us.max(0)));
        }
        viewer.ring.changed().await.ok()?;
    }
}

/// Time of the frame that came last.
fn newest_us(ring: &Ring) -> Option<i64> {
    let mut cursor = ring.cursor();
    std::iter::from_fn(|| cursor.try_next())
        .map(|step| step.entry.frame().pts_us)
        .max()
}

/// Decodes one key frame and encodes it as JPEG.
fn picture(entry: &Entry) -> Result<Vec<u8>, Status> {
    let bad = |what: &str| Status::internal(format!("the camera's picture {what}"));
    let track = entry.tracks().video().ok_or_else(|| bad("is missing"))?;
    if usize::from(track.width) * usize::from(track.height) > PIXELS_MAX {
        return Err(Status::failed_precondition(
            "the camera's picture is too large",
        ));
    }
    let stream = annex_b(track, entry).map_err(|_| bad("is not valid"))?;
    let mut decoder = Decoder::new().map_err(|_| bad("has no decoder"))?;
    let decoded = decoder
        .decode(&stream)
        .map_err(|_| bad("cannot be decoded"))?;
    let decoded = decoded.ok_or_else(|| bad("is not complete"))?;
    let (width, height) = decoded.dimensions();
    let mut rgb = vec![0; decoded.rgb8_len()];
    decoded.write_rgb8(&mut rgb);
    let side = |pixels: usize| u16::try_from(pixels).map_err(|_| bad("is too large"));
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, QUALITY)
        .encode(&rgb, side(width)?, side(height)?, ColorType::Rgb)
        .map_err(|_| bad("cannot be encoded"))?;
    Ok(jpeg)
}

/// What a decoder reads: parameter sets, then the frame.
fn annex_b(track: &Track, entry: &Entry) -> Result<Vec<u8>, sightline_media::Error> {
    let mut stream = Vec::new();
    for set in h264::parameter_sets(&track.config)? {
        stream.extend_from_slice(&[0, 0, 0, 1]);
        stream.extend_from_slice(set);
    }
    stream.extend_from_slice(&nal::lengths_to_annex_b(&entry.frame().data)?);
    Ok(stream)
}
