//! What an owner does with shares that stand, and what becomes of them when the owner goes.

use sightline_domain::{AccountId, CloudId};
use sightline_rpc::internal::v1::{EndSharesRequest, Ownership};
use sightline_rpc::sharing::v1::{self as proto, UpdateShareRequest};

use crate::Error;
use crate::offers::terms;
use crate::service::{Sharing, share_id};
use crate::share::{Share, State};
use crate::view::Present;

impl Sharing {
    /// Gives a share new terms. It stays accepted.
    pub(crate) async fn update(
        &self,
        caller: &AccountId,
        request: &UpdateShareRequest,
    ) -> Result<proto::Share, Error> {
        let now = self.now();
        let terms = terms(request.terms.as_ref(), now)?;
        self.limits.update(caller, now)?;
        let (share, ownership) = self.given_share(caller, &request.share_id).await?;
        let share = self.change(&share.id, |share| {
            if !share.effective(ownership.epoch, now).is_live() {
                return Err(Error::Ended);
            }
            if request.version != 0 && request.version != share.version {
                return Err(Error::VersionConflict);
            }
            // Who has not accepted yet has nothing to compare with.
            let wider = share.widened || terms.widens(&share.terms);
            Ok(Some(Share {
                widened: share.state == State::Accepted && wider,
                terms: terms.clone(),
                device_name: ownership.device_name.clone(),
                time_zone: ownership.time_zone.clone(),
                ..share.changed(now)
            }))
        });
        let share = share.await?;
        tracing::info!(share = %share.id, device = %share.device, owner = %caller, "share changed");
        Present::with(self, share.device, ownership)
            .given(&share)
            .await
    }

    /// Ends a share. One that has ended already stays as it is.
    pub(crate) async fn revoke(&self, caller: &AccountId, id: &str) -> Result<(), Error> {
        let (share, _) = self.given_share(caller, id).await?;
        let share = self.end(&share.id).await?;
        tracing::info!(share = %share.id, device = %share.device, owner = %caller, "share revoked");
        Ok(())
    }

    /// Writes down that the shares of an ownership epoch have ended.
    pub(crate) async fn end_shares(&self, request: &EndSharesRequest) -> Result<(), Error> {
        let device: CloudId = request.device_id.parse()?;
        let shares = self.records.live(device, request.epoch).await?;
        for share in &shares {
            self.end(&share.id).await?;
        }
        tracing::info!(%device, epoch = request.epoch, shares = shares.len(), "shares ended with their owner");
        Ok(())
    }

    pub(crate) async fn end(&self, id: &str) -> Result<Share, Error> {
        let now = self.now();
        self.change(id, |share| {
            let live = share.state.is_live();
            Ok(live.then(|| share.with_state(State::Ended, now)))
        })
        .await
    }

    /// A share that the caller has given, of a device that they own since then.
    ///
    /// # Errors
    /// [`Error::NoShare`] for every other.
    pub(crate) async fn given_share(
        &self,
        caller: &AccountId,
        id: &str,
    ) -> Result<(Share, Ownership), Error> {
        let found = self.records.share(&share_id(id)?).await?;
        let share = found.map(|(_, share)| share);
        let share = share
            .filter(|share| share.owner == *caller)
            .ok_or(Error::NoShare)?;
        let ownership = self.peers.ownership(share.device).await?;
        let owns = ownership.account_id == caller.to_string();
        if owns && ownership.epoch == share.ownership_epoch {
            Ok((share, ownership))
        } else {
            Err(Error::NoShare)
        }
    }
}
