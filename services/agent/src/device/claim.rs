//! Whether a person knows the verification code.

use sightline_domain::VerificationCode;
use tokio::time::Instant;

use super::attempts::{Attempts, CODES, Verdict};

/// The code, and the wrong attempts at it.
#[derive(Debug)]
pub(super) struct Claims {
    code: VerificationCode,
    attempts: Attempts,
}

impl Claims {
    pub(super) fn new(code: VerificationCode) -> Self {
        Self {
            code,
            attempts: Attempts::new(CODES),
        }
    }

    /// Looks at a code, unless there were too many wrong ones.
    pub(super) fn verify(&mut self, text: &str, now: Instant) -> Verdict {
        if self.attempts.begin(now).is_err() {
            return self.attempts.refusal(now);
        }
        let accepted = text
            .parse::<VerificationCode>()
            .is_ok_and(|code| self.code.matches(&code));
        let verdict = self.attempts.end(now, accepted);
        if !accepted {
            tracing::warn!("wrong verification code");
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> (Claims, String) {
        let code = VerificationCode::from_random([1, 2, 3, 4, 5, 6, 7, 8]);
        (Claims::new(code.clone()), code.reveal())
    }

    #[test]
    fn right_code_is_accepted_in_any_case_as_often_as_it_comes() {
        let (mut claims, code) = claims();
        let now = Instant::now();
        assert!((0..100).all(|_| claims.verify(&code.to_lowercase(), now).accepted));
    }

    #[test]
    fn after_too_many_wrong_codes_not_even_the_right_one_is_accepted_for_a_minute() {
        let (mut claims, code) = claims();
        let start = Instant::now();
        for _ in 0..CODES.burst {
            assert!(!claims.verify("0000-0000", start).accepted);
        }
        let refused = Verdict {
            accepted: false,
            retry_after_s: 60,
        };
        assert_eq!(claims.verify(&code, start), refused);
        assert!(claims.verify(&code, start + CODES.refill).accepted);
    }

    #[test]
    fn text_that_cannot_be_a_code_counts_as_wrong() {
        let (mut claims, code) = claims();
        let now = Instant::now();
        for _ in 0..CODES.burst {
            claims.verify("", now);
        }
        assert!(!claims.verify(&code, now).accepted);
    }
}
