//! How often one may guess a secret of the device.
//!
//! The cloud limits what an account and what an address may try; these limits hold whatever the cloud
//! does. They are wider than what the cloud lets one stranger spend, since the cloud ID is public and
//! whoever exhausts them keeps everybody out, and they refill steadily, so that nobody is kept out for
//! longer than one refill.

use std::time::Duration;

use sightline_domain::attempts::{self, Allowance};
use tokio::time::Instant;

/// Wrong verification codes: an hour's at once, and one a minute from then on. Of 2^40 codes that is
/// half in a million years, and a chance of one in two million in a year. The cloud asks twelve
/// times at once for everybody together, and twelve an hour from then on
/// (`registry.claims_by_all_per_device_h`), so nobody shuts others out through it.
pub(super) const CODES: Allowance = Allowance {
    burst: 60,
    refill: Duration::from_secs(60),
};
/// Wrong names and passwords: 360 a day, and none of those that are guessed first can be chosen. The
/// cloud lets strangers try three to sign in and twelve to claim, all together, and as many an hour
/// from then on.
pub(super) const PASSWORDS: Allowance = Allowance {
    burst: 20,
    refill: Duration::from_secs(4 * 60),
};

/// The wrong attempts at one secret, or at any of several.
#[derive(Debug)]
pub(super) struct Attempts {
    /// Times count from here.
    origin: Instant,
    wrong: attempts::Attempts<()>,
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
    pub(super) fn new(allowance: Allowance) -> Self {
        Self {
            origin: Instant::now(),
            wrong: attempts::Attempts::new(allowance, 1),
        }
    }

    /// Starts an attempt. It counts as wrong from here on, so that attempts at the same moment are
    /// no more than others, and one whose asker goes away is not for free.
    pub(super) fn begin(&mut self, now: Instant) -> Result<(), Locked> {
        let now_ms = self.millis(now);
        self.wrong.take((), now_ms).map_err(|_| Locked)
    }

    /// Ends an attempt that began. One that was right no longer counts.
    pub(super) fn end(&mut self, now: Instant, accepted: bool) -> Verdict {
        if !accepted {
            return self.refusal(now);
        }
        self.wrong.give_back(&());
        Verdict {
            accepted,
            retry_after_s: 0,
        }
    }

    /// What a wrong attempt, or one that was not looked at, is told.
    pub(super) fn refusal(&mut self, now: Instant) -> Verdict {
        let now_ms = self.millis(now);
        let retry_after_s = match self.wrong.take((), now_ms) {
            Ok(()) => {
                self.wrong.give_back(&());
                0
            }
            Err(exhausted) => {
                let wait_ms = exhausted.retry_after.as_millis();
                u32::try_from(wait_ms.div_ceil(1000)).unwrap_or(u32::MAX)
            }
        };
        Verdict {
            accepted: false,
            retry_after_s,
        }
    }

    fn millis(&self, now: Instant) -> i64 {
        let since = now.saturating_duration_since(self.origin);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Allowance = Allowance {
        burst: 3,
        refill: Duration::from_secs(60),
    };
    const HOUR: Duration = Duration::from_secs(3600);

    fn verdict(accepted: bool, retry_after_s: u32) -> Verdict {
        Verdict {
            accepted,
            retry_after_s,
        }
    }

    /// Attempts, all wrong, that are looked at.
    fn looked_at(attempts: &mut Attempts, count: usize, now: Instant) -> usize {
        (0..count).filter(|_| attempts.begin(now).is_ok()).count()
    }

    #[test]
    fn right_attempts_are_not_limited() {
        let mut attempts = Attempts::new(THREE);
        let now = Instant::now();
        for _ in 0..100 {
            attempts.begin(now).unwrap();
            assert_eq!(attempts.end(now, true), verdict(true, 0));
        }
    }

    #[test]
    fn after_too_many_wrong_attempts_one_is_looked_at_per_refill() {
        let mut attempts = Attempts::new(THREE);
        let start = Instant::now();
        for wait in [0, 0, 60] {
            attempts.begin(start).unwrap();
            assert_eq!(attempts.end(start, false).retry_after_s, wait);
        }
        let later = start + Duration::from_millis(1500);
        assert_eq!(attempts.begin(later), Err(Locked));
        assert_eq!(attempts.refusal(later), verdict(false, 59));
        assert_eq!(looked_at(&mut attempts, 100, start + THREE.refill), 1);
    }

    #[test]
    fn right_attempt_does_not_forgive_the_wrong_ones() {
        let mut attempts = Attempts::new(THREE);
        let now = Instant::now();
        assert_eq!(looked_at(&mut attempts, 2, now), 2);
        attempts.begin(now).unwrap();
        attempts.end(now, true);
        assert_eq!(looked_at(&mut attempts, 100, now), 1);
    }

    #[test]
    fn one_account_that_guesses_all_day_shuts_nobody_out() {
        // What the cloud lets one account try of codes, and of an administrator's passwords while
        // strangers try to sign in.
        for (allowance, an_hour) in [(CODES, 10), (PASSWORDS, 13)] {
            let mut attempts = Attempts::new(allowance);
            let start = Instant::now();
            for hour in 0..24 {
                let now = start + HOUR * hour;
                assert_eq!(looked_at(&mut attempts, an_hour, now), an_hour);
                attempts.begin(now).unwrap();
                assert_eq!(attempts.end(now, true), verdict(true, 0));
            }
        }
    }

    #[test]
    fn everybody_together_guesses_no_more_than_the_secret_bears() {
        for (allowance, a_day) in [(CODES, 60 + 24 * 60), (PASSWORDS, 20 + 360)] {
            let mut attempts = Attempts::new(allowance);
            let start = Instant::now();
            let seconds = (0..=24 * 3600).map(|s| start + Duration::from_secs(s));
            let looked_at: usize = seconds.map(|now| looked_at(&mut attempts, 100, now)).sum();
            assert_eq!(looked_at, a_day);
        }
    }
}
