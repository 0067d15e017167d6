//! The back end of a single node: state in memory, epochs that outlive the process.

mod epochs;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sightline_domain::CloudId;
use tokio::sync::watch;

use crate::directory::Directory;
use crate::{
    Coordinator, EdgeId, EdgeInfo, Epoch, Error, Membership, Owner, OwnershipWatch, Standing,
};
use epochs::Epochs;

/// Coordination within one process. Who owns what is forgotten with the process, like the
/// connections themselves; only epochs go on rising.
#[derive(Debug)]
pub struct Local {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    epochs: Epochs,
    members: BTreeMap<EdgeId, Member>,
    directory: Directory,
}

#[derive(Debug)]
struct Member {
    info: EdgeInfo,
    /// Its receivers see [`Standing::Gone`] when the member is replaced or leaves.
    standing: watch::Sender<Standing>,
}

impl Local {
    /// Opens the directory that keeps epochs rising. Every epoch from now on is higher than those
    /// of all earlier processes on it.
    ///
    /// # Errors
    /// [`Error::InUse`] when it is open already; [`Error::Corrupt`] when its file is damaged.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let state = State {
            epochs: Epochs::open(dir)?,
            members: BTreeMap::new(),
            directory: Directory::new(),
        };
        Ok(Self {
            state: Arc::new(Mutex::new(state)),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Ends a membership, unless the edge has joined again since.
    fn leave(&mut self, edge: &EdgeId, standing: &watch::Receiver<Standing>) {
        let current = self
            .members
            .get(edge)
            .map(|member| member.standing.subscribe());
        if current.is_some_and(|current| current.same_channel(standing)) {
            self.end(edge);
        }
    }

    fn end(&mut self, edge: &EdgeId) {
        if let Some(member) = self.members.remove(edge) {
            self.directory.release_all(edge);
            member.standing.send_replace(Standing::Gone);
        }
    }
}

#[async_trait]
impl Coordinator for Local {
    async fn join(&self, edge: EdgeInfo) -> Result<Membership, Error> {
        let id = edge.id.clone();
        let (standing, seen) = watch::channel(Standing::Serving);
        let mut state = self.state();
        state.end(&id);
        state.members.insert(
            id.clone(),
            Member {
                info: edge,
                standing,
            },
        );
        let shared = Arc::downgrade(&self.state);
        let (leaving, own) = (id.clone(), seen.clone());
        Ok(Membership::new(id, seen, move || {
            if let Some(shared) = shared.upgrade() {
                lock(&shared).leave(&leaving, &own);
            }
        }))
    }

    async fn members(&self) -> Result<Vec<EdgeInfo>, Error> {
        Ok(self
            .state()
            .members
            .values()
            .map(|member| member.info.clone())
            .collect())
    }

    async fn claim(&self, device: CloudId, edge: &EdgeId) -> Result<Epoch, Error> {
        // Under one lock, so that of two claims the one with the higher epoch stands.
        let mut state = self.state();
        if !state.members.contains_key(edge) {
            return Err(Error::NotMember(edge.clone()));
        }
        let epoch = state.epochs.next()?;
        state.directory.claim(
            device,
            Owner {
                edge: edge.clone(),
                epoch,
            },
        );
        Ok(epoch)
    }

    async fn release(&self, device: CloudId, epoch: Epoch) -> Result<(), Error> {
        self.state().directory.release(device, epoch);
        Ok(())
    }

    async fn owner(&self, device: CloudId) -> Result<Option<Owner>, Error> {
        Ok(self.state().directory.owner(device))
    }

    fn watch(&self) -> OwnershipWatch {
        self.state().directory.watch()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::device;

    fn fresh() -> (Local, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (Local::open(dir.path()).unwrap(), dir)
    }

    crate::conformance_tests!(fresh());

    #[tokio::test]
    async fn epochs_rise_after_each_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let edge = EdgeInfo {
            id: "a".parse().unwrap(),
            address: None,
        };
        let mut last = Epoch(0);
        for _ in 0..3 {
            let local = Local::open(dir.path()).unwrap();
            let _member = local.join(edge.clone()).await.unwrap();
            assert_eq!(local.owner(device(1)).await.unwrap(), None);
            for number in 1..4 {
                let epoch = local.claim(device(number), &edge.id).await.unwrap();
                assert!(epoch > last, "{epoch} after {last}");
                last = epoch;
            }
        }
    }
}
