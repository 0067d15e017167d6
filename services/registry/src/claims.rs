//! How a person becomes the owner of a device.
//!
//! The device itself checks the verification code, or the password of one of its administrators,
//! asked through the edge that holds its connection. The store then decides among all who knew it:
//! the first one stands.

use std::time::Duration;

use sightline_base::place::Network;
use sightline_domain::attempts::Exhausted;
use sightline_domain::{AccountId, CloudId, DeviceName, VerificationCode};
use sightline_rpc::device::v1::DeviceKind;
use sightline_rpc::internal::v1::{VerifyClaimRequest, VerifyUserRequest};
use sightline_rpc::registry::v1::{
    ClaimDeviceRequest, Device, DeviceAdministrator, LookupDeviceRequest, LookupDeviceResponse,
};
use sightline_store::{Error as StoreError, Revision};

use crate::Error;
use crate::limits::Secret;
use crate::records::{Owner, Ownership};
use crate::service::Registry;

/// Most devices of one account, so that its list is searched and sorted in memory. Claims at the
/// same moment may exceed it by a few.
pub(crate) const DEVICES_PER_ACCOUNT_MAX: usize = 1000;
/// Most characters of a user name of a device.
const USER_NAME_CHARS_MAX: usize = 64;
/// Most characters of a password of a device.
const PASSWORD_CHARS_MAX: usize = 128;
/// Rounds against others who change the same device at the same moment. A claim is decided by the
/// second, unless that owner deletes the device at once.
pub(crate) const ROUNDS_MAX: usize = 4;

/// By what the device knows its owner. Secret, so it has no `Debug`.
enum Proof {
    Code(String),
    Administrator(DeviceAdministrator),
}

/// A claim that is well-formed.
struct Claim {
    device: CloudId,
    account: AccountId,
    name: DeviceName,
    proof: Proof,
    request_id: String,
    /// Where it comes from; `None` within this process.
    network: Option<Network>,
}

impl Proof {
    fn new(request: &ClaimDeviceRequest) -> Result<Self, Error> {
        let code = request.verification_code.as_str();
        match &request.administrator {
            None => {
                let code: VerificationCode = code.parse()?;
                Ok(Self::Code(code.reveal()))
            }
            Some(user) if code.is_empty() => {
                let fits = |text: &str, max| (1..=max).contains(&text.chars().count());
                if fits(&user.user_name, USER_NAME_CHARS_MAX)
                    && fits(&user.password, PASSWORD_CHARS_MAX)
                {
                    Ok(Self::Administrator(user.clone()))
                } else {
                    Err(Error::WrongPassword)
                }
            }
            Some(_) => Err(Error::TwoProofs),
        }
    }

    fn secret(&self) -> Secret {
        match self {
            Self::Code(_) => Secret::Code,
            Self::Administrator(_) => Secret::Password,
        }
    }
}

impl Claim {
    fn new(
        account: AccountId,
        network: Option<Network>,
        request: &ClaimDeviceRequest,
    ) -> Result<Self, Error> {
        let (device, name) = (request.device_id.parse()?, request.name.parse()?);
        let proof = Proof::new(request)?;
        let request_id =
            uuid::Uuid::parse_str(&request.request_id).map_err(|_| Error::RequestId)?;
        Ok(Self {
            device,
            account,
            name,
            proof,
            request_id: request_id.to_string(),
            network,
        })
    }

    /// Whether the claimant owns the device already.
    fn is_of_owner(&self, before: Option<&(Revision, Ownership)>) -> bool {
        let owner = before.and_then(|(_, ownership)| ownership.owner.as_ref());
        owner.is_some_and(|owner| owner.account == self.account)
    }

    /// Whether it can still succeed; `true` when it already has.
    fn done(&self, before: Option<&(Revision, Ownership)>) -> Result<bool, Error> {
        match before.and_then(|(_, ownership)| ownership.owner.as_ref()) {
            None => Ok(false),
            Some(owner) if owner.account != self.account => Err(Error::Owned),
            Some(owner) if owner.request_id == self.request_id => Ok(true),
            Some(_) => Err(Error::OwnedByCaller),
        }
    }
}

