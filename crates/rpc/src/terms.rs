//! The terms of a share between the contract and the model.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Weekday as Day;
use sightline_domain::access::schedule::InvalidSchedule;
use sightline_domain::access::terms::InvalidTerms;
use sightline_domain::access::{
    Hours, Interval, Minute, Permission, Permissions, Schedule, Terms, Weekdays,
};

use crate::sharing::v1 as proto;

/// Terms as the contract has them.
#[must_use]
pub fn terms_to_proto(terms: &Terms) -> proto::Terms {
    proto::Terms {
        permissions: permissions_to_proto(terms.permissions),
        schedule: match &terms.schedule {
            Schedule::Always => None,
            Schedule::Weekly(hours) => Some(hours_to_proto(hours)),
        },
        channels: terms.channels.iter().copied().collect(),
        ends_at_unix_ms: terms.ends_at.map_or(0, Timestamp::as_millisecond),
    }
}

/// Terms from a message, held to what a share can give.
///
/// # Errors
/// [`InvalidTerms`].
pub fn terms_from_proto(terms: &proto::Terms) -> Result<Terms, InvalidTerms> {
    let permissions = terms
        .permissions()
        .map(|one| permission_from_proto(one).ok_or(InvalidTerms::NotShareable));
    let schedule = match &terms.schedule {
        None => Schedule::Always,
        Some(schedule) => Schedule::Weekly(hours_from_proto(schedule)?),
    };
    let ends_at = match terms.ends_at_unix_ms {
        0 => None,
        ms => Some(Timestamp::from_millisecond(ms).map_err(|_| InvalidTerms::End)?),
    };
    let terms = Terms {
        permissions: permissions.collect::<Result<Permissions, _>>()?,
        schedule,
        channels: terms.channels.iter().copied().collect::<BTreeSet<u32>>(),
        ends_at,
    };
    terms.check()?;
    Ok(terms)
}

/// A set of permissions as the contract has it.
#[must_use]
pub fn permissions_to_proto(permissions: Permissions) -> Vec<i32> {
    permissions
        .iter()
        .map(|one| permission_to_proto(one).into())
        .collect()
}

/// One permission as the contract has it.
#[must_use]
pub fn permission_to_proto(permission: Permission) -> proto::Permission {
    match permission {
        Permission::ViewLive => proto::Permission::ViewLive,
        Permission::ViewArchive => proto::Permission::ViewArchive,
        Permission::ExportArchive => proto::Permission::ExportArchive,
        Permission::ViewBookmarks => proto::Permission::ViewBookmarks,
        Permission::ManageBookmarks => proto::Permission::ManageBookmarks,
        Permission::UserInput => proto::Permission::UserInput,
        Permission::EditSettings => proto::Permission::EditSettings,
        Permission::Notifications => proto::Permission::Notifications,
        Permission::Sound => proto::Permission::Sound,
    }
}

/// One permission of the model; `None` when it is none.
#[must_use]
pub fn permission_from_proto(permission: proto::Permission) -> Option<Permission> {
    Permission::ALL
        .into_iter()
        .find(|one| permission_to_proto(*one) == permission)
}

fn hours_to_proto(hours: &Hours) -> proto::Schedule {
    let interval = |interval: &Interval| proto::Interval {
        from_minute: interval.from.minutes().into(),
        to_minute: interval.to.minutes().into(),
    };
    let weekday = |day: Day| i32::from(day.to_monday_one_offset());
    proto::Schedule {
        intervals: hours.intervals().iter().map(interval).collect(),
        weekdays: hours.weekdays().iter().map(weekday).collect(),
    }
}

fn hours_from_proto(schedule: &proto::Schedule) -> Result<Hours, InvalidSchedule> {
    let interval = |interval: &proto::Interval| {
        Ok(Interval {
            from: Minute::new(interval.from_minute)?,
            to: Minute::new(interval.to_minute)?,
        })
    };
    // A day that does not exist is no day; a schedule without any is refused.
    let weekday = |day: &i32| {
        let offset = i8::try_from(*day).ok()?;
        Day::from_monday_one_offset(offset).ok()
    };
    let intervals = schedule.intervals.iter().map(interval);
    let weekdays: Weekdays = schedule.weekdays.iter().filter_map(weekday).collect();
    Hours::new(intervals.collect::<Result<_, _>>()?, weekdays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> proto::Terms {
        proto::Terms {
            permissions: vec![proto::Permission::ViewLive.into()],
            schedule: Some(proto::Schedule {
                intervals: vec![proto::Interval {
                    from_minute: 600,
                    to_minute: 1079,
                }],
                weekdays: vec![1, 2, 3, 4, 5],
            }),
            channels: vec![1, 4],
            ends_at_unix_ms: 1_800_000_000_000,
        }
    }

    #[test]
    fn terms_survive_the_way_there_and_back() {
        let terms = terms_from_proto(&example()).unwrap();
        assert_eq!(terms_to_proto(&terms), example());
    }

    #[test]
    fn what_a_share_cannot_give_is_refused() {
        for permission in [
            proto::Permission::EditSettings,
            proto::Permission::Unspecified,
        ] {
            let terms = proto::Terms {
                permissions: vec![permission.into()],
                ..example()
            };
            assert_eq!(terms_from_proto(&terms), Err(InvalidTerms::NotShareable));
        }
    }

    #[test]
    fn hours_on_no_day_are_refused() {
        let mut terms = example();
        terms.schedule = Some(proto::Schedule {
            intervals: Vec::new(),
            weekdays: vec![0, 8],
        });
        assert_eq!(
            terms_from_proto(&terms),
            Err(InvalidTerms::Schedule(InvalidSchedule::NoWeekday))
        );
    }
}
