//! How long to wait before the next attempt.

use std::time::Duration;

use rand::RngExt as _;

/// Waits that double from a smallest to a largest one, each drawn at random from its upper half,
/// so that many devices that lost one cloud do not come back in one moment.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            failures: 0,
        }
    }

    /// The wait after one more failure.
    pub(crate) fn next(&mut self) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        let wait = self.min.saturating_mul(factor).min(self.max);
        wait.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// The next failure is the first again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_secs(1);
    const MAX: Duration = Duration::from_secs(60);

    #[test]
    fn waits_ascend_to_the_largest_and_stay_there() {
        let mut backoff = Backoff::new(MIN, MAX);
        let waits: Vec<_> = (0..200).map(|_| backoff.next()).collect();
        assert!(waits[0] >= MIN / 2 && waits[0] <= MIN, "{waits:?}");
        for pair in waits[..6].windows(2) {
            assert!(pair[0] <= pair[1], "{waits:?}");
        }
        for wait in &waits[6..] {
            assert!(*wait >= MAX / 2 && *wait <= MAX, "{waits:?}");
        }
    }

    #[test]
    fn waits_of_two_devices_differ() {
        let draw = || {
            let mut backoff = Backoff::new(MIN, MAX);
            (0..8).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        assert_ne!(draw(), draw());
    }

    #[test]
    fn success_begins_again_with_the_smallest() {
        let mut backoff = Backoff::new(MIN, MAX);
        for _ in 0..10 {
            backoff.next();
        }
        backoff.reset();
        assert!(backoff.next() <= MIN);
    }
}
