//! An edge's place among the members.

use std::fmt;

use tokio::sync::watch;

use crate::EdgeId;

/// What an edge may do at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is a member and may claim.
    Serving,
    /// It may be a member no more and cannot find out: open streams go on, but it refuses new
    /// devices, new viewers and every write that carries an epoch.
    Suspect,
    /// It is a member no more and its claims have ended. To go on it joins again, and each of its
    /// sessions claims again.
    Gone,
}

/// Keeps an edge a member. Dropping it leaves: all claims of the edge end.
pub struct Membership {
    edge: EdgeId,
    standing: watch::Receiver<Standing>,
    leave: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Membership {
    /// For back ends: `leave` is called once, when the membership is dropped.
    pub(crate) fn new(
        edge: EdgeId,
        standing: watch::Receiver<Standing>,
        leave: impl FnOnce() + Send + Sync + 'static,
    ) -> Self {
        Self {
            edge,
            standing,
            leave: Some(Box::new(leave)),
        }
    }

    /// The edge that joined.
    #[must_use]
    pub fn edge(&self) -> &EdgeId {
        &self.edge
    }

    /// What the edge may do now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Waits until the standing changes, and tells the new one. Once [`Standing::Gone`], it stays
    /// so and returns at once. Nothing is lost when the future is dropped.
    pub async fn changed(&mut self) -> Standing {
        match self.standing.changed().await {
            Ok(()) => *self.standing.borrow_and_update(),
            Err(_) => Standing::Gone,
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        if let Some(leave) = self.leave.take() {
            leave();
        }
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership")
            .field("edge", &self.edge)
            .field("standing", &self.standing())
            .finish_non_exhaustive()
    }
}
