//! The grants of one device against the walk: what they give, and how long it lasts.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::subsequence;
use sightline_domain::access::{
    DeviceGrants, Grant, GrantSource, Permission, Permissions, Schedule, Terms,
};
use sightline_domain::{AccountId, CloudId, Principal};

use crate::walk::{MINUTES, MINUTES_ASKED, Walk, Written, any_numbers, config, walk, written};

/// Changes of single shares that an answer of `lasts` looks at; beyond, it may tell an earlier end.
const CHANGES_LOOKED_AT: usize = 64;

/// Sets of shares that each rule is tried on.
const CASES: u32 = 5_000;
/// Moments at which the rights of each set are asked: 200,000 answers.
const MOMENTS: usize = 40;

/// A share as somebody writes it down.
#[derive(Debug, Clone)]
struct Share {
    permissions: Vec<Permission>,
    /// `None`: at all times.
    hours: Option<Written>,
    channels: Vec<u32>,
    /// Minute of the walk.
    ends: Option<usize>,
}

impl Share {
    fn grant(&self, walk: &Walk) -> Grant {
        let always = Schedule::Always;
        let terms = Terms {
            permissions: self.permissions.iter().copied().collect(),
            schedule: self.hours.as_ref().map_or(always, Written::schedule),
            channels: self.channels.iter().copied().collect(),
            ends_at: self.ends.map(|minute| walk.moment(minute, 0)),
        };
        let id = "share".to_owned();
        Grant {
            account: guest(),
            source: GrantSource::Share { id, terms },
        }
    }

    fn on<'a>(&self, walk: &'a Walk) -> OnWalk<'a> {
        OnWalk {
            walk,
            table: self.hours.as_ref().map(Written::table),
            ends: self.ends.unwrap_or(MINUTES),
        }
    }

    fn speaks_of(&self, channel: u32) -> bool {
        self.channels.is_empty() || self.channels.contains(&channel)
    }

    fn gives(&self, permission: Permission) -> bool {
        let chosen = self.permissions.iter();
        chosen
            .flat_map(|one| brings(*one))
            .any(|one| *one == permission)
    }
}

/// A share beside the minutes of a walk.
struct OnWalk<'a> {
    walk: &'a Walk,
    table: Option<Vec<bool>>,
    ends: usize,
}

impl OnWalk<'_> {
    fn is_in_force(&self, minute: usize) -> bool {
        let open = |table: &Vec<bool>| self.walk.is_open(table, minute);
        minute < self.ends && self.table.as_ref().is_none_or(open)
    }

    /// Whether it came or went with this minute.
    fn changes(&self, minute: usize) -> bool {
        self.is_in_force(minute) != self.is_in_force(minute - 1)
    }
}

/// Each permission with all that it brings, as the rules list them.
pub(crate) fn brings(permission: Permission) -> &'static [Permission] {
    use Permission::{
        EditSettings, ExportArchive, ManageBookmarks, Notifications, Sound, UserInput, ViewArchive,
        ViewBookmarks, ViewLive,
    };
    match permission {
        ViewLive => &[ViewLive, Sound],
        ViewArchive => &[ViewArchive, ViewLive, Sound],
        ExportArchive => &[ExportArchive, ViewArchive, ViewLive, Sound],
        ViewBookmarks => &[ViewBookmarks, ViewArchive, ViewLive, Sound],
        ManageBookmarks => &[ManageBookmarks, ViewBookmarks, ViewArchive, ViewLive, Sound],
        UserInput => &[UserInput, ViewLive, Sound],
        EditSettings => &[EditSettings, UserInput, ViewLive, Sound],
        Notifications => &[Notifications],
        Sound => &[Sound],
    }
}

fn guest() -> AccountId {
    let text = "00000000-0000-4000-8000-000000000001";
    text.parse().expect("an account ID")
}

fn device(walk: &Walk, shares: &[Share]) -> DeviceGrants {
    DeviceGrants {
        device: CloudId::of_public_key(b"recorder"),
        ownership_epoch: 1,
        zone: walk.zone.clone(),
        grants: shares.iter().map(|share| share.grant(walk)).collect(),
    }
}

fn share() -> impl Strategy<Value = Share> {
    let permissions = subsequence(Permission::ALL.to_vec(), 1..4);
    let hours = prop::option::weighted(0.9, written());
    let channels = subsequence(vec![1, 2], 0..=2);
    let ends = prop::option::weighted(0.3, 0..MINUTES);
    (permissions, hours, channels, ends).prop_map(|(permissions, hours, channels, ends)| Share {
        permissions,
        hours,
        channels,
        ends,
    })
}

