//! Numbers that rise across restarts, at the price of one small write for each start.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Epoch, Error};

/// Epochs of this process: the upper half is of the process (the second in which it started, or
/// one more than the last), the lower half counts its claims.
#[derive(Debug)]
pub(super) struct Epochs {
    dir: PathBuf,
    incarnation: u32,
    claims: u32,
    lock: File,
}

impl Epochs {
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir)?;
        let lock = File::create(dir.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::InUse(dir.to_path_buf()),
            TryLockError::Error(error) => Error::Io(error),
        })?;
        let incarnation = advance(dir)?;
        Ok(Self {
            dir: dir.to_path_buf(),
            incarnation,
            claims: 0,
            lock,
        })
    }

    pub(super) fn next(&mut self) -> Result<Epoch, Error> {
        if self.claims == u32::MAX {
            self.incarnation = advance(&self.dir)?;
            self.claims = 0;
        }
        self.claims += 1;
        Ok(Epoch(
            u64::from(self.incarnation) << 32 | u64::from(self.claims),
        ))
    }
}

impl Drop for Epochs {
    fn drop(&mut self) {
        // Closing the file is not enough while a child process, before it runs its program, has
        // a copy. The lock of a file that cannot be unlocked ends with the process.
        let _ = self.lock.unlock();
    }
}

/// Takes the next incarnation. It is on disk before the first epoch of it is given out; a crash in
/// between leaves the old file or the new one.
#[expect(
    clippy::disallowed_methods,
    reason = "a number that rises, whatever time a test sets for the services"
)]
fn advance(dir: &Path) -> Result<u32, Error> {
    let path = dir.join("incarnation");
    let corrupt = || Error::Corrupt(path.clone());
    let last: u32 = match fs::read_to_string(&path) {
        Ok(text) => text.trim_end().parse().map_err(|_| corrupt())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(corrupt()),
        Err(error) => return Err(error.into()),
    };
    // At least the time, so that they rise too when an older copy of the directory is put back:
    // devices refuse an epoch that is lower than one they have seen.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| u32::try_from(now.as_secs()).unwrap_or(0));
    let next = last.checked_add(1).ok_or_else(corrupt)?.max(now);
    let new = dir.join("incarnation.new");
    let mut file = File::create(&new)?;
    writeln!(file, "{next}")?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(dir)?.sync_all()?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_rise_when_the_claims_of_a_process_are_used_up() {
        let dir = tempfile::tempdir().unwrap();
        let mut epochs = Epochs::open(dir.path()).unwrap();
        epochs.claims = u32::MAX - 1;
        let last = epochs.next().unwrap();
        let first = epochs.next().unwrap();
        assert!(first > last, "{first} after {last}");
        drop(epochs);
        assert!(Epochs::open(dir.path()).unwrap().next().unwrap() > first);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_a_new_beginning() {
        let dir = tempfile::tempdir().unwrap();
        for text in [&b""[..], b"x", b"-1", b"4294967295\n", b"\xff\n"] {
            fs::write(dir.path().join("incarnation"), text).unwrap();
            assert!(
                matches!(Epochs::open(dir.path()), Err(Error::Corrupt(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_crash_before_the_rename_leaves_a_readable_file() {
        let dir = tempfile::tempdir().unwrap();
        let before = Epochs::open(dir.path()).unwrap().next().unwrap();
        fs::write(dir.path().join("incarnation.new"), b"").unwrap();
        assert!(Epochs::open(dir.path()).unwrap().next().unwrap() > before);
    }

    #[test]
    fn epochs_rise_when_an_older_copy_of_the_directory_is_put_back() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("incarnation"), "5\n").unwrap();
        let Epoch(epoch) = Epochs::open(dir.path()).unwrap().next().unwrap();
        // 1 October 2025: any run of this test is later.
        assert!(epoch >> 32 > 1_759_276_800, "{epoch}");
    }

    #[test]
    fn a_directory_is_open_once() {
        let dir = tempfile::tempdir().unwrap();
        let _first = Epochs::open(dir.path()).unwrap();
        assert!(matches!(Epochs::open(dir.path()), Err(Error::InUse(_))));
    }
}
