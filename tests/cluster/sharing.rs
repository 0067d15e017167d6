//! Shares on the running stream: hours, limits, users of a device; what ends a stream is in [`ends`],
//! and what an edge does that hears nothing of shares in [`silence`].

mod claim;
mod ends;
mod silence;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sightline_base::clock::{SetClock, SystemClock};
use sightline_domain::CloudId;
use sightline_loadtest::account::authorized;
use sightline_loadtest::device::{ADMINISTRATOR, Synthetic, VIEWER};
use sightline_loadtest::viewer::{Event, grpc};
use sightline_rpc::identity::v1::SignInByDeviceRequest;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::registry::v1::ListDevicesRequest;
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::sharing::v1::{Interval, Permission, Schedule, Terms};
use sightline_tests::{PASSWORD, Person, Sandbox};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::watching::{end, next, over_grpc, over_websocket};

/// Monday, 23 November 2026, 17:30 in Moscow.
const MONDAY_17_30_UNIX_MS: i64 = 1_795_444_200_000;
/// Longest from the beginning of a change to the last words of a stream that it ends.
const AT_ONCE: Duration = Duration::from_secs(1);

fn always() -> Terms {
    Terms {
        permissions: vec![Permission::ViewLive.into()],
        ..Terms::default()
    }
}

/// 10:00-17:59 and 20:00-21:59, Monday to Friday, live only.
fn office_hours() -> Terms {
    let intervals = [(600, 1079), (1200, 1319)];
    let interval = |(from_minute, to_minute)| Interval {
        from_minute,
        to_minute,
    };
    Terms {
        schedule: Some(Schedule {
            intervals: intervals.map(interval).into(),
            weekdays: (1..=5).collect(),
        }),
        ..always()
    }
}

/// A person with a fresh token, as a program that refreshes it has.
async fn again(person: &Person) -> Person {
    let tokens = person.api.sign_in(&person.email, PASSWORD).await.unwrap();
    Person {
        token: tokens.access_token,
        ..person.clone()
    }
}

async fn refusal(sandbox: &Sandbox, person: &Person, device: CloudId) -> Status {
    let refused = over_grpc(sandbox, person, device).await.unwrap_err();
    refused.downcast::<Status>().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_opened_at_half_past_five_ends_at_six_and_may_open_again_at_eight() {
    let clock = SetClock::at_unix_ms(MONDAY_17_30_UNIX_MS);
    let sandbox = Sandbox::with(Arc::clone(&clock) as _, |_| ())
        .await
        .unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let guest = sandbox.person("guest").await.unwrap();
    let device = Synthetic::new().unwrap().time_zone("Europe/Moscow");
    let (device, _uplink) = sandbox.device(device, &owner).await.unwrap();
    let id = device.cloud_id();
    let share = owner.offer(id, &guest.email, office_hours()).await.unwrap();
    // Nothing before acceptance.
    assert_eq!(refusal(&sandbox, &guest, id).await.code(), Code::NotFound);
    guest.accept(&share.id).await.unwrap();

    let mut stream = over_grpc(&sandbox, &guest, id).await.unwrap();
    let mut owners = over_grpc(&sandbox, &owner, id).await.unwrap();
    assert!(matches!(
        next(&mut stream).await.unwrap(),
        Event::Started { .. }
    ));
    clock.advance_ms(29 * 60_000 + 59_000);
    // 17:59:59: a second of pictures.
    let before = Instant::now();
    pictures(&mut stream, 25).await;
    assert!(before.elapsed() < Duration::from_secs(10));
    clock.advance_ms(1_000);
    let at_six = Instant::now();
    assert_eq!(end(&mut stream).await.unwrap(), "OUTSIDE_HOURS");
    assert!(at_six.elapsed() < AT_ONCE, "{:?}", at_six.elapsed());
    pictures(&mut owners, 25).await;

    let guest = again(&guest).await;
    let refused = refusal(&sandbox, &guest, id).await;
    assert_eq!(refused.code(), Code::PermissionDenied);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.reason, "OUTSIDE_HOURS");
    let at_eight = (MONDAY_17_30_UNIX_MS + 150 * 60_000).to_string();
    assert_eq!(info.metadata.get("opens_at_unix_ms"), Some(&at_eight));
    clock.advance_ms(2 * 3_600_000 - 1_000);
    let guest = again(&guest).await;
    assert_eq!(
        refusal(&sandbox, &guest, id).await.code(),
        Code::PermissionDenied
    );
    clock.advance_ms(1_000);
    let mut evening = over_grpc(&sandbox, &guest, id).await.unwrap();
    pictures(&mut evening, 25).await;
}

