//! The thread that writes: a batch of transactions, one sync, all the answers.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Sync;
use super::view::{Images, View};
use crate::changes::Feed;
use crate::{Change, ChangeKind, Error, MAX_PENDING, Record, Revision, Transaction};

/// A transaction and who waits for it.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) transaction: Transaction,
    pub(super) reply: oneshot::Sender<Result<Revision, Error>>,
}

pub(super) struct Writer {
    view: Arc<View>,
    feed: Feed,
    sync: Sync,
    revision: Revision,
    /// Why nothing is written any more. After a failed sync the kernel may have dropped the pages
    /// and report success next time, so only opening the store again tells what is on disk.
    failed: Option<String>,
}

impl Writer {
    pub(super) fn new(view: Arc<View>, feed: Feed, sync: Sync) -> Result<Self, Error> {
        let revision = view.revision()?;
        Ok(Self {
            view,
            feed,
            sync,
            revision,
            failed: None,
        })
    }

    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Pending>) {
        let mut waiting = Vec::with_capacity(MAX_PENDING);
        while queue.blocking_recv_many(&mut waiting, MAX_PENDING) > 0 {
            self.write(waiting.drain(..));
        }
    }

    fn write(&mut self, waiting: impl Iterator<Item = Pending>) {
        let mut batch = Batch::after(self.revision);
        let mut answers = Vec::new();
        for Pending { transaction, reply } in waiting {
            answers.push((reply, batch.add(&self.view, transaction)));
        }
        if self.failed.is_none()
            && let Err(error) = self.persist(&batch)
        {
            tracing::error!(%error, "the store takes no more writes");
            self.failed = Some(error.to_string());
        }
        if let Some(reason) = &self.failed {
            // Conflicts as well: what they conflict with may be lost.
            for (reply, _) in answers {
                let _ = reply.send(Err(Error::Failed(reason.clone())));
            }
            return;
        }
        self.revision = batch.revision;
        for change in batch.changes {
            self.feed.publish(change);
        }
        for (reply, outcome) in answers {
            // An error means that the caller does not wait any more.
            let _ = reply.send(outcome);
        }
    }

    fn persist(&mut self, batch: &Batch) -> Result<(), Error> {
        if batch.changes.is_empty() {
            return Ok(());
        }
        self.view.apply(&batch.after, batch.revision)?;
        (self.sync)()?;
        self.view.reveal();
        Ok(())
    }
}

/// The sum of some transactions.
struct Batch {
    revision: Revision,
    after: Images,
    changes: Vec<Change>,
}

impl Batch {
    fn after(revision: Revision) -> Self {
        Self {
            revision,
            after: Images::new(),
            changes: Vec::new(),
        }
    }

    /// Adds a transaction if its requirements hold after those before it.
    fn add(&mut self, view: &View, transaction: Transaction) -> Result<Revision, Error> {
        for (key, required) in transaction.requirements {
            let standing = match self.after.get(&key) {
                Some(image) => image.as_ref().map(|record| record.revision),
                None => view.newest(&key)?.map(|record| record.revision),
            };
            if standing != required {
                return Err(Error::Conflict { key });
            }
        }
        if !transaction.writes.is_empty() {
            self.revision += 1;
        }
        let revision = self.revision;
        for (key, value) in transaction.writes {
            let kind = value.clone().map_or(ChangeKind::Deleted, ChangeKind::Put);
            self.changes.push(Change {
                key: key.clone(),
                revision,
                kind,
            });
            self.after
                .insert(key, value.map(|value| Record { revision, value }));
        }
        Ok(revision)
    }
}
