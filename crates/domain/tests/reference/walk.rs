//! Real time, minute by minute, beside what the clocks on the walls of ten zones show.

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
/// Minutes that are asked about.
pub(crate) const MINUTES_ASKED: usize = DAYS_ASKED * DAY;

/// Ten zones, each with two days around which it is walked. All but the first change their clocks
/// on both, by an hour if nothing else is said.
const AROUND: [(&str, &str, &str); 10] = [
    // Keeps its time all year.
    ("Europe/Moscow", "2026-03-29", "2026-10-25"),
    ("Europe/Berlin", "2026-03-29", "2026-10-25"),
    ("America/New_York", "2026-03-08", "2026-11-01"),
    // Half an hour from Greenwich, and north of the equator.
    ("America/St_Johns", "2026-03-08", "2026-11-01"),
    // By half an hour.
    ("Australia/Lord_Howe", "2026-04-05", "2026-10-04"),
    // By two hours.
    ("Antarctica/Troll", "2026-03-29", "2026-10-25"),
    // Leaves out the whole Friday 30 December 2011.
    ("Pacific/Apia", "2011-12-30", "2012-04-01"),
    // At midnight: the day begins at 01:00, and the last hour of a day comes twice.
    ("America/Sao_Paulo", "2018-11-04", "2018-02-18"),
    // Three quarters of an hour from Greenwich, and a day ahead.
    ("Pacific/Chatham", "2026-04-05", "2026-09-27"),
    // For the month of Ramadan.
    ("Africa/Casablanca", "2026-02-15", "2026-03-22"),
];

/// A stretch of real time in a zone.
pub(crate) struct Walk {
    pub(crate) zone: TimeZone,
    /// Seconds since the Unix epoch, a whole minute.
    start: i64,
    /// The minute of the week that the clock on the wall shows, from Monday 00:00, for each real
    /// minute.
    walls: Vec<usize>,
}

pub(crate) static WALKS: LazyLock<Vec<Walk>> = LazyLock::new(|| {
    let days = |(zone, one, other)| [(zone, one), (zone, other)];
    let around = AROUND.into_iter().flat_map(days);
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
        let walls = walls.map(|second| wall(second, &zone)).collect();
        Self { zone, start, walls }
    }

    /// The moment some milliseconds after the start of a real minute.
    pub(crate) fn moment(&self, minute: usize, ms: i64) -> Timestamp {
        let minute = i64::try_from(minute).expect("minutes of some days");
        Timestamp::from_millisecond((self.start + minute * 60) * 1000 + ms).expect("a moment")
    }

    /// Whether a table is open, for each real minute.
    pub(crate) fn opened(&self, table: &[bool]) -> Vec<bool> {
        self.walls.iter().map(|wall| table[*wall]).collect()
    }

    /// How often the clock on the wall jumps.
    fn jumps(&self) -> usize {
        let steps = self.walls.windows(2);
        steps.filter(|pair| (pair[0] + 1) % WEEK != pair[1]).count()
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
fn every_zone_but_the_first_changes_its_clocks_on_both_walks() {
    let (first, others) = WALKS.split_at(2);
    assert!(first.iter().all(|walk| walk.jumps() == 0));
    for walk in others {
        assert!(walk.jumps() > 0, "{walk:?}");
    }
}
