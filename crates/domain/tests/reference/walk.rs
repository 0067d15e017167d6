//! Real time, minute by minute, beside what the clocks on the walls of eleven zones show.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sightline_domain::access::{Hours, Interval, Minute, Schedule, zone};

/// Minutes of a day.
const DAY: usize = 24 * 60;
/// Minutes of a week.
const WEEK: usize = 7 * DAY;
/// Days that are walked: hours that change at all change within 16 days, and as many moments are
/// asked about before them.
const DAYS: usize = 36;
/// The days on which moments are asked about.
const DAYS_ASKED: usize = 19;
/// Minutes that are walked.
pub(crate) const MINUTES: usize = DAYS * DAY;
/// Minutes before and after a jump of the clock that are asked about more often.
const NEAR: usize = 180;
/// Minutes that are asked about.
pub(crate) const MINUTES_ASKED: usize = DAYS_ASKED * DAY;

/// Ten zones, each with two days around which it is walked: on one its clocks go forward, on the
/// other they go back, by an hour if nothing else is said.
const CHANGING: [(&str, &str, &str); 10] = [
    ("Europe/Berlin", "2026-03-29", "2026-10-25"),
    ("America/New_York", "2026-03-08", "2026-11-01"),
    // Half an hour from Greenwich, and north of the equator.
    ("America/St_Johns", "2026-03-08", "2026-11-01"),
    // By half an hour.
    ("Australia/Lord_Howe", "2026-10-04", "2026-04-05"),
    // By two hours.
    ("Antarctica/Troll", "2026-03-29", "2026-10-25"),
    // Thirteen hours ahead of Greenwich, and fourteen.
    ("Pacific/Apia", "2012-09-30", "2012-04-01"),
    // At midnight: the day begins at 01:00, and the last hour of a day comes twice.
    ("America/Sao_Paulo", "2018-11-04", "2018-02-18"),
    // Three quarters of an hour from Greenwich, and a day ahead.
    ("Pacific/Chatham", "2026-09-27", "2026-04-05"),
    // For the month of Ramadan.
    ("Africa/Casablanca", "2026-03-22", "2026-02-15"),
    // By a calendar of its own, at midnight, half an hour from Greenwich.
    ("Asia/Tehran", "2022-03-22", "2022-09-22"),
];

/// What is walked besides.
const OTHERS: [(&str, &str); 2] = [
    // Keeps its time all year.
    ("Europe/Moscow", "2026-03-29"),
    // Leaves out the whole Friday 30 December 2011.
    ("Pacific/Apia", "2011-12-30"),
];

/// A stretch of real time in a zone.
pub(crate) struct Walk {
    pub(crate) zone: TimeZone,
    /// Seconds since the Unix epoch, a whole minute.
    start: i64,
    /// The minute of the week that the clock on the wall shows, from Monday 00:00, for each real
    /// minute.
    walls: Vec<usize>,
    /// Minutes that are asked about at which the clock has just jumped.
    jumps: Vec<usize>,
}

pub(crate) static WALKS: LazyLock<Vec<Walk>> = LazyLock::new(|| {
    let days = |(zone, one, other)| [(zone, one), (zone, other)];
    let around = CHANGING.into_iter().flat_map(days).chain(OTHERS);
    around.map(|(zone, day)| Walk::around(zone, day)).collect()
});

impl Walk {
    /// The day lies in the midst of those that are asked about.
    fn around(name: &str, day: &str) -> Self {
        let zone = zone::named(name).expect("a zone of the database");
        let day: jiff::civil::Date = day.parse().expect("a day");
        let noon = day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).expect("noon");
        let before = i64::try_from(MINUTES_ASKED * 60 / 2).expect("days");
        let start = noon.timestamp().as_second() - before;
        let walls = (start..).step_by(60).take(MINUTES);
        let walls: Vec<_> = walls.map(|second| wall(second, &zone)).collect();
        let jumped = |minute: &usize| (walls[minute - 1] + 1) % WEEK != walls[*minute];
        Self {
            jumps: (1..MINUTES_ASKED).filter(jumped).collect(),
            zone,
            start,
            walls,
        }
    }

    /// The moment some milliseconds after the start of a real minute.
    pub(crate) fn moment(&self, minute: usize, ms: i64) -> Timestamp {
        let minute = i64::try_from(minute).expect("minutes of some days");
        Timestamp::from_millisecond((self.start + minute * 60) * 1000 + ms).expect("a moment")
    }

    /// Whether a table is open in a real minute.
    pub(crate) fn is_open(&self, table: &[bool], minute: usize) -> bool {
        table[self.walls[minute]]
    }

    /// A minute that is asked about, for any number: every second one within three hours of a jump
    /// of the clock.
    pub(crate) fn minute(&self, any: u64) -> usize {
        let number = usize::try_from(any >> 16).expect("64 bits");
        match self.jumps.first() {
            Some(jump) if any.is_multiple_of(2) => jump - NEAR + number % (2 * NEAR),
            _ => number % MINUTES_ASKED,
        }
    }

    /// By how many minutes the clock jumps at a minute; below zero when it goes back.
    fn jump(&self, minute: usize) -> i64 {
        let minutes = |wall: usize| i64::try_from(wall).expect("a minute of a week");
        let week = minutes(WEEK);
        let jump = minutes(self.walls[minute]) - minutes(self.walls[minute - 1]) - 1;
        (jump + week / 2).rem_euclid(week) - week / 2
    }
}

