//! Every change that ends open streams: each with its reason, over both protocols, within a second
//! of the beginning of the one call that makes the change.

use std::sync::Arc;
use std::time::Instant;

use sightline_base::clock::SetClock;
use sightline_domain::CloudId;
use sightline_loadtest::account::authorized;
use sightline_loadtest::device::{Synthetic, VIEWER};
use sightline_loadtest::viewer::{grpc, websocket};
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::identity::v1::{
    ChangePasswordRequest, ResetPasswordRequest, RevokeSessionRequest, SignOutRequest,
};
use sightline_rpc::registry::v1::DeleteDeviceRequest;
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::sharing::v1::{DeclineShareRequest, Permission, Terms};
use sightline_tests::{Connected, Person, Sandbox};
use tonic::{Code, Status};

use super::{
    AT_ONCE, MONDAY_17_30_UNIX_MS, again, always, by_device, office_hours, pictures, refusal,
};
use crate::watching::{end, frames, next, over_grpc, over_websocket};

const NEW_PASSWORD: &str = "another-horse-8";

/// A person who watches over both protocols.
struct Watcher {
    browser: websocket::Viewer,
    program: grpc::Viewer,
}

impl Watcher {
    async fn begin(sandbox: &Sandbox, person: &Person, device: CloudId) -> Self {
        let mut browser = over_websocket(sandbox, person, device).await.unwrap();
        let mut program = over_grpc(sandbox, person, device).await.unwrap();
        frames(&mut browser, 1).await.unwrap();
        next(&mut program).await.unwrap();
        Self { browser, program }
    }

    /// Waits for the end of both, which comes with this reason, and soon after `began`.
    async fn ends(&mut self, reason: &str, began: Instant) {
        let browser = async {
            assert_eq!(end(&mut self.browser).await.unwrap(), reason);
            assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        };
        let program = async {
            assert_eq!(end(&mut self.program).await.unwrap(), reason);
            assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        };
        tokio::join!(browser, program);
    }

    async fn goes_on(&mut self) {
        frames(&mut self.browser, 25).await.unwrap();
        pictures(&mut self.program, 25).await;
    }
}

/// Owner and guest watch a device in Moscow, on a Monday at 17:30.
struct Stage {
    clock: Arc<SetClock>,
    sandbox: Sandbox,
    owner: Person,
    guest: Person,
    device: CloudId,
    share: String,
    guests: Watcher,
    owners: Watcher,
    _uplink: Connected,
}

impl Stage {
    async fn set(terms: Terms) -> Self {
        let clock = SetClock::at_unix_ms(MONDAY_17_30_UNIX_MS);
        let sandbox = Sandbox::with(Arc::clone(&clock) as _, |_| ())
            .await
            .unwrap();
        let owner = sandbox.person("owner").await.unwrap();
        let guest = sandbox.person("guest").await.unwrap();
        let device = Synthetic::new().unwrap().time_zone("Europe/Moscow");
        let (device, uplink) = sandbox.device(device, &owner).await.unwrap();
        let id = device.cloud_id();
        let share = sandbox.share(&owner, id, &guest, terms).await.unwrap();
        let guests = Watcher::begin(&sandbox, &guest, id).await;
        let owners = Watcher::begin(&sandbox, &owner, id).await;
        Self {
            clock,
            sandbox,
            owner,
            guest,
            device: id,
            share,
            guests,
            owners,
            _uplink: uplink,
        }
    }

    /// The change, and nothing else, ends the guest's streams with this reason. The owner's go on.
    async fn is_ended(&mut self, reason: &str, change: impl Future<Output = ()>) {
        let began = Instant::now();
        tokio::join!(change, self.guests.ends(reason, began));
        self.owners.goes_on().await;
    }

