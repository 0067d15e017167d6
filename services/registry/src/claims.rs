//! How a person becomes the owner of a device.
//!
//! The device itself checks the verification code, asked through the edge that holds its
//! connection. The store then decides among all who knew it: the first one stands.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sightline_domain::attempts::{Attempts, Exhausted};
use sightline_domain::{AccountId, CloudId, DeviceName, VerificationCode};
use sightline_rpc::device::v1::DeviceKind;
use sightline_rpc::internal::v1::VerifyClaimRequest;
use sightline_rpc::registry::v1::{
    ClaimDeviceRequest, Device, LookupDeviceRequest, LookupDeviceResponse,
};
use sightline_store::{Error as StoreError, MAX_SCAN, Revision};

use crate::Error;
use crate::config::{Config, per_hour};
use crate::records::{Owner, Ownership};
use crate::service::Registry;

/// Longest a device may take to check a code, the way to it included.
const VERIFY_TIMEOUT: Duration = Duration::from_secs(10);
/// Most devices of one account: one scan, so that counting them is cheap.
const DEVICES_PER_ACCOUNT_MAX: usize = MAX_SCAN;
/// Rounds against others who claim the same device at the same moment. The second already finds
/// an owner; more are needed only when that owner deletes it at once.
const ROUNDS_MAX: usize = 4;
/// Keys of one table of attempts, about 10 MB; see [`Attempts`] for what happens beyond.
const ATTEMPT_KEYS_MAX: usize = 100_000;

/// Attempts to claim and to look up.
#[derive(Debug)]
pub(crate) struct Limits(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    devices: Attempts<CloudId>,
    accounts: Attempts<AccountId>,
    lookups: Attempts<AccountId>,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self(Mutex::new(Tables {
            devices: Attempts::new(per_hour(config.claims_per_device_h), ATTEMPT_KEYS_MAX),
            accounts: Attempts::new(per_hour(config.claims_per_account_h), ATTEMPT_KEYS_MAX),
            lookups: Attempts::new(per_hour(config.lookups_per_account_h), ATTEMPT_KEYS_MAX),
        }))
    }

    fn claim(&self, account: &AccountId, device: CloudId, now: i64) -> Result<(), Exhausted> {
        let mut tables = self.tables();
        tables.accounts.take(account.clone(), now)?;
        tables
            .devices
            .take(device, now)
            .inspect_err(|_| tables.accounts.give_back(account))
    }

    /// The claim did not fail for want of the code.
    fn claim_was_right(&self, account: &AccountId, device: CloudId) {
        let mut tables = self.tables();
        tables.accounts.give_back(account);
        tables.devices.give_back(&device);
    }

    fn lookup(&self, account: &AccountId, now: i64) -> Result<(), Exhausted> {
        self.tables().lookups.take(account.clone(), now)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A claim that is well-formed.
struct Claim {
    device: CloudId,
    account: AccountId,
    name: DeviceName,
    code: String,
    request_id: String,
}

impl Claim {
    fn new(account: AccountId, request: &ClaimDeviceRequest) -> Result<Self, Error> {
        let code: VerificationCode = request.verification_code.parse()?;
        let request_id =
            uuid::Uuid::parse_str(&request.request_id).map_err(|_| Error::RequestId)?;
        Ok(Self {
            device: request.device_id.parse()?,
            account,
            name: request.name.parse()?,
            code: code.reveal(),
            request_id: request_id.to_string(),
        })
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

    /// Makes the caller the owner.
    pub(crate) async fn claim(
        &self,
        account: AccountId,
        request: &ClaimDeviceRequest,
    ) -> Result<Device, Error> {
        let claim = Claim::new(account, request)?;
        let mut before = self.records.ownership(claim.device).await?;
        if !claim.done(before.as_ref())? {
            self.verify(&claim).await?;
            let count = self
                .records
                .devices(&claim.account, None, DEVICES_PER_ACCOUNT_MAX);
            if count.await?.len() >= DEVICES_PER_ACCOUNT_MAX {
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
        self.device_of(&claim.account, claim.device)
            .await?
            .ok_or(Error::NotFound)
    }

    /// Asks the device whether the code is right; costs an attempt when it is not.
    async fn verify(&self, claim: &Claim) -> Result<(), Error> {
        self.limits
            .claim(&claim.account, claim.device, self.clock.now_unix_ms())?;
        let owner = self
            .coordinator
            .owner(claim.device)
            .await?
            .ok_or(Error::Offline)?;
        let mut edge = self.edges.for_edge(&owner.edge).ok_or(Error::Offline)?;
        let question = VerifyClaimRequest {
            device_id: claim.device.to_string(),
            verification_code: claim.code.clone(),
        };
        let answer = tokio::time::timeout(VERIFY_TIMEOUT, edge.verify_claim(question)).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) => {
                tracing::info!(device = %claim.device, code = ?status.code(), "a claim was not checked");
                return Err(Error::Offline);
            }
            Err(_) => {
                tracing::info!(device = %claim.device, "a claim was not checked in time");
                return Err(Error::Offline);
            }
        };
        if answer.accepted {
            self.limits.claim_was_right(&claim.account, claim.device);
            Ok(())
        } else if answer.retry_after_s > 0 {
            let retry_after = Duration::from_secs(answer.retry_after_s.into());
            Err(Exhausted { retry_after }.into())
        } else {
            Err(Error::WrongCode)
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
