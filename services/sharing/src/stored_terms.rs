//! The terms of a share as JSON: the fields of the contract, whose numbers never change.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sightline_domain::access::Terms;
use sightline_rpc::sharing::v1 as proto;
use sightline_rpc::terms::{terms_from_proto, terms_to_proto};

#[derive(Serialize, Deserialize)]
struct Stored {
    permissions: Vec<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<StoredSchedule>,
    channels: Vec<u32>,
    ends_at_unix_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredSchedule {
    /// First and last minute of each.
    intervals: Vec<(u32, u32)>,
    weekdays: Vec<i32>,
}

/// For `#[serde(with)]`.
pub(crate) fn serialize<S: Serializer>(terms: &Terms, serializer: S) -> Result<S::Ok, S::Error> {
    let terms = terms_to_proto(terms);
    let schedule = terms.schedule.map(|schedule| StoredSchedule {
        intervals: schedule
            .intervals
            .iter()
            .map(|interval| (interval.from_minute, interval.to_minute))
            .collect(),
        weekdays: schedule.weekdays,
    });
    let stored = Stored {
        permissions: terms.permissions,
        schedule,
        channels: terms.channels,
        ends_at_unix_ms: terms.ends_at_unix_ms,
    };
    stored.serialize(serializer)
}

/// For `#[serde(with)]`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Terms, D::Error> {
    let stored = Stored::deserialize(deserializer)?;
    let schedule = stored.schedule.map(|schedule| proto::Schedule {
        intervals: schedule
            .intervals
            .into_iter()
            .map(|(from_minute, to_minute)| proto::Interval {
                from_minute,
                to_minute,
            })
            .collect(),
        weekdays: schedule.weekdays,
    });
    let terms = proto::Terms {
        permissions: stored.permissions,
        schedule,
        channels: stored.channels,
        ends_at_unix_ms: stored.ends_at_unix_ms,
    };
    terms_from_proto(&terms).map_err(D::Error::custom)
}
