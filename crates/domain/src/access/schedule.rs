//! Weekly hours in a device's time zone.
//!
//! An instant is inside when the clock on the device's wall shows a time that is inside. So an
//! hour that a clock change leaves out is nobody's, and an hour that it repeats counts both times.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Minutes of a day.
const MINUTES: u16 = 24 * 60;
/// Most intervals of a schedule.
pub const INTERVALS_MAX: usize = 16;
/// Days within which hours that change at all change. Hours repeat after a week; a clock change
/// may swallow one of them, and two in a row it cannot.
const HORIZON_DAYS: i64 = 15;

/// What is wrong with a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// Not a minute of a day.
    #[error("a time of day is 00:00 to 23:59")]
    Minute,
    /// No weekday.
    #[error("choose at least one weekday")]
    NoWeekday,
    /// More than [`INTERVALS_MAX`].
    #[error("at most 16 intervals")]
    TooManyIntervals,
}

/// A minute of a day, 0 to 1439.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(u16);

impl Minute {
    /// From minutes since midnight.
    ///
    /// # Errors
    /// [`InvalidSchedule::Minute`].
    pub fn new(minutes: u32) -> Result<Self, InvalidSchedule> {
        match u16::try_from(minutes) {
            Ok(minutes) if minutes < MINUTES => Ok(Self(minutes)),
            _ => Err(InvalidSchedule::Minute),
        }
    }

    /// Minutes since midnight.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }

    fn of(local: DateTime) -> Self {
        // A clock shows hours below 24 and minutes below 60.
        let minutes = i32::from(local.hour()) * 60 + i32::from(local.minute());
        Self(u16::try_from(minutes).unwrap_or(0))
    }
}

/// Part of a day, both minutes included to their last second. When it ends before it starts, it
/// crosses midnight and belongs to the day on which it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// First minute.
    pub from: Minute,
    /// Last minute.
    pub to: Minute,
}

impl Interval {
    const WHOLE_DAY: Self = Self {
        from: Minute(0),
        to: Minute(MINUTES - 1),
    };

    fn crosses_midnight(self) -> bool {
        self.to < self.from
    }
}

/// A set of weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Whether the day is in it.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & Self::bit(day) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One after the other, Monday first.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        Weekday::Monday
            .cycle_forward()
            .take(7)
            .filter(move |day| self.contains(*day))
    }

    fn bit(day: Weekday) -> u8 {
        1 << day.to_monday_zero_offset()
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<I: IntoIterator<Item = Weekday>>(days: I) -> Self {
        Self(days.into_iter().fold(0, |set, day| set | Self::bit(day)))
    }
}

/// The same hours on each of some weekdays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hours {
    intervals: Vec<Interval>,
    weekdays: Weekdays,
}

impl Hours {
    /// No interval means the whole day.
    ///
    /// # Errors
    /// [`InvalidSchedule`].
    pub fn new(intervals: Vec<Interval>, weekdays: Weekdays) -> Result<Self, InvalidSchedule> {
        if weekdays.is_empty() {
            return Err(InvalidSchedule::NoWeekday);
        }
        if intervals.len() > INTERVALS_MAX {
            return Err(InvalidSchedule::TooManyIntervals);
        }
        Ok(Self {
            intervals,
            weekdays,
        })
    }

    /// As they were given; none for the whole day.
    #[must_use]
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// The days on which intervals start.
    #[must_use]
    pub const fn weekdays(&self) -> Weekdays {
        self.weekdays
    }

    fn effective(&self) -> &[Interval] {
        if self.intervals.is_empty() {
            &[Interval::WHOLE_DAY]
        } else {
            &self.intervals
        }
    }

    /// Whether a clock on the wall that shows this minute of this day shows a time inside.
    fn covers(&self, day: Weekday, minute: Minute) -> bool {
        let today = self.weekdays.contains(day);
        let yesterday = self.weekdays.contains(day.previous());
        self.effective().iter().any(|interval| {
            if interval.crosses_midnight() {
                (today && minute >= interval.from) || (yesterday && minute <= interval.to)
            } else {
                today && interval.from <= minute && minute <= interval.to
            }
        })
    }
}

/// When a grant is in force.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Schedule {
    /// At all times.
    #[default]
    Always,
    /// In weekly hours.
    Weekly(Hours),
}

impl Schedule {
    /// Whether `at` is inside.
    #[must_use]
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        match self {
            Self::Always => true,
            Self::Weekly(hours) => {
                let local = zone.to_datetime(at);
                hours.covers(local.weekday(), Minute::of(local))
            }
        }
    }

    /// Whether it is open in no minute of a week in which `other` is closed.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let Self::Weekly(others) = other else {
            return true;
        };
        minutes_of_a_week().all(|(day, minute)| {
            let open = match self {
                Self::Always => true,
                Self::Weekly(hours) => hours.covers(day, minute),
            };
            !open || others.covers(day, minute)
        })
    }

    /// The first moment after `at` at which it opens or closes; `None` when it never does.
    #[must_use]
    pub fn next_change(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let Self::Weekly(hours) = self else {
            return None;
        };
        let open = self.is_open(at, zone);
        let mut moments = moments(hours, at, zone);
        moments.sort_unstable();
        moments
            .into_iter()
            .find(|moment| *moment > at && self.is_open(*moment, zone) != open)
    }
}

