//! The devices of somebody: searched, filtered, sorted, in pages.
//!
//! All of it in memory, as an account has a thousand devices of its own at most, and is shown a
//! thousand others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use sightline_domain::{AccountId, CloudId, Principal};
use sightline_rpc::registry::v1::{
    Device, DeviceOrder, DeviceStatus, ListDevicesRequest, ListDevicesResponse, Relation,
};

use crate::Error;
use crate::service::Registry;
use crate::shares::Shares;

/// Devices of a page when the caller does not say.
const PAGE_DEFAULT: usize = 50;
/// Most devices of a page.
const PAGE_MAX: usize = 500;
/// A page ends early beyond this many bytes: clients take messages of 4 MiB by default, and one
/// device is at most some 64 KiB.
pub(crate) const PAGE_BYTES_MAX: usize = 2 << 20;
/// Most characters of a search.
const SEARCH_CHARS_MAX: usize = 64;
/// Longest page token, bytes: a name and a search in base64 of JSON, with room.
const TOKEN_BYTES_MAX: usize = 4096;

/// What is looked for, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Query {
    /// In lower case.
    search: String,
    status: i32,
    relation: i32,
    order: i32,
    descending: bool,
}

/// Where a device stands in the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    /// What comes before the name in this order.
    rank: i64,
    /// In lower case.
    name: String,
    id: CloudId,
}

/// A place in the answer to a query. It leaves the account out, so that a token means a place in
/// the list of whoever sends it, and in no other.
#[derive(Debug, Serialize, Deserialize)]
struct PageToken {
    query: Query,
    shared: bool,
    after: Place,
}

/// A device that is looked at for a list.
struct Entry {
    shared: bool,
    place: Place,
}

impl Query {
    fn new(request: &ListDevicesRequest) -> Result<Self, Error> {
        let search = request.search.trim();
        if search.chars().count() > SEARCH_CHARS_MAX {
            return Err(Error::Search(SEARCH_CHARS_MAX));
        }
        Ok(Self {
            search: search.to_lowercase(),
            status: request.status().into(),
            relation: request.relation().into(),
            order: request.order().into(),
            descending: request.descending,
        })
    }

    fn wants(&self, relation: Relation) -> bool {
        self.relation == i32::from(Relation::Unspecified) || self.relation == i32::from(relation)
    }

    fn finds(&self, name: &str, id: CloudId) -> bool {
        let id_has = |id: String| id.to_lowercase().contains(&self.search);
        name.contains(&self.search) || id_has(id.to_string()) || id_has(id.compact())
    }

    fn has_status(&self, online: bool) -> bool {
        match DeviceStatus::try_from(self.status).unwrap_or_default() {
            DeviceStatus::Unspecified => true,
            DeviceStatus::Online => online,
            DeviceStatus::Offline => !online,
        }
    }

    /// The place of a device with this name in lower case. Guests do not learn when it was
    /// claimed.
    fn place(&self, name: String, id: CloudId, online: bool, claimed_at_unix_ms: i64) -> Place {
        let (rank, name) = match DeviceOrder::try_from(self.order).unwrap_or_default() {
            DeviceOrder::Unspecified | DeviceOrder::Name => (0, name),
            DeviceOrder::Id => (0, String::new()),
            DeviceOrder::Status => (i64::from(!online), name),
            DeviceOrder::Claimed => (claimed_at_unix_ms, name),
        };
        Place { rank, name, id }
    }

    /// Own devices first, whatever the direction.
    fn compare(&self, one: (bool, &Place), other: (bool, &Place)) -> std::cmp::Ordering {
        let places = one.1.cmp(other.1);
        let places = if self.descending {
            places.reverse()
        } else {
            places
        };
        one.0.cmp(&other.0).then(places)
    }
}

