//! The contract of [`Coordinator`] as tests that every back end runs.
//!
//! Each function takes a coordinator without members or owners and panics when the contract is
//! broken. `conformance_tests!` makes a test of each.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sightline_domain::CloudId;
use tokio::sync::Barrier;

use crate::{
    Coordinator, EdgeId, EdgeInfo, Epoch, Error, Membership, Owner, OwnershipEvent, OwnershipWatch,
    Standing, WATCH_CAPACITY,
};

/// Makes the tests of a back end: `conformance_tests!(expression)`, which gives a fresh
/// coordinator and whatever must live as long as it.
#[macro_export]
macro_rules! conformance_tests {
    ($fresh:expr) => {
        $crate::conformance_tests!(@each $fresh;
            only_members_claim
            takeover_raises_the_epoch
            stale_release_leaves_the_newer_claim
            release_ends_the_claim_and_epochs_still_rise
            of_concurrent_claims_the_highest_epoch_stands
            leaving_ends_the_claims_of_that_edge_only
            joining_again_replaces_the_earlier_membership
            watch_gives_the_state_and_then_each_change_in_order
            watch_that_falls_behind_starts_again_with_the_state
            watch_ends_with_the_coordinator
        );
    };
    (@each $fresh:expr; $($name:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (coordinator, _keep) = $fresh;
                $crate::conformance::$name(coordinator).await;
            }
        )+
    };
}

/// A device without meaning, the same for the same number.
#[must_use]
pub fn device(number: u32) -> CloudId {
    CloudId::of_public_key(&number.to_be_bytes())
}

fn edge(name: &str) -> EdgeId {
    name.parse().unwrap()
}

async fn join(coordinator: &impl Coordinator, name: &str) -> Membership {
    let address = Some(format!("{name}.example:9443"));
    coordinator
        .join(EdgeInfo {
            id: edge(name),
            address,
        })
        .await
        .unwrap()
}

async fn owner(coordinator: &impl Coordinator, number: u32) -> Option<Owner> {
    coordinator.owner(device(number)).await.unwrap()
}

/// Reads a watch until it tells of a device, so that all before it has been read.
async fn read_until(watch: &mut OwnershipWatch, last: Owner) -> Vec<OwnershipEvent> {
    let mut events = Vec::new();
    loop {
        let event = watch.next().await.unwrap();
        let done = match &event {
            OwnershipEvent::Claimed { owner, .. } => *owner == last,
            OwnershipEvent::Snapshot(owners) => owners.values().any(|owner| *owner == last),
            OwnershipEvent::Released { .. } => false,
        };
        events.push(event);
        if done {
            return events;
        }
    }
}

/// Before joining, and after leaving, an edge cannot own.
pub async fn only_members_claim(coordinator: impl Coordinator) {
    let refused = coordinator.claim(device(1), &edge("a")).await;
    assert!(matches!(refused, Err(Error::NotMember(name)) if name == edge("a")));

    let membership = join(&coordinator, "a").await;
    assert_eq!(membership.standing(), Standing::Serving);
    coordinator.claim(device(1), &edge("a")).await.unwrap();
    assert_eq!(
        coordinator.members().await.unwrap()[0].address.as_deref(),
        Some("a.example:9443")
    );

    drop(membership);
    let refused = coordinator.claim(device(1), &edge("a")).await;
    assert!(matches!(refused, Err(Error::NotMember(_))));
    assert_eq!(coordinator.members().await.unwrap(), []);
}

/// The newest claim wins, from whichever edge, and also on the same edge.
pub async fn takeover_raises_the_epoch(coordinator: impl Coordinator) {
    let _members = (join(&coordinator, "a").await, join(&coordinator, "b").await);
    let mut last = Epoch(0);
    for name in ["a", "b", "a", "a"] {
        let epoch = coordinator.claim(device(1), &edge(name)).await.unwrap();
        assert!(epoch > last, "{epoch} after {last}");
        assert_eq!(
            owner(&coordinator, 1).await,
            Some(Owner {
                edge: edge(name),
                epoch
            })
        );
        last = epoch;
    }
}

