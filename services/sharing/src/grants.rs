//! What follows from shares: who may do what with a device, and why.

use jiff::Timestamp;
use sightline_domain::access::{DeviceGrants, Grant, GrantSource, Path, PathSource};
use sightline_domain::{AccountId, CloudId, Principal};
use sightline_rpc::internal::v1::Ownership;
use sightline_rpc::sharing::v1::{
    self as proto, CheckRequest, CheckResponse, ExplainRequest, ExplainResponse, path,
};
use sightline_rpc::terms::{permission_from_proto, permission_to_proto, permissions_to_proto};

use crate::Error;
use crate::service::Sharing;
use crate::share::State;

impl Sharing {
    /// The owner's grant, and those of the accepted shares. A share whose own end has passed is
    /// among them: its terms say so.
    pub(crate) async fn grants(
        &self,
        device: CloudId,
        ownership: &Ownership,
    ) -> Result<DeviceGrants, Error> {
        let shares = self.records.live(device, ownership.epoch).await?;
        let owner: Option<AccountId> = match ownership.account_id.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| Error::Peer("registry"))?),
        };
        let owner = owner.map(|account| Grant {
            account,
            source: GrantSource::Ownership,
        });
        let accepted = shares
            .into_iter()
            .filter(|share| share.state == State::Accepted)
            .filter_map(|share| {
                let source = GrantSource::Share {
                    id: share.id,
                    terms: share.terms,
                };
                let account = share.recipient?;
                Some(Grant { account, source })
            });
        Ok(DeviceGrants::new(
            device,
            ownership.epoch,
            &ownership.time_zone,
            owner.into_iter().chain(accepted),
        ))
    }

    /// What somebody may do now. For a device that does not exist, that is nothing.
    pub(crate) async fn check(
        &self,
        caller: &Principal,
        request: &CheckRequest,
    ) -> Result<CheckResponse, Error> {
        let device: CloudId = request.device_id.parse()?;
        let ownership = self.peers.ownership(device).await?;
        let grants = self.grants(device, &ownership).await?;
        let rights = grants.rights(caller, channel(request.channel), self.moment());
        Ok(CheckResponse {
            permissions: permissions_to_proto(rights.permissions),
            holds_until_unix_ms: unix_ms(rights.holds_until),
        })
    }

    /// Why the caller, or the recipient of a share that the caller has given, may do something.
    pub(crate) async fn explain(
        &self,
        caller: &Principal,
        request: &ExplainRequest,
    ) -> Result<ExplainResponse, Error> {
        let device: CloudId = request.device_id.parse()?;
        let permission = permission_from_proto(request.permission()).ok_or(Error::Permission)?;
        let who = match request.share_id.as_str() {
            "" => Some(caller.clone()),
            id => self.recipient_of(caller, device, id).await?,
        };
        let ownership = self.peers.ownership(device).await?;
        let grants = self.grants(device, &ownership).await?;
        let channel = channel(request.channel);
        let paths = who.map(|who| grants.explain(&who, channel, permission, self.moment()));
        Ok(ExplainResponse {
            paths: paths.into_iter().flatten().map(path_to_proto).collect(),
        })
    }

    /// Who has accepted a share that the caller gives; nobody has accepted an offer.
    async fn recipient_of(
        &self,
        caller: &Principal,
        device: CloudId,
        share_id: &str,
    ) -> Result<Option<Principal>, Error> {
        let caller = caller.account().ok_or(Error::NoShare)?;
        let (share, _) = self.given_share(caller, share_id).await?;
        if share.device != device {
            return Err(Error::NoShare);
        }
        Ok(share.recipient.map(Principal::Account))
    }

    fn moment(&self) -> Timestamp {
        // A clock outside the calendar, ten thousand years from now, finds every hour closed.
        Timestamp::from_millisecond(self.now()).unwrap_or(Timestamp::MAX)
    }
}

/// The whole device is 0 in the contract.
fn channel(number: u32) -> Option<u32> {
    (number != 0).then_some(number)
}

fn unix_ms(moment: Option<Timestamp>) -> i64 {
    moment.map_or(0, Timestamp::as_millisecond)
}

fn path_to_proto(path: Path) -> proto::Path {
    let by = match path.by {
        PathSource::Ownership => path::By::Ownership(proto::Ownership {}),
        PathSource::Share(id) => path::By::ShareId(id),
        PathSource::DeviceUser(name) => path::By::DeviceUser(proto::DeviceUser { name }),
    };
    proto::Path {
        in_force: path.in_force,
        changes_at_unix_ms: unix_ms(path.changes_at),
        by: Some(by),
        given: path
            .given
            .map_or(0, |given| permission_to_proto(given).into()),
    }
}