fn minutes_of_a_week() -> impl Iterator<Item = (Weekday, Minute)> {
    let days = Weekday::Monday.cycle_forward().take(7);
    days.flat_map(|day| (0..MINUTES).map(move |minute| (day, Minute(minute))))
}

/// Every moment at which the hours may open or close: their own minutes on each day, and the
/// clock changes.
fn moments(hours: &Hours, at: Timestamp, zone: &TimeZone) -> Vec<Timestamp> {
    let mut moments = Vec::new();
    let midnight = zone
        .to_datetime(at)
        .date()
        .to_datetime(jiff::civil::Time::midnight());
    for day in -1..=HORIZON_DAYS {
        let Ok(start) = midnight.checked_add(Span::new().days(day)) else {
            continue;
        };
        for interval in hours.effective() {
            for minute in [i64::from(interval.from.0), i64::from(interval.to.0) + 1] {
                let Ok(local) = start.checked_add(Span::new().minutes(minute)) else {
                    continue;
                };
                let ambiguous = zone.to_ambiguous_timestamp(local);
                moments.extend(ambiguous.earlier());
                moments.extend(ambiguous.later());
            }
        }
    }
    let horizon = at.as_second() + (HORIZON_DAYS + 1) * 24 * 3600;
    moments.extend(
        zone.following(at)
            .map(|transition| transition.timestamp())
            .take_while(|moment| moment.as_second() < horizon),
    );
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        crate::access::zone::named(name).unwrap()
    }

    fn at(zoned: &str) -> Timestamp {
        zoned.parse::<jiff::Zoned>().unwrap().timestamp()
    }

    fn minute(text: &str) -> Minute {
        let (hours, minutes) = text.split_once(':').unwrap();
        Minute::new(hours.parse::<u32>().unwrap() * 60 + minutes.parse::<u32>().unwrap()).unwrap()
    }

    fn weekly(intervals: &[(&str, &str)], days: &[Weekday]) -> Schedule {
        let intervals = intervals
            .iter()
            .map(|(from, to)| Interval {
                from: minute(from),
                to: minute(to),
            })
            .collect();
        Schedule::Weekly(Hours::new(intervals, days.iter().copied().collect()).unwrap())
    }

    #[test]
    fn last_minute_is_inside_to_its_last_second() {
        let zone = zone("Europe/Moscow");
        let schedule = weekly(&[("10:00", "17:59")], &[Weekday::Monday]);
        let inside = at("2026-11-23T17:59:59.999+03:00[Europe/Moscow]");
        let end = at("2026-11-23T18:00:00+03:00[Europe/Moscow]");
        assert!(schedule.is_open(inside, &zone));
        assert!(!schedule.is_open(end, &zone));
        assert_eq!(schedule.next_change(inside, &zone), Some(end));
    }

    #[test]
    fn interval_over_midnight_belongs_to_the_day_on_which_it_starts() {
        let zone = zone("Europe/Moscow");
        let schedule = weekly(&[("22:00", "05:59")], &[Weekday::Friday]);
        assert!(!schedule.is_open(at("2026-11-27T03:00:00+03:00[Europe/Moscow]"), &zone));
        let night = at("2026-11-28T03:00:00+03:00[Europe/Moscow]");
        assert!(schedule.is_open(night, &zone));
        assert_eq!(
            schedule.next_change(night, &zone),
            Some(at("2026-11-28T06:00:00+03:00[Europe/Moscow]"))
        );
    }

    #[test]
    fn hour_that_comes_twice_counts_both_times() {
        let zone = zone("Europe/Berlin");
        let schedule = weekly(&[("02:00", "02:59")], &[Weekday::Sunday]);
        let first = at("2026-10-25T02:30:00+02:00[Europe/Berlin]");
        assert!(schedule.is_open(first, &zone));
        assert!(schedule.is_open(at("2026-10-25T02:30:00+01:00[Europe/Berlin]"), &zone));
        assert_eq!(
            schedule.next_change(first, &zone),
            Some(at("2026-10-25T03:00:00+01:00[Europe/Berlin]"))
        );
    }

    #[test]
    fn hour_that_does_not_come_is_nobodys() {
        let zone = zone("Europe/Berlin");
        let schedule = weekly(&[("02:10", "02:50")], &[Weekday::Sunday]);
        // 02:00 to 03:00 is left out on 29 March 2026.
        let before = at("2026-03-29T01:00:00+01:00[Europe/Berlin]");
        assert_eq!(
            schedule.next_change(before, &zone),
            Some(at("2026-04-05T02:10:00+02:00[Europe/Berlin]"))
        );
    }

    #[test]
    fn whole_days_of_a_whole_week_never_change() {
        let days: Vec<_> = Weekday::Monday.cycle_forward().take(7).collect();
        let zone = zone("America/New_York");
        for schedule in [weekly(&[], &days), weekly(&[("00:00", "23:59")], &days)] {
            let now = at("2026-03-01T00:00:00-05:00[America/New_York]");
            assert!(schedule.is_open(now, &zone));
            assert_eq!(schedule.next_change(now, &zone), None);
        }
    }
}
