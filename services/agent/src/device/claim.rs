//! Whether a person knows the verification code, and how often one may guess.

use std::collections::VecDeque;
use std::time::Duration;

use sightline_domain::VerificationCode;
use tokio::time::Instant;

/// Wrong codes that are looked at within [`PERIOD`]. At this rate all codes (40 bits) would take
/// more than ten million years.
const WRONG_MAX: usize = 10;
/// The hour over which wrong codes are counted.
const PERIOD: Duration = Duration::from_secs(3600);

/// The code, and the wrong attempts at it.
#[derive(Debug)]
pub(super) struct Claims {
    code: VerificationCode,
    /// Times of the wrong attempts of the last hour, at most [`WRONG_MAX`].
    wrong: VecDeque<Instant>,
}

/// Answer to one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) accepted: bool,
    /// Seconds until another attempt is looked at; 0 when one may follow at once.
    pub(super) retry_after_s: u32,
}

impl Claims {
    pub(super) fn new(code: VerificationCode) -> Self {
        Self {
            code,
            wrong: VecDeque::with_capacity(WRONG_MAX),
        }
    }

    /// Looks at a code, unless there were too many wrong ones; then not even the right one is
    /// accepted, since the answer would tell it.
    pub(super) fn verify(&mut self, text: &str, now: Instant) -> Verdict {
        while self
            .wrong
            .front()
            .is_some_and(|at| now.duration_since(*at) >= PERIOD)
        {
            self.wrong.pop_front();
        }
        if self.wrong.len() < WRONG_MAX {
            let accepted = text
                .parse::<VerificationCode>()
                .is_ok_and(|code| self.code.matches(&code));
            if accepted {
                return Verdict {
                    accepted,
                    retry_after_s: 0,
                };
            }
            self.wrong.push_back(now);
            tracing::warn!(wrong = self.wrong.len(), "wrong verification code");
        }
        Verdict {
            accepted: false,
            retry_after_s: self.retry_after_s(now),
        }
    }

    fn retry_after_s(&self, now: Instant) -> u32 {
        match self.wrong.front() {
            Some(oldest) if self.wrong.len() == WRONG_MAX => {
                let wait = PERIOD.saturating_sub(now.duration_since(*oldest));
                u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG: &str = "0000-0000";

    fn claims() -> (Claims, String) {
        let code = VerificationCode::from_random([1, 2, 3, 4, 5, 6, 7, 8]);
        (Claims::new(code.clone()), code.reveal())
    }

    #[test]
    fn right_code_is_accepted_as_often_as_it_comes() {
        let (mut claims, code) = claims();
        for _ in 0..100 {
            let verdict = claims.verify(&code.to_lowercase(), Instant::now());
            assert_eq!(
                verdict,
                Verdict {
                    accepted: true,
                    retry_after_s: 0
                }
            );
        }
    }

    #[test]
    fn after_ten_wrong_codes_not_even_the_right_one_is_looked_at_for_an_hour() {
        let (mut claims, code) = claims();
        let start = Instant::now();
        for attempt in 1..=WRONG_MAX {
            let verdict = claims.verify(WRONG, start);
            let wait = if attempt == WRONG_MAX { 3600 } else { 0 };
            assert_eq!(
                verdict,
                Verdict {
                    accepted: false,
                    retry_after_s: wait
                }
            );
        }
        let verdict = claims.verify(&code, start + Duration::from_millis(1500));
        assert_eq!(
            verdict,
            Verdict {
                accepted: false,
                retry_after_s: 3599
            }
        );
        assert!(claims.verify(&code, start + PERIOD).accepted);
    }

    #[test]
    fn attempts_while_locked_do_not_prolong_the_lock() {
        let (mut claims, code) = claims();
        let start = Instant::now();
        for minute in 0..60 {
            claims.verify(WRONG, start + Duration::from_secs(60 * minute));
        }
        assert!(claims.verify(&code, start + PERIOD).accepted);
    }

    #[test]
    fn text_that_cannot_be_a_code_counts_as_wrong() {
        let (mut claims, code) = claims();
        let now = Instant::now();
        for _ in 0..WRONG_MAX {
            claims.verify("", now);
        }
        assert!(!claims.verify(&code, now).accepted);
    }
}
