//! Signing in, and what strangers can do about it.

use std::time::Duration;

use tonic_types::StatusExt as _;

use super::*;
use crate::limits::{Limits, Place, Target};

#[tokio::test]
async fn an_unknown_address_is_as_much_work_as_a_wrong_password() {
    let cloud = Cloud::with_ann().await;
    let before = cloud.service.passwords_computed();
    let wrong = cloud.sign_in(ANN, "not-the-passw0rd").await.unwrap_err();
    let one = cloud.service.passwords_computed();
    let unknown = cloud
        .sign_in("nobody@example.org", PASSWORD)
        .await
        .unwrap_err();
    let other = cloud.service.passwords_computed();
    assert_eq!((one - before, other - one), (1, 1));
    assert_eq!(reason(&wrong), "WRONG_CREDENTIALS");
    assert_eq!(
        (wrong.code(), wrong.message()),
        (unknown.code(), unknown.message())
    );
    assert_eq!(wrong.details(), unknown.details());
}

#[tokio::test]
async fn a_password_is_taken_exactly_as_typed() {
    let cloud = Cloud::start().await;
    let long = "Ab3-".repeat(62);
    cloud.service.create_account(ANN, &long).await.unwrap();
    assert!(cloud.sign_in(ANN, &long).await.is_ok());
    assert_eq!(
        why(cloud.sign_in(ANN, &format!("{long} ")).await),
        "WRONG_CREDENTIALS"
    );
    assert_eq!(
        why(cloud.sign_in(ANN, &long[..200]).await),
        "WRONG_CREDENTIALS"
    );
    assert_eq!(
        why(cloud.sign_in(ANN, &long.repeat(2)).await),
        "WRONG_CREDENTIALS"
    );
}

#[tokio::test]
async fn strangers_who_guess_are_stopped_and_do_not_lock_the_owner_out() {
    let cloud = Cloud::with_ann().await;
    cloud
        .sign_in_from("192.0.2.7", ANN, PASSWORD)
        .await
        .unwrap();
    for stranger in 0..10 {
        let from = format!("198.51.100.{stranger}");
        let guess = cloud.sign_in_from(&from, ANN, "a-wrong-gue55").await;
        assert_eq!(why(guess), "WRONG_CREDENTIALS");
    }
    let stopped = cloud
        .sign_in_from("198.51.100.99", ANN, PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(reason(&stopped), "TOO_MANY_ATTEMPTS");
    let wait = stopped
        .get_details_retry_info()
        .unwrap()
        .retry_delay
        .unwrap();
    assert_eq!(wait, Duration::from_secs(15 * 60));
    assert!(cloud.sign_in_from("192.0.2.7", ANN, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_place_with_a_session_is_known_after_a_restart() {
    let mut cloud = Cloud::with_ann().await;
    cloud.ann_signed_in().await;
    cloud.restart().await;
    for stranger in 0..10 {
        let from = format!("198.51.100.{stranger}");
        let guess = cloud.sign_in_from(&from, ANN, "a-wrong-gue55").await;
        assert_eq!(why(guess), "WRONG_CREDENTIALS");
    }
    let stranger = cloud.sign_in_from("198.51.100.99", ANN, PASSWORD).await;
    assert_eq!(why(stranger), "TOO_MANY_ATTEMPTS");
    assert!(cloud.sign_in(ANN, PASSWORD).await.is_ok());
}

/// A place of an attacker who has many.
fn place(n: u32) -> Place {
    std::net::IpAddr::from((0x0a00_0000 + n).to_be_bytes()).into()
}

fn guess(limits: &Limits, target: &Target, from: Place, now: i64) -> bool {
    limits.enter(Some(from), now).is_ok()
        && limits
            .sign_in(target.clone(), Some(from), false, now)
            .is_ok()
}

#[test]
fn a_hundred_thousand_attempts_from_a_thousand_places_are_at_most_a_hundred_guesses() {
    let limits = Limits::new();
    let (ann, home) = (Target::Account(ANN.parse().unwrap()), place(1_000_000));
    let now = |n: u32| START_MS + HOUR_MS * i64::from(n) / 100_000;
    let tried = (0..100_000).filter(|n| guess(&limits, &ann, place(n % 1000), now(*n)));
    assert_eq!(tried.count(), 13, "ten, and one each fifteen minutes");
    assert!(!guess(&limits, &ann, home, now(99_999)), "not known");
    limits.enter(Some(home), now(99_999)).unwrap();
    let owner = limits.sign_in(ann, Some(home), true, now(99_999));
    assert!(owner.is_ok(), "{owner:?}");
}

#[test]
fn one_account_takes_about_a_hundred_guesses_a_day() {
    let limits = Limits::new();
    let ann = Target::Account(ANN.parse().unwrap());
    let times = (0..24 * 60).flat_map(|minute| (0..70).map(move |n| (minute, n)));
    let guesses =
        times.filter(|(minute, n)| guess(&limits, &ann, place(*n), START_MS + minute * MINUTE_MS));
    let guesses = guesses.count();
    assert!((96..=106).contains(&guesses), "{guesses}");
}

#[test]
fn one_place_cannot_try_many_accounts() {
    let limits = Limits::new();
    let attempt = |n: u32| {
        let target = Target::Account(format!("user{n}@example.org").parse().unwrap());
        // Addresses of one IPv6 network are one place.
        let from: std::net::IpAddr = format!("2001:db8:0:7::{n:x}").parse().unwrap();
        guess(&limits, &target, from.into(), START_MS)
    };
    assert_eq!((0..1000).filter(|n| attempt(*n)).count(), 30);
}

#[test]
fn places_of_one_network_are_not_as_good_as_places_of_many() {
    let limits = Limits::new();
    let attempt = |n: u32| {
        let target = Target::Account(format!("user{n}@example.org").parse().unwrap());
        let from: std::net::IpAddr = format!("2001:db8:7:{n:x}::1").parse().unwrap();
        guess(&limits, &target, from.into(), START_MS)
    };
    assert_eq!((0..10_000).filter(|n| attempt(*n)).count(), 8 * 30);
}

#[test]
fn signing_in_often_is_no_attack() {
    let limits = Limits::new();
    let ann = Target::Account(ANN.parse().unwrap());
    let from = Some(place(1));
    for _ in 0..1000 {
        limits.enter(from, START_MS).unwrap();
        let known = limits.knows(&ann, place(1));
        let attempt = limits.sign_in(ann.clone(), from, known, START_MS).unwrap();
        limits.succeeded(attempt, START_MS);
    }
}

#[tokio::test]
async fn without_a_valid_token_there_is_no_account_to_see() {
    let cloud = Cloud::with_ann().await;
    let nobody = cloud.client.clone().get_account(GetAccountRequest {}).await;
    assert_eq!(why(nobody), "SIGN_IN_REQUIRED");
    assert_eq!(why(cloud.account("a.b.c").await), "SIGN_IN_REQUIRED");
    let tokens = cloud.ann_signed_in().await;
    cloud.clock.advance_ms(15 * MINUTE_MS - 1);
    assert_eq!(
        cloud.account(&tokens.access_token).await.unwrap().email,
        ANN
    );
    cloud.clock.advance_ms(1);
    assert_eq!(
        why(cloud.account(&tokens.access_token).await),
        "TOKEN_EXPIRED"
    );
}
