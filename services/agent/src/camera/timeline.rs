//! From a camera's times to times that always rise.

use std::time::Duration;

use tokio::time::Instant;

/// Farthest that two frames of a track may lie apart, microseconds; beyond, the camera has set its
/// clock or restarted, and times must be placed anew.
const JUMP_US_MAX: i64 = 10_000_000;
/// Distance of the first frame of a pull from the last frame of the one before, microseconds; what
/// the tracks of a camera may begin apart without overlapping it.
const PULL_DISTANCE_US: i64 = 200_000;
/// Most pictures that may be shown after one that is decoded later. H.264 allows 16; encoders in
/// cameras use two at most.
const REORDER_MAX: usize = 4;

/// Times of one stream, microseconds since the agent started, across all its pulls.
#[derive(Debug)]
pub(super) struct Timeline {
    origin: Instant,
    /// From the camera's times to ours; unknown before the first frame of a pull.
    offset_us: Option<i64>,
    newest_us: i64,
    video: TrackTimes,
    audio: TrackTimes,
}

/// The camera's clock is not where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("time went from {from_us} us to {to_us} us")]
pub(crate) struct ClockJump {
    from_us: i64,
    to_us: i64,
}

/// Presentation and decoding time of a frame, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) pts_us: i64,
    pub(super) dts_us: i64,
}

impl Timeline {
    pub(super) fn new(origin: Instant) -> Self {
        Self {
            origin,
            offset_us: None,
            newest_us: i64::MIN,
            video: TrackTimes::default(),
            audio: TrackTimes::default(),
        }
    }

    /// A new pull begins: the camera may count from anywhere.
    pub(super) fn begin_pull(&mut self) {
        self.offset_us = None;
        for track in [&mut self.video, &mut self.audio] {
            track.last_source_us = None;
            track.waiting.clear();
        }
    }

    /// Places a frame; `source_us` is the presentation time that the camera gave it.
    pub(super) fn place(&mut self, video: bool, source_us: i64) -> Result<Times, ClockJump> {
        let offset_us = *self.offset_us.get_or_insert_with(|| {
            let now_us = micros(self.origin.elapsed());
            now_us
                .max(self.newest_us.saturating_add(PULL_DISTANCE_US))
                .saturating_sub(source_us)
        });
        let track = if video {
            &mut self.video
        } else {
            &mut self.audio
        };
        track.check_jump(source_us)?;
        let pts_us = source_us.saturating_add(offset_us);
        let times = if video {
            track.reordered(pts_us)
        } else {
            track.in_order(pts_us)
        };
        self.newest_us = self.newest_us.max(times.pts_us).max(times.dts_us);
        Ok(times)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[derive(Debug, Default)]
struct TrackTimes {
    last_source_us: Option<i64>,
    last_dts_us: Option<i64>,
    /// Presentation times, ascending, that no frame has had as decoding time yet.
    waiting: Vec<i64>,
    /// Pictures shown after one that is decoded later: 0 without B pictures. RTP does not tell,
    /// so it is learnt from the times themselves.
    reorder: usize,
}

impl TrackTimes {
    fn check_jump(&mut self, source_us: i64) -> Result<(), ClockJump> {
        let from_us = self.last_source_us.replace(source_us).unwrap_or(source_us);
        if source_us.saturating_sub(from_us).saturating_abs() > JUMP_US_MAX {
            return Err(ClockJump {
                from_us,
                to_us: source_us,
            });
        }
        Ok(())
    }

    /// Sound is heard in the order of its packets; a packet that claims otherwise is moved.
    fn in_order(&mut self, pts_us: i64) -> Times {
        let pts_us = pts_us.max(self.earliest_dts_us());
        self.last_dts_us = Some(pts_us);
        Times {
            pts_us,
            dts_us: pts_us,
        }
    }

    /// Decoding times are the presentation times in ascending order, handed out `reorder`
    /// pictures later, so they keep an even distance.
    fn reordered(&mut self, pts_us: i64) -> Times {
        if self.last_dts_us.is_some_and(|last| pts_us <= last) && self.reorder < REORDER_MAX {
            self.reorder += 1;
        }
        let at = self.waiting.partition_point(|waiting| *waiting < pts_us);
        self.waiting.insert(at, pts_us);
        let earliest = self.earliest_dts_us();
        let dts_us = if self.waiting.len() > self.reorder {
            self.waiting.remove(0).max(earliest)
        } else {
            // The first pictures of a pull: ahead of the oldest that waits, without its place.
            earliest.max(self.waiting[0].saturating_sub(PULL_DISTANCE_US))
        };
        self.last_dts_us = Some(dts_us);
        Times { pts_us, dts_us }
    }

    fn earliest_dts_us(&self) -> i64 {
        self.last_dts_us
            .map_or(i64::MIN, |last| last.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures of 40 ms, by their numbers on the screen.
    fn place(timeline: &mut Timeline, shown: &[i64]) -> Vec<Times> {
        shown
            .iter()
            .map(|n| timeline.place(true, n * 40_000).unwrap())
            .collect()
    }

    fn assert_rising(times: &[Times]) {
        for pair in times.windows(2) {
            assert!(pair[0].dts_us < pair[1].dts_us, "{times:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_b_pictures_both_times_are_the_cameras() {
        let mut timeline = Timeline::new(Instant::now());
        let times = place(&mut timeline, &[100, 101, 102, 103]);
        for (at, times) in (0..).zip(times) {
            assert_eq!(
                times,
                Times {
                    pts_us: at * 40_000,
                    dts_us: at * 40_000
                }
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn b_pictures_get_even_decoding_times_before_they_are_shown() {
        let mut timeline = Timeline::new(Instant::now());
        let order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14];
        let times = place(&mut timeline, &order);
        assert_rising(&times);
        for pair in times[6..].windows(2) {
            assert_eq!(pair[1].dts_us - pair[0].dts_us, 40_000, "{times:?}");
            assert!(pair[0].dts_us <= pair[0].pts_us, "{times:?}");
        }
        for (shown, times) in order.iter().zip(&times) {
            assert_eq!(times.pts_us, shown * 40_000);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn times_rise_over_a_restart_of_a_camera_that_counts_anew() {
        let mut timeline = Timeline::new(Instant::now());
        let mut times = place(&mut timeline, &[1000, 1003, 1001, 1002, 1006]);
        timeline.begin_pull();
        times.extend(place(&mut timeline, &[0, 3, 1, 2, 6, 4]));
        tokio::time::advance(Duration::from_secs(60)).await;
        timeline.begin_pull();
        times.extend(place(&mut timeline, &[50, 51]));
        assert_rising(&times);
        assert_eq!(times.last().unwrap().pts_us, 60_040_000);
    }

    #[tokio::test(start_paused = true)]
    async fn sound_keeps_its_distance_from_the_picture() {
        let mut timeline = Timeline::new(Instant::now());
        timeline.begin_pull();
        let picture = timeline.place(true, 500_000).unwrap();
        let sound = timeline.place(false, 480_000).unwrap();
        assert_eq!(sound.pts_us, picture.pts_us - 20_000);
        assert_eq!(sound.pts_us, sound.dts_us);
        let twice = timeline.place(false, 480_000).unwrap();
        assert!(twice.dts_us > sound.dts_us);
    }

    #[tokio::test(start_paused = true)]
    async fn jump_of_the_cameras_clock_is_an_error() {
        let mut timeline = Timeline::new(Instant::now());
        place(&mut timeline, &[0, 1]);
        assert!(timeline.place(true, 20_000_000).is_err());
        timeline.begin_pull();
        assert!(timeline.place(true, 20_000_000).is_ok());
    }
}
