//! What readers see: the records as of the last batch that is on disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use crate::{Error, Record, Revision};

/// Keys and the records that they had, or `None` where there was none.
pub(super) type Images = BTreeMap<Vec<u8>, Option<Record>>;

/// Holds the newest revision, so that the batch that raises it persists it too. Keys of records
/// are never empty.
const REVISION_KEY: &[u8] = b"";

#[derive(Debug)]
pub(super) struct View {
    db: sled::Db,
    /// How the keys of the batch in flight were before it. Without this a reader could act on, and
    /// pass on, what a loss of power takes back.
    before: RwLock<Images>,
}

impl View {
    pub(super) fn new(db: sled::Db) -> Self {
        Self {
            db,
            before: RwLock::default(),
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Record>, Error> {
        let before = self.before.read().unwrap_or_else(PoisonError::into_inner);
        match before.get(key) {
            Some(image) => Ok(image.clone()),
            None => self.newest(key),
        }
    }

    pub(super) fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Record)>, Error> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ if prefix.is_empty() => Bound::Excluded(REVISION_KEY),
            _ => Bound::Included(prefix),
        };
        let range = (start, Bound::Unbounded);
        let before = self.before.read().unwrap_or_else(PoisonError::into_inner);
        let images: Vec<_> = before
            .range::<[u8], _>(range)
            .take_while(|(key, _)| key.starts_with(prefix))
            .collect();

        // At most this many of them drop out as new and unsynced.
        let mut page = BTreeMap::new();
        for item in self
            .db
            .range::<&[u8], _>(range)
            .take(limit.saturating_add(images.len()))
        {
            let (key, value) = item?;
            if !key.starts_with(prefix) {
                break;
            }
            page.insert(key.to_vec(), Some(decode(&value)?));
        }
        page.extend(
            images
                .into_iter()
                .map(|(key, image)| (key.clone(), image.clone())),
        );
        Ok(page
            .into_iter()
            .filter_map(|(key, image)| Some((key, image?)))
            .take(limit)
            .collect())
    }

    /// The record with what is in flight; for the writer.
    pub(super) fn newest(&self, key: &[u8]) -> Result<Option<Record>, Error> {
        self.db.get(key)?.map(|value| decode(&value)).transpose()
    }

    /// The revision of the newest batch, 0 in a new store.
    pub(super) fn revision(&self) -> Result<Revision, Error> {
        Ok(self
            .newest(REVISION_KEY)?
            .map_or(0, |record| record.revision))
    }

    /// Applies a batch that readers do not see before [`View::reveal`].
    pub(super) fn apply(&self, after: &Images, revision: Revision) -> Result<(), Error> {
        let mut images = Images::new();
        let mut batch = sled::Batch::default();
        for (key, image) in after {
            images.insert(key.clone(), self.newest(key)?);
            match image {
                Some(record) => batch.insert(key.as_slice(), encode(record)),
                None => batch.remove(key.as_slice()),
            }
        }
        batch.insert(
            REVISION_KEY,
            encode(&Record {
                revision,
                value: Vec::new(),
            }),
        );
        *self.before.write().unwrap_or_else(PoisonError::into_inner) = images;
        Ok(self.db.apply_batch(batch)?)
    }

    /// The batch is on disk: readers see it from now on.
    pub(super) fn reveal(&self) {
        self.before
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Eight bytes of revision, big-endian, then the value.
fn encode(record: &Record) -> Vec<u8> {
    [&record.revision.to_be_bytes(), record.value.as_slice()].concat()
}

fn decode(stored: &[u8]) -> Result<Record, Error> {
    let (revision, value) = stored
        .split_first_chunk()
        .ok_or_else(|| Error::Corrupt("a record without a revision".into()))?;
    Ok(Record {
        revision: Revision::from_be_bytes(*revision),
        value: value.to_vec(),
    })
}