impl Registry {
    /// A page of the devices that the caller owns, then of those shared with the caller.
    pub(crate) async fn list(
        &self,
        caller: &Principal,
        request: &ListDevicesRequest,
    ) -> Result<ListDevicesResponse, Error> {
        let query = Query::new(request)?;
        let after = after(&query, &request.page_token)?;
        let account = match caller {
            Principal::Account(account) => account,
            Principal::DeviceUser(user) => {
                let device = self.device_of_user(user, user.device).await?;
                return Ok(list_of_one(&query, device));
            }
        };
        let shares = if query.wants(Relation::Shared) {
            self.shares(account).await?
        } else {
            Shares::new()
        };
        let mut entries = self.entries(account, &shares, &query).await?;
        let total = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        entries.sort_by(|one, other| {
            query.compare((one.shared, &one.place), (other.shared, &other.place))
        });
        if let Some(PageToken { shared, after, .. }) = &after {
            entries.retain(|entry| {
                query
                    .compare((entry.shared, &entry.place), (*shared, after))
                    .is_gt()
            });
        }
        let size = page_size(request.page_size);
        let (mut devices, mut bytes) = (Vec::new(), 0);
        let mut last: Option<Entry> = None;
        for entry in entries {
            if let Some(last) = last.take_if(|_| devices.len() == size || bytes > PAGE_BYTES_MAX) {
                return Ok(ListDevicesResponse {
                    devices,
                    next_page_token: token(query, last)?,
                    total,
                });
            }
            if let Some(device) = self.device_of(account, &shares, entry.place.id).await? {
                bytes += device.encoded_len();
                devices.push(device);
            }
            last = Some(entry);
        }
        Ok(ListDevicesResponse {
            devices,
            next_page_token: String::new(),
            total,
        })
    }

    /// All that match, in no order.
    async fn entries(
        &self,
        account: &AccountId,
        shares: &Shares,
        query: &Query,
    ) -> Result<Vec<Entry>, Error> {
        let own = self.records.devices(account).await?;
        let own = own.into_iter().map(|device| (device, None));
        let shared = shares.iter().map(|(device, share)| (*device, Some(share)));
        let mut entries = Vec::new();
        for (device, share) in own.chain(shared) {
            let Some(owned) = self.records.owned(device).await? else {
                continue;
            };
            if share.is_some_and(|share| !share.holds_under(owned.epoch)) {
                continue;
            }
            let (shared, owner) = (share.is_some(), owned.owner);
            let is_own = owner.account == *account;
            let relation = if shared {
                Relation::Shared
            } else {
                Relation::Own
            };
            // Stale: not the caller's any more, or the caller's own by now.
            if is_own == shared || !query.wants(relation) {
                continue;
            }
            let name = owner.name.as_str().to_lowercase();
            if !query.finds(&name, device) {
                continue;
            }
            let online = self.coordinator.owner(device).await?.is_some();
            if query.has_status(online) {
                let claimed_at = if shared { 0 } else { owner.claimed_at_unix_ms };
                let place = query.place(name, device, online, claimed_at);
                entries.push(Entry { shared, place });
            }
        }
        Ok(entries)
    }
}

/// The list of somebody who signed in to one device: it counts as shared.
fn list_of_one(query: &Query, device: Option<Device>) -> ListDevicesResponse {
    let fits = |device: &Device| {
        let id = device.id.parse().ok();
        let online = device.status() == DeviceStatus::Online;
        query.wants(Relation::Shared)
            && query.has_status(online)
            && id.is_some_and(|id| query.finds(&device.name.to_lowercase(), id))
    };
    let devices: Vec<Device> = device.into_iter().filter(fits).collect();
    ListDevicesResponse {
        total: u32::from(!devices.is_empty()),
        devices,
        next_page_token: String::new(),
    }
}

fn page_size(asked: u32) -> usize {
    match usize::try_from(asked) {
        Ok(0) => PAGE_DEFAULT,
        Ok(size) => size.min(PAGE_MAX),
        Err(_) => PAGE_MAX,
    }
}

fn token(query: Query, last: Entry) -> Result<String, Error> {
    let token = PageToken {
        query,
        shared: last.shared,
        after: last.place,
    };
    let json = serde_json::to_vec(&token).map_err(sightline_store::Error::from)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn after(query: &Query, token: &str) -> Result<Option<PageToken>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Error::PageToken);
    }
    let json = URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| Error::PageToken)?;
    let token: PageToken = serde_json::from_slice(&json).map_err(|_| Error::PageToken)?;
    if token.query == *query {
        Ok(Some(token))
    } else {
        Err(Error::PageToken)
    }
}
