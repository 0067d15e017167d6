//! What a share, or a grant in a site, gives, and when.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::permission::{Permission, Permissions};
use super::schedule::{InvalidSchedule, Schedule};

/// Most channels that a share names.
pub const CHANNELS_MAX: usize = 256;

/// What is wrong with the terms of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTerms {
    /// No permission at all.
    #[error("choose at least one right")]
    NoPermission,
    /// A permission that a share cannot give.
    #[error("a share gives live view, archive view and notifications")]
    NotShareable,
    /// Channel 0, or more than [`CHANNELS_MAX`].
    #[error("channels are numbered from 1, and a share names 256 of them at most")]
    Channels,
    /// The hours are wrong.
    #[error(transparent)]
    Schedule(#[from] InvalidSchedule),
    /// A moment that no calendar holds.
    #[error("the end is not a moment in time")]
    End,
}

/// Rights, hours, channels and end of a share, or of a grant in a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What was chosen, without what that includes.
    pub permissions: Permissions,
    /// Hours in the device's time zone.
    pub schedule: Schedule,
    /// Channel numbers; none: the whole device.
    pub channels: BTreeSet<u32>,
    /// When it ends by itself.
    pub ends_at: Option<Timestamp>,
}

impl Terms {
    /// Holds terms to what a share can give.
    ///
    /// # Errors
    /// [`InvalidTerms`].
    pub fn check(&self) -> Result<(), InvalidTerms> {
        let shareable = [
            Permission::ViewLive,
            Permission::ViewArchive,
            Permission::Notifications,
        ];
        if self.permissions.is_empty() {
            return Err(InvalidTerms::NoPermission);
        }
        if !Permissions::is_superset(shareable.into_iter().collect(), self.permissions) {
            return Err(InvalidTerms::NotShareable);
        }
        if self.channels.contains(&0) || self.channels.len() > CHANNELS_MAX {
            return Err(InvalidTerms::Channels);
        }
        Ok(())
    }

    /// What they give while they are in force, with all that is included. Whoever is given pictures
    /// is given their sound too.
    #[must_use]
    pub fn given(&self) -> Permissions {
        with_included(self.permissions)
    }

    /// The permission that was chosen and brings this one with it, when this one was not chosen
    /// itself.
    #[must_use]
    pub fn given_instead_of(&self, permission: Permission) -> Option<Permission> {
        if self.permissions.contains(permission) {
            return None;
        }
        self.permissions
            .iter()
            .find(|chosen| with_included((*chosen).into()).contains(permission))
    }

    /// Whether they speak of this channel; `None` asks for the whole device.
    #[must_use]
    pub fn covers(&self, channel: Option<u32>) -> bool {
        self.channels.is_empty() || channel.is_some_and(|number| self.channels.contains(&number))
    }

    /// Whether they are in force.
    #[must_use]
    pub fn in_force(&self, at: Timestamp, zone: &TimeZone) -> bool {
        !self.ended(at) && self.schedule.is_open(at, zone)
    }

    /// Whether their end has passed.
    #[must_use]
    pub fn ended(&self, at: Timestamp) -> bool {
        self.ends_at.is_some_and(|end| end <= at)
    }

    /// The first moment after `at` at which they come into force or go out of it; `None` when they
    /// never do.
    #[must_use]
    pub fn next_change(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.ended(at) {
            return None;
        }
        let hours = self.schedule.next_change(at, zone);
        if self.schedule.is_open(at, zone) {
            return earlier(hours, self.ends_at);
        }
        // Hours that open only after the end never open.
        hours.filter(|opening| !self.ended(*opening))
    }

    /// Whether they give something, somewhere, sometime, that `old` does not give.
    #[must_use]
    pub fn widens(&self, old: &Self) -> bool {
        if self.permissions.is_empty() {
            return false;
        }
        let lasts_longer = match (self.ends_at, old.ends_at) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(new), Some(old)) => new > old,
        };
        let more_channels = !old.channels.is_empty()
            && (self.channels.is_empty() || !self.channels.is_subset(&old.channels));
        lasts_longer
            || more_channels
            || !old.given().is_superset(self.given())
            || !self.schedule.is_within(&old.schedule)
    }
}

fn with_included(permissions: Permissions) -> Permissions {
    let closed = permissions.closed();
    if closed.contains(Permission::ViewLive) {
        closed.with(Permission::Sound)
    } else {
        closed
    }
}

/// The earlier of two moments, of which each may never come.
pub(super) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::schedule::{Hours, Interval, Minute};
    use jiff::civil::Weekday;

    fn hours(from: u32, to: u32, days: &[Weekday]) -> Schedule {
        let interval = Interval {
            from: Minute::new(from).unwrap(),
            to: Minute::new(to).unwrap(),
        };
        Schedule::Weekly(Hours::new(vec![interval], days.iter().copied().collect()).unwrap())
    }

    fn live_on_monday() -> Terms {
        Terms {
            permissions: Permission::ViewLive.into(),
            schedule: hours(600, 1079, &[Weekday::Monday]),
            channels: [1, 2].into(),
            ends_at: Some(Timestamp::from_second(1_800_000_000).unwrap()),
        }
    }

    #[test]
    fn terms_that_take_something_away_do_not_widen() {
        let old = live_on_monday();
        let narrower = [
            old.clone(),
            Terms {
                schedule: hours(601, 1079, &[Weekday::Monday]),
                ..old.clone()
            },
            Terms {
                channels: [2].into(),
                ..old.clone()
            },
            Terms {
                ends_at: Some(Timestamp::from_second(1_799_999_999).unwrap()),
                ..old.clone()
            },
        ];
        for new in narrower {
            assert!(!new.widens(&old), "{new:?}");
        }
    }

    #[test]
    fn one_thing_more_widens_even_when_all_else_shrinks() {
        let old = live_on_monday();
        let wider = [
            Terms {
                permissions: Permission::ViewArchive.into(),
                ..old.clone()
            },
            Terms {
                schedule: hours(1079, 1080, &[Weekday::Monday]),
                ..old.clone()
            },
            Terms {
                schedule: hours(600, 600, &[Weekday::Tuesday]),
                ..old.clone()
            },
            Terms {
                schedule: Schedule::Always,
                ..old.clone()
            },
            Terms {
                channels: [3].into(),
                ..old.clone()
            },
            Terms {
                channels: BTreeSet::new(),
                ..old.clone()
            },
            Terms {
                ends_at: None,
                ..old.clone()
            },
        ];
        for new in wider {
            assert!(new.widens(&old), "{new:?}");
        }
    }

    #[test]
    fn night_of_one_day_is_the_morning_of_the_next() {
        let morning = Terms {
            schedule: hours(0, 300, &[Weekday::Tuesday]),
            ..live_on_monday()
        };
        let night = Terms {
            schedule: hours(1320, 300, &[Weekday::Monday]),
            ..live_on_monday()
        };
        assert!(!morning.widens(&night));
        assert!(night.widens(&morning));
    }

    #[test]
    fn hours_that_open_after_the_end_are_no_change() {
        let zone = TimeZone::UTC;
        // 1,800,000,000 is Friday, 15 January 2027.
        let saturday = Terms {
            schedule: hours(600, 1079, &[Weekday::Saturday]),
            ..live_on_monday()
        };
        let thursday = Timestamp::from_second(1_799_913_600).unwrap();
        assert_eq!(saturday.next_change(thursday, &zone), None);
    }
}
