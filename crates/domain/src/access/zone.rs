//! Time zones by their IANA names, from the database that is part of the program: all nodes agree
//! on them, whatever their systems have installed.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Longest name that is looked up, bytes.
const NAME_BYTES_MAX: usize = 64;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone with an IANA name, such as `Europe/Moscow`.
#[must_use]
pub fn named(name: &str) -> Option<TimeZone> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    ZONES.get(name).ok()
}

/// The zone that a device told; UTC when it told none, or one that does not exist.
#[must_use]
pub fn of_device(name: &str) -> TimeZone {
    named(name).unwrap_or(TimeZone::UTC)
}
