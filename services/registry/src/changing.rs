//! What an owner changes: the name of a device, and that it is theirs.

use sightline_domain::{AccountId, CloudId, DeviceName};
use sightline_rpc::internal::v1::EndSharesRequest;
use sightline_rpc::registry::v1::{DeleteDeviceRequest, Device, UpdateDeviceRequest};
use sightline_store::Error as StoreError;

use crate::Error;
use crate::claims::ROUNDS_MAX;
use crate::records::{self, Owned, Report};
use crate::service::Registry;

impl Registry {
    /// Renames a device of the account.
    pub(crate) async fn rename(
        &self,
        account: &AccountId,
        request: &UpdateDeviceRequest,
    ) -> Result<Device, Error> {
        let device: CloudId = request.device_id.parse()?;
        let name: DeviceName = request.name.parse()?;
        for round in 1.. {
            let owned = self.owned_by(account, device).await?;
            if owned.owner.name == name {
                break;
            }
            match self.records.put_name(device, &owned, name.clone()).await {
                Ok(()) => break,
                Err(StoreError::Conflict { .. }) if round < ROUNDS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
        let device = self.own_device(account, device).await?;
        device.ok_or(Error::NotFound)
    }

    /// Takes a device out of the account. Everything that was made under this ownership is dead
    /// when this returns.
    pub(crate) async fn delete(
        &self,
        account: &AccountId,
        request: &DeleteDeviceRequest,
    ) -> Result<(), Error> {
        let device: CloudId = request.device_id.parse()?;
        for round in 1.. {
            let owned = self.owned_by(account, device).await?;
            let report = self.records.report(device).await?.map(|(_, report)| report);
            let freed = records::free(device, &owned)?;
            match self.records.store().commit(freed).await {
                Ok(_) => {
                    tracing::info!(%device, %account, "device deleted by its owner");
                    self.freed(device, &owned, report).await;
                    break;
                }
                Err(StoreError::Conflict { .. }) if round < ROUNDS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What follows when a device has lost its owner: it can be claimed again at once, and the
    /// people with whom it was shared are told.
    pub(crate) async fn freed(&self, device: CloudId, owned: &Owned, report: Option<Report>) {
        if let Some(report) = report {
            self.keep_of_freed(device, report).await;
        }
        let (grants, epoch) = (self.grants.clone(), owned.epoch);
        self.background.call("end the shares of a device", move || {
            let mut grants = grants.clone();
            let device_id = device.to_string();
            async move {
                let request = EndSharesRequest { device_id, epoch };
                grants.end_shares(request).await.map(|_| ())
            }
        });
    }

    async fn owned_by(&self, account: &AccountId, device: CloudId) -> Result<Owned, Error> {
        let owned = self.records.owned(device).await?;
        owned
            .filter(|owned| owned.owner.account == *account)
            .ok_or(Error::NotFound)
    }
}
