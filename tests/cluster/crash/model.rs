//! What may be true after a kill, and what is.

use std::fmt::Debug;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use sightline_loadtest::account::authorized;
use sightline_loadtest::device::Synthetic;
use sightline_loadtest::viewer::{Event, Keep, grpc};
use sightline_rpc::live::v1::WatchRequest;
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::registry::v1::{ListDevicesRequest, Relation};
use sightline_rpc::sharing::v1::{
    CheckRequest, Direction, ListSharesRequest, Permission, Share, ShareState,
};
use sightline_tests::Person;
use tonic::{Code, Status};

use super::life::Life;
use crate::watching::again;

/// The end of a share without an edit, far away; each edit adds a millisecond, by which it is known.
pub(super) const MARK_UNIX_MS: i64 = 4_000_000_000_000;

/// The state of one thing.
pub(super) trait State: Clone + Debug + PartialEq {}

/// The share of one device with one guest.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shared {
    None,
    Offered { edit: u32 },
    Accepted { edit: u32 },
}

/// Who owns one device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Claimed {
    Nobody,
    Owner,
    Buyer,
}

impl State for Shared {}
impl State for Claimed {}

/// What was acknowledged, and what may have happened besides.
#[derive(Debug)]
pub(super) struct Expected<S> {
    acknowledged: S,
    asked: Option<S>,
}

/// A change that was asked for.
#[derive(Debug)]
pub(super) struct Step<'a, S>(&'a mut Expected<S>);

impl<S: State> Expected<S> {
    pub(super) fn certain(state: S) -> Self {
        Self {
            acknowledged: state,
            asked: None,
        }
    }

    pub(super) fn now(&self) -> &S {
        &self.acknowledged
    }

    pub(super) fn step(&mut self) -> Step<'_, S> {
        Step(self)
    }

    /// What was found becomes certain, if it may be true.
    pub(super) fn settle(self, found: S) -> anyhow::Result<Self> {
        let possible = found == self.acknowledged || self.asked.as_ref() == Some(&found);
        ensure!(possible, "found {found:?}, expected {self:?}");
        Ok(Self::certain(found))
    }
}

impl<S: State> Step<'_, S> {
    /// Before the call: from now on either may be true.
    pub(super) fn towards(&mut self, state: S) {
        self.0.asked = Some(state);
    }

    /// After the call.
    pub(super) fn acknowledged(self) {
        if let Some(state) = self.0.asked.take() {
            self.0.acknowledged = state;
        }
    }
}

/// The share as owner and guest see it, who have to agree, and as an edge would decide.
pub(super) async fn share(life: &Life, device: &Synthetic) -> anyhow::Result<Shared> {
    let given = live(&life.owner, Direction::Given, device).await?;
    let received = live(&life.guest, Direction::Received, device).await?;
    let may_watch = may_watch(&life.guest, device).await?;
    let Some(given) = given else {
        ensure!(received.is_none(), "the guest alone has {received:?}");
        ensure!(!may_watch, "a guest without share may watch");
        return Ok(Shared::None);
    };
    let received = received.with_context(|| format!("the owner alone has {given:?}"))?;
    ensure!(
        (&given.id, given.state, &given.terms) == (&received.id, received.state, &received.terms),
        "the owner has {given:?}, the guest {received:?}"
    );
    let end = given.terms.as_ref().context("terms")?.ends_at_unix_ms;
    let edit = u32::try_from(end - MARK_UNIX_MS)?;
    let accepted = given.state() == ShareState::Accepted;
    ensure!(
        may_watch == accepted,
        "{:?}, and may watch: {may_watch}",
        given.state()
    );
    Ok(if accepted {
        Shared::Accepted { edit }
    } else {
        Shared::Offered { edit }
    })
}

/// The owner's share that has not ended.
pub(super) async fn live_share(life: &Life, device: &Synthetic) -> anyhow::Result<Share> {
    let live = live(&life.owner, Direction::Given, device).await?;
    live.context("there is a share")
}

