use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sightline_coord::{Coordinator, EdgeId, EdgeInfo, Epoch, Local, Membership, OwnershipWatch};

use super::*;
use crate::rig::{self, Device, Rig, until};

/// One whose watches can be broken. Those from before the break hear of nothing.
#[derive(Debug)]
struct Breaking {
    owners: Local,
    /// Watched until the break.
    nothing: Mutex<Option<Local>>,
    is_broken: AtomicBool,
    watches: AtomicBool,
    directory: tempfile::TempDir,
}

impl Breaking {
    fn new() -> Arc<Self> {
        let directory = tempfile::tempdir().unwrap();
        let open = |name: &str| Local::open(&directory.path().join(name)).unwrap();
        Arc::new(Self {
            owners: open("owners"),
            nothing: Mutex::new(Some(open("nothing"))),
            is_broken: AtomicBool::new(false),
            watches: AtomicBool::new(false),
            directory,
        })
    }

    fn fail(&self) {
        self.is_broken.store(true, Ordering::SeqCst);
        self.nothing().take();
    }

    fn recover(&self) {
        self.is_broken.store(false, Ordering::SeqCst);
    }

    fn nothing(&self) -> std::sync::MutexGuard<'_, Option<Local>> {
        self.nothing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the owners are watched.
    fn is_watched(&self) -> bool {
        self.watches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Coordinator for Breaking {
    async fn join(&self, edge: EdgeInfo) -> Result<Membership, Error> {
        self.owners.join(edge).await
    }

    async fn members(&self) -> Result<Vec<EdgeInfo>, Error> {
        self.owners.members().await
    }

    async fn claim(&self, device: CloudId, edge: &EdgeId) -> Result<Epoch, Error> {
        self.owners.claim(device, edge).await
    }

    async fn release(&self, device: CloudId, epoch: Epoch) -> Result<(), Error> {
        self.owners.release(device, epoch).await
    }

    async fn owner(&self, device: CloudId) -> Result<Option<Owner>, Error> {
        self.owners.owner(device).await
    }

    fn watch(&self) -> OwnershipWatch {
        if let Some(nothing) = &*self.nothing() {
            return nothing.watch();
        }
        if self.is_broken.load(Ordering::SeqCst) {
            // Of a coordinator that is gone by the time it is asked.
            return Local::open(&self.directory.path().join("gone"))
                .unwrap()
                .watch();
        }
        self.watches.store(true, Ordering::SeqCst);
        self.owners.watch()
    }
}

fn run(test: impl AsyncFnOnce(Rig, &Breaking)) {
    let coordinator = Breaking::new();
    rig::run_on(Arc::clone(&coordinator) as _, async |rig| {
        test(rig, &coordinator).await;
    });
}

#[test]
fn watch_that_broke_is_opened_again_and_newer_claims_are_heard() {
    run(async |rig, coordinator| {
        let device = Device::new();
        let id = device.id;
        let (_connected, admission) = rig.watch(device).await;
        coordinator.fail();
        coordinator.recover();
        until(async || coordinator.is_watched()).await;
        assert_eq!(admission.gate.check(Instant::now()), Ok(()));

        let other = EdgeInfo {
            id: "other".parse().unwrap(),
            address: None,
        };
        let _member = coordinator.join(other.clone()).await.unwrap();
        coordinator.claim(id, &other.id).await.unwrap();
        until(async || rig.edge.directory.session(id).is_none()).await;
        assert_eq!(rig.owner(id).await.unwrap().edge, other.id);
    });
}

#[test]
fn claim_that_ended_unheard_ends_its_session_when_owners_are_listed_again() {
    run(async |rig, coordinator| {
        let device = Device::new();
        let id = device.id;
        let (_connected, admission) = rig.watch(device).await;
        coordinator.fail();
        let epoch = rig.owner(id).await.unwrap().epoch;
        coordinator.release(id, epoch).await.unwrap();
        coordinator.recover();
        until(async || admission.gate.check(Instant::now()).is_err()).await;
    });
}

#[test]
fn device_that_was_claimed_just_after_the_list_was_made_keeps_its_session() {
    run(async |rig, _| {
        let (connected, admission) = rig.watch(Device::new()).await;
        look_at_all(&rig.edge, &HashMap::new()).await.unwrap();
        // Answered behind what the look has told the session.
        rig.watch_again(&connected).await;
        assert_eq!(admission.gate.check(Instant::now()), Ok(()));
    });
}

#[test]
fn edge_that_hears_nothing_of_owners_lets_go_of_its_devices_after_a_while() {
    run(async |rig, coordinator| {
        let device = Device::new();
        let id = device.id;
        let (_connected, admission) = rig.watch(device.clone()).await;
        let began = Instant::now();
        coordinator.fail();
        until(async || rig.edge.directory.session(id).is_none()).await;
        assert!(began.elapsed() >= UNFENCED_MAX);
        let end = admission.gate.check(Instant::now()).unwrap_err();
        assert_eq!(end.reason, EndReason::DeviceOffline);

        // And takes none until it hears again.
        let again = rig.connect(device.clone()).await;
        until(async || !again.session.connected()).await;
        coordinator.recover();
        until(async || coordinator.is_watched()).await;
        rig.watch(device).await;
    });
}