async fn pictures(stream: &mut grpc::Viewer, count: usize) {
    let mut seen = 0;
    while seen < count {
        match next(stream).await.unwrap() {
            Event::Frame(_) => seen += 1,
            Event::Started { .. } => {}
            other => panic!("after {seen} pictures came {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guest_who_opens_all_that_is_allowed_leaves_room_for_the_owner() {
    let few = |config: &mut sightline::Config| config.edge.viewers_per_account_max = 2;
    let sandbox = Sandbox::with(SystemClock::shared(), few).await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let guest = sandbox.person("guest").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let id = device.cloud_id();
    sandbox.share(&owner, id, &guest, always()).await.unwrap();
    let _one = over_grpc(&sandbox, &guest, id).await.unwrap();
    let _two = over_grpc(&sandbox, &guest, id).await.unwrap();
    let third = refusal(&sandbox, &guest, id).await;
    assert_eq!(third.code(), Code::ResourceExhausted);
    let mut owners = over_grpc(&sandbox, &owner, id).await.unwrap();
    pictures(&mut owners, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_of_a_revoked_guest_who_reads_nothing_are_free_again() {
    let few = |config: &mut sightline::Config| config.edge.viewers_per_device_max = 2;
    let sandbox = Sandbox::with(SystemClock::shared(), few).await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let guest = sandbox.person("guest").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let id = device.cloud_id();
    let share = sandbox.share(&owner, id, &guest, always()).await.unwrap();
    let _one = over_grpc(&sandbox, &guest, id).await.unwrap();
    let _two = over_websocket(&sandbox, &guest, id).await.unwrap();
    let full = || async {
        match over_grpc(&sandbox, &owner, id).await {
            Ok(_) => anyhow::bail!("there was a place"),
            Err(refused) => Ok(refused.downcast::<Status>()?),
        }
    };
    let refused = crate::watching::again(full).await.unwrap();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    owner.revoke(&share).await.unwrap();
    let mut owners = crate::watching::again(|| over_grpc(&sandbox, &owner, id))
        .await
        .unwrap();
    pictures(&mut owners, 5).await;
}

async fn by_device(
    person: &Person,
    device: CloudId,
    (user_name, password): (&str, &str),
) -> Result<Person, Status> {
    let request = SignInByDeviceRequest {
        device_id: device.to_string(),
        user_name: user_name.to_owned(),
        password: password.to_owned(),
    };
    let mut identity = IdentityClient::new(person.api.channel());
    let tokens = identity
        .sign_in_by_device(request)
        .await?
        .into_inner()
        .tokens;
    let tokens = tokens.unwrap();
    Ok(Person {
        token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        ..person.clone()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_of_a_device_watches_that_device_alone_whoever_owns_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let (other, _other_uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let id = device.cloud_id();
    let wrong = (VIEWER.0, ADMINISTRATOR.1);
    assert_eq!(
        by_device(&owner, id, wrong).await.unwrap_err().code(),
        Code::Unauthenticated
    );
    let user = by_device(&owner, id, VIEWER).await.unwrap();
    let mut stream = over_grpc(&sandbox, &user, id).await.unwrap();
    pictures(&mut stream, 5).await;
    let refused = refusal(&sandbox, &user, other.cloud_id()).await;
    assert_eq!(refused.code(), Code::NotFound);
    let request = authorized(ListDevicesRequest::default(), &user.token).unwrap();
    let mut registry = RegistryClient::new(user.api.channel());
    let listed = registry
        .list_devices(request)
        .await
        .unwrap()
        .into_inner()
        .devices;
    let ids: Vec<_> = listed.into_iter().map(|device| device.id).collect();
    assert_eq!(ids, [id.to_string()]);
}