/// What the clock on the wall shows, by arithmetic: 1 January 1970 was a Thursday.
fn wall(second: i64, zone: &TimeZone) -> usize {
    let moment = Timestamp::from_second(second).expect("a moment");
    let local = second + i64::from(zone.to_offset(moment).seconds());
    let week = i64::try_from(WEEK).expect("minutes");
    let minutes = local.div_euclid(60) + 3 * 24 * 60;
    usize::try_from(minutes.rem_euclid(week)).expect("not below zero")
}

/// Hours as somebody writes them down: minutes of a day from and to, and days from Monday, 0.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) intervals: Vec<(usize, usize)>,
    pub(crate) days: Vec<usize>,
}

impl Written {
    /// Every minute of the week, marked by going through each interval of each day.
    pub(crate) fn table(&self) -> Vec<bool> {
        let mut table = vec![false; WEEK];
        let whole_day = [(0, DAY - 1)];
        let intervals = if self.intervals.is_empty() {
            &whole_day
        } else {
            self.intervals.as_slice()
        };
        for day in &self.days {
            for (from, to) in intervals {
                let mut minute = day * DAY + from;
                let last = day * DAY + to + if to < from { DAY } else { 0 };
                while minute <= last {
                    table[minute % WEEK] = true;
                    minute += 1;
                }
            }
        }
        table
    }

    pub(crate) fn schedule(&self) -> Schedule {
        let minute = |minute: usize| {
            let minute = u32::try_from(minute).expect("a minute");
            Minute::new(minute).expect("a minute of a day")
        };
        let intervals = self.intervals.iter().map(|(from, to)| Interval {
            from: minute(*from),
            to: minute(*to),
        });
        let days = self.days.iter().map(|day| {
            let day = i8::try_from(*day).expect("a day");
            jiff::civil::Weekday::from_monday_zero_offset(day).expect("a day of the week")
        });
        Schedule::Weekly(Hours::new(intervals.collect(), days.collect()).expect("valid hours"))
    }
}

/// Any minute, more often one near a change of clocks or the ends of a day.
fn minute() -> impl Strategy<Value = usize> {
    prop_oneof![
        2 => 0..DAY,
        1 => select(vec![0, 1, 59, 60, 90, 119, 120, 149, 150, 179, 180, 1379, 1380, 1439]),
        1 => 60..240_usize,
    ]
}

pub(crate) fn written() -> impl Strategy<Value = Written> {
    let intervals = prop::collection::vec((minute(), minute()), 0..5);
    let days = subsequence((0..7).collect::<Vec<_>>(), 1..=7);
    (intervals, days).prop_map(|(intervals, days)| Written { intervals, days })
}

/// Numbers that follow from a seed (SplitMix64): cheaper than as many drawn ones.
pub(crate) fn any_numbers(seed: u64) -> impl Iterator<Item = u64> {
    let steps = std::iter::successors(Some(seed), |seed| {
        Some(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))
    });
    steps.map(|step| {
        let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// Without a file of failures: a failure is printed, and the cases are many.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

pub(crate) fn walk() -> impl Strategy<Value = &'static Walk> {
    (0..WALKS.len()).prop_map(|index| &WALKS[index])
}

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} from {}", self.zone.iana_name(), self.start)
    }
}

#[test]
fn ten_zones_are_walked_through_both_of_their_clock_changes() {
    let (changing, others) = WALKS.split_at(2 * CHANGING.len());
    let zones: BTreeSet<_> = CHANGING.iter().map(|(zone, ..)| zone).collect();
    assert_eq!(zones.len(), 10);
    for pair in changing.chunks(2) {
        let jumps = |walk: &Walk| -> Vec<i64> {
            walk.jumps.iter().map(|minute| walk.jump(*minute)).collect()
        };
        let (forward, back) = (jumps(&pair[0]), jumps(&pair[1]));
        assert!(forward.iter().any(|minutes| *minutes > 0), "{:?}", pair[0]);
        assert!(back.iter().any(|minutes| *minutes < 0), "{:?}", pair[1]);
    }
    assert!(others[0].jumps.is_empty());
    assert_eq!(others[1].jump(others[1].jumps[0]), 24 * 60);
}
