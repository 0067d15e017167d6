//! Time zones by their IANA names, from the database that is part of the program: all nodes agree
//! on them, whatever their systems have installed.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Longest name that is looked up, bytes.
const NAME_BYTES_MAX: usize = 64;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// What the database itself names a machine's zone that nobody has set.
const UNSET: [&str; 2] = ["Factory", "Etc/Unknown"];

/// The zone with an IANA name, such as `Europe/Moscow`; `None` for a name that says no zone. There
/// is no zone to take instead: hours by any other clock open when nobody chose.
#[must_use]
pub fn named(name: &str) -> Option<TimeZone> {
    let unset = UNSET.iter().any(|unset| name.eq_ignore_ascii_case(unset));
    if unset || name.len() > NAME_BYTES_MAX {
        return None;
    }
    ZONES.get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_says_no_zone_is_none() {
        let long = format!("Europe/{}", "x".repeat(NAME_BYTES_MAX));
        for name in ["", "MSK-3", "Mars/Olympus", "Etc/Unknown", "factory", &long] {
            assert_eq!(named(name), None, "{name}");
        }
        for name in ["UTC", "Europe/Moscow", "europe/berlin", "Asia/Calcutta"] {
            assert!(named(name).is_some(), "{name}");
        }
    }
}
