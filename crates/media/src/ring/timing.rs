//! From the times that a device tells to the times that a viewer needs.

use crate::frame::{REORDER_US_MAX, TIME_US_MAX};
use crate::{Codec, Error, Frame, Track, aac};

/// Assumed for the first frame of a stream, microseconds (25 per second).
const FIRST_DURATION_US: i64 = 40_000;
/// Longest duration that is written for a picture, microseconds.
const DURATION_US_MAX: i64 = 1_000_000;
/// Farthest that the time of a sound packet may lie from the end of the packet before it, for the
/// two to be joined without a gap; microseconds. Some devices tell times in milliseconds.
const JOIN_US: u64 = 2_000;

/// Times of one entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Time that passed on the stream's leading track up to this entry, microseconds. Unlike the
    /// times of frames, it goes on evenly over new tracks and new origins.
    pub(super) clock_us: u64,
    /// Decoding time: microseconds for a picture, samples for sound.
    pub(super) media_time: u64,
    /// In the same units.
    pub(super) media_duration: u32,
    pub(super) duration_us: u32,
}

/// Follows the times of one stream.
#[derive(Debug, Default)]
pub(super) struct Timing {
    clock_us: u64,
    /// Decoding times of the newest sound and the newest picture, microseconds.
    last_dts_us: [Option<i64>; 2],
    /// Where the newest packet of sound ends, samples.
    sound_end: Option<u64>,
}

impl Timing {
    /// The following frames have another origin; only the clock goes on.
    pub(super) fn restart(&mut self) {
        *self = Self {
            clock_us: self.clock_us,
            ..Self::default()
        };
    }

    /// Takes the times of the next frame. `leads` when the stream's clock follows its track.
    pub(super) fn advance(
        &mut self,
        frame: &Frame,
        track: &Track,
        leads: bool,
    ) -> Result<Times, Error> {
        let picture = track.codec.is_video();
        let since_last_us = since_last(self.last_dts_us[usize::from(picture)], frame)?;
        self.last_dts_us[usize::from(picture)] = Some(frame.dts_us);
        if leads {
            self.clock_us = self.clock_us.saturating_add(since_last_us.unsigned_abs());
        }
        if picture {
            let duration_us = saturate(since_last_us.clamp(1, DURATION_US_MAX).unsigned_abs());
            return Ok(Times {
                clock_us: self.clock_us,
                media_time: frame.dts_us.max(0).unsigned_abs(),
                media_duration: duration_us,
                duration_us,
            });
        }
        let rate = u64::from(track.sample_rate.max(1));
        let samples = samples(track.codec, frame);
        let media_time = self.sound_time(frame, rate);
        self.sound_end = Some(media_time + samples);
        Ok(Times {
            clock_us: self.clock_us,
            media_time,
            media_duration: saturate(samples),
            duration_us: saturate(samples * 1_000_000 / rate),
        })
    }

    /// Number of the packet's first sample: right after the packet before when the device's time
    /// means that, so that rounded times leave no gaps of a sample.
    fn sound_time(&self, frame: &Frame, rate: u64) -> u64 {
        let told_us = u128::from(frame.dts_us.max(0).unsigned_abs());
        let told = (told_us * u128::from(rate) + 500_000) / 1_000_000;
        let told = u64::try_from(told).unwrap_or(u64::MAX);
        self.sound_end
            .filter(|end| end.abs_diff(told) <= rate * JOIN_US / 1_000_000)
            .unwrap_or(told)
    }
}

fn since_last(last_us: Option<i64>, frame: &Frame) -> Result<i64, Error> {
    let now_us = frame.dts_us;
    match last_us {
        Some(last_us) if now_us <= last_us => Err(Error::TimeRunsBackwards {
            track: frame.track,
            last_us,
            now_us,
        }),
        Some(last_us) => Ok(now_us - last_us),
        None => Ok(FIRST_DURATION_US),
    }
}

/// Checks that sums of the times cannot overflow, and that presentation is near decoding.
pub(super) fn check(frame: &Frame) -> Result<(), Error> {
    let (pts_us, dts_us) = (frame.pts_us, frame.dts_us);
    let in_range = |us: i64| (-TIME_US_MAX..=TIME_US_MAX).contains(&us);
    if in_range(pts_us) && in_range(dts_us) && (pts_us - dts_us).abs() <= REORDER_US_MAX {
        Ok(())
    } else {
        Err(Error::BadTime { pts_us, dts_us })
    }
}

fn samples(codec: Codec, frame: &Frame) -> u64 {
    if codec == Codec::Aac {
        u64::from(aac::SAMPLES_PER_FRAME)
    } else {
        // G.711: one byte a sample.
        frame.data.len() as u64
    }
}

fn saturate(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
