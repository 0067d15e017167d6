//! Weekly hours against the walk.
//!
//! More than a million cases: 50,000 schedules, each at a moment of each of 22 walks; and 110,000
//! next changes.

use std::cell::Cell;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::walk::{MINUTES, MINUTES_ASKED, WALKS, Walk, any_numbers, config, walk, written};

/// Schedules that are asked, each at one moment of each walk.
const SCHEDULES: u32 = 50_000;
/// Schedules that are asked for their next change, from one moment of each walk.
const SCHEDULES_CHANGING: u32 = 5_000;

/// The first real minute after `from` in which the answer is another.
fn next_in(walk: &Walk, table: &[bool], from: usize) -> Option<usize> {
    let open = walk.is_open(table, from);
    (from + 1..MINUTES).find(|minute| walk.is_open(table, *minute) != open)
}

#[test]
fn hours_are_open_when_the_walk_says_so_in_a_million_cases() {
    let cases = Cell::new(0);
    let mut runner = TestRunner::new(config(SCHEDULES));
    let asked = runner.run(&(written(), any::<u64>()), |(hours, seed)| {
        let (table, schedule) = (hours.table(), hours.schedule());
        for (walk, any) in WALKS.iter().zip(any_numbers(seed)) {
            let minute = walk.minute(any);
            let ms = i64::try_from(any % 60_000).expect("below a minute");
            let moment = walk.moment(minute, ms);
            let open = schedule.is_open(moment, &walk.zone);
            prop_assert_eq!(open, walk.is_open(&table, minute), "{:?} {}", walk, moment);
        }
        cases.set(cases.get() + WALKS.len());
        Ok(())
    });
    asked.expect("the same answers");
    assert!(cases.get() >= 1_000_000, "{} cases", cases.get());
}

proptest! {
    #![proptest_config(config(SCHEDULES_CHANGING))]

    #[test]
    fn next_change_is_the_next_minute_with_another_answer(
        hours in written(), seed in any::<u64>()
    ) {
        let (table, schedule) = (hours.table(), hours.schedule());
        for (walk, any) in WALKS.iter().zip(any_numbers(seed)) {
            let minute = walk.minute(any);
            let ms = i64::try_from(any % 60_000).expect("below a minute");
            let next = schedule.next_change(walk.moment(minute, ms), &walk.zone);
            let expected = next_in(walk, &table, minute).map(|minute| walk.moment(minute, 0));
            prop_assert_eq!(next, expected, "{:?} from minute {}", walk, minute);
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
    let mut runner = TestRunner::new(config(150));
    let steps = (written(), walk());
    runner
        .run(&steps, |(hours, walk)| {
            let table = hours.table();
            let schedule = hours.schedule();
            let is_open = |minute| walk.is_open(&table, minute);
            let expected: Vec<Timestamp> = (1..MINUTES_ASKED)
                .filter(|minute| is_open(*minute) != is_open(minute - 1))
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
