//! How an owner offers a device.
//!
//! Nobody is asked whether the address has an account, so no answer can tell: an offer waits for
//! whoever proves the address, today or in a year.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sightline_domain::access::Terms;
use sightline_domain::attempts::{Allowance, Attempts, Exhausted};
use sightline_domain::{AccountId, CloudId, Email};
use sightline_rpc::internal::v1::Ownership;
use sightline_rpc::sharing::v1::{
    self as proto, CreateShareRequest, FindRecipientRequest, FindRecipientResponse,
};
use sightline_rpc::terms::terms_from_proto;
use sightline_store::{Error as StoreError, Revision};
use uuid::Uuid;

use crate::Error;
use crate::config::Config;
use crate::records;
use crate::service::Sharing;
use crate::share::{Share, State, masked};
use crate::view::Present;

/// Live shares of one device: what an edge holds in memory, and what one screen shows.
const SHARES_PER_DEVICE_MAX: usize = 100;
/// Offers that wait for one address, so that strangers cannot bury somebody in them.
const OFFERS_PER_ADDRESS_MAX: usize = 100;
/// Of these, from one account, so that no single stranger can keep all others out.
const OFFERS_PER_OWNER_AND_ADDRESS_MAX: usize = 10;
/// Shares that one account has given, those that ended lately included: their list is read whole.
pub(crate) const GIVEN_PER_ACCOUNT_MAX: usize = 5_000;
/// Rounds against others who change shares of the same device at the same moment. Each round that
/// is lost is somebody else's success, and they may be as many as a device has shares.
const ROUNDS_MAX: usize = SHARES_PER_DEVICE_MAX + 1;
/// Changes of terms that one account may make, per hour: each wakes every screen and edge that
/// shows the device.
const UPDATES_PER_ACCOUNT_H: u32 = 600;
/// Keys of one table of attempts, about 10 MB; see [`Attempts`] for what happens beyond.
const ATTEMPT_KEYS_MAX: usize = 100_000;