async fn live(
    person: &Person,
    direction: Direction,
    device: &Synthetic,
) -> anyhow::Result<Option<Share>> {
    let request = ListSharesRequest {
        direction: direction.into(),
        page_size: 500,
        ..ListSharesRequest::default()
    };
    let request = authorized(request, &person.token)?;
    let shares = person
        .sharing()
        .list_shares(request)
        .await?
        .into_inner()
        .shares;
    let id = device.cloud_id().to_string();
    let mut live = shares.into_iter().filter(|share| {
        let is_live = matches!(share.state(), ShareState::Offered | ShareState::Accepted);
        is_live && share.device_id == id
    });
    let first = live.next();
    if let Some(second) = live.next() {
        bail!("two shares at once: {first:?} and {second:?}");
    }
    Ok(first)
}

async fn may_watch(person: &Person, device: &Synthetic) -> anyhow::Result<bool> {
    let request = CheckRequest {
        device_id: device.cloud_id().to_string(),
        channel: 1,
    };
    let request = authorized(request, &person.token)?;
    let answer = person.sharing().check(request).await?.into_inner();
    Ok(answer.permissions().any(|one| one == Permission::ViewLive))
}

/// Who owns the device: by its record and by the lists of both, which have to agree.
pub(super) async fn claim(life: &Life, device: &Synthetic) -> anyhow::Result<Claimed> {
    let owners = lists(&life.owner, device).await?;
    let buyers = lists(&life.buyer, device).await?;
    ensure!(!(owners && buyers), "two lists hold the device");
    let (owner_may, buyer_may) = (
        may_watch(&life.owner, device).await?,
        may_watch(&life.buyer, device).await?,
    );
    ensure!(
        (owners, buyers) == (owner_may, buyer_may),
        "lists {owners} and {buyers}, rights {owner_may} and {buyer_may}"
    );
    Ok(match (owners, buyers) {
        (true, _) => Claimed::Owner,
        (_, true) => Claimed::Buyer,
        _ => Claimed::Nobody,
    })
}

/// Whether everybody can watch what they may, by the edge, and nobody else can.
pub(super) async fn watch(
    life: &Life,
    (shared, share): (&Arc<Synthetic>, &Shared),
    (traded, claim): (&Arc<Synthetic>, &Claimed),
) -> anyhow::Result<()> {
    let _uplinks = (life.connect(shared).await?, life.connect(traded).await?);
    let accepted = matches!(share, Shared::Accepted { .. });
    let expected = [
        (&life.owner, shared, true),
        (&life.guest, shared, accepted),
        (&life.buyer, shared, false),
        (&life.owner, traded, *claim == Claimed::Owner),
        (&life.buyer, traded, *claim == Claimed::Buyer),
        (&life.guest, traded, false),
    ];
    for (person, device, expected) in expected {
        // A device is not there at once, and then somebody who may watch is told so.
        let watches = again(|| watches(life, person, device)).await?;
        ensure!(
            watches == expected,
            "{} watches {}: {watches}",
            person.email,
            device.cloud_id()
        );
    }
    Ok(())
}

/// Whether pictures come; `false` when the device is none that the person may know of.
async fn watches(life: &Life, person: &Person, device: &Synthetic) -> anyhow::Result<bool> {
    let request = WatchRequest {
        device_id: device.cloud_id().to_string(),
        channel: 1,
        ..WatchRequest::default()
    };
    let opened = grpc::Viewer::open(&life.target()?, &request, &person.token, Keep::Head).await;
    let mut viewer = match opened {
        Ok(viewer) => viewer,
        Err(error) => match error.downcast_ref::<Status>() {
            Some(status) if status.code() == Code::NotFound => return Ok(false),
            _ => return Err(error),
        },
    };
    while let Some(event) = viewer.next().await? {
        if let Event::Frame(_) = event {
            return Ok(true);
        }
    }
    bail!("the stream ended before its first picture")
}

async fn lists(person: &Person, device: &Synthetic) -> anyhow::Result<bool> {
    let request = ListDevicesRequest {
        relation: Relation::Own.into(),
        page_size: 500,
        ..ListDevicesRequest::default()
    };
    let request = authorized(request, &person.token)?;
    let mut registry = RegistryClient::new(person.api.channel());
    let devices = registry.list_devices(request).await?.into_inner().devices;
    let id = device.cloud_id().to_string();
    Ok(devices.into_iter().any(|device| device.id == id))
}
