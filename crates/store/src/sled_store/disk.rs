//! From sled's buffers to the medium.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Sync;

/// sled's log, which has the records and is what sled locks.
pub(super) fn log_file(dir: &Path) -> PathBuf {
    dir.join("db")
}

/// sled's files, with what its own flush leaves out.
///
/// On Linux `sled::Tree::flush` ends in `sync_file_range` (sled 0.34.7, `pagecache/iobuf.rs`). That
/// writes the pages of the log, but neither the file's new size nor the cache of the disk, and a
/// page too large for the log goes to a file of its own (`pagecache/blob_io.rs`) that is not synced
/// at all. An acknowledged commit could be lost with the power. So what sled has written is synced
/// here again, by `fdatasync`.
///
/// Between two of these syncs the order in which sled's writes reach the medium is the disk's: a
/// disk that reorders its cache and loses power just then can damage the log itself.
pub(super) struct Disk {
    db: sled::Db,
    log: File,
    blob_dir: PathBuf,
    synced_blobs: HashSet<OsString>,
}

impl Disk {
    pub(super) fn open(db: &sled::Db, dir: &Path) -> io::Result<Self> {
        // The names of the directory and of the files in it.
        if let Some(parent) = dir.canonicalize()?.parent() {
            File::open(parent)?.sync_all()?;
        }
        File::open(dir)?.sync_all()?;
        Ok(Self {
            db: db.clone(),
            log: File::open(log_file(dir))?,
            blob_dir: dir.join("blobs"),
            synced_blobs: HashSet::new(),
        })
    }

    pub(super) fn into_sync(mut self) -> Sync {
        Box::new(move || self.sync())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.db.flush().map_err(io::Error::other)?;
        // Before the log, which refers to them.
        self.sync_blobs()?;
        self.log.sync_data()
    }

    /// Syncs the blobs that are new. There are none unless large values meet in one page of sled
    /// (more than 128 KiB), so the list is short.
    fn sync_blobs(&mut self) -> io::Result<()> {
        let names = fs::read_dir(&self.blob_dir)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<HashSet<_>>>()?;
        let mut new = names.difference(&self.synced_blobs).peekable();
        if new.peek().is_some() {
            for name in new {
                match File::open(self.blob_dir.join(name)) {
                    Ok(blob) => blob.sync_data()?,
                    // sled removes blobs that nothing refers to any more.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            File::open(&self.blob_dir)?.sync_all()?;
        }
        self.synced_blobs = names;
        Ok(())
    }
}
