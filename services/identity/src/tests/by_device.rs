//! Signing in by device.

use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use sightline_domain::{CloudId, DeviceUser, Principal};
use sightline_rpc::identity::v1::{SignInByDeviceRequest, SignInByDeviceResponse};
use sightline_rpc::internal::v1::VerifyUserResponse;
use sightline_store::prefix;
use tokio::time::Instant;
use tonic_types::StatusExt as _;

use super::*;
use crate::limits::{Limits, Target};

pub(super) const USER: (&str, &str) = ("guard", "camera-pass");

pub(super) fn device() -> CloudId {
    CloudId::of_public_key(b"a device")
}

impl Cloud {
    pub(super) async fn with_device() -> Self {
        let cloud = Self::start().await;
        let answer = VerifyUserResponse {
            accepted: true,
            administrator: true,
            retry_after_s: 0,
            ownership_epoch: 7,
        };
        cloud.devices.answers(device(), USER, answer);
        cloud
    }

    pub(super) async fn by_device(
        &self,
        device_id: &str,
        (user_name, password): (&str, &str),
    ) -> Result<SignInByDeviceResponse, Status> {
        let request = SignInByDeviceRequest {
            device_id: device_id.into(),
            user_name: user_name.into(),
            password: password.into(),
        };
        let request = from(HOME, request);
        Ok(self.client().sign_in_by_device(request).await?.into_inner())
    }

    fn principal(&self, tokens: &Tokens, at_unix_ms: i64) -> Principal {
        let caller = self
            .service
            .verifier()
            .authenticate(&tokens.access_token, at_unix_ms);
        caller.unwrap().principal().clone()
    }
}

#[tokio::test]
async fn the_device_checks_the_password_and_is_all_that_is_opened() {
    let cloud = Cloud::with_device().await;
    let typed = device().to_string().to_lowercase().replace('-', "");
    let answer = cloud.by_device(&typed, USER).await.unwrap();
    assert_eq!(answer.device_id, device().to_string());
    let tokens = answer.tokens.unwrap();
    let user = DeviceUser {
        device: device(),
        name: USER.0.into(),
        administrator: true,
        ownership_epoch: 7,
    };
    assert_eq!(
        cloud.principal(&tokens, START_MS),
        Principal::DeviceUser(user)
    );
    assert_eq!(
        why(cloud.account(&tokens.access_token).await),
        "ACCOUNT_NEEDED"
    );
}

