//! The one that publishes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use super::timing::{self, Timing};
use super::{Entry, Shared, WIRES};
use crate::frame::FRAME_BYTES_MAX;
use crate::{Codec, Error, Frame, Track, Tracks, flac, nal};

/// Publishes frames to a ring; checks them first, because a device is not trusted. Dropping it
/// closes the ring.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    tracks: Option<Arc<Tracks>>,
    generation: u32,
    /// After new tracks or a gap nothing is published before a key picture.
    await_start: bool,
    pictures: u64,
    timing: Timing,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            tracks: None,
            generation: 0,
            await_start: true,
            pictures: 0,
            timing: Timing::default(),
        }
    }

    /// Sets the tracks of all frames that follow. Viewers go on with a new initialisation from
    /// the next key frame; setting the same tracks again changes nothing.
    pub fn set_tracks(&mut self, tracks: Tracks) {
        if self.tracks.as_deref() == Some(&tracks) {
            return;
        }
        self.tracks = Some(Arc::new(tracks));
        self.restart();
    }

    /// Tells that the times of the following frames have another origin, as after a restart of
    /// the camera. Viewers go on with a new initialisation from the next key frame.
    pub fn restart(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.await_start = true;
        self.timing.restart();
    }

    /// Tells that frames are missing before the next one: nothing is published until the next
    /// key picture, and `pictures` count as lost for every viewer.
    pub fn gap(&mut self, pictures: u64) {
        self.pictures = self.pictures.saturating_add(pictures);
        self.await_start = true;
    }

    /// Pictures so far, with those that were not published and those that were told as lost. A writer
    /// that takes this one's place on another ring begins with so many by [`Self::gap`].
    #[must_use]
    pub fn pictures(&self) -> u64 {
        self.pictures
    }

    /// Publishes one frame and wakes all listeners. Frames before the first key picture are
    /// dropped.
    ///
    /// # Errors
    /// When the frame is not what a camera could have sent; nothing is published then.
    pub fn push(&mut self, frame: Frame) -> Result<(), Error> {
        let tracks = self
            .tracks
            .as_ref()
            .ok_or(Error::UnknownTrack(frame.track))?;
        let track = tracks
            .get(frame.track)
            .ok_or(Error::UnknownTrack(frame.track))?;
        check(track, &frame, self.shared.limits.bytes)?;
        let picture = track.codec.is_video();
        let leads = picture || tracks.video().is_none();
        let start = leads && (frame.key || !picture);
        let times = self.timing.advance(&frame, track, leads)?;
        let pictures_before = self.pictures;
        self.pictures = self.pictures.saturating_add(u64::from(picture));
        if self.await_start && !start {
            return Ok(());
        }
        self.await_start = false;
        self.publish(Entry {
            seq: self.shared.head.load(Ordering::Relaxed),
            codec: track.codec,
            frame,
            tracks: Arc::clone(tracks),
            generation: self.generation,
            start,
            pictures_before,
            times,
            wires: [const { OnceLock::new() }; WIRES],
        });
        Ok(())
    }

    fn publish(&self, entry: Entry) {
        let shared = &self.shared;
        let (seq, start, clock_us) = (entry.seq, entry.start, entry.times.clock_us);
        let mut bytes = shared.bytes.load(Ordering::Relaxed) + entry.frame.data.len() as u64;
        let key = if start {
            seq
        } else {
            shared.key.load(Ordering::Relaxed)
        };
        let mut tail = shared.tail.load(Ordering::Relaxed);
        while tail < seq && self.evicts(tail, seq, key, bytes, clock_us) {
            if let Some(old) = shared.slot(tail).swap(None) {
                bytes -= old.frame.data.len() as u64;
            }
            tail += 1;
        }
        shared.tail.store(tail, Ordering::Relaxed);
        shared.bytes.store(bytes, Ordering::Relaxed);
        shared.slot(seq).store(Some(Arc::new(entry)));
        shared.clock_us.store(clock_us, Ordering::Relaxed);
        // The entry stands before anybody can learn its number, and whoever sees the new head
        // sees the new key frame too.
        if start {
            shared.key.store(seq, Ordering::Release);
        }
        shared.head.store(seq + 1, Ordering::Release);
        shared.wake();
    }

    /// Whether the oldest entry goes: by count, by bytes, or because it is old and no newcomer
    /// needs it.
    fn evicts(&self, tail: u64, seq: u64, key: u64, bytes: u64, clock_us: u64) -> bool {
        let limits = &self.shared.limits;
        if seq - tail >= self.shared.slots.len() as u64 || bytes > limits.bytes as u64 {
            return true;
        }
        let keep_us = limits.keep_us.max(0).unsigned_abs();
        let is_old = |entry: Arc<Entry>| clock_us - entry.times.clock_us > keep_us;
        tail < key && self.shared.entry(tail).is_none_or(is_old)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.wake();
    }
}

fn check(track: &Track, frame: &Frame, ring_bytes: usize) -> Result<(), Error> {
    let bytes = frame.data.len();
    if bytes == 0 {
        return Err(Error::FrameEmpty);
    }
    let g711 = matches!(track.codec, Codec::Pcmu | Codec::Pcma);
    let max = if g711 {
        flac::BLOCK_SAMPLES_MAX
    } else {
        FRAME_BYTES_MAX
    }
    .min(ring_bytes);
    if bytes > max {
        return Err(Error::FrameTooLarge { bytes, max });
    }
    timing::check(frame)?;
    match track.codec {
        Codec::H264 => nal::check_h264(&frame.data, frame.key),
        Codec::H265 => nal::check_h265(&frame.data, frame.key),
        Codec::Aac | Codec::Pcmu | Codec::Pcma => Ok(()),
    }
}