/// How often an account may ask for addresses, offer, and change terms.
#[derive(Debug)]
pub(crate) struct Limits(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    lookups: Attempts<AccountId>,
    offers: Attempts<AccountId>,
    updates: Attempts<AccountId>,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self(Mutex::new(Tables {
            lookups: Attempts::new(
                Allowance::per_hour(config.lookups_per_account_h),
                ATTEMPT_KEYS_MAX,
            ),
            offers: Attempts::new(
                Allowance::per_hour(config.offers_per_account_h),
                ATTEMPT_KEYS_MAX,
            ),
            updates: Attempts::new(Allowance::per_hour(UPDATES_PER_ACCOUNT_H), ATTEMPT_KEYS_MAX),
        }))
    }

    fn lookup(&self, account: &AccountId, now: i64) -> Result<(), Exhausted> {
        self.tables().lookups.take(account.clone(), now)
    }

    fn offer(&self, account: &AccountId, now: i64) -> Result<(), Exhausted> {
        self.tables().offers.take(account.clone(), now)
    }

    pub(crate) fn update(&self, account: &AccountId, now: i64) -> Result<(), Exhausted> {
        self.tables().updates.take(account.clone(), now)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An offer that is well-formed.
struct Offer {
    device: CloudId,
    email: Email,
    terms: Terms,
    request_id: String,
}

impl Offer {
    fn new(request: &CreateShareRequest, now_unix_ms: i64) -> Result<Self, Error> {
        let request_id = Uuid::parse_str(&request.request_id).map_err(|_| Error::RequestId)?;
        Ok(Self {
            device: request.device_id.parse()?,
            email: request.email.parse()?,
            terms: terms(request.terms.as_ref(), now_unix_ms)?,
            request_id: request_id.to_string(),
        })
    }

    fn share(
        &self,
        owner: &AccountId,
        owner_hint: &str,
        ownership: &Ownership,
        now_unix_ms: i64,
    ) -> Share {
        Share {
            id: Uuid::now_v7().to_string(),
            device: self.device,
            ownership_epoch: ownership.epoch,
            owner: owner.clone(),
            owner_hint: owner_hint.to_owned(),
            recipient_email: self.email.clone(),
            recipient: None,
            terms: self.terms.clone(),
            state: State::Offered,
            widened: false,
            created_at_unix_ms: now_unix_ms,
            changed_at_unix_ms: now_unix_ms,
            version: 1,
            request_id: self.request_id.clone(),
            device_name: ownership.device_name.clone(),
            time_zone: ownership.time_zone.clone(),
        }
    }
}

/// Terms that a share can have from now on.
pub(crate) fn terms(terms: Option<&proto::Terms>, now_unix_ms: i64) -> Result<Terms, Error> {
    let terms = match terms {
        Some(terms) => terms_from_proto(terms)?,
        None => terms_from_proto(&proto::Terms::default())?,
    };
    match terms.ends_at {
        Some(end) if end.as_millisecond() <= now_unix_ms => Err(Error::EndsInThePast),
        _ => Ok(terms),
    }
}

impl Sharing {
    /// Whether the caller can offer a device to an address.
    pub(crate) async fn find_recipient(
        &self,
        caller: &AccountId,
        request: &FindRecipientRequest,
    ) -> Result<FindRecipientResponse, Error> {
        let device: CloudId = request.device_id.parse()?;
        let email: Email = request.email.parse()?;
        let ownership = self.owned(caller, device).await?;
        self.limits.lookup(caller, self.now())?;
        self.address_for_offer(caller, &email).await?;
        let found = self
            .records
            .live_with(device, ownership.epoch, &email)
            .await?;
        let live = found
            .map(|(_, share)| share)
            .filter(|share| share.effective(ownership.epoch, self.now()).is_live());
        let existing = match live {
            Some(share) => Some(Present::with(self, device, ownership).given(&share).await?),
            None => None,
        };
        Ok(FindRecipientResponse {
            email: email.to_string(),
            existing,
        })
    }

    /// Offers a device; a repeated call finds the offer that the first one made.
    pub(crate) async fn create(
        &self,
        caller: &AccountId,
        request: &CreateShareRequest,
    ) -> Result<proto::Share, Error> {
        let offer = Offer::new(request, self.now())?;
        let ownership = self.owned(caller, offer.device).await?;
        let own = self.address_for_offer(caller, &offer.email).await?;
        let share = match self.made_before(caller, &offer).await? {
            Some(share) => share,
            None => {
                self.limits.offer(caller, self.now())?;
                let share = offer.share(caller, &masked(&own), &ownership, self.now());
                self.offer(&offer, share).await?
            }
        };
        Present::with(self, offer.device, ownership)
            .given(&share)
            .await
    }

    /// Who owns the device, which is the caller.
    ///
    /// # Errors
    /// [`Error::NoDevice`] when it is not, or there is no such device.
    pub(crate) async fn owned(
        &self,
        caller: &AccountId,
        device: CloudId,
    ) -> Result<Ownership, Error> {
        let ownership = self.peers.ownership(device).await?;
        if ownership.account_id == caller.to_string() {
            Ok(ownership)
        } else {
            Err(Error::NoDevice)
        }
    }

    /// The caller's own address, which is not the one to be offered to.
    async fn address_for_offer(&self, caller: &AccountId, to: &Email) -> Result<Email, Error> {
        let own = self.peers.email(caller).await?;
        if own == *to {
            Err(Error::WithSelf)
        } else {
            Ok(own)
        }
    }

    async fn made_before(&self, caller: &AccountId, offer: &Offer) -> Result<Option<Share>, Error> {
        match self.records.requested(caller, &offer.request_id).await? {
            Some(share) if share.device != offer.device => Err(Error::RequestId),
            Some(share) if share.recipient_email != offer.email => Err(Error::RequestId),
            made => Ok(made),
        }
    }

    /// Writes the offer down, unless the address has a share of the device.
    async fn offer(&self, offer: &Offer, share: Share) -> Result<Share, Error> {
        for _ in 0..ROUNDS_MAX {
            // Before what is decided by, so that a change in between is a conflict.
            let revision = self.records.revision(share.device).await?;
            let room = self.room(&share).await;
            // After what refuses: the same call may have come twice, and made at this moment what
            // stands in the way.
            if let Some(made) = self.made_before(&share.owner, offer).await? {
                return Ok(made);
            }
            let replaced = room?;
            let created = self.records.create(revision, &share, replaced.as_ref());
            match created.await {
                Ok(()) => {
                    tracing::info!(share = %share.id, device = %share.device, owner = %share.owner, "device offered");
                    return Ok(share);
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended)
    }

    /// Whether the owner may have one more offer wait for this address.
    async fn room_of_owner(&self, share: &Share) -> Result<(), Error> {
        let offered = [records::offered(&share.recipient_email)];
        let waiting = self.records.entries(&offered, OFFERS_PER_ADDRESS_MAX);
        let mut own = 0;
        for (_, entry) in waiting.await? {
            let offer = self.records.share(&entry.id).await?;
            own += usize::from(offer.is_some_and(|(_, offer)| offer.owner == share.owner));
        }
        if own >= OFFERS_PER_OWNER_AND_ADDRESS_MAX {
            return Err(Error::TooManyOffersOfOwner(own));
        }
        Ok(())
    }

    /// Whether there is room for a share. The limits that go beyond one device are not exact when
    /// somebody offers many devices at the same moment, and need not be.
    ///
    /// Returns the share that holds the place although it is over, and the record of its end.
    async fn room(&self, share: &Share) -> Result<Option<(Revision, Share, Share)>, Error> {
        let given = records::given(&share.owner);
        if self.records.has(given, GIVEN_PER_ACCOUNT_MAX).await? {
            return Err(Error::TooManyGiven(GIVEN_PER_ACCOUNT_MAX));
        }
        let offered = records::offered(&share.recipient_email);
        if self.records.has(offered, OFFERS_PER_ADDRESS_MAX).await? {
            return Err(Error::TooManyOffers(OFFERS_PER_ADDRESS_MAX));
        }
        self.room_of_owner(share).await?;
        let (device, epoch) = (share.device, share.ownership_epoch);
        let found = self
            .records
            .live_with(device, epoch, &share.recipient_email)
            .await?;
        let now = self.now();
        match found {
            Some((_, before)) if !before.is_over(now) => Err(Error::Exists),
            Some((revision, before)) => {
                let after = before.with_state(State::Ended, now);
                Ok(Some((revision, before, after)))
            }
            None => {
                let live = records::live_of(device, epoch);
                if self.records.has(live, SHARES_PER_DEVICE_MAX).await? {
                    return Err(Error::TooManyShares(SHARES_PER_DEVICE_MAX));
                }
                Ok(None)
            }
        }
    }
}
