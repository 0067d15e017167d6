//! Weekly hours against the walk.
//!
//! 1,000 schedules, each at 1,000 moments and with all its changes in nineteen days: over a million
//! answers are compared.

use jiff::Timestamp;
use proptest::prelude::*;
use sightline_domain::access::Schedule;

use crate::walk::{MINUTES, MINUTES_ASKED, Walk, config, walk, written};

/// Schedules that are tried.
const SCHEDULES: u32 = 1000;
/// Moments at which each of them is asked.
const MOMENTS: usize = 1000;
/// Moments from which each of them is asked for its next change.
const STARTS: usize = 12;

/// The first real minute after `from` in which the answer is another.
fn next_in(opened: &[bool], from: usize) -> Option<usize> {
    (from + 1..MINUTES).find(|minute| opened[*minute] != opened[from])
}

fn agree_at(schedule: &Schedule, walk: &Walk, opened: &[bool], seed: u64) {
    // Steps of a prime number of milliseconds, so that each moment has its own second.
    let span = (MINUTES as u64) * 60_000;
    let mut ms = seed % span;
    for _ in 0..MOMENTS {
        ms = (ms + 3_100_007_933) % span;
        let minute = usize::try_from(ms / 60_000).expect("a minute of the walk");
        let moment = walk.moment(minute, i64::try_from(ms % 60_000).expect("below a minute"));
        let open = schedule.is_open(moment, &walk.zone);
        assert_eq!(open, opened[minute], "{schedule:?} {walk:?} {moment}");
    }
}

proptest! {
    #![proptest_config(config(SCHEDULES))]

    #[test]
    fn hours_are_open_when_the_walk_says_so(
        hours in written(), walk in walk(), seed in any::<u64>()
    ) {
        let opened = walk.opened(&hours.table());
        agree_at(&hours.schedule(), walk, &opened, seed);
    }

    #[test]
    fn next_change_is_the_next_minute_with_another_answer(
        hours in written(),
        walk in walk(),
        starts in prop::collection::vec((0..MINUTES_ASKED, 0..60_000_i64), STARTS),
    ) {
        let opened = walk.opened(&hours.table());
        let schedule = hours.schedule();
        for (minute, ms) in starts {
            let next = schedule.next_change(walk.moment(minute, ms), &walk.zone);
            let expected = next_in(&opened, minute).map(|minute| walk.moment(minute, 0));
            prop_assert_eq!(next, expected, "from minute {}", minute);
        }
    }

    #[test]
    fn one_schedule_is_within_another_when_its_table_is(one in written(), other in written()) {
        let tables = one.table().into_iter().zip(other.table());
        let within = tables.into_iter().all(|(one, other)| !one || other);
        prop_assert_eq!(one.schedule().is_within(&other.schedule()), within);
    }
}

#[test]
fn stepping_from_change_to_change_misses_none() {
    let mut runner = proptest::test_runner::TestRunner::new(config(150));
    let steps = (written(), walk());
    runner
        .run(&steps, |(hours, walk)| {
            let opened = walk.opened(&hours.table());
            let schedule = hours.schedule();
            let expected: Vec<Timestamp> = (1..MINUTES_ASKED)
                .filter(|minute| opened[*minute] != opened[minute - 1])
                .map(|minute| walk.moment(minute, 0))
                .collect();
            let mut moment = walk.moment(0, 0);
            for expected in expected {
                let next = schedule.next_change(moment, &walk.zone);
                prop_assert_eq!(next, Some(expected));
                moment = expected;
            }
            Ok(())
        })
        .expect("the same changes");
}
