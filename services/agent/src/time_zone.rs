//! The time zone in which the cameras stand.

use jiff::tz::TimeZone;
use sightline_domain::access::zone;

/// Shown while the zone is not known.
pub(crate) const UNKNOWN: &str =
    "unknown: shares with hours stay closed; set `time_zone` in the configuration";

/// IANA name of the configured zone, or of the machine's; none when the machine has no zone or one
/// without a name, as with a bare `/etc/localtime`: a guess would open shares at hours that nobody
/// chose.
pub(crate) fn name(configured: Option<&str>) -> Option<String> {
    match configured {
        Some(name) => Some(name.to_owned()),
        None => TimeZone::try_system().ok().as_ref().and_then(name_of),
    }
}

fn name_of(zone: &TimeZone) -> Option<String> {
    let name = zone.iana_name().filter(|_| !zone.is_unknown())?;
    // Only a name that the cloud knows too is of use to it.
    zone::named(name).map(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_with_a_name_is_told_by_it() {
        for name in ["Europe/Berlin", "UTC", "Etc/UTC"] {
            let zone = zone::named(name).unwrap();
            assert_eq!(name_of(&zone).as_deref(), Some(name));
        }
    }

    #[test]
    fn zone_without_a_name_is_unknown_and_not_utc() {
        let rule = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let bare = TimeZone::fixed(jiff::tz::offset(1));
        for zone in [rule, bare, TimeZone::unknown()] {
            assert_eq!(name_of(&zone), None, "{zone:?}");
        }
    }

    #[test]
    fn configured_zone_comes_before_the_machines() {
        assert_eq!(name(Some("Asia/Omsk")).as_deref(), Some("Asia/Omsk"));
    }
}
