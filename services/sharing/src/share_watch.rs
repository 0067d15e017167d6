//! A person's shares as they are, and every change.
//!
//! The stream is made as it is read: there is no queue between this and the connection. A reader
//! that is too slow for the wake-ups gets the whole list again.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use sightline_base::topics::Wake;
use sightline_rpc::session::Session;
use sightline_rpc::sharing::v1::watch_shares_response::Event;
use sightline_rpc::sharing::v1::{Heartbeat, ShareList, WatchSharesResponse};
use sightline_rpc::stream::Watch;
use tokio::time::Instant;

use crate::Error;
use crate::changes::Listener;
use crate::listing::PAGE_MAX;
use crate::offers::GIVEN_PER_ACCOUNT_MAX;
use crate::records;
use crate::service::Sharing;
use crate::share::Share;
use crate::view::{Present, Viewer};

/// Longest silence; the contract promises 15 seconds.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Streams of one account at a time: screens that show its shares.
const WATCHES_PER_ACCOUNT_MAX: usize = 32;

/// One stream.
pub(crate) struct ShareWatch {
    sharing: Arc<Sharing>,
    session: Session,
    viewer: Viewer,
    /// Of what the viewer has given, was offered and has accepted.
    given: Listener,
    offered: Listener,
    received: Listener,
    /// The whole list is due.
    start_over: bool,
    /// Shares to be told next: what did not fit into the list.
    pending: VecDeque<String>,
    /// Shares that were told to be live and end by themselves, by the time at which they do.
    ending: BTreeSet<(i64, String)>,
    heartbeat_at: Instant,
}

impl ShareWatch {
    /// # Errors
    /// [`Error::TooManyWatches`], or when the caller's address cannot be asked for.
    pub(crate) async fn new(sharing: Arc<Sharing>, session: Session) -> Result<Self, Error> {
        let viewer = sharing.viewer(session.caller().account()?).await?;
        // Before the lists are read, so that no change falls between the two.
        let listen = |list| sharing.changes.listen(list);
        let offered = listen(records::offered(&viewer.email));
        // Nobody else listens to what is offered to this address.
        if offered.count() > WATCHES_PER_ACCOUNT_MAX {
            return Err(Error::TooManyWatches(WATCHES_PER_ACCOUNT_MAX));
        }
        let given = listen(records::given(&viewer.account));
        let received = listen(records::received(&viewer.account));
        Ok(Self {
            sharing,
            session,
            viewer,
            given,
            offered,
            received,
            start_over: true,
            pending: VecDeque::new(),
            ending: BTreeSet::new(),
            heartbeat_at: Instant::now() + HEARTBEAT,
        })
    }

    async fn event(&mut self) -> Result<Event, Error> {
        loop {
            let left = self.session.check()?;
            if std::mem::take(&mut self.start_over) {
                return self.list().await;
            }
            if let Some(id) = self.pending.pop_front() {
                return self.share(id).await;
            }
            let (left, over) = self.next_end(left);
            if let Some(id) = over {
                return self.share(id).await;
            }
            let wake = tokio::select! {
                wake = self.given.next() => wake?,
                wake = self.offered.next() => wake?,
                wake = self.received.next() => wake?,
                () = tokio::time::sleep_until(self.heartbeat_at) => {
                    self.heartbeat_at = Instant::now() + HEARTBEAT;
                    return Ok(Event::Heartbeat(Heartbeat {}));
                }
                () = self.session.next_end(left) => continue,
            };
            match wake {
                Wake::Of(id) => return self.share(id).await,
                Wake::Everything => self.start_over = true,
            }
        }
    }

    /// How long nothing ends by itself, and a share whose end has passed.
    fn next_end(&mut self, left: Duration) -> (Duration, Option<String>) {
        let Some((end, _)) = self.ending.first() else {
            return (left, None);
        };
        match u64::try_from(end - self.sharing.now()) {
            Ok(left_ms) if left_ms > 0 => (left.min(Duration::from_millis(left_ms)), None),
            _ => (left, self.ending.pop_first().map(|(_, id)| id)),
        }
    }

    async fn list(&mut self) -> Result<Event, Error> {
        let lists = [
            records::given(&self.viewer.account),
            records::offered(&self.viewer.email),
            records::received(&self.viewer.account),
        ];
        let sharing = Arc::clone(&self.sharing);
        let entries = sharing.records.entries(&lists, GIVEN_PER_ACCOUNT_MAX);
        let ids = entries.await?.into_iter().map(|(_, entry)| entry.id);
        self.pending = ids.collect();
        self.ending.clear();
        let (mut shares, mut present) = (Vec::new(), Present::new(&sharing));
        while shares.len() < PAGE_MAX
            && let Some(id) = self.pending.pop_front()
        {
            if let Some((_, share)) = sharing.records.share(&id).await? {
                self.note_end(&share);
                shares.extend(present.seen_by(&self.viewer, &share).await?);
            }
        }
        Ok(Event::All(ShareList { shares }))
    }

    async fn share(&mut self, id: String) -> Result<Event, Error> {
        let seen = match self.sharing.records.share(&id).await? {
            Some((_, share)) => {
                self.note_end(&share);
                let mut present = Present::new(&self.sharing);
                present.seen_by(&self.viewer, &share).await?
            }
            None => None,
        };
        Ok(seen.map_or(Event::RemovedId(id), Event::Changed))
    }

    fn note_end(&mut self, share: &Share) {
        self.ending.retain(|(_, id)| *id != share.id);
        if let Some(end) = share.ends_at_unix_ms()
            && share.state.is_live()
            && !share.is_over(self.sharing.now())
        {
            self.ending.insert((end, share.id.clone()));
        }
    }
}

impl Watch for ShareWatch {
    type Item = WatchSharesResponse;
    type Error = Error;

    async fn next(&mut self) -> Result<WatchSharesResponse, Error> {
        let event = self.event().await?;
        Ok(WatchSharesResponse { event: Some(event) })
    }
}
