//! Which devices are connected to this edge.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use actix::Addr;
use sightline_coord::Epoch;
use sightline_domain::CloudId;
use tokio::sync::Notify;

use crate::session::Session;

/// From a device to its session. Read once per viewer that comes, never per frame.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    entries: RwLock<HashMap<CloudId, Entry>>,
    entered: Notify,
}

#[derive(Debug, Clone)]
struct Entry {
    epoch: Epoch,
    session: Addr<Session>,
}

impl Directory {
    /// Enters a session; returns the one that it replaces. An older one than stands there is
    /// returned itself: it has lost already.
    pub(crate) fn enter(
        &self,
        device: CloudId,
        epoch: Epoch,
        session: Addr<Session>,
    ) -> Option<Addr<Session>> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries
            .get(&device)
            .is_some_and(|standing| standing.epoch > epoch)
        {
            return Some(session);
        }
        let older = entries.insert(device, Entry { epoch, session });
        drop(entries);
        self.entered.notify_waiters();
        older.map(|older| older.session)
    }

    /// Removes a session, unless a newer one has taken its place.
    pub(crate) fn leave(&self, device: CloudId, epoch: Epoch) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries
            .get(&device)
            .is_some_and(|standing| standing.epoch == epoch)
        {
            entries.remove(&device);
        }
    }

    /// The session of a device, if it is connected here.
    pub(crate) fn session(&self, device: CloudId) -> Option<Addr<Session>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(&device).map(|entry| entry.session.clone())
    }

    /// The session of a device, as soon as it is connected here.
    pub(crate) async fn session_to_come(&self, device: CloudId) -> Addr<Session> {
        loop {
            // Made before the look, so that none is missed in between.
            let entered = self.entered.notified();
            if let Some(session) = self.session(device) {
                return session;
            }
            entered.await;
        }
    }

    /// All devices, and the claims of their sessions.
    pub(crate) fn claims(&self) -> Vec<(CloudId, Epoch)> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let claims = entries.iter();
        claims
            .map(|(device, entry)| (*device, entry.epoch))
            .collect()
    }

    /// All sessions.
    pub(crate) fn all(&self) -> Vec<Addr<Session>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries
            .values()
            .map(|entry| entry.session.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{self, Connected, Device, Rig};

    /// Two sessions, which stay connected for as long as what comes with them.
    async fn two_sessions(rig: &Rig) -> ([Addr<Session>; 2], [Connected; 2]) {
        let connected = [
            rig.connect(Device::new()).await,
            rig.connect(Device::new()).await,
        ];
        (
            connected.each_ref().map(|one| one.session.clone()),
            connected,
        )
    }

    #[test]
    fn session_that_lost_its_device_already_does_not_replace_the_newer_one() {
        rig::run(async |rig| {
            let id = Device::new().id;
            let ([older, newer], _connected) = two_sessions(&rig).await;
            let directory = Directory::default();
            assert_eq!(directory.enter(id, Epoch(2), newer.clone()), None);
            let replaced = directory.enter(id, Epoch(1), older.clone());
            assert_eq!(replaced, Some(older));
            assert_eq!(directory.session(id), Some(newer));
        });
    }

    #[test]
    fn session_that_was_replaced_leaves_the_newer_one_where_it_is() {
        rig::run(async |rig| {
            let id = Device::new().id;
            let ([older, newer], _connected) = two_sessions(&rig).await;
            let directory = Directory::default();
            assert_eq!(directory.enter(id, Epoch(1), older.clone()), None);
            let replaced = directory.enter(id, Epoch(2), newer.clone());
            assert_eq!(replaced, Some(older));
            directory.leave(id, Epoch(1));
            assert_eq!(directory.session(id), Some(newer));
            directory.leave(id, Epoch(2));
            assert_eq!(directory.session(id), None);
        });
    }
}
