//! The one that publishes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use super::{Entry, Shared};
use crate::frame::{FRAME_BYTES_MAX, REORDER_US_MAX, TIME_US_MAX};
use crate::{Codec, Error, Frame, Track, Tracks, aac, nal};

/// Assumed for the first picture of a stream, microseconds (25 per second).
const FIRST_DURATION_US: i64 = 40_000;
/// Longest duration that is written for a picture, microseconds.
const DURATION_US_MAX: i64 = 1_000_000;

/// Publishes frames to a ring; checks them first, because a device is not trusted. Dropping it
/// closes the ring.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    tracks: Option<Arc<Tracks>>,
    generation: u32,
    /// After new tracks nothing is published before a key picture.
    await_start: bool,
    pictures: u64,
    last_dts_us: [Option<(u8, i64)>; crate::track::TRACKS_MAX],
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            tracks: None,
            generation: 0,
            await_start: true,
            pictures: 0,
            last_dts_us: [None; crate::track::TRACKS_MAX],
        }
    }

    /// Sets the tracks of all frames that follow. Viewers go on with a new initialisation from
    /// the next key frame; setting the same tracks again changes nothing.
    pub fn set_tracks(&mut self, tracks: Tracks) {
        if self.tracks.as_deref() == Some(&tracks) {
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        self.tracks = Some(Arc::new(tracks));
        self.await_start = true;
        self.last_dts_us = [None; crate::track::TRACKS_MAX];
    }

    /// Tells that frames are missing before the next one: nothing is published until the next
    /// key picture, and `pictures` count as lost for every viewer.
    pub fn gap(&mut self, pictures: u64) {
        self.pictures = self.pictures.saturating_add(pictures);
        self.await_start = true;
    }

    /// Publishes one frame and wakes all listeners. Frames before the first key picture are
    /// dropped.
    ///
    /// # Errors
    /// When the frame is not what a camera could have sent; nothing is published then.
    pub fn push(&mut self, frame: Frame) -> Result<(), Error> {
        let tracks = self.tracks.as_ref().ok_or(Error::UnknownTrack(frame.track))?;
        let track = tracks.get(frame.track).ok_or(Error::UnknownTrack(frame.track))?;
        check(track, &frame)?;
        let picture = track.codec.is_video();
        let start = frame.key && (picture || tracks.video().is_none());
        let duration_us = {
            let last = last_of(&mut self.last_dts_us, frame.track);
            let since_last = match *last {
                Some((_, last_us)) if frame.dts_us <= last_us => {
                    return Err(Error::TimeRunsBackwards {
                        track: frame.track,
                        last_us,
                        now_us: frame.dts_us,
                    });
                }
                Some((_, last_us)) => frame.dts_us - last_us,
                None => FIRST_DURATION_US,
            };
            *last = Some((frame.track, frame.dts_us));
            duration_us(track, &frame, since_last)
        };
        let pictures_before = self.pictures;
        self.pictures = self.pictures.saturating_add(u64::from(picture));
        if self.await_start && !start {
            return Ok(());
        }
        self.await_start = false;
        let entry = Entry {
            seq: self.shared.head.load(Ordering::Relaxed),
            frame,
            tracks: Arc::clone(tracks),
            generation: self.generation,
            start,
            pictures_before,
            duration_us,
            wires: [const { OnceLock::new() }; 2],
        };
        self.publish(entry);
        Ok(())
    }

    fn publish(&self, entry: Entry) {
        let shared = &self.shared;
        let (seq, start, dts_us) = (entry.seq, entry.start, entry.frame.dts_us);
        let mut bytes = shared.bytes.load(Ordering::Relaxed) + entry.frame.data.len() as u64;
        let key = if start { seq } else { shared.key.load(Ordering::Relaxed) };
        let mut tail = shared.tail.load(Ordering::Relaxed);
        while tail < seq && self.evicts(tail, seq, key, bytes, dts_us) {
            if let Some(old) = shared.slot(tail).swap(None) {
                bytes -= old.frame.data.len() as u64;
            }
            tail += 1;
        }
        shared.tail.store(tail, Ordering::Relaxed);
        shared.bytes.store(bytes, Ordering::Relaxed);
        shared.slot(seq).store(Some(Arc::new(entry)));
        shared.head_dts_us.store(dts_us, Ordering::Relaxed);
        // The entry stands before anybody can learn its number.
        shared.head.store(seq + 1, Ordering::Release);
        if start {
            shared.key.store(seq, Ordering::Release);
        }
        shared.wake();
    }

    /// Whether the oldest entry goes: by count, by bytes, or because it is old and no newcomer
    /// needs it.
    fn evicts(&self, tail: u64, seq: u64, key: u64, bytes: u64, dts_us: i64) -> bool {
        let limits = &self.shared.limits;
        if seq - tail >= self.shared.slots.len() as u64 || bytes > limits.bytes as u64 {
            return true;
        }
        tail < key
            && self
                .shared
                .entry(tail)
                .is_none_or(|e| e.frame.dts_us.saturating_add(limits.keep_us) < dts_us)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.wake();
    }
}

fn last_of(
    last: &mut [Option<(u8, i64)>; crate::track::TRACKS_MAX],
    track: u8,
) -> &mut Option<(u8, i64)> {
    let at = last
        .iter()
        .position(|l| l.is_some_and(|(id, _)| id == track))
        .or_else(|| last.iter().position(Option::is_none))
        .unwrap_or(0);
    &mut last[at]
}

fn check(track: &Track, frame: &Frame) -> Result<(), Error> {
    let bytes = frame.data.len();
    if bytes == 0 {
        return Err(Error::FrameEmpty);
    }
    if bytes > FRAME_BYTES_MAX {
        return Err(Error::FrameTooLarge { bytes, max: FRAME_BYTES_MAX });
    }
    let (pts_us, dts_us) = (frame.pts_us, frame.dts_us);
    let in_range = |t: i64| (-TIME_US_MAX..=TIME_US_MAX).contains(&t);
    if !in_range(pts_us) || !in_range(dts_us) || (pts_us - dts_us).abs() > REORDER_US_MAX {
        return Err(Error::BadTime { pts_us, dts_us });
    }
    match track.codec {
        Codec::H264 => nal::check_h264(&frame.data, frame.key),
        Codec::H265 => nal::check_h265(&frame.data, frame.key),
        Codec::Aac | Codec::Pcmu | Codec::Pcma => Ok(()),
    }
}

fn duration_us(track: &Track, frame: &Frame, since_last_us: i64) -> u32 {
    let us = match track.codec {
        Codec::H264 | Codec::H265 => since_last_us.clamp(1, DURATION_US_MAX),
        Codec::Aac => {
            i64::from(aac::SAMPLES_PER_FRAME) * 1_000_000 / i64::from(track.sample_rate.max(1))
        }
        // One byte a sample.
        Codec::Pcmu | Codec::Pcma => {
            let samples = i64::try_from(frame.data.len()).unwrap_or(0);
            samples * 1_000_000 / i64::from(track.sample_rate.max(1))
        }
    };
    u32::try_from(us).unwrap_or(u32::MAX)
}
