//! How often one may try to claim, and that nobody uses up the attempts of others.

use std::time::Duration;

use tonic_types::StatusExt as _;

use super::administrators::as_user;
use super::*;

/// Wrong attempts at a device by one account, or from one address, in a row.
const OF_ONE: u32 = 5;
/// Those by all together, and those that are kept for first attempts.
const OF_ALL: u32 = 8;
const OF_NEWCOMERS: u32 = 4;

impl Cloud {
    fn asked(&self) -> u32 {
        u32::try_from(self.edge.asked.load(Ordering::SeqCst)).unwrap()
    }
}

#[tokio::test]
async fn a_stranger_with_many_accounts_at_one_address_leaves_attempts_to_others() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    for n in 0..20 {
        let eve = cloud.person(n).at("203.0.113.7");
        let refused = why(eve.claim(cloud_id(1), "Mine", WRONG).await);
        let expected = ["TOO_MANY_ATTEMPTS", "WRONG_VERIFICATION_CODE"];
        assert_eq!(refused, expected[usize::from(n < OF_ONE)], "claim {n}");
    }
    assert_eq!(cloud.asked(), OF_ONE);
    let owner = cloud.person(99).at("198.51.100.1");
    let mistyped = owner.claim(cloud_id(1), "Home", WRONG).await;
    assert_eq!(why(mistyped), "WRONG_VERIFICATION_CODE");
    assert!(owner.claim(cloud_id(1), "Home", CODE).await.is_ok());
}

#[tokio::test]
async fn one_network_of_ipv6_is_one_address() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    for n in 0..20 {
        let eve = cloud.person(n).at(&format!("2001:db8:7:{n:x}::1"));
        let _ = eve.claim(cloud_id(1), "Mine", WRONG).await;
    }
    assert_eq!(cloud.asked(), OF_ONE);
}

#[tokio::test]
async fn first_attempts_are_kept_when_strangers_have_used_up_those_of_all() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    for n in 0..20 {
        let eve = cloud.person(n % 2).at(&format!("203.0.113.{}", n % 2));
        let _ = eve.claim(cloud_id(1), "Mine", WRONG).await;
    }
    assert_eq!(cloud.asked(), OF_ALL);
    let owner = cloud.person(99).at("198.51.100.1");
    assert!(owner.claim(cloud_id(1), "Home", CODE).await.is_ok());
}

#[tokio::test]
async fn a_device_is_asked_by_everybody_together_so_often_and_no_more() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    for n in 0..40 {
        let crowd = cloud.person(n).at(&format!("203.0.113.{n}"));
        let _ = crowd.claim(cloud_id(1), "Mine", WRONG).await;
    }
    assert_eq!(cloud.asked(), OF_ALL + OF_NEWCOMERS);
    // A refusal costs nothing: not the account, and not the device later on.
    cloud.clock.advance_ms(60 * MINUTE_MS);
    let late = cloud.person(39).at("203.0.113.39");
    for _ in 0..OF_ONE {
        let guess = late.claim(cloud_id(1), "Mine", WRONG).await;
        assert_eq!(why(guess), "WRONG_VERIFICATION_CODE");
    }
}

#[tokio::test]
async fn wrong_passwords_use_up_no_attempts_at_the_code() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    let ann = cloud.person(1).at("198.51.100.1");
    for n in 0..10 {
        let claim = as_user(cloud_id(1), ADMINISTRATOR, "guess");
        let expected = ["TOO_MANY_ATTEMPTS", "WRONG_DEVICE_PASSWORD"];
        let refused = why(ann.send_claim(claim).await);
        assert_eq!(refused, expected[usize::from(n < OF_ONE)]);
    }
    assert_eq!(cloud.asked(), OF_ONE);
    assert!(ann.claim(cloud_id(1), "Home", CODE).await.is_ok());
}

#[tokio::test]
async fn claims_of_an_offline_device_are_look_ups_and_beyond_them_failed_claims() {
    let config = Config {
        lookups_per_account_h: 7,
        claims_per_account_h: 3,
        ..Config::default()
    };
    let cloud = Cloud::start_with(config).await;
    let ann = cloud.person(1);
    for n in 0..10 {
        let refused = ann.claim(cloud_id(n), "Home", CODE).await;
        assert_eq!(why(refused), "DEVICE_OFFLINE");
    }
    let refused = ann.claim(cloud_id(10), "Home", CODE).await;
    assert_eq!(why(refused), "TOO_MANY_ATTEMPTS");
}