/// The classic mistake: an edge that was taken over deletes the claim of its successor.
pub async fn stale_release_leaves_the_newer_claim(coordinator: impl Coordinator) {
    let _members = (join(&coordinator, "a").await, join(&coordinator, "b").await);
    let old = coordinator.claim(device(1), &edge("a")).await.unwrap();
    let new = coordinator.claim(device(1), &edge("b")).await.unwrap();
    coordinator.release(device(1), old).await.unwrap();
    assert_eq!(
        owner(&coordinator, 1).await,
        Some(Owner {
            edge: edge("b"),
            epoch: new
        })
    );

    let newest = coordinator.claim(device(1), &edge("b")).await.unwrap();
    coordinator.release(device(1), new).await.unwrap();
    assert_eq!(
        owner(&coordinator, 1).await,
        Some(Owner {
            edge: edge("b"),
            epoch: newest
        })
    );
}

/// An epoch is never used again, not even after the key was gone.
pub async fn release_ends_the_claim_and_epochs_still_rise(coordinator: impl Coordinator) {
    let _member = join(&coordinator, "a").await;
    let first = coordinator.claim(device(1), &edge("a")).await.unwrap();
    let other = coordinator.claim(device(2), &edge("a")).await.unwrap();
    coordinator.release(device(1), first).await.unwrap();
    assert_eq!(owner(&coordinator, 1).await, None);
    assert_eq!(owner(&coordinator, 2).await.unwrap().epoch, other);
    coordinator.release(device(1), first).await.unwrap();
    assert!(coordinator.claim(device(1), &edge("a")).await.unwrap() > other);
}

/// All get an epoch of their own, and the last one in their order is the owner.
pub async fn of_concurrent_claims_the_highest_epoch_stands(coordinator: impl Coordinator) {
    const CLAIMS: usize = 64;
    let coordinator = Arc::new(coordinator);
    let names = ["a", "b", "c"];
    let mut members = Vec::new();
    for name in names {
        members.push(join(&*coordinator, name).await);
    }
    let start = Arc::new(Barrier::new(CLAIMS));
    let tasks: Vec<_> = (0..CLAIMS)
        .map(|at| {
            let (coordinator, start) = (Arc::clone(&coordinator), Arc::clone(&start));
            tokio::spawn(async move {
                let edge = edge(names[at % names.len()]);
                start.wait().await;
                let epoch = coordinator.claim(device(1), &edge).await.unwrap();
                (epoch, edge)
            })
        })
        .collect();
    let mut claims = HashMap::new();
    for task in tasks {
        let (epoch, edge) = task.await.unwrap();
        assert_eq!(claims.insert(epoch, edge), None, "{epoch} twice");
    }
    let (epoch, edge) = claims.into_iter().max_by_key(|(epoch, _)| *epoch).unwrap();
    assert_eq!(owner(&*coordinator, 1).await, Some(Owner { edge, epoch }));
}

