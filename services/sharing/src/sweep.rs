//! Writes down what has ended, and forgets what ended long ago.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sightline_store::Error as StoreError;
use tokio::task::JoinHandle;

use crate::Error;
use crate::service::Sharing;
use crate::share::Share;
use crate::view::Present;

/// Time between two sweeps.
const EVERY: Duration = Duration::from_secs(3600);
/// How long people see a share that has ended, or was declined, milliseconds: 30 days.
const KEPT_MS: i64 = 30 * 24 * 3600 * 1000;
/// Shares that are read at a time.
const PAGE: usize = 100;

/// The task that sweeps. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Sweeper(JoinHandle<()>);

impl Sweeper {
    pub(crate) fn start(sharing: &Arc<Sharing>) -> Self {
        let sharing = Arc::downgrade(sharing);
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let Some(sharing) = Weak::upgrade(&sharing) else {
                    return;
                };
                if let Err(error) = sharing.sweep().await {
                    tracing::warn!(%error, "sweep shares");
                }
            }
        }))
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Sharing {
    /// Looks at every share once.
    pub(crate) async fn sweep(&self) -> Result<(), Error> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.records.page(after.as_deref(), PAGE).await?;
            let full = page.len() == PAGE;
            after = page.last().map(|(key, ..)| key.clone());
            for (_, revision, share) in page {
                self.sweep_one(revision, &share).await?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn sweep_one(&self, revision: u64, share: &Share) -> Result<(), Error> {
        if share.state.is_live() {
            // Also finds what the registry had no time to tell: a device that left its owner.
            if !Present::new(self).state(share).await?.is_live() {
                self.end(&share.id).await?;
            }
        } else if share.changed_at_unix_ms + KEPT_MS <= self.now() {
            match self.records.remove(revision, share).await {
                // Somebody else has swept it.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
