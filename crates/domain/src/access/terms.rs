//! What a share gives, and when.

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

/// Rights, hours, channels and end of a share.
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

    /// What they give while they are in force, with all that is included. A share of pictures is
    /// one of their sound too.
    #[must_use]
    pub fn given(&self) -> Permissions {
        let closed = self.permissions.closed();
        if closed.contains(Permission::ViewLive) {
            closed.with(Permission::Sound)
        } else {
            closed
        }
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

    /// The first moment after `at` at which they come into force or go out of it.
    #[must_use]
    pub fn next_change(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.ended(at) {
            return None;
        }
        let hours = self.schedule.next_change(at, zone);
        match (hours, self.ends_at) {
            (Some(hours), Some(end)) => Some(hours.min(end)),
            (one, other) => one.or(other),
        }
    }
}
