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
/// Time until the next sweep after one that had failures.
const AGAIN: Duration = Duration::from_secs(300);
/// How long people see a share that has ended, or was declined, milliseconds: 30 days.
const KEPT_MS: i64 = 30 * 24 * 3600 * 1000;
/// Shares that are read at a time.
const PAGE: usize = 100;

/// The task that sweeps, first of all what ended while nothing ran. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Sweeper(JoinHandle<()>);

impl Sweeper {
    pub(crate) fn start(sharing: &Arc<Sharing>) -> Self {
        let sharing = Arc::downgrade(sharing);
        Self(tokio::spawn(async move {
            while let Some(sharing) = Weak::upgrade(&sharing) {
                let swept = sharing.sweep().await;
                drop(sharing);
                let wait = match swept {
                    Ok(0) => EVERY,
                    Ok(failed) => {
                        tracing::warn!(failed, "shares were not swept; tried again later");
                        AGAIN
                    }
                    Err(error) => {
                        tracing::warn!(%error, "sweep shares; tried again later");
                        AGAIN
                    }
                };
                tokio::time::sleep(wait).await;
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
    /// Looks at every share once. One that fails does not stop the others.
    ///
    /// Returns how many failed.
    pub(crate) async fn sweep(&self) -> Result<usize, Error> {
        let mut failed = 0;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.records.page(after.as_deref(), PAGE).await?;
            let full = page.len() == PAGE;
            after = page.last().map(|(key, ..)| key.clone());
            for (_, revision, share) in page {
                if let Err(error) = self.sweep_one(revision, &share).await {
                    tracing::info!(share = %share.id, %error, "sweep a share");
                    failed += 1;
                }
            }
            if !full {
                return Ok(failed);
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
