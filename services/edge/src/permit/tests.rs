use sightline_domain::AccountId;
use sightline_rpc::sharing::v1::{self as sharing, Interval, Schedule};
use sightline_rpc::token::{Claims, Signer};

use super::*;

/// Monday, 23 November 2026, 12:00 UTC.
const NOON_UNIX_MS: i64 = 1_795_435_200_000;
const HOUR_MS: i64 = 3_600_000;

fn device() -> CloudId {
    CloudId::of_public_key(b"key")
}

fn account(n: u8) -> AccountId {
    format!("0190a000-0000-7000-8000-0000000000{n:02}")
        .parse()
        .unwrap()
}

/// Somebody with a token for a quarter of an hour and a sign-in for twelve.
fn caller(account: &AccountId) -> Caller {
    let signer = Signer::from_pkcs8(&Signer::generate_key().unwrap()).unwrap();
    let now = NOON_UNIX_MS / 1000;
    let who = Principal::Account(account.clone());
    let claims = Claims::new(&who, "session".to_owned(), now, now + 900);
    let token = signer.sign(&claims.session_until(now + 12 * 3600)).unwrap();
    signer
        .verifier()
        .authenticate(&token, NOON_UNIX_MS)
        .unwrap()
}

fn owned_by(account: &AccountId) -> internal::Grant {
    internal::Grant {
        account_id: account.to_string(),
        ..internal::Grant::default()
    }
}

/// A share of the picture, on Mondays up to 13:59.
fn shared_with(account: &AccountId) -> internal::Grant {
    let morning = Interval {
        from_minute: 0,
        to_minute: 14 * 60 - 1,
    };
    internal::Grant {
        account_id: account.to_string(),
        share_id: "share".to_owned(),
        terms: Some(sharing::Terms {
            permissions: vec![sharing::Permission::ViewLive.into()],
            schedule: Some(Schedule {
                intervals: vec![morning],
                weekdays: vec![1],
            }),
            ..sharing::Terms::default()
        }),
    }
}

fn news(revision: u64, grants: Vec<internal::Grant>) -> internal::WatchDeviceResponse {
    internal::WatchDeviceResponse {
        revision,
        grants: Some(internal::GrantSet {
            epoch: 1,
            grants,
            time_zone: "UTC".to_owned(),
        }),
    }
}

fn heartbeat(revision: u64) -> internal::WatchDeviceResponse {
    internal::WatchDeviceResponse {
        revision,
        grants: None,
    }
}

/// Of an owner, as of now.
pub(crate) fn owners_permit(now: Instant) -> Permit {
    let owner = account(1);
    let mut grants = Grants::unknown(device());
    grants.hear(news(1, vec![owned_by(&owner)]), now);
    grants
        .permit_live(&caller(&owner), 1, now, NOON_UNIX_MS)
        .unwrap()
}

#[test]
fn grants_that_were_not_heard_of_for_too_long_let_nobody_in() {
    let owner = account(1);
    let start = Instant::now();
    let mut grants = Grants::unknown(device());
    let ask = |grants: &Grants, now| grants.permit_live(&caller(&owner), 1, now, NOON_UNIX_MS);
    assert!(matches!(ask(&grants, start), Err(Error::GrantsStale)));
    grants.hear(news(5, vec![owned_by(&owner)]), start);
    assert!(ask(&grants, start + STALE_AFTER).is_ok());
    let late = start + STALE_AFTER + Duration::from_millis(1);
    assert!(matches!(ask(&grants, late), Err(Error::GrantsStale)));
    grants.hear(heartbeat(5), late);
    assert!(ask(&grants, late).is_ok());
}

#[test]
fn heartbeat_of_another_revision_proves_nothing() {
    let owner = account(1);
    let start = Instant::now();
    let mut grants = Grants::unknown(device());
    grants.hear(heartbeat(0), start);
    assert_eq!(grants.silence(start), Duration::MAX);
    grants.hear(news(5, vec![owned_by(&owner)]), start);
    let later = start + Duration::from_secs(2);
    for revision in [4, 6] {
        grants.hear(heartbeat(revision), later);
        assert_eq!(grants.silence(later), Duration::from_secs(2));
    }
}

