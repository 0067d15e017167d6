//! A share as its owner sees it, and as its recipient does.

use std::collections::HashMap;

use sightline_domain::access::zone;
use sightline_domain::{AccountId, CloudId, Email};
use sightline_rpc::internal::v1::Ownership;
use sightline_rpc::sharing::v1 as proto;
use sightline_rpc::terms::terms_to_proto;

use crate::Error;
use crate::service::Sharing;
use crate::share::{Share, State};

/// Who looks.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    pub(crate) account: AccountId,
    pub(crate) email: Email,
}

impl Viewer {
    /// Whether a share in this state is in the viewer's list of received ones: offers to the
    /// address, and what the account has accepted, until some time after it has ended.
    pub(crate) fn receives(&self, share: &Share, state: State) -> bool {
        match state {
            State::Offered => share.recipient_email == self.email,
            State::Accepted | State::Ended => share.recipient.as_ref() == Some(&self.account),
            State::Declined => false,
        }
    }
}

/// Answers what holds of shares at this moment; asks for each device once.
pub(crate) struct Present<'a> {
    sharing: &'a Sharing,
    owners: HashMap<CloudId, Ownership>,
}

impl<'a> Present<'a> {
    pub(crate) fn new(sharing: &'a Sharing) -> Self {
        Self {
            sharing,
            owners: HashMap::new(),
        }
    }

    /// With what was just asked.
    pub(crate) fn with(sharing: &'a Sharing, device: CloudId, ownership: Ownership) -> Self {
        Self {
            sharing,
            owners: HashMap::from([(device, ownership)]),
        }
    }

    async fn ownership(&mut self, device: CloudId) -> Result<&Ownership, Error> {
        if !self.owners.contains_key(&device) {
            let ownership = self.sharing.peers.ownership(device).await?;
            self.owners.insert(device, ownership);
        }
        self.owners.get(&device).ok_or(Error::Peer("registry"))
    }

    /// Whether a share is accepted and has not ended.
    pub(crate) async fn is_accepted(&mut self, share: &Share) -> Result<bool, Error> {
        Ok(self.state(share).await? == State::Accepted)
    }

    /// The state that holds.
    pub(crate) async fn state(&mut self, share: &Share) -> Result<State, Error> {
        let now = self.sharing.now();
        // What has ended is not asked about: the device may be somebody else's.
        let state = share.effective(share.ownership_epoch, now);
        if !state.is_live() {
            return Ok(state);
        }
        let epoch = self.ownership(share.device).await?.epoch;
        Ok(share.effective(epoch, now))
    }

    /// A share as it is shown to somebody; `None` when they do not see it.
    pub(crate) async fn seen_by(
        &mut self,
        viewer: &Viewer,
        share: &Share,
    ) -> Result<Option<proto::Share>, Error> {
        let state = self.state(share).await?;
        let given = share.owner == viewer.account;
        if !given && !viewer.receives(share, state) {
            return Ok(None);
        }
        Ok(Some(self.shown(share, state, given).await?))
    }

    /// A share as its owner sees it.
    pub(crate) async fn given(&mut self, share: &Share) -> Result<proto::Share, Error> {
        let state = self.state(share).await?;
        self.shown(share, state, true).await
    }

    async fn shown(
        &mut self,
        share: &Share,
        state: State,
        given: bool,
    ) -> Result<proto::Share, Error> {
        // A new owner's name of the device is not for those of an earlier one.
        let (device_name, time_zone) = if state.is_live() {
            let ownership = self.ownership(share.device).await?;
            (ownership.device_name.clone(), ownership.time_zone.clone())
        } else {
            (share.device_name.clone(), share.time_zone.clone())
        };
        let only = |shown: bool, text: &str| {
            if shown {
                text.to_owned()
            } else {
                String::new()
            }
        };
        Ok(proto::Share {
            id: share.id.clone(),
            device_id: share.device.to_string(),
            device_name,
            time_zone: known(time_zone),
            terms: Some(terms_to_proto(&share.terms)),
            state: state_to_proto(state).into(),
            recipient_email: only(given, share.recipient_email.as_str()),
            owner_hint: only(!given, &share.owner_hint),
            given_by_caller: given,
            created_at_unix_ms: share.created_at_unix_ms,
            changed_at_unix_ms: share.changed_at_unix_ms,
            widened: !given && share.widened,
            version: share.version,
        })
    }
}

fn state_to_proto(state: State) -> proto::ShareState {
    match state {
        State::Offered => proto::ShareState::Offered,
        State::Accepted => proto::ShareState::Accepted,
        State::Declined => proto::ShareState::Declined,
        State::Ended => proto::ShareState::Ended,
    }
}

/// The zone's name; none while the device has told none that exists, so that hours are closed.
fn known(zone_name: String) -> String {
    match zone::named(&zone_name) {
        Some(_) => zone_name,
        None => String::new(),
    }
}