impl Registry {
    /// Whether a device can be claimed, before the code is asked for.
    pub(crate) async fn look_up(
        &self,
        account: &AccountId,
        request: &LookupDeviceRequest,
    ) -> Result<LookupDeviceResponse, Error> {
        let device: CloudId = request.device_id.parse()?;
        self.limits.lookup(account, self.clock.now_unix_ms())?;
        match self.records.owner(device).await? {
            Some(owner) if owner.account == *account => return Err(Error::OwnedByCaller),
            Some(_) => return Err(Error::Owned),
            None => {}
        }
        self.coordinator
            .owner(device)
            .await?
            .ok_or(Error::Offline)?;
        let known = self.unclaimed.get(device).map(|report| report.description);
        let known = known.unwrap_or_default();
        Ok(LookupDeviceResponse {
            device_id: device.to_string(),
            kind: DeviceKind::try_from(known.kind).unwrap_or_default().into(),
            model: known.model,
        })
    }

    /// Makes the caller the owner. `network` is where the request comes from, `None` within this
    /// process.
    pub(crate) async fn claim(
        &self,
        account: AccountId,
        network: Option<Network>,
        request: &ClaimDeviceRequest,
    ) -> Result<Device, Error> {
        let claim = Claim::new(account, network, request)?;
        let mut before = self.records.ownership(claim.device).await?;
        // Whether somebody else owns a device is learned at the cost of an attempt.
        if !claim.is_of_owner(before.as_ref()) {
            self.limits
                .claim(&claim.account, self.clock.now_unix_ms())?;
        }
        if !claim.done(before.as_ref())? {
            self.verify(&claim).await?;
            let devices = self.records.devices(&claim.account).await?;
            if devices.len() >= DEVICES_PER_ACCOUNT_MAX {
                return Err(Error::TooManyDevices(DEVICES_PER_ACCOUNT_MAX));
            }
            for round in 1.. {
                match self.become_owner(&claim, before.as_ref()).await {
                    Ok(()) => break,
                    Err(StoreError::Conflict { .. }) if round < ROUNDS_MAX => {}
                    Err(error) => return Err(error.into()),
                }
                before = self.records.ownership(claim.device).await?;
                if claim.done(before.as_ref())? {
                    break;
                }
            }
        }
        self.own_device(&claim.account, claim.device)
            .await?
            .ok_or(Error::NotFound)
    }

    /// Asks the device whether the proof is right, and returns the attempt when it is.
    async fn verify(&self, claim: &Claim) -> Result<(), Error> {
        let now = self.clock.now_unix_ms();
        let (limits, secret) = (&self.limits, claim.proof.secret());
        let guess = limits.guess(claim.device, secret, &claim.account, claim.network, now)?;
        let asked = self.ask(claim).await;
        match asked {
            Ok(()) => limits.was_right(&guess),
            Err(Error::Offline) => limits.was_not_asked(&guess, now),
            Err(Error::NoAnswer) => limits.was_not_answered(&guess, now),
            Err(_) => {}
        }
        asked
    }

    async fn ask(&self, claim: &Claim) -> Result<(), Error> {
        let device_id = claim.device.to_string();
        match &claim.proof {
            Proof::Code(code) => {
                let question = VerifyClaimRequest {
                    device_id,
                    verification_code: code.clone(),
                };
                let answer = self.verify_claim(question).await?;
                wait(answer.retry_after_s, answer.accepted)?;
                answer.accepted.then_some(()).ok_or(Error::WrongCode)
            }
            Proof::Administrator(user) => {
                let question = VerifyUserRequest {
                    device_id,
                    user_name: user.user_name.clone(),
                    password: user.password.clone(),
                };
                let answer = self.verify_user(question).await?;
                wait(answer.retry_after_s, answer.accepted)?;
                match (answer.accepted, answer.administrator) {
                    (true, true) => Ok(()),
                    (true, false) => Err(Error::NotAdministrator),
                    (false, _) => Err(Error::WrongPassword),
                }
            }
        }
    }

    async fn become_owner(
        &self,
        claim: &Claim,
        before: Option<&(Revision, Ownership)>,
    ) -> Result<(), StoreError> {
        let owner = Owner {
            account: claim.account.clone(),
            name: claim.name.clone(),
            claimed_at_unix_ms: self.clock.now_unix_ms(),
            request_id: claim.request_id.clone(),
        };
        let report = self.unclaimed.get(claim.device);
        self.records
            .put_owner(claim.device, before, owner, report.as_ref())
            .await?;
        tracing::info!(device = %claim.device, account = %claim.account, "device claimed");
        self.keep_unclaimed(claim.device).await;
        Ok(())
    }
}

/// The device's own limit on attempts.
fn wait(retry_after_s: u32, accepted: bool) -> Result<(), Exhausted> {
    if accepted || retry_after_s == 0 {
        return Ok(());
    }
    let retry_after = Duration::from_secs(retry_after_s.into());
    Err(Exhausted { retry_after })
}
