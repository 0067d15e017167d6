//! How often something may be tried: the limits behind passwords and codes.
//!
//! Each key has an allowance that refills with time (generic cell rate algorithm, ITU-T I.371), so
//! nobody is locked out for longer than one refill. The time is passed in.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// What one key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Attempts in a row.
    pub burst: u32,
    /// Time after which one more is allowed.
    pub refill: Duration,
}

impl Allowance {
    /// So many in a row, and so many an hour from then on; at least one.
    #[must_use]
    pub fn per_hour(count: u32) -> Self {
        let count = count.max(1);
        Self {
            burst: count,
            refill: Duration::from_secs(3600) / count,
        }
    }
}

/// Searches of a full table for keys that can go, per refill. A search looks at all keys, so it is
/// not done for each refusal.
const SEARCHES_PER_REFILL: i64 = 60;

/// Attempts of many keys. Memory is bounded: only keys whose allowance is not full are kept, and
/// when those are `keys_max`, further keys are refused for about one refill.
#[derive(Debug)]
pub struct Attempts<K> {
    allowance: Allowance,
    keys_max: usize,
    /// When the allowance of a key is full again, milliseconds since the Unix epoch.
    full_at: HashMap<K, i64>,
    /// When a full table was last searched, milliseconds since the Unix epoch.
    searched_at: Option<i64>,
}

/// Too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {} s", .retry_after.as_secs().max(1))]
pub struct Exhausted {
    /// When the next one is allowed.
    pub retry_after: Duration,
}

impl<K: Eq + Hash> Attempts<K> {
    /// Nobody has tried anything yet.
    #[must_use]
    pub fn new(allowance: Allowance, keys_max: usize) -> Self {
        Self {
            allowance,
            keys_max,
            full_at: HashMap::new(),
            searched_at: None,
        }
    }

    /// Takes one attempt. Take it before the thing is tried, or attempts at the same time get past
    /// the limit; [`Attempts::give_back`] it when it turns out not to count.
    ///
    /// # Errors
    /// [`Exhausted`] when there is none; that takes nothing.
    pub fn take(&mut self, key: K, now_unix_ms: i64) -> Result<(), Exhausted> {
        let refill_ms = millis(self.allowance.refill);
        if !self.full_at.contains_key(&key) && !self.has_room(now_unix_ms) {
            return Err(Exhausted {
                retry_after: self.allowance.refill,
            });
        }
        let full_at = self
            .full_at
            .get(&key)
            .map_or(now_unix_ms, |at| now_unix_ms.max(*at));
        let full_after = full_at.saturating_add(refill_ms);
        let wait_ms = full_after - now_unix_ms - refill_ms * i64::from(self.allowance.burst);
        if wait_ms > 0 {
            let retry_after = Duration::from_millis(wait_ms.unsigned_abs());
            return Err(Exhausted { retry_after });
        }
        self.full_at.insert(key, full_after);
        Ok(())
    }

    /// Whether a key has its whole allowance: it took nothing, or all of it was refilled.
    #[must_use]
    pub fn is_full(&self, key: &K, now_unix_ms: i64) -> bool {
        self.full_at.get(key).is_none_or(|at| *at <= now_unix_ms)
    }

    /// Whether another key fits, after a search for those that can go unless there was one just
    /// now.
    fn has_room(&mut self, now_unix_ms: i64) -> bool {
        if self.full_at.len() < self.keys_max {
            return true;
        }
        let pause_ms = (millis(self.allowance.refill) / SEARCHES_PER_REFILL).unsigned_abs();
        // Either way: a clock that is set back must not stop the searches.
        let due = |at: i64| now_unix_ms.abs_diff(at) >= pause_ms;
        if !self.searched_at.is_none_or(due) {
            return false;
        }
        self.searched_at = Some(now_unix_ms);
        self.full_at.retain(|_, full_at| *full_at > now_unix_ms);
        self.full_at.len() < self.keys_max
    }

    /// Returns an attempt that was taken.
    pub fn give_back(&mut self, key: &K) {
        let refill_ms = millis(self.allowance.refill);
        if let Some(full_at) = self.full_at.get_mut(key) {
            *full_at -= refill_ms;
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn three_and_one_a_minute(keys_max: usize) -> Attempts<&'static str> {
        let allowance = Allowance {
            burst: 3,
            refill: Duration::from_secs(60),
        };
        Attempts::new(allowance, keys_max)
    }

    #[test]
    fn a_burst_is_followed_by_one_attempt_per_refill() {
        let mut attempts = three_and_one_a_minute(10);
        let allowed = |attempts: &mut Attempts<_>, now| attempts.take("ann", now).is_ok();
        assert!((0..3).all(|_| allowed(&mut attempts, 0)));
        let refused = attempts.take("ann", 20_000).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(40));
        assert!(allowed(&mut attempts, MINUTE_MS));
        assert!(!allowed(&mut attempts, MINUTE_MS));
        assert!((0..3).all(|_| allowed(&mut attempts, 10 * MINUTE_MS)));
        assert!(!allowed(&mut attempts, 10 * MINUTE_MS));
    }

    #[test]
    fn refused_attempts_do_not_lengthen_the_wait() {
        let mut attempts = three_and_one_a_minute(10);
        for _ in 0..1000 {
            let _ = attempts.take("ann", 0);
        }
        assert!(attempts.take("ann", MINUTE_MS).is_ok());
    }

    #[test]
    fn an_attempt_given_back_can_be_taken_again() {
        let mut attempts = three_and_one_a_minute(10);
        for _ in 0..100 {
            attempts.take("ann", 0).unwrap();
            attempts.give_back(&"ann");
        }
    }

    #[test]
    fn an_allowance_is_full_again_when_all_of_it_was_refilled() {
        let mut attempts = three_and_one_a_minute(10);
        assert!(attempts.is_full(&"ann", 0));
        attempts.take("ann", 0).unwrap();
        attempts.take("ann", 0).unwrap();
        assert!(!attempts.is_full(&"ann", 2 * MINUTE_MS - 1));
        assert!(attempts.is_full(&"ann", 2 * MINUTE_MS));
    }

    #[test]
    fn full_table_refuses_new_keys_until_old_ones_have_refilled() {
        let mut attempts = three_and_one_a_minute(2);
        attempts.take("ann", 0).unwrap();
        attempts.take("bob", 0).unwrap();
        assert!(attempts.take("eve", 0).is_err());
        assert!(attempts.take("ann", 0).is_ok());
        assert!(attempts.take("eve", MINUTE_MS).is_ok());
    }

    #[test]
    fn refusals_by_a_full_table_do_not_search_it_each_time() {
        let allowance = Allowance {
            burst: 1,
            refill: Duration::from_secs(3600),
        };
        let mut attempts = Attempts::new(allowance, 100);
        // One allowance is full again each millisecond, so each search would find one.
        for key in 0..100 {
            attempts.take(key, i64::from(key)).unwrap();
        }
        let full_at = 60 * MINUTE_MS;
        let taken = (0..60_000_i32).filter(|n| {
            let now = full_at - 30_000 + i64::from(*n);
            attempts.take(1000 + n, now).is_ok()
        });
        assert_eq!(taken.count(), 0, "searched once in this minute, too early");
        let later = full_at + MINUTE_MS;
        assert!((0..100).all(|n| attempts.take(100_000 + n, later).is_ok()));
    }
}
