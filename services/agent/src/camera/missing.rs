//! How many pictures never came.

/// Counts the pictures of one stream from key frame to key frame, over all its pulls.
///
/// RTP tells how many packets were lost, and not how many pictures those were; a camera that was away
/// tells nothing. So the pictures that are missing are reckoned by the time that has passed and the
/// time from picture to picture before.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// Presentation time of the newest whole key frame, microseconds.
    key_us: Option<i64>,
    /// Pictures that came from that one on, whole or not.
    came: u64,
    /// Microseconds from picture to picture, in the newest GOP of which nothing was lost.
    interval_us: Option<i64>,
    /// Something was lost since that key frame.
    lost: bool,
}

impl Missing {
    /// Something was lost before the next picture.
    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    /// A picture came that is no whole key frame.
    pub(super) fn other(&mut self) {
        self.came = self.came.saturating_add(1);
    }

    /// A whole key frame came: how many pictures before it are missing, besides those that came. While
    /// no GOP has come whole nothing is known of a loss, and it counts as one.
    pub(super) fn key(&mut self, pts_us: i64) -> u64 {
        let (came, lost) = (self.came, std::mem::take(&mut self.lost));
        self.came = 1;
        let Some(before_us) = self.key_us.replace(pts_us) else {
            return 0;
        };
        let passed_us = pts_us.saturating_sub(before_us).max(0);
        if !lost {
            let came = i64::try_from(came).unwrap_or(i64::MAX).max(1);
            self.interval_us = Some(passed_us / came).filter(|us| *us > 0);
            return 0;
        }
        let Some(interval_us) = self.interval_us else {
            return 1;
        };
        let due = passed_us.saturating_add(interval_us / 2) / interval_us;
        due.unsigned_abs().saturating_sub(came)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_US: i64 = 66_666;

    /// A GOP of ten pictures of which these come; what is missing when the next one begins.
    fn group(missing: &mut Missing, number: i64, came: u64) -> u64 {
        let before = missing.key(number * 10 * FRAME_US);
        for _ in 1..came {
            missing.other();
        }
        if came < 10 {
            missing.lose();
        }
        before
    }

    #[test]
    fn nothing_is_missing_while_nothing_is_lost_however_uneven_the_times_are() {
        let mut missing = Missing::default();
        for (pts_us, pictures) in [(0, 10), (500_000, 1), (9_000_000, 30), (9_100_000, 5)] {
            assert_eq!(missing.key(pts_us), 0);
            for _ in 1..pictures {
                missing.other();
            }
        }
    }

    #[test]
    fn pictures_that_never_came_are_reckoned_by_the_time_and_those_that_came_do_not_count() {
        let mut missing = Missing::default();
        assert_eq!(group(&mut missing, 0, 10), 0);
        assert_eq!(group(&mut missing, 1, 7), 0);
        assert_eq!(group(&mut missing, 2, 10), 3);
        assert_eq!(group(&mut missing, 3, 1), 0);
        // Two groups later, the key frame between them lost as well.
        assert_eq!(group(&mut missing, 5, 10), 19);
        assert_eq!(group(&mut missing, 6, 10), 0);
    }

    #[test]
    fn loss_before_a_group_has_come_whole_counts_as_one() {
        let mut missing = Missing::default();
        assert_eq!(group(&mut missing, 0, 5), 0);
        assert_eq!(group(&mut missing, 1, 5), 1);
    }

    #[test]
    fn loss_that_took_no_picture_with_it_is_none() {
        let mut missing = Missing::default();
        group(&mut missing, 0, 10);
        group(&mut missing, 1, 10);
        missing.lose();
        assert_eq!(group(&mut missing, 2, 10), 0);
    }

    #[test]
    fn loss_before_the_first_key_frame_leaves_nothing_out() {
        let mut missing = Missing::default();
        missing.lose();
        missing.other();
        assert_eq!(missing.key(10), 0);
    }
}