    /// From some moment on the guest is refused, and hears this.
    async fn is_refused(&self, guest: &Person, code: Code) {
        let refused = crate::watching::again(|| async {
            match over_grpc(&self.sandbox, guest, self.device).await {
                Ok(_) => anyhow::bail!("still open"),
                Err(refused) => Ok(refused.downcast::<Status>()?),
            }
        });
        assert_eq!(refused.await.unwrap().code(), code);
    }

    fn identity(&self) -> IdentityClient<tonic::transport::Channel> {
        IdentityClient::new(self.guest.api.channel())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocation_ends_open_streams_at_once() {
    let mut stage = Stage::set(always()).await;
    let (owner, share) = (stage.owner.clone(), stage.share.clone());
    let revoke = async { owner.revoke(&share).await.unwrap() };
    stage.is_ended("ACCESS_ENDED", revoke).await;
    // A stranger's answer it is then.
    stage.is_refused(&stage.guest, Code::NotFound).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_a_share_back_ends_open_streams_at_once() {
    let mut stage = Stage::set(always()).await;
    let share_id = stage.share.clone();
    let request = authorized(DeclineShareRequest { share_id }, &stage.guest.token).unwrap();
    let mut sharing = stage.guest.sharing();
    let decline = async { drop(sharing.decline_share(request).await.unwrap()) };
    stage.is_ended("ACCESS_ENDED", decline).await;
    stage.is_refused(&stage.guest, Code::NotFound).await;
}

/// The owner edits the share, which gives all at all times before.
async fn edit_ends_streams(reason: &str, terms: Terms) {
    let mut stage = Stage::set(always()).await;
    let (owner, share) = (stage.owner.clone(), stage.share.clone());
    let edit = async { owner.edit(&share, terms).await.unwrap() };
    stage.is_ended(reason, edit).await;
    stage.is_refused(&stage.guest, Code::PermissionDenied).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edit_that_takes_the_picture_away_ends_open_streams_at_once() {
    let terms = Terms {
        permissions: vec![Permission::Notifications.into()],
        ..Terms::default()
    };
    edit_ends_streams("ACCESS_ENDED", terms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edit_to_other_channels_ends_open_streams_at_once() {
    let terms = Terms {
        channels: vec![2],
        ..always()
    };
    edit_ends_streams("ACCESS_ENDED", terms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edit_to_other_hours_ends_open_streams_at_once() {
    let mut terms = office_hours();
    // The evening is left, and this is the afternoon.
    let schedule = terms.schedule.as_mut().unwrap();
    schedule.intervals.remove(0);
    edit_ends_streams("OUTSIDE_HOURS", terms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_of_the_hours_ends_open_streams_at_once() {
    let mut stage = Stage::set(office_hours()).await;
    let clock = Arc::clone(&stage.clock);
    clock.advance_ms(29 * 60_000 + 59_000);
    // 17:59:59: a second of pictures.
    stage.guests.goes_on().await;
    let six = async { clock.advance_ms(1_000) };
    stage.is_ended("OUTSIDE_HOURS", six).await;
    let guest = again(&stage.guest).await;
    stage.is_refused(&guest, Code::PermissionDenied).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_of_a_share_by_its_time_ends_open_streams_at_once() {
    let terms = Terms {
        ends_at_unix_ms: MONDAY_17_30_UNIX_MS + 60_000,
        ..always()
    };
    let mut stage = Stage::set(terms).await;
    let clock = Arc::clone(&stage.clock);
    clock.advance_ms(59_000);
    stage.guests.goes_on().await;
    let last = async { clock.advance_ms(1_000) };
    stage.is_ended("ACCESS_ENDED", last).await;
    stage.is_refused(&stage.guest, Code::NotFound).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_the_streams_of_that_sign_in_at_once() {
    let mut stage = Stage::set(always()).await;
    let refresh_token = stage.guest.refresh_token.clone();
    let mut identity = stage.identity();
    let sign_out = async {
        let request = SignOutRequest { refresh_token };
        identity.sign_out(request).await.unwrap();
    };
    stage.is_ended("SESSION_ENDED", sign_out).await;
    stage.is_refused(&stage.guest, Code::Unauthenticated).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_ended_from_another_place_ends_its_streams_at_once() {
    let mut stage = Stage::set(always()).await;
    let sessions = stage.guest.sessions().await.unwrap();
    let elsewhere = again(&stage.guest).await;
    let mut calls = Vec::new();
    for session_id in sessions {
        // One of them is of the registration, the other one watches.
        let request = RevokeSessionRequest { session_id };
        let request = authorized(request, &elsewhere.token).unwrap();
        let mut identity = stage.identity();
        calls.push(async move { identity.revoke_session(request).await.unwrap() });
    }
    let revoke = async { drop(futures::future::join_all(calls).await) };
    stage.is_ended("SESSION_ENDED", revoke).await;
    stage.is_refused(&stage.guest, Code::Unauthenticated).await;
    assert!(
        over_grpc(&stage.sandbox, &elsewhere, stage.device)
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_password_ends_the_streams_of_other_sign_ins_at_once() {
    let mut stage = Stage::set(always()).await;
    let elsewhere = again(&stage.guest).await;
    let request = ChangePasswordRequest {
        current_password: sightline_tests::PASSWORD.to_owned(),
        new_password: NEW_PASSWORD.to_owned(),
    };
    let request = authorized(request, &elsewhere.token).unwrap();
    let mut identity = stage.identity();
    let change = async { drop(identity.change_password(request).await.unwrap()) };
    stage.is_ended("SESSION_ENDED", change).await;
    stage.is_refused(&stage.guest, Code::Unauthenticated).await;
    assert!(
        over_grpc(&stage.sandbox, &elsewhere, stage.device)
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reset_password_ends_all_streams_of_the_account_at_once() {
    let mut stage = Stage::set(always()).await;
    // Another code for the same address.
    stage.clock.advance_ms(61_000);
    let request = ResetPasswordRequest {
        email: stage.guest.email.clone(),
        code: stage.sandbox.reset_code(&stage.guest).await.unwrap(),
        new_password: NEW_PASSWORD.to_owned(),
    };
    let mut identity = stage.identity();
    let reset = async { drop(identity.reset_password(request).await.unwrap()) };
    stage.is_ended("SESSION_ENDED", reset).await;
    stage.is_refused(&stage.guest, Code::Unauthenticated).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_device_ends_all_streams_and_is_free_and_its_next_owner_starts_without_shares() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let guest = sandbox.person("guest").await.unwrap();
    let buyer = sandbox.person("buyer").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let id = device.cloud_id();
    sandbox.share(&owner, id, &guest, always()).await.unwrap();
    let user = by_device(&owner, id, VIEWER).await.unwrap();
    let mut owners = Watcher::begin(&sandbox, &owner, id).await;
    let mut guests = Watcher::begin(&sandbox, &guest, id).await;
    let mut users = Watcher::begin(&sandbox, &user, id).await;

    let device_id = id.to_string();
    let request = authorized(DeleteDeviceRequest { device_id }, &owner.token).unwrap();
    let mut registry = RegistryClient::new(owner.api.channel());
    let delete = async { drop(registry.delete_device(request).await.unwrap()) };
    let began = Instant::now();
    tokio::join!(
        delete,
        owners.ends("ACCESS_ENDED", began),
        guests.ends("ACCESS_ENDED", began),
        users.ends("ACCESS_ENDED", began),
    );

    let code = device.verification_code();
    buyer
        .api
        .claim(&buyer.token, &id.to_string(), &code)
        .await
        .unwrap();
    let mut stream = crate::watching::again(|| over_grpc(&sandbox, &buyer, id))
        .await
        .unwrap();
    pictures(&mut stream, 5).await;
    for person in [&owner, &guest, &user] {
        assert_eq!(refusal(&sandbox, person, id).await.code(), Code::NotFound);
    }
}