#[tokio::test(start_paused = true)]
async fn a_question_without_an_answer_counts_as_the_device_may_have_counted_it() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    *cloud.edge.mute.lock().unwrap() = Some(cloud_id(1));
    for _ in 0..OF_ONE {
        let refused = ann.claim(cloud_id(1), "Home", CODE).await;
        assert_eq!(why(refused), "DEVICE_OFFLINE");
    }
    let refused = ann.claim(cloud_id(1), "Home", CODE).await;
    assert_eq!(why(refused), "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn wrong_codes_of_one_account_for_one_device_are_limited_and_keep_nobody_else_out() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    let (eve, owner) = (cloud.person(1), cloud.person(2));
    for _ in 0..5 {
        let guess = eve.claim(cloud_id(1), "Mine", WRONG).await;
        assert_eq!(why(guess), "WRONG_VERIFICATION_CODE");
    }
    let stopped = eve.claim(cloud_id(1), "Mine", CODE).await.unwrap_err();
    assert_eq!(reason(&stopped), "TOO_MANY_ATTEMPTS");
    let wait = stopped
        .get_details_retry_info()
        .unwrap()
        .retry_delay
        .unwrap();
    assert_eq!(wait, Duration::from_secs(12 * 60));
    assert_eq!(cloud.edge.asked.load(Ordering::SeqCst), 5);
    cloud.clock.advance_ms(12 * MINUTE_MS);
    let guess = eve.claim(cloud_id(1), "Mine", WRONG).await;
    assert_eq!(why(guess), "WRONG_VERIFICATION_CODE");
    assert!(owner.claim(cloud_id(1), "Home", CODE).await.is_ok());
}

#[tokio::test]
async fn claims_of_an_offline_device_do_not_count_as_wrong_codes_for_it() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for _ in 0..15 {
        let refused = ann.claim(cloud_id(1), "Home", CODE).await;
        assert_eq!(why(refused), "DEVICE_OFFLINE");
    }
    cloud.connect(cloud_id(1)).await;
    assert!(ann.claim(cloud_id(1), "Home", CODE).await.is_ok());
}

#[tokio::test]
async fn it_costs_attempts_to_learn_by_claims_which_devices_are_owned() {
    let cloud = Cloud::start().await;
    let (ann, eve) = (cloud.person(1), cloud.person(2));
    for n in 0..21 {
        cloud.owned(cloud_id(n), &ann, "Home").await;
    }
    for n in 0..20 {
        let refused = eve.claim(cloud_id(n), "Mine", CODE).await;
        assert_eq!(why(refused), "DEVICE_OWNED");
    }
    let refused = eve.claim(cloud_id(20), "Mine", CODE).await;
    assert_eq!(why(refused), "TOO_MANY_ATTEMPTS");
    for _ in 0..30 {
        let again = ann.claim(cloud_id(1), "Home", CODE).await;
        assert_eq!(why(again), "DEVICE_ALREADY_YOURS");
    }
}

#[tokio::test]
async fn wrong_codes_are_limited_per_account_whatever_the_device() {
    let cloud = Cloud::start().await;
    let eve = cloud.person(1);
    for n in 0..20 {
        cloud.connect(cloud_id(n)).await;
        let guess = eve.claim(cloud_id(n), "Mine", WRONG).await;
        assert_eq!(why(guess), "WRONG_VERIFICATION_CODE");
    }
    cloud.connect(cloud_id(99)).await;
    assert_eq!(
        why(eve.claim(cloud_id(99), "Mine", CODE).await),
        "TOO_MANY_ATTEMPTS"
    );
    assert!(
        cloud
            .person(2)
            .claim(cloud_id(99), "Home", CODE)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn right_codes_are_not_limited() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    for n in 0..30 {
        cloud.connect(cloud_id(n)).await;
        ann.claim(cloud_id(n), "Home", CODE).await.unwrap();
    }
}

#[tokio::test]
async fn the_devices_own_limit_is_passed_on() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    let answer = VerifyClaimResponse {
        accepted: false,
        retry_after_s: 40,
    };
    cloud
        .edge
        .answers
        .lock()
        .unwrap()
        .insert(cloud_id(1).to_string(), answer);
    let refused = cloud
        .person(1)
        .claim(cloud_id(1), "Home", CODE)
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "TOO_MANY_ATTEMPTS");
    let wait = refused
        .get_details_retry_info()
        .unwrap()
        .retry_delay
        .unwrap();
    assert_eq!(wait, Duration::from_secs(40));
}
