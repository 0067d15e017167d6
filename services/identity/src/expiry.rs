//! Records that end by themselves.

use std::sync::Arc;

use serde::Deserialize;
use sightline_store::{Error, MAX_TRANSACTION_KEYS, Revision, Store, Transaction};

/// Records read at a time.
const PAGE: usize = 200;
/// Records deleted at a time: each is required to be as it was read, and deleted.
const BATCH: usize = MAX_TRANSACTION_KEYS / 2;

/// What every record has that ends.
#[derive(Deserialize)]
struct Expiring {
    expires_at_unix_ms: i64,
}

/// Deletes the records under a prefix that have ended. One that is written anew meanwhile stays.
pub(crate) async fn delete_expired(
    store: &Arc<dyn Store>,
    prefix: &[u8],
    now_unix_ms: i64,
) -> Result<(), Error> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = store.scan(prefix, after.as_deref(), PAGE).await?;
        let mut ended = Vec::new();
        for (key, record) in &page {
            if record.json::<Expiring>()?.expires_at_unix_ms <= now_unix_ms {
                ended.push((key.as_slice(), record.revision));
            }
        }
        for batch in ended.chunks(BATCH) {
            if !delete(store, batch).await? {
                for one in batch {
                    delete(store, std::slice::from_ref(one)).await?;
                }
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
        after = page.into_iter().next_back().map(|(key, _)| key);
    }
}

/// Deletes all of these, or none when one was written anew or deleted meanwhile.
async fn delete(store: &Arc<dyn Store>, records: &[(&[u8], Revision)]) -> Result<bool, Error> {
    let deletion = records
        .iter()
        .fold(Transaction::new(), |all, (key, revision)| {
            all.require_revision(*key, *revision).delete(*key)
        });
    match store.commit(deletion).await {
        Ok(_) => Ok(true),
        Err(Error::Conflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
