//! Rights, hours, channels and end of a share: what is accepted is what a share can give, survives
//! the way back, and has an answer for every moment.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use sightline_domain::access::Schedule;
use sightline_domain::access::schedule::INTERVALS_MAX;
use sightline_domain::access::terms::CHANNELS_MAX;
use sightline_rpc::sharing::v1::Terms;
use sightline_rpc::terms::{terms_from_proto, terms_to_proto};

/// Friday, 15 January 2027, 08:00 UTC.
const NOW_UNIX_S: i64 = 1_800_000_000;
static ZONE: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/Berlin").expect("in the bundled database"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(told) = Terms::decode(bytes) else {
        return;
    };
    let Ok(terms) = terms_from_proto(&told) else {
        return;
    };
    assert_eq!(terms.check(), Ok(()));
    assert!(terms.channels.len() <= CHANNELS_MAX && !terms.channels.contains(&0));
    if let Schedule::Weekly(hours) = &terms.schedule {
        assert!(hours.intervals().len() <= INTERVALS_MAX);
        assert!(!hours.weekdays().is_empty());
    }
    assert_eq!(
        terms_from_proto(&terms_to_proto(&terms)).as_ref(),
        Ok(&terms)
    );
    assert!(!terms.widens(&terms));
    let now = Timestamp::from_second(NOW_UNIX_S).expect("a moment");
    let Some(change) = terms.next_change(now, &ZONE) else {
        return;
    };
    assert!(change > now);
    assert_ne!(terms.in_force(now, &ZONE), terms.in_force(change, &ZONE));
});
