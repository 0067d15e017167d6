//! How often one may guess a secret of the device.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Wrong attempts that are looked at within [`PERIOD`]. At this rate all verification codes (40
/// bits) would take more than ten million years; passwords get 240 guesses a day, and none of those
/// that are guessed first can be chosen.
pub(super) const WRONG_MAX: usize = 10;
/// The hour over which wrong attempts are counted.
pub(super) const PERIOD: Duration = Duration::from_secs(3600);

/// The wrong attempts at one secret, or at any of several.
#[derive(Debug)]
pub(super) struct Attempts {
    /// Times of those of the last hour, oldest first, at most [`WRONG_MAX`].
    wrong: VecDeque<Instant>,
}

/// Answer to one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) accepted: bool,
    /// Seconds until another attempt is looked at; 0 when one may follow at once.
    pub(super) retry_after_s: u32,
}

/// There were too many wrong attempts: not even a right one is accepted, since the answer would
/// tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Locked;

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            wrong: VecDeque::with_capacity(WRONG_MAX),
        }
    }

    /// Starts an attempt. It counts as wrong from here on, so that attempts at the same moment are
    /// no more than others, and one whose asker goes away is not for free.
    pub(super) fn begin(&mut self, now: Instant) -> Result<(), Locked> {
        while self
            .wrong
            .front()
            .is_some_and(|at| now.duration_since(*at) >= PERIOD)
        {
            self.wrong.pop_front();
        }
        if self.wrong.len() == WRONG_MAX {
            return Err(Locked);
        }
        self.wrong.push_back(now);
        Ok(())
    }

    /// Ends the attempt that began at this time. One that was right no longer counts.
    pub(super) fn end(&mut self, began: Instant, accepted: bool) -> Verdict {
        if accepted {
            if let Some(at) = self.wrong.iter().rposition(|at| *at == began) {
                self.wrong.remove(at);
            }
            return Verdict {
                accepted,
                retry_after_s: 0,
            };
        }
        self.refusal(began)
    }

    /// What a wrong attempt, or one that was not looked at, is told.
    pub(super) fn refusal(&self, now: Instant) -> Verdict {
        let retry_after_s = match self.wrong.front() {
            Some(oldest) if self.wrong.len() == WRONG_MAX => {
                let wait = PERIOD.saturating_sub(now.duration_since(*oldest));
                u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
            }
            _ => 0,
        };
        Verdict {
            accepted: false,
            retry_after_s,
        }
    }

    /// Wrong attempts that count now, for the log.
    pub(super) fn wrong(&self) -> usize {
        self.wrong.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(accepted: bool, retry_after_s: u32) -> Verdict {
        Verdict {
            accepted,
            retry_after_s,
        }
    }

    #[test]
    fn right_attempts_are_not_limited() {
        let mut attempts = Attempts::new();
        let now = Instant::now();
        for _ in 0..100 {
            attempts.begin(now).unwrap();
            assert_eq!(attempts.end(now, true), verdict(true, 0));
        }
    }

    #[test]
    fn after_ten_wrong_attempts_none_is_looked_at_for_an_hour() {
        let mut attempts = Attempts::new();
        let start = Instant::now();
        for attempt in 1..=WRONG_MAX {
            attempts.begin(start).unwrap();
            let wait = if attempt == WRONG_MAX { 3600 } else { 0 };
            assert_eq!(attempts.end(start, false), verdict(false, wait));
        }
        let later = start + Duration::from_millis(1500);
        assert_eq!(attempts.begin(later), Err(Locked));
        assert_eq!(attempts.refusal(later), verdict(false, 3599));
        attempts.begin(start + PERIOD).unwrap();
    }

    #[test]
    fn attempts_while_locked_do_not_prolong_the_lock() {
        let mut attempts = Attempts::new();
        let start = Instant::now();
        for minute in 0..60 {
            let _ = attempts.begin(start + Duration::from_secs(60 * minute));
        }
        attempts.begin(start + PERIOD).unwrap();
    }

    #[test]
    fn attempts_at_the_same_moment_are_no_more_than_others() {
        let mut attempts = Attempts::new();
        let now = Instant::now();
        let begun = (0..100).filter(|_| attempts.begin(now).is_ok()).count();
        assert_eq!(begun, WRONG_MAX);
    }

    #[test]
    fn right_attempt_does_not_forgive_the_wrong_ones() {
        let mut attempts = Attempts::new();
        let start = Instant::now();
        for second in 0..9 {
            attempts.begin(start + Duration::from_secs(second)).unwrap();
        }
        let right = start + Duration::from_secs(9);
        attempts.begin(right).unwrap();
        attempts.end(right, true);
        attempts.begin(right).unwrap();
        assert_eq!(attempts.end(right, false), verdict(false, 3591));
    }
}
