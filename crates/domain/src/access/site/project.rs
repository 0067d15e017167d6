//! A site as seen by one device: what the edge that holds the device needs, and no more.

use std::collections::BTreeSet;

use super::{Site, SiteGrant, Subject};
use crate::access::device::{DeviceGrants, Grant, GrantSource};
use crate::access::resource::Resource;
use crate::access::terms::Terms;
use crate::{AccountId, CloudId};

impl Site {
    /// The grants of one device, without groups and layouts: each of their grants is one for each
    /// user whom it reaches. `None` for an unknown device. The tariff is not in them: whoever asks
    /// them holds the answer to it with [`Rights::within`](crate::access::Rights::within).
    #[must_use]
    pub fn project(&self, device: &CloudId) -> Option<DeviceGrants> {
        let known = self.devices.get(device)?;
        let owner = known.owner.iter().map(|owner| Grant {
            account: owner.clone(),
            source: GrantSource::Ownership,
        });
        let mut grants: Vec<_> = owner.collect();
        for (id, grant) in self.live_grants() {
            let Some(terms) = self.terms_on(device, grant) else {
                continue;
            };
            grants.extend(self.holders(&grant.to).into_iter().map(|account| Grant {
                account,
                source: GrantSource::Share {
                    id: id.to_owned(),
                    terms: terms.clone(),
                },
            }));
        }
        Some(DeviceGrants {
            device: *device,
            ownership_epoch: known.ownership_epoch,
            zone: known.zone.clone(),
            grants,
        })
    }

    /// What a grant says of a device; `None` when it does not speak of it.
    fn terms_on(&self, device: &CloudId, grant: &SiteGrant) -> Option<Terms> {
        let channels = match &grant.on {
            Resource::Device(on) if on == device => grant.terms.channels.clone(),
            Resource::Channel(on, number) if on == device => [*number].into(),
            Resource::Layout(layout) => self.placed_channels(device, layout)?,
            _ => return None,
        };
        Some(Terms {
            channels,
            ..grant.terms.clone()
        })
    }

    /// The channels of a device on a layout; none for the whole device; `None` when nothing of it is
    /// there.
    fn placed_channels(&self, device: &CloudId, layout: &str) -> Option<BTreeSet<u32>> {
        let (_, placed) = self.live_layouts().find(|(name, _)| *name == layout)?;
        let parts: Vec<_> = placed
            .filter(|resource| resource.device() == Some(device))
            .collect();
        if parts.iter().any(|resource| resource.channel().is_none()) {
            return Some(BTreeSet::new());
        }
        let channels: BTreeSet<_> = parts.iter().filter_map(|one| one.channel()).collect();
        (!channels.is_empty()).then_some(channels)
    }

    /// The users whom a grant to somebody reaches.
    fn holders(&self, to: &Subject) -> Vec<AccountId> {
        match to {
            Subject::User(account) => vec![account.clone()],
            group @ Subject::Group(_) => self
                .membership
                .users()
                .filter(|(_, user)| self.membership.closure(user).contains(group))
                .map(|(account, _)| account.clone())
                .collect(),
        }
    }
}
