//! Ends sessions whose claim stands no more.
//!
//! The coordinator tells of each change of owners. When that breaks it is listened to anew, which
//! begins with the owners of all devices, so that no change is missed. An edge that hears nothing
//! of owners cannot know that a device has moved; it goes on for a while, and then lets go of all
//! devices.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sightline_coord::{Error, Owner, OwnershipEvent};
use sightline_domain::CloudId;
use sightline_rpc::live::v1::EndReason;
use tokio::time::Instant;

use crate::edge::Shared;
use crate::error::End;
use crate::session::{Claimed, Finish, Released};

/// Between attempts to listen again; doubles from the first to the last.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// For so long sessions go on while nothing is heard of owners, and new ones begin.
const UNFENCED_MAX: Duration = Duration::from_secs(30);

/// Listens until the edge drains.
pub(crate) async fn fence(edge: Arc<Shared>) {
    tokio::select! {
        () = edge.draining.cancelled() => {}
        () = listen(&edge) => {}
    }
}

async fn listen(edge: &Shared) {
    let (mut pause, mut deaf_since) = (RETRY_MIN, None);
    loop {
        let mut watch = edge.coordinator.watch();
        let error = loop {
            let heard = match watch.next().await {
                Ok(event) => hear(edge, event).await,
                Err(error) => Err(error),
            };
            if let Err(error) = heard {
                break error;
            }
            (pause, deaf_since) = (RETRY_MIN, None);
            edge.unfenced.store(false, Ordering::SeqCst);
        };
        tracing::warn!(%error, "nothing is heard of the owners of devices");
        let since: Instant = *deaf_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= UNFENCED_MAX {
            let_go(edge);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}

async fn hear(edge: &Shared, event: OwnershipEvent) -> Result<(), Error> {
    match event {
        OwnershipEvent::Claimed { device, owner } => claimed(edge, device, &owner),
        OwnershipEvent::Released { device, epoch } => {
            if let Some(session) = edge.directory.session(device) {
                session.do_send(Released(epoch));
            }
        }
        OwnershipEvent::Snapshot(owners) => look_at_all(edge, &owners).await?,
    }
    Ok(())
}

fn claimed(edge: &Shared, device: CloudId, owner: &Owner) {
    if let Some(session) = edge.directory.session(device) {
        session.do_send(Claimed(owner.epoch));
    }
}

/// A device that has no owner may have been claimed just after the list was made, so it is asked
/// after once more.
async fn look_at_all(edge: &Shared, owners: &HashMap<CloudId, Owner>) -> Result<(), Error> {
    for (device, epoch) in edge.directory.claims() {
        let owner = match owners.get(&device) {
            Some(owner) => Some(owner.clone()),
            None => edge.coordinator.owner(device).await?,
        };
        match owner {
            Some(owner) => claimed(edge, device, &owner),
            None => {
                if let Some(session) = edge.directory.session(device) {
                    session.do_send(Released(epoch));
                }
            }
        }
    }
    Ok(())
}

/// Ends all sessions, and lets no new one begin until owners are heard of again.
fn let_go(edge: &Shared) {
    edge.unfenced.store(true, Ordering::SeqCst);
    let end = End::new(
        EndReason::DeviceOffline,
        "this node has lost touch with the cluster",
    );
    for session in edge.directory.all() {
        session.do_send(Finish(end.clone()));
    }
}

#[cfg(test)]
mod tests;
