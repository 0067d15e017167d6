//! Which device sessions have viewers of a sign-in.
//!
//! When a sign-in ends, its streams end within the second. This tells where they are, so that the
//! other thousands of devices are not asked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use actix::Addr;
use sightline_domain::CloudId;
use sightline_rpc::sessions::EndedSessions;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::session::{Session, SignedOut};

type Table = HashMap<String, HashMap<CloudId, Watched>>;

/// Viewers of one sign-in on one device.
#[derive(Debug)]
struct Watched {
    session: Addr<Session>,
    viewers: usize,
}

impl Watched {
    /// A session that has no room for it sees the end when it next looks at its permits.
    fn tell(&self) {
        let _ = self.session.try_send(SignedOut);
    }
}

/// The table of all sign-ins with open streams; as long as the viewers are.
#[derive(Debug, Default)]
pub(crate) struct SignIns(Arc<Mutex<Table>>);

/// One viewer in the table; dropping it takes the viewer out.
#[derive(Debug)]
pub(crate) struct SignIn {
    id: String,
    device: CloudId,
    table: Weak<Mutex<Table>>,
}

impl SignIns {
    /// A viewer of this sign-in watches the device.
    pub(crate) fn enter(&self, id: &str, device: CloudId, session: Addr<Session>) -> SignIn {
        let mut table = lock(&self.0);
        let watched = table.entry(id.to_owned()).or_default();
        match watched.entry(device) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.viewers += 1;
                // A device that came back has a new session.
                known.session = session;
            }
            Entry::Vacant(new) => {
                new.insert(Watched {
                    session,
                    viewers: 1,
                });
            }
        }
        SignIn {
            id: id.to_owned(),
            device,
            table: Arc::downgrade(&self.0),
        }
    }

    fn tell(&self, id: &str) {
        let watched = lock(&self.0);
        for watched in watched.get(id).iter().flat_map(|devices| devices.values()) {
            watched.tell();
        }
    }

    fn tell_all(&self) {
        let table = lock(&self.0);
        for watched in table.values().flat_map(HashMap::values) {
            watched.tell();
        }
    }

    /// Tells device sessions of sign-ins that end, until the edge drains.
    pub(crate) async fn follow(&self, ended: &EndedSessions, draining: &CancellationToken) {
        let mut listener = ended.listen();
        loop {
            let ended = tokio::select! {
                () = draining.cancelled() => return,
                ended = listener.recv() => ended,
            };
            match ended {
                Ok(id) => self.tell(&id),
                Err(RecvError::Lagged(_)) => self.tell_all(),
                Err(RecvError::Closed) => return,
            }
        }
    }
}

impl Drop for SignIn {
    fn drop(&mut self) {
        let Some(table) = self.table.upgrade() else {
            return;
        };
        let mut table = lock(&table);
        let Some(devices) = table.get_mut(&self.id) else {
            return;
        };
        if let Entry::Occupied(mut watched) = devices.entry(self.device) {
            watched.get_mut().viewers -= 1;
            if watched.get().viewers == 0 {
                watched.remove();
            }
        }
        if devices.is_empty() {
            table.remove(&self.id);
        }
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