#[test]
fn grants_older_than_those_that_are_known_bring_nobody_back() {
    let owner = account(1);
    let now = Instant::now();
    let mut grants = Grants::unknown(device());
    grants.hear(news(5, Vec::new()), now);
    grants.hear(news(4, vec![owned_by(&owner)]), now);
    let refused = grants.permit_live(&caller(&owner), 1, now, NOON_UNIX_MS);
    assert!(matches!(refused, Err(Error::NotFound)));
}

#[test]
fn permit_ends_with_the_hours_and_says_when_they_begin_again() {
    let guest = account(2);
    let now = Instant::now();
    let mut grants = Grants::unknown(device());
    grants.hear(news(1, vec![shared_with(&guest)]), now);
    let permit = grants
        .permit_live(&caller(&guest), 1, now, NOON_UNIX_MS)
        .unwrap();
    assert_eq!(permit.until_unix_ms(), NOON_UNIX_MS + 2 * HOUR_MS);
    let next_monday = NOON_UNIX_MS - 12 * HOUR_MS + 7 * 24 * HOUR_MS;
    assert_eq!(permit.then().reason, EndReason::OutsideHours);
    assert_eq!(permit.then().opens_at_unix_ms, next_monday);

    let closed = NOON_UNIX_MS + 2 * HOUR_MS;
    let over = grants.permit_on(&permit, now, closed).unwrap_err();
    assert_eq!(over.reason, EndReason::OutsideHours);
}

#[test]
fn owners_permit_ends_with_the_sign_in_and_not_with_the_token() {
    let owner = account(1);
    let now = Instant::now();
    let mut grants = Grants::unknown(device());
    grants.hear(news(1, vec![owned_by(&owner)]), now);
    let permit = grants
        .permit_live(&caller(&owner), 1, now, NOON_UNIX_MS)
        .unwrap();
    assert_eq!(permit.until_unix_ms(), NOON_UNIX_MS + 12 * HOUR_MS);
    assert_eq!(permit.then().reason, EndReason::TokenExpired);
    assert!(
        grants
            .permit_on(&permit, now, NOON_UNIX_MS + HOUR_MS)
            .is_ok()
    );
    let over = grants.permit_on(&permit, now, NOON_UNIX_MS + 12 * HOUR_MS);
    assert_eq!(over.unwrap_err().reason, EndReason::TokenExpired);
}

#[test]
fn grant_that_is_not_understood_gives_nothing() {
    let guest = account(2);
    let now = Instant::now();
    let mut without_terms = shared_with(&guest);
    without_terms.terms = None;
    let mut beyond_a_share = shared_with(&guest);
    if let Some(terms) = &mut beyond_a_share.terms {
        terms.permissions = vec![sharing::Permission::EditSettings.into()];
    }
    for grant in [without_terms, beyond_a_share] {
        let mut grants = Grants::unknown(device());
        grants.hear(news(1, vec![grant]), now);
        let refused = grants.permit_live(&caller(&guest), 1, now, NOON_UNIX_MS);
        assert!(matches!(refused, Err(Error::NotFound)));
    }
}

#[test]
fn hours_are_closed_while_the_zone_is_none_that_exists() {
    let (owner, guest) = (account(1), account(2));
    let now = Instant::now();
    for zone in ["", "MSK-3"] {
        let mut told = news(1, vec![owned_by(&owner), shared_with(&guest)]);
        if let Some(set) = &mut told.grants {
            zone.clone_into(&mut set.time_zone);
        }
        let mut grants = Grants::unknown(device());
        grants.hear(told, now);
        let ask = |who| grants.permit_live(&caller(who), 1, now, NOON_UNIX_MS);
        assert!(matches!(ask(&guest), Err(Error::NotFound)));
        assert!(ask(&owner).is_ok());
    }
}

#[test]
fn what_is_open_goes_on_for_the_grace_and_no_longer() {
    let start = Instant::now();
    let mut grants = Grants::unknown(device());
    let grace = Duration::from_secs(30);
    assert!(grants.are_unconfirmed(grace, start));
    grants.hear(news(1, Vec::new()), start);
    let over = start + STALE_AFTER + grace;
    assert!(!grants.are_unconfirmed(grace, over));
    assert!(grants.are_unconfirmed(grace, over + Duration::from_millis(1)));
    let strict = start + STALE_AFTER + Duration::from_millis(1);
    assert!(grants.are_unconfirmed(Duration::ZERO, strict));
}
