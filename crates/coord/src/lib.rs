//! Which edges there are, and which of them owns a device: membership, ownership and watch.
//!
//! A claim gives its edge an [`Epoch`], which is higher than every epoch before it. The newest
//! claim of a device wins, since the device's newest authenticated connection is the one that
//! works: recovery waits for no timeout. An owner that was taken over may not know yet, so
//! whatever acts for a device carries the epoch, and the device and the stores refuse older ones.
//! Ownership says who may act; it is no proof that nobody else believes to.
//!
//! This crate keeps no session and decides no permission. Start reading at [`Coordinator`];
//! [`Local`] is the back end of a single node, and `conformance` (a feature) is the contract as
//! tests.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod directory;
mod edge;
mod error;
mod local;
mod membership;

use std::fmt;
use std::fmt::Debug;

use async_trait::async_trait;
use sightline_domain::CloudId;

pub use directory::{OwnershipEvent, OwnershipWatch};
pub use edge::{EdgeId, EdgeInfo};
pub use error::Error;
pub use local::Local;
pub use membership::{Membership, Standing};

/// Changes of ownership that a watch may be behind before it starts again with the whole state.
pub const WATCH_CAPACITY: usize = 4096;

/// Number of a claim. Rises with every claim of any device and never falls, also across restarts:
/// a device remembers the highest one that it saw, and refuses an edge with a lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Who owns a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The edge that holds the device's connection.
    pub edge: EdgeId,
    /// Its claim.
    pub epoch: Epoch,
}

/// Membership and ownership in one cluster, or on one node.
#[async_trait]
pub trait Coordinator: Send + Sync + Debug + 'static {
    /// Makes an edge known, so that it can claim, for as long as the [`Membership`] is kept. An
    /// edge that joins again under its name (after a restart) replaces its earlier membership,
    /// whose claims end.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    async fn join(&self, edge: EdgeInfo) -> Result<Membership, Error>;

    /// The edges that are members now, in the order of their names.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    async fn members(&self) -> Result<Vec<EdgeInfo>, Error>;

    /// Makes `edge` the owner of a device, whoever owned it before. To be called when the device
    /// has authenticated on a new connection, and for no other reason.
    ///
    /// # Errors
    /// [`Error::NotMember`] when the edge has not joined, or is no member any more. After any other
    /// error the claim may stand nevertheless: claim again, or release what [`Coordinator::owner`]
    /// shows.
    async fn claim(&self, device: CloudId, edge: &EdgeId) -> Result<Epoch, Error>;

    /// Ends a claim, if it still stands: when the device has been claimed since, nothing happens.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    async fn release(&self, device: CloudId, epoch: Epoch) -> Result<(), Error>;

    /// Who owns a device now; `None` when it is not connected anywhere.
    ///
    /// # Errors
    /// When the coordinator cannot be reached. A state that may be out of date is an error.
    async fn owner(&self, device: CloudId) -> Result<Option<Owner>, Error>;

    /// Follows the ownership of all devices.
    fn watch(&self) -> OwnershipWatch;
}
