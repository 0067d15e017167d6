//! Records that end by themselves.

use std::sync::Arc;

use serde::Deserialize;
use sightline_store::{Error, Store, Transaction};

/// Records read at a time.
const PAGE: usize = 200;

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
        for (key, record) in &page {
            if record.json::<Expiring>()?.expires_at_unix_ms > now_unix_ms {
                continue;
            }
            let delete = Transaction::new()
                .require_revision(key.clone(), record.revision)
                .delete(key.clone());
            match store.commit(delete).await {
                Ok(_) | Err(Error::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
        after = page.into_iter().next_back().map(|(key, _)| key);
    }
}