/// What an edge leaves behind is free at once; the others' devices stay.
pub async fn leaving_ends_the_claims_of_that_edge_only(coordinator: impl Coordinator) {
    let (a, _b) = (join(&coordinator, "a").await, join(&coordinator, "b").await);
    for (number, name) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
        coordinator
            .claim(device(number), &edge(name))
            .await
            .unwrap();
    }
    coordinator.claim(device(4), &edge("b")).await.unwrap();
    let mut watch = coordinator.watch();
    assert!(matches!(watch.next().await.unwrap(), OwnershipEvent::Snapshot(all) if all.len() == 4));

    drop(a);
    assert_eq!(owner(&coordinator, 1).await, None);
    assert_eq!(owner(&coordinator, 3).await, None);
    assert_eq!(owner(&coordinator, 2).await.unwrap().edge, edge("b"));
    assert_eq!(owner(&coordinator, 4).await.unwrap().edge, edge("b"));

    let mut released = HashSet::new();
    for _ in 0..2 {
        match watch.next().await.unwrap() {
            OwnershipEvent::Released { device, .. } => released.insert(device),
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(released, HashSet::from([device(1), device(3)]));
}

/// An edge that restarts does not wait for its former self, which can do no harm any more.
pub async fn joining_again_replaces_the_earlier_membership(coordinator: impl Coordinator) {
    let mut old = join(&coordinator, "a").await;
    coordinator.claim(device(1), &edge("a")).await.unwrap();
    let mut new = join(&coordinator, "a").await;
    assert_eq!(old.changed().await, Standing::Gone);
    assert_eq!(owner(&coordinator, 1).await, None);

    let epoch = coordinator.claim(device(1), &edge("a")).await.unwrap();
    drop(old);
    assert_eq!(new.standing(), Standing::Serving);
    assert_eq!(
        owner(&coordinator, 1).await,
        Some(Owner {
            edge: edge("a"),
            epoch
        })
    );

    drop(coordinator);
    assert_eq!(new.changed().await, Standing::Gone);
}

/// Nothing twice, nothing missing, and no release of a claim that does not stand.
pub async fn watch_gives_the_state_and_then_each_change_in_order(coordinator: impl Coordinator) {
    let _members = (join(&coordinator, "a").await, join(&coordinator, "b").await);
    let first = coordinator.claim(device(1), &edge("a")).await.unwrap();
    let mut watch = coordinator.watch();
    let standing = HashMap::from([(
        device(1),
        Owner {
            edge: edge("a"),
            epoch: first,
        },
    )]);
    assert_eq!(
        watch.next().await.unwrap(),
        OwnershipEvent::Snapshot(standing)
    );

    let second = coordinator.claim(device(1), &edge("b")).await.unwrap();
    coordinator.release(device(1), first).await.unwrap();
    coordinator.release(device(1), second).await.unwrap();
    let third = coordinator.claim(device(2), &edge("a")).await.unwrap();
    let (second_owner, third_owner) = (
        Owner {
            edge: edge("b"),
            epoch: second,
        },
        Owner {
            edge: edge("a"),
            epoch: third,
        },
    );
    assert_eq!(
        read_until(&mut watch, third_owner.clone()).await,
        [
            OwnershipEvent::Claimed {
                device: device(1),
                owner: second_owner
            },
            OwnershipEvent::Released {
                device: device(1),
                epoch: second
            },
            OwnershipEvent::Claimed {
                device: device(2),
                owner: third_owner
            },
        ]
    );
}

/// A slow reader holds up nobody and is right again with one event.
pub async fn watch_that_falls_behind_starts_again_with_the_state(coordinator: impl Coordinator) {
    let _member = join(&coordinator, "a").await;
    let mut watch = coordinator.watch();
    assert_eq!(
        watch.next().await.unwrap(),
        OwnershipEvent::Snapshot(HashMap::new())
    );
    let mut owners = HashMap::new();
    for number in 0..u32::try_from(WATCH_CAPACITY).unwrap() + 1 {
        let device = device(number % 10);
        let epoch = coordinator.claim(device, &edge("a")).await.unwrap();
        owners.insert(
            device,
            Owner {
                edge: edge("a"),
                epoch,
            },
        );
    }
    assert_eq!(
        watch.next().await.unwrap(),
        OwnershipEvent::Snapshot(owners)
    );

    let epoch = coordinator.claim(device(1), &edge("a")).await.unwrap();
    let owner = Owner {
        edge: edge("a"),
        epoch,
    };
    assert_eq!(
        watch.next().await.unwrap(),
        OwnershipEvent::Claimed {
            device: device(1),
            owner
        }
    );
}

/// A watcher learns that nobody will tell it anything any more.
pub async fn watch_ends_with_the_coordinator(coordinator: impl Coordinator) {
    let mut unread = coordinator.watch();
    let mut read = coordinator.watch();
    read.next().await.unwrap();
    drop(coordinator);
    assert!(matches!(unread.next().await, Err(Error::Closed)));
    assert!(matches!(read.next().await, Err(Error::Closed)));
}
