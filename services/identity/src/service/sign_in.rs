//! Signing in: by user, with a password of the cloud, and by device, with a password of the device.

use std::time::Duration;

use sightline_domain::{CloudId, DeviceUser, Email, Principal, password};
use sightline_rpc::identity::v1::{
    SignInByDeviceRequest, SignInByDeviceResponse, SignInRequest, SignInResponse, Tokens,
};
use sightline_rpc::internal::v1::{VerifyUserRequest, VerifyUserResponse};
use sightline_store::{Error as StoreError, Revision, Transaction};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::origin::Origin;
use super::{Inner, ROUNDS_MAX};
use crate::Error;
use crate::accounts::{Account, Accounts};
use crate::limits::{Place, SignInAttempt, Target};
use crate::sessions::{Client, Holder, Life};

/// Soonest that a sign-in by device is refused: longer than most devices take to answer, so that
/// one that is not there, and is refused without being asked, does not show.
const REFUSAL_MIN: Duration = Duration::from_millis(300);
/// Longest that a device may take to answer.
const DEVICE_ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest user name of a device, bytes; it is in every access token.
const DEVICE_USER_BYTES_MAX: usize = 128;

impl Inner {
    pub(super) async fn sign_in(
        &self,
        request: SignInRequest,
        origin: Origin,
    ) -> Result<SignInResponse, Error> {
        let now = self.clock.now_unix_ms();
        let password = Zeroizing::new(request.password);
        let email: Email = request.email.parse()?;
        if password.len() > password::PASSWORD_CHARS_MAX {
            return Err(Error::WrongCredentials);
        }
        self.limits.enter(origin.place, now)?;
        let found = self.accounts.find(&email).await?;
        let holder = found
            .as_ref()
            .map(|(_, account)| Holder::Account(account.id.clone()));
        let attempt = self
            .attempt(Target::Account(email), holder, origin.place, now)
            .await?;
        let hash = found
            .as_ref()
            .map(|(_, account)| account.password_hash.clone());
        let right = self.passwords.verify(password, hash).await?;
        let found = found.filter(|_| right).ok_or(Error::WrongCredentials)?;
        self.limits.succeeded(attempt, now);
        let life = if request.remember_me {
            Life::Remembered
        } else {
            Life::Day
        };
        let (account, tokens) = self.begin(found, life, &origin.client, now).await?;
        Ok(SignInResponse {
            account: Some(account.to_proto()),
            tokens: Some(tokens),
        })
    }

    /// Takes an attempt at a password; one at the place was taken before.
    async fn attempt(
        &self,
        target: Target,
        holder: Option<Holder>,
        place: Option<Place>,
        now: i64,
    ) -> Result<SignInAttempt, Error> {
        let known = match (place, &holder) {
            (Some(place), _) if self.limits.knows(&target, place) => true,
            (Some(place), Some(holder)) => self.sessions.used_from(holder, place, now).await?,
            _ => false,
        };
        Ok(self.limits.sign_in(target, place, known, now)?)
    }

    /// A session of an account whose password was checked as it was read.
    async fn begin(
        &self,
        (mut revision, mut account): (Revision, Account),
        life: Life,
        client: &Client,
        now: i64,
    ) -> Result<(Account, Tokens), Error> {
        let principal = Principal::Account(account.id.clone());
        for _ in 0..ROUNDS_MAX {
            let begin = Accounts::update(Transaction::new(), revision, &account)?;
            let (begin, tokens, endings) = self
                .sessions
                .begin(begin, &principal, life, client.clone(), now)
                .await?;
            match self.store.commit(begin).await {
                Ok(_) => {
                    self.sessions.tell(endings, now);
                    return Ok((account, tokens));
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            // Another sign-in, or another password.
            let checked = account.password_hash;
            let found = self.accounts.get(&account.id).await?;
            (revision, account) = found.ok_or(Error::WrongCredentials)?;
            if account.password_hash != checked {
                return Err(Error::WrongCredentials);
            }
        }
        Err(Error::Busy)
    }

    pub(super) async fn sign_in_by_device(
        &self,
        request: SignInByDeviceRequest,
        origin: Origin,
    ) -> Result<SignInByDeviceResponse, Error> {
        let now = self.clock.now_unix_ms();
        let device: CloudId = request.device_id.parse()?;
        self.limits.enter(origin.place, now)?;
        let holder = Some(Holder::Device(device));
        let attempt = self
            .attempt(Target::Device(device), holder, origin.place, now)
            .await?;
        let refused_at = Instant::now() + REFUSAL_MIN;
        let name = request.user_name.clone();
        let Some(answer) = self.ask_device(device, request).await else {
            self.limits.failed(&attempt);
            tokio::time::sleep_until(refused_at).await;
            return Err(Error::WrongCredentials);
        };
        self.limits.succeeded(attempt, now);
        let principal = Principal::DeviceUser(DeviceUser {
            device,
            name: name.clone(),
            administrator: answer.administrator,
            ownership_epoch: answer.ownership_epoch,
        });
        let tokens = self
            .begin_by_device(device, &principal, &origin.client, now)
            .await?;
        Ok(SignInByDeviceResponse {
            device_id: device.to_string(),
            user_name: name,
            tokens: Some(tokens),
        })
    }

    async fn begin_by_device(
        &self,
        device: CloudId,
        principal: &Principal,
        client: &Client,
        now: i64,
    ) -> Result<Tokens, Error> {
        for _ in 0..ROUNDS_MAX {
            let begin = self.sessions.sign_in_in_turn(device, now).await?;
            let (begin, tokens, endings) = self
                .sessions
                .begin(begin, principal, Life::Once, client.clone(), now)
                .await?;
            match self.store.commit(begin).await {
                Ok(_) => {
                    self.sessions.tell(endings, now);
                    return Ok(tokens);
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// What the device says, when it accepts. Why it does not is for the log alone: that a device
    /// exists, is connected, or has had enough of wrong passwords is no stranger's to know.
    async fn ask_device(
        &self,
        device: CloudId,
        request: SignInByDeviceRequest,
    ) -> Option<VerifyUserResponse> {
        let fits = (1..=DEVICE_USER_BYTES_MAX).contains(&request.user_name.len())
            && request.password.len() <= password::PASSWORD_CHARS_MAX;
        if !fits {
            return None;
        }
        let question = VerifyUserRequest {
            device_id: device.to_string(),
            user_name: request.user_name,
            password: request.password,
        };
        let mut devices = self.devices.clone();
        let answer = tokio::time::timeout(DEVICE_ANSWER_MAX, devices.verify_user(question)).await;
        match answer {
            Ok(Ok(answer)) => {
                let answer = answer.into_inner();
                tracing::info!(
                    %device,
                    accepted = answer.accepted,
                    retry_after_s = answer.retry_after_s,
                    "sign-in by device"
                );
                answer.accepted.then_some(answer)
            }
            Ok(Err(status)) => {
                tracing::info!(%device, reason = status.message(), "device cannot be asked");
                None
            }
            Err(_) => {
                tracing::info!(%device, "device did not answer in time");
                None
            }
        }
    }
}
