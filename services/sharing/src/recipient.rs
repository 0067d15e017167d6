//! What a recipient does with an offer.

use sightline_domain::AccountId;
use sightline_rpc::sharing::v1 as proto;

use crate::Error;
use crate::records;
use crate::service::{Sharing, share_id};
use crate::share::{Share, State};
use crate::view::{Present, Viewer};

/// Shares that one account has accepted, those that ended lately included: one page of the store,
/// because the registry reads them whole.
pub(crate) const RECEIVED_PER_ACCOUNT_MAX: usize = 1_000;

impl Sharing {
    /// Accepts an offer, or takes notice of wider terms.
    pub(crate) async fn accept(&self, caller: &AccountId, id: &str) -> Result<proto::Share, Error> {
        let (viewer, share) = self.received_share(caller, id).await?;
        let ownership = self.peers.ownership(share.device).await?;
        if share.state == State::Offered {
            let received = records::received(caller);
            if self.records.has(received, RECEIVED_PER_ACCOUNT_MAX).await? {
                return Err(Error::TooManyReceived(RECEIVED_PER_ACCOUNT_MAX));
            }
        }
        let now = self.now();
        let share = self.change(&share.id, |share| {
            let state = share.effective(ownership.epoch, now);
            if !viewer.receives(share, state) {
                return Err(Error::NoShare);
            }
            match state {
                State::Offered => Ok(Some(Share {
                    recipient: Some(caller.clone()),
                    device_name: ownership.device_name.clone(),
                    time_zone: ownership.time_zone.clone(),
                    ..share.with_state(State::Accepted, now)
                })),
                State::Accepted if share.widened => Ok(Some(Share {
                    widened: false,
                    ..share.changed(now)
                })),
                State::Accepted => Ok(None),
                State::Declined | State::Ended => Err(Error::Ended),
            }
        });
        let share = share.await?;
        tracing::info!(share = %share.id, device = %share.device, recipient = %caller, "share accepted");
        let seen = Present::with(self, share.device, ownership)
            .seen_by(&viewer, &share)
            .await?;
        seen.ok_or(Error::NoShare)
    }

    /// Turns an offer down, or gives a share back. One that was declined already stays as it is.
    pub(crate) async fn decline(&self, caller: &AccountId, id: &str) -> Result<(), Error> {
        let (viewer, share) = self.received_share(caller, id).await?;
        let now = self.now();
        let share = self.change(&share.id, |share| {
            if share.state == State::Declined {
                return Ok(None);
            }
            if !viewer.receives(share, share.state) {
                return Err(Error::NoShare);
            }
            match share.state {
                State::Ended => Err(Error::Ended),
                _ => Ok(Some(share.with_state(State::Declined, now))),
            }
        });
        let share = share.await?;
        tracing::info!(share = %share.id, device = %share.device, recipient = %caller, "share declined");
        Ok(())
    }

    /// A share that is the caller's to answer, or was.
    ///
    /// # Errors
    /// [`Error::NoShare`] for every other; the same is asked and read for it.
    async fn received_share(&self, caller: &AccountId, id: &str) -> Result<(Viewer, Share), Error> {
        let id = share_id(id)?;
        let viewer = self.viewer(caller).await?;
        let found = self.records.share(&id).await?;
        let share = found.map(|(_, share)| share).ok_or(Error::NoShare)?;
        let theirs = match (&share.recipient, share.state) {
            (Some(recipient), _) => recipient == caller,
            (None, State::Offered | State::Declined) => share.recipient_email == viewer.email,
            (None, State::Accepted | State::Ended) => false,
        };
        if theirs {
            Ok((viewer, share))
        } else {
            Err(Error::NoShare)
        }
    }
}
