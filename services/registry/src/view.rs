//! A device as somebody sees it: its owner, a guest, or a user of the device itself.
//!
//! Each view is made of nothing but what its reader may know, so a field that is added here is
//! added for one of them on purpose.

use sightline_domain::{AccountId, CloudId, DeviceUser, Principal};
use sightline_rpc::device::v1::{Channel, DeviceKind};
use sightline_rpc::registry::v1::{Device, DeviceStatus, GetDeviceRequest, GetDeviceResponse};

use crate::Error;
use crate::records::{Owned, Owner, Report};
use crate::service::Registry;
use crate::shares::{Share, ShareWatch, Shares};

/// Uplink that a recorder needs, bits per second.
const NVR_UPLINK_BITS_PER_S: u64 = 16_000_000;
/// Uplink that a camera needs, bits per second.
const CAMERA_UPLINK_BITS_PER_S: u64 = 2_500_000;
/// Name of a device without a model, for those who may not know its owner's name of it.
const NAMELESS: &str = "Device";

/// What is known of a device, whoever owns it.
struct Known {
    online: bool,
    report: Option<Report>,
}

impl Registry {
    /// One device that the caller may know of.
    pub(crate) async fn get(
        &self,
        caller: &Principal,
        request: &GetDeviceRequest,
    ) -> Result<GetDeviceResponse, Error> {
        let id: CloudId = request.device_id.parse()?;
        let device = match caller {
            Principal::Account(account) => match self.own_device(account, id).await? {
                Some(device) => Some(device),
                None => {
                    self.device_of(account, &self.shares(account).await?, id)
                        .await?
                }
            },
            Principal::DeviceUser(user) => self.device_of_user(user, id).await?,
        };
        Ok(GetDeviceResponse {
            device: Some(device.ok_or(Error::NotFound)?),
        })
    }

    /// What is shared with an account at this moment.
    pub(crate) async fn shares(&self, account: &AccountId) -> Result<Shares, Error> {
        let (_, shares) = ShareWatch::open(self.grants.clone(), account).await?;
        Ok(shares)
    }

    /// A device as its owner sees it; `None` when the account is not its owner.
    pub(crate) async fn own_device(
        &self,
        account: &AccountId,
        device: CloudId,
    ) -> Result<Option<Device>, Error> {
        self.device_of(account, &Shares::new(), device).await
    }

    /// A device as its owner sees it, or a guest; `None` when the account is neither.
    pub(crate) async fn device_of(
        &self,
        account: &AccountId,
        shares: &Shares,
        device: CloudId,
    ) -> Result<Option<Device>, Error> {
        let Some(owned) = self.records.owned(device).await? else {
            return Ok(None);
        };
        if owned.owner.account == *account {
            return Ok(Some(self.owners_view(device, owned).await?));
        }
        match shares.get(&device) {
            Some(share) if share.holds_under(owned.epoch) => {
                let known = self.known(device).await?;
                Ok(Some(guests_view(device, &owned.owner, known, share)))
            }
            _ => Ok(None),
        }
    }

    /// The device that somebody signed in to, as long as its ownership is that of that moment;
    /// nobody may own it.
    pub(crate) async fn device_of_user(
        &self,
        user: &DeviceUser,
        device: CloudId,
    ) -> Result<Option<Device>, Error> {
        let ownership = self.records.ownership(device).await?;
        let epoch = ownership.map_or(0, |(_, ownership)| ownership.epoch);
        if user.device == device && user.ownership_epoch == epoch {
            Ok(Some(device_users_view(device, self.known(device).await?)))
        } else {
            Ok(None)
        }
    }

    async fn known(&self, device: CloudId) -> Result<Known, Error> {
        let report = self.records.report(device).await?;
        let report = report.map(|(_, report)| report);
        Ok(Known {
            online: self.coordinator.owner(device).await?.is_some(),
            report: report.or_else(|| self.unclaimed.get(device)),
        })
    }

    async fn owners_view(&self, device: CloudId, owned: Owned) -> Result<Device, Error> {
        let pending_unbind = self.pending_unbind(device, owned.epoch).await?;
        let (owner, known) = (owned.owner, self.known(device).await?);
        let seen = known.report.as_ref().map(|report| report.seen_at_unix_ms);
        let seen = seen.unwrap_or(owner.claimed_at_unix_ms);
        let uplink_bits_per_s = known.report.as_ref().map_or(0, |r| r.uplink_bits_per_s);
        let device = Device {
            name: owner.name.to_string(),
            claimed_at_unix_ms: owner.claimed_at_unix_ms,
            last_seen_at_unix_ms: if known.online { 0 } else { seen },
            uplink_bits_per_s,
            pending_unbind,
            ..device_users_view(device, known)
        };
        Ok(Device {
            uplink_needed_bits_per_s: uplink_needed(device.kind()),
            ..device
        })
    }
}

/// All that the device tells, and nothing of its owner.
fn device_users_view(id: CloudId, known: Known) -> Device {
    let status = if known.online {
        DeviceStatus::Online
    } else {
        DeviceStatus::Offline
    };
    let told = known.report.map(|report| report.description);
    let told = told.unwrap_or_default();
    let name = if told.model.is_empty() {
        NAMELESS
    } else {
        &told.model
    };
    Device {
        id: id.to_string(),
        name: name.to_owned(),
        status: status.into(),
        kind: DeviceKind::try_from(told.kind).unwrap_or_default().into(),
        channels: told.channels(),
        vendor: told.vendor,
        model: told.model,
        software_version: told.software_version,
        time_zone: told.time_zone,
        has_storage: told.has_storage,
        ..Device::default()
    }
}

/// The channels of the share without their troubles, which may name addresses of the owner's
/// network, and nothing that helps to find a weakness of the device.
fn guests_view(id: CloudId, owner: &Owner, known: Known, share: &Share) -> Device {
    let seen = device_users_view(id, known);
    let covered = seen
        .channels
        .into_iter()
        .filter(|one| share.covers(one.number));
    let channels = covered.map(|channel| Channel {
        detail: String::new(),
        ..channel
    });
    Device {
        id: seen.id,
        name: owner.name.to_string(),
        status: seen.status,
        kind: seen.kind,
        model: seen.model,
        time_zone: seen.time_zone,
        has_storage: seen.has_storage && share.gives_archive(),
        channels: channels.collect(),
        shared: Some(share.to_proto()),
        ..Device::default()
    }
}

fn uplink_needed(kind: DeviceKind) -> u64 {
    match kind {
        DeviceKind::Nvr => NVR_UPLINK_BITS_PER_S,
        DeviceKind::Camera => CAMERA_UPLINK_BITS_PER_S,
        DeviceKind::Unspecified => 0,
    }
}