fn shares() -> impl Strategy<Value = Vec<Share>> {
    prop::collection::vec(share(), 0..4)
}

proptest! {
    #![proptest_config(config(CASES))]

    #[test]
    fn rights_are_those_of_the_shares_in_force(
        shares in shares(),
        walk in walk(),
        seed in any::<u64>(),
    ) {
        let device = device(walk, &shares);
        let who = Principal::Account(guest());
        let tables: Vec<_> = shares.iter().map(|share| share.on(walk)).collect();
        for any in any_numbers(seed).take(MOMENTS) {
            let minute = walk.minute(any);
            let rights = device.rights(&who, Some(1), walk.moment(minute, 7));
            let counts = shares.iter().zip(&tables);
            let counts = counts.filter(|(share, table)| share.speaks_of(1) && table.is_in_force(minute));
            let expected: Permissions = Permission::ALL
                .into_iter()
                .filter(|one| counts.clone().any(|(share, _)| share.gives(*one)))
                .collect();
            prop_assert_eq!(rights.permissions, expected, "minute {}", minute);
        }
    }

    #[test]
    fn rights_hold_until_the_next_share_comes_or_goes(
        shares in shares(), walk in walk(), minute in 0..MINUTES_ASKED
    ) {
        let device = device(walk, &shares);
        let who = Principal::Account(guest());
        let tables: Vec<_> = shares
            .iter()
            .filter(|share| share.speaks_of(2))
            .map(|share| share.on(walk))
            .collect();
        let changes = |next: &usize| tables.iter().any(|table| table.changes(*next));
        let expected = (minute + 1..MINUTES).find(changes).map(|next| walk.moment(next, 0));
        let holds_until = device.rights(&who, Some(2), walk.moment(minute, 0)).holds_until;
        prop_assert_eq!(holds_until, expected);
    }

    #[test]
    fn permission_lasts_to_the_first_minute_without_it(
        shares in shares(), walk in walk(), minute in 0..MINUTES_ASKED
    ) {
        let device = device(walk, &shares);
        let who = Principal::Account(guest());
        let permission = Permission::ViewLive;
        let of_channel: Vec<_> = shares
            .iter()
            .filter(|share| share.speaks_of(1))
            .map(|share| (share.gives(permission), share.on(walk)))
            .collect();
        let held = |at: usize| of_channel.iter().any(|(gives, table)| *gives && table.is_in_force(at));
        let expected = (minute..MINUTES).find(|at| !held(*at));
        let looked_at = expected.unwrap_or(MINUTES - 1);
        let changes = (minute + 1..=looked_at)
            .filter(|at| of_channel.iter().any(|(_, table)| table.changes(*at)))
            .count();
        let lasts = device.lasts(&who, Some(1), permission, walk.moment(minute, 0));
        if changes < CHANGES_LOOKED_AT {
            let in_walk = lasts.filter(|end| *end < walk.moment(MINUTES, 0));
            prop_assert_eq!(in_walk, expected.map(|at| walk.moment(at, 0)));
        } else {
            prop_assert!(lasts.is_some_and(|end| end <= walk.moment(looked_at, 0)));
        }
    }

    #[test]
    fn explanation_tells_just_what_is_given(
        shares in shares(), walk in walk(), minute in 0..MINUTES_ASKED
    ) {
        let device = device(walk, &shares);
        let who = Principal::Account(guest());
        let at = walk.moment(minute, 0);
        let rights = device.rights(&who, Some(1), at).permissions;
        for permission in Permission::ALL {
            let paths = device.explain(&who, Some(1), permission, at);
            let in_force = paths.iter().any(|path| path.in_force);
            prop_assert_eq!(in_force, rights.contains(permission));
            let comes: BTreeSet<_> = paths.iter().filter_map(|path| path.changes_at).collect();
            prop_assert!(comes.iter().all(|change| *change > at));
        }
    }

    #[test]
    fn one_share_more_takes_nothing_away(
        shares in shares(), more in share(), walk in walk(), minute in 0..MINUTES_ASKED
    ) {
        let who = Principal::Account(guest());
        let at = walk.moment(minute, 0);
        let before = device(walk, &shares).rights(&who, Some(1), at).permissions;
        let with_more: Vec<_> = shares.into_iter().chain([more]).collect();
        let after = device(walk, &with_more).rights(&who, Some(1), at).permissions;
        prop_assert!(after.is_superset(before));
    }
}