#[tokio::test]
async fn whatever_is_wrong_the_refusal_is_the_same() {
    let cloud = Cloud::with_device().await;
    let unknown = CloudId::of_public_key(b"nowhere").to_string();
    let tired = CloudId::of_public_key(b"tired");
    let answer = VerifyUserResponse {
        retry_after_s: 600,
        ..VerifyUserResponse::default()
    };
    cloud.devices.answers(tired, USER, answer);
    // Apart, because a device takes three guesses.
    let other = CloudId::of_public_key(b"another device");
    cloud.devices.connect(other);
    let (id, tired, long) = (device().to_string(), tired.to_string(), "n".repeat(129));
    let other = other.to_string();
    let cases = [
        (&unknown, USER),
        (&tired, USER),
        (&id, ("guard", "wrong")),
        (&id, ("nobody", "camera-pass")),
        (&other, ("", "camera-pass")),
        (&other, (long.as_str(), "camera-pass")),
    ];
    let attempts = cases.map(|(id, user)| {
        let cloud = &cloud;
        async move {
            let start = Instant::now();
            let refused = cloud.by_device(id, user).await.unwrap_err();
            (refused, start.elapsed())
        }
    });
    let refusals = join_all(attempts).await;
    let (first, _) = &refusals[0];
    assert_eq!(reason(first), "WRONG_CREDENTIALS");
    for (refused, took) in &refusals {
        assert_eq!(
            (refused.code(), refused.message(), refused.details()),
            (first.code(), first.message(), first.details())
        );
        assert!(*took >= Duration::from_millis(300), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_takes_a_bounded_number_of_guesses_whether_or_not_it_exists() {
    let cloud = Cloud::with_device().await;
    let unknown = CloudId::of_public_key(b"nowhere").to_string();
    for id in [device().to_string(), unknown] {
        for _ in 0..3 {
            let guess = cloud.by_device(&id, ("guard", "wrong")).await;
            assert_eq!(why(guess), "WRONG_CREDENTIALS");
        }
        let stopped = cloud.by_device(&id, USER).await.unwrap_err();
        assert_eq!(reason(&stopped), "TOO_MANY_ATTEMPTS");
        let wait = stopped.get_details_retry_info().unwrap().retry_delay;
        assert_eq!(wait, Some(Duration::from_secs(20 * 60)));
    }
}

#[test]
fn strangers_do_not_reach_the_limit_of_the_device_itself() {
    let limits = Limits::new();
    let target = Target::Device(device());
    let guesses = (0..3600 * 3).filter(|second| {
        let now = START_MS + second * 1000;
        let place = IpAddr::from([10, 0, (second / 256 % 256) as u8, (second % 256) as u8]);
        let attempt = limits.sign_in(target.clone(), Some(place.into()), false, now);
        attempt.is_ok_and(|attempt| {
            limits.failed(&attempt);
            true
        })
    });
    assert_eq!(guesses.count(), 3 + 8, "three, and one each twenty minutes");
}

#[tokio::test]
async fn right_passwords_of_a_device_are_not_without_end() {
    let cloud = Cloud::with_device().await;
    let id = device().to_string();
    for _ in 0..60 {
        cloud.by_device(&id, USER).await.unwrap();
    }
    let right = cloud.by_device(&id, USER).await.unwrap_err();
    let wrong = cloud.by_device(&id, ("guard", "wrong")).await.unwrap_err();
    assert_eq!(reason(&right), "TOO_MANY_ATTEMPTS");
    assert_eq!(right.message(), wrong.message());
    cloud.clock.advance_ms(MINUTE_MS);
    cloud.by_device(&id, USER).await.unwrap();
}

#[test]
fn one_place_cannot_make_sessions_of_many_devices() {
    let limits = Limits::new();
    let home: IpAddr = HOME.parse().unwrap();
    let made = (0..1000_u32).filter(|n| {
        let device = CloudId::of_public_key(&n.to_be_bytes());
        let attempt = limits.sign_in(Target::Device(device), Some(home.into()), false, START_MS);
        attempt.is_ok_and(|attempt| {
            limits.succeeded(attempt, START_MS);
            true
        })
    });
    assert_eq!(made.count(), 120);
}

#[tokio::test]
async fn sign_ins_at_the_same_time_leave_no_more_than_fifty_sessions() {
    let cloud = Cloud::with_device().await;
    let id = device().to_string();
    for _ in 0..48 {
        cloud.by_device(&id, USER).await.unwrap();
    }
    let answers = join_all((0..10).map(|_| cloud.by_device(&id, USER))).await;
    assert!(answers.iter().all(Result::is_ok));
    let sessions = prefix!("identity", "session");
    let kept = cloud.store.scan(&sessions, None, 100).await.unwrap();
    assert_eq!(kept.len(), 50);
}

#[tokio::test]
async fn a_mistyped_cloud_id_is_told_at_once() {
    let cloud = Cloud::with_device().await;
    assert_eq!(
        why(cloud.by_device("7KQ2", USER).await),
        "INVALID_DEVICE_ID"
    );
}

#[tokio::test]
async fn a_session_by_device_keeps_its_epoch_and_ends_twelve_hours_after_the_sign_in() {
    let cloud = Cloud::with_device().await;
    let answer = cloud.by_device(&device().to_string(), USER).await.unwrap();
    let first = answer.tokens.unwrap();
    let before = cloud.principal(&first, START_MS);
    cloud.clock.advance_ms(12 * HOUR_MS - MINUTE_MS);
    let last = cloud.refresh(&first.refresh_token).await.unwrap();
    let now = START_MS + 12 * HOUR_MS - MINUTE_MS;
    assert_eq!(cloud.principal(&last, now), before);
    assert_eq!(last.access_expires_at_unix_ms, START_MS + 12 * HOUR_MS);
    cloud.clock.advance_ms(MINUTE_MS);
    assert_eq!(
        why(cloud.refresh(&last.refresh_token).await),
        "SESSION_ENDED"
    );
    assert_eq!(
        why(cloud.account(&last.access_token).await),
        "TOKEN_EXPIRED"
    );
}

#[tokio::test]
async fn signing_out_ends_a_session_by_device() {
    let cloud = Cloud::with_device().await;
    let answer = cloud.by_device(&device().to_string(), USER).await.unwrap();
    let tokens = answer.tokens.unwrap();
    cloud.sign_out(&tokens.refresh_token).await.unwrap();
    cloud.assert_ended(&tokens).await;
}

#[tokio::test]
async fn the_password_of_a_device_is_not_stored() {
    let cloud = Cloud::with_device().await;
    cloud.by_device(&device().to_string(), USER).await.unwrap();
    assert!(!cloud.stored().await.contains(USER.1));
}
