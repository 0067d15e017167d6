//! An account's devices, as its owner sees them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use sightline_domain::{AccountId, CloudId};
use sightline_rpc::device::v1::DeviceKind;
use sightline_rpc::registry::v1::{
    Device, DeviceStatus, GetDeviceRequest, GetDeviceResponse, ListDevicesRequest,
    ListDevicesResponse,
};
use sightline_store::MAX_KEY_BYTES;

use crate::Error;
use crate::records::{self, Owner};
use crate::service::Registry;

/// Devices of a page when the caller does not say.
const PAGE_DEFAULT: usize = 50;
/// Most devices of a page.
const PAGE_MAX: usize = 500;
/// A page ends early beyond this many bytes: clients take messages of 4 MiB by default, and one
/// device is at most some 64 KiB.
pub(crate) const PAGE_BYTES_MAX: usize = 2 << 20;

impl Registry {
    /// A page of devices, by name and then by cloud ID.
    pub(crate) async fn list(
        &self,
        account: &AccountId,
        request: &ListDevicesRequest,
    ) -> Result<ListDevicesResponse, Error> {
        let size = match usize::try_from(request.page_size) {
            Ok(0) => PAGE_DEFAULT,
            Ok(size) => size.min(PAGE_MAX),
            Err(_) => PAGE_MAX,
        };
        let after = after(account, &request.page_token)?;
        // One more tells whether another page follows.
        let found = self
            .records
            .devices(account, after.as_deref(), size + 1)
            .await?;
        let (mut devices, mut bytes, mut last) = (Vec::new(), 0, None);
        for (key, device) in &found {
            if devices.len() == size || bytes > PAGE_BYTES_MAX {
                let next_page_token = last.map_or_else(String::new, |key| token(account, key));
                return Ok(ListDevicesResponse {
                    devices,
                    next_page_token,
                });
            }
            last = Some(key);
            if let Some(device) = self.device_of(account, *device).await? {
                bytes += device.encoded_len();
                devices.push(device);
            }
        }
        Ok(ListDevicesResponse {
            devices,
            next_page_token: String::new(),
        })
    }

    /// One device of the account.
    pub(crate) async fn get(
        &self,
        account: &AccountId,
        request: &GetDeviceRequest,
    ) -> Result<GetDeviceResponse, Error> {
        let device = self.device_of(account, request.device_id.parse()?).await?;
        Ok(GetDeviceResponse {
            device: Some(device.ok_or(Error::NotFound)?),
        })
    }

    /// A device as its owner sees it; `None` when the account is not its owner.
    pub(crate) async fn device_of(
        &self,
        account: &AccountId,
        device: CloudId,
    ) -> Result<Option<Device>, Error> {
        let owner = self.records.owner(device).await?;
        match owner.filter(|owner| owner.account == *account) {
            Some(owner) => Ok(Some(self.device(device, owner).await?)),
            None => Ok(None),
        }
    }

    async fn device(&self, device: CloudId, owner: Owner) -> Result<Device, Error> {
        let online = self.coordinator.owner(device).await?.is_some();
        let status = if online {
            DeviceStatus::Online
        } else {
            DeviceStatus::Offline
        };
        let report = self.records.report(device).await?.map(|(_, report)| report);
        let seen = report
            .as_ref()
            .map_or(owner.claimed_at_unix_ms, |r| r.seen_at_unix_ms);
        let told = report.map(|report| report.description).unwrap_or_default();
        Ok(Device {
            id: device.to_string(),
            name: owner.name.to_string(),
            status: status.into(),
            kind: DeviceKind::try_from(told.kind).unwrap_or_default().into(),
            channels: told.channels(),
            vendor: told.vendor,
            model: told.model,
            software_version: told.software_version,
            time_zone: told.time_zone,
            has_storage: told.has_storage,
            claimed_at_unix_ms: owner.claimed_at_unix_ms,
            last_seen_at_unix_ms: if online { 0 } else { seen },
        })
    }
}

/// The place after an index key. It leaves the account out, so that a token means a place in the
/// list of whoever sends it, and in no other.
fn token(account: &AccountId, key: &[u8]) -> String {
    let prefix = records::index_prefix(account);
    URL_SAFE_NO_PAD.encode(key.strip_prefix(prefix.as_slice()).unwrap_or_default())
}

fn after(account: &AccountId, token: &str) -> Result<Option<Vec<u8>>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    if token.len() > 2 * MAX_KEY_BYTES {
        return Err(Error::PageToken);
    }
    let place = URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| Error::PageToken)?;
    Ok(Some([records::index_prefix(account), place].concat()))
}
