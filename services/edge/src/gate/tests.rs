use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Wake;
use std::time::Duration;

use sightline_rpc::live::v1::EndReason;

use super::*;
use crate::permit::tests::owners_permit;

fn revoked() -> End {
    End::new(EndReason::AccessEnded, "a test ends it")
}

#[test]
fn gate_shuts_by_itself_at_the_end_of_its_permit() {
    let permit = owners_permit(Instant::now());
    let (until, then) = (permit.until(), permit.then().clone());
    let gate = Gate::new(permit);
    assert_eq!(gate.check(until - Duration::from_millis(1)), Ok(()));
    assert_eq!(gate.check(until), Err(then));
}

#[test]
fn gate_is_open_for_as_long_as_a_newer_permit_says() {
    let now = Instant::now();
    let gate = Gate::new(owners_permit(now));
    let later = owners_permit(now + Duration::from_secs(60));
    let until = later.until();
    assert!(gate.check(until - Duration::from_millis(1)).is_err());
    gate.renew(later);
    assert_eq!(gate.check(until - Duration::from_millis(1)), Ok(()));
    assert!(gate.check(until).is_err());
}

#[test]
fn gate_that_was_shut_is_not_opened_by_a_newer_permit() {
    let now = Instant::now();
    let gate = Gate::new(owners_permit(now));
    gate.shut(revoked());
    gate.renew(owners_permit(now + Duration::from_secs(60)));
    assert_eq!(gate.check(now), Err(revoked()));
}

#[test]
fn first_reason_for_which_a_gate_was_shut_stands() {
    let gate = Gate::new(owners_permit(Instant::now()));
    gate.shut(revoked());
    gate.shut(End::new(EndReason::Draining, "too late"));
    assert_eq!(gate.check(Instant::now()), Err(revoked()));
    assert_eq!(gate.ended(), Some(revoked()));
}

#[derive(Default)]
struct Calls(AtomicU32);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn gate_wakes_who_relies_on_it_whenever_anything_changes() {
    let now = Instant::now();
    let gate = Gate::new(owners_permit(now));
    let calls = Arc::<Calls>::default();
    gate.wakes(Arc::clone(&calls).into());
    assert_eq!(calls.0.load(Ordering::Relaxed), 0);
    gate.renew(owners_permit(now));
    assert_eq!(calls.0.load(Ordering::Relaxed), 1);
    gate.shut(revoked());
    assert_eq!(calls.0.load(Ordering::Relaxed), 2);
}
