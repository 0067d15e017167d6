//! Shares given and received, page by page.

use sightline_domain::{AccountId, CloudId};
use sightline_rpc::sharing::v1::{Direction, ListSharesRequest, ListSharesResponse};

use crate::Error;
use crate::offers::GIVEN_PER_ACCOUNT_MAX;
use crate::records;
use crate::service::{Sharing, share_id};
use crate::view::Present;

/// Shares of a page when the caller does not say.
const PAGE_DEFAULT: usize = 50;
/// Most shares of a page. A share is some 4 KiB at most, so that a page is far below the 4 MiB
/// that clients take by default.
pub(crate) const PAGE_MAX: usize = 500;
/// Longest page token, bytes: twenty digits and a UUID are less.
const TOKEN_BYTES_MAX: usize = 64;

impl Sharing {
    /// A page of shares, the newest first.
    pub(crate) async fn list(
        &self,
        caller: &AccountId,
        request: &ListSharesRequest,
    ) -> Result<ListSharesResponse, Error> {
        let size = match usize::try_from(request.page_size) {
            Ok(0) => PAGE_DEFAULT,
            Ok(size) => size.min(PAGE_MAX),
            Err(_) => PAGE_MAX,
        };
        let after = after(&request.page_token)?;
        let viewer = self.viewer(caller).await?;
        let (lists, device) = match request.direction() {
            Direction::Given => {
                let device = only(&request.device_id)?;
                (vec![records::given(caller)], device)
            }
            Direction::Received => {
                let offered = records::offered(&viewer.email);
                (vec![offered, records::received(caller)], None)
            }
            Direction::Unspecified => return Err(Error::Direction),
        };
        let entries = self.records.entries(&lists, GIVEN_PER_ACCOUNT_MAX).await?;
        let mut wanted = entries
            .into_iter()
            .filter(|(place, _)| place.as_str() > after)
            .filter(|(_, entry)| device.is_none_or(|device| entry.device == device));
        let (mut shares, mut last) = (Vec::new(), String::new());
        let mut present = Present::new(self);
        for (place, entry) in wanted.by_ref().take(size) {
            last = place;
            if let Some((_, share)) = self.records.share(&entry.id).await? {
                shares.extend(present.seen_by(&viewer, &share).await?);
            }
        }
        let more = wanted.next().is_some();
        Ok(ListSharesResponse {
            shares,
            next_page_token: if more { last } else { String::new() },
        })
    }
}

fn only(device_id: &str) -> Result<Option<CloudId>, Error> {
    match device_id {
        "" => Ok(None),
        id => Ok(Some(id.parse()?)),
    }
}

/// The place that a token stands for: where the page before has ended. It leaves the list out, so
/// that a token means a place in the list of whoever sends it, and in no other.
fn after(token: &str) -> Result<&str, Error> {
    let share = records::share_at(token).map(share_id);
    let place = token.len() <= TOKEN_BYTES_MAX && matches!(share, Some(Ok(_)));
    let well_formed = token.is_empty() || place;
    well_formed.then_some(token).ok_or(Error::PageToken)
}
