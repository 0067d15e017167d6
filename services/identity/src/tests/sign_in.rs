//! Signing in, and what strangers can do about it.

use std::time::Duration;

use tonic_types::StatusExt as _;

use super::*;

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
    let long = "Ab3 ".repeat(64);
    cloud.service.create_account(ANN, &long).await.unwrap();
    assert!(cloud.sign_in(ANN, &long).await.is_ok());
    assert_eq!(
        why(cloud.sign_in(ANN, long.trim_end()).await),
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
async fn one_account_takes_at_most_a_hundred_guesses_a_day_from_a_thousand_places() {
    let limits = crate::limits::Limits::new();
    let email = ANN.parse().unwrap();
    let mut guesses = 0;
    for minute in 0..24 * 60 {
        for place in 0..70_u32 {
            let from = std::net::IpAddr::from((0x0a00_0000 + place).to_be_bytes());
            let now = START_MS + minute * MINUTE_MS;
            guesses += usize::from(limits.sign_in(&email, Some(from.into()), now).is_ok());
        }
    }
    assert!((96..=106).contains(&guesses), "{guesses}");
}

#[tokio::test]
async fn one_place_cannot_try_many_accounts() {
    let limits = crate::limits::Limits::new();
    let attempt = |n: u32| {
        let email = format!("user{n}@example.org").parse().unwrap();
        // Addresses of one IPv6 network are one place.
        let from: std::net::IpAddr = format!("2001:db8:0:7::{n:x}").parse().unwrap();
        limits.sign_in(&email, Some(from.into()), START_MS).is_ok()
    };
    assert_eq!((0..1000).filter(|n| attempt(*n)).count(), 30);
}

#[tokio::test]
async fn signing_in_often_is_no_attack() {
    let limits = crate::limits::Limits::new();
    let email = ANN.parse().unwrap();
    let from: std::net::IpAddr = "192.0.2.1".parse().unwrap();
    for _ in 0..1000 {
        let attempt = limits.sign_in(&email, Some(from.into()), START_MS).unwrap();
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
