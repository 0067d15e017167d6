//! The directory of what must survive a restart, held by one agent at a time.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

const LOCK_FILE: &str = "agent.lock";
/// Files here are a few hundred bytes; anything larger is not ours. Bytes.
const FILE_BYTES_MAX: u64 = 16 << 10;

/// Why the directory, or a file in it, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// File or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another agent runs on the same directory; two devices with one key would throw each other
    /// out of the cloud for ever.
    #[error("{0} is in use by another running agent")]
    InUse(PathBuf),
    /// A secret that others on this machine can read is no secret.
    #[error("{path} has mode {mode:03o}, so that others can read it; make it 600")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that does not hold what it should.
    #[error(
        "{path} is damaged; restore it, or remove it (a device that loses its key is a new device)"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn damaged(path: &Path) -> Self {
        Self::Damaged {
            path: path.to_owned(),
        }
    }

    /// There is no such file.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// The directory, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory, with mode 0700, if it is missing, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        make(path)?;
        let lock_path = path.join(LOCK_FILE);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|source| Error::io(path, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(Error::io(&lock_path, source)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The secret in a file, made by `make` at the first call and written to the disk before
    /// this returns.
    pub(crate) fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Zeroizing<String>, Error>,
    ) -> Result<Zeroizing<String>, Error> {
        match read_secret(&self.path.join(name)) {
            Err(error) if error.is_not_found() => {}
            read => return read,
        }
        let text = make()?;
        write_secret(&self.path, name, &text)?;
        Ok(text)
    }
}

/// Makes the directory, with mode 0700, if it is missing.
pub(crate) fn make(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| Error::io(path, source))
}

/// Writes a secret to the disk, in the place of what was there. Two writers of one file must keep
/// out of each other's way by themselves.
pub(crate) fn write_secret(directory: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = directory.join(name);
    replace(directory, &path, text).map_err(|source| Error::io(&path, source))
}

/// The file appears under its name only when all of it is on the disk, so a power cut leaves
/// either the file before it or a whole one.
fn replace(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let partial = path.with_added_extension("new");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // `create_new` is O_EXCL: nobody can have put a file or a link there to read the secret.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)?;
    let directory = File::open(directory)?;
    let owner = directory.metadata()?;
    if file.metadata()?.uid() != owner.uid() {
        // Written by root for an agent that runs as a user of its own, which must read it.
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    directory.sync_all()
}

/// Reads a secret of a directory that a running agent may hold.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, Error> {
    let failed = |source| Error::io(path, source);
    let metadata = fs::metadata(path).map_err(failed)?;
    let mode = Permissions::mode(&metadata.permissions()) & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(Error::damaged(path));
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_secret() -> Result<Zeroizing<String>, Error> {
        panic!("the secret is there already")
    }

    fn secret(text: &str) -> Result<Zeroizing<String>, Error> {
        Ok(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn second_agent_on_one_directory_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let held = DataDir::open(dir.path()).unwrap();
        assert!(matches!(DataDir::open(dir.path()), Err(Error::InUse(_))));
        drop(held);
        DataDir::open(dir.path()).unwrap();
    }

    #[test]
    fn secret_is_made_once_and_is_readable_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(&dir.path().join("a/b")).unwrap();
        data.secret("s", || secret("first")).unwrap();
        assert_eq!(*data.secret("s", no_secret).unwrap(), "first");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.path().join("a/b/s")), 0o600);
        assert_eq!(mode(&dir.path().join("a/b")), 0o700);
    }

    #[test]
    fn what_a_crash_left_half_written_is_not_taken_for_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        fs::write(dir.path().join("s.new"), "ha").unwrap();
        assert_eq!(*data.secret("s", || secret("whole")).unwrap(), "whole");
        assert!(!dir.path().join("s.new").exists());
    }

    #[test]
    fn secret_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        data.secret("s", || secret("x")).unwrap();
        fs::set_permissions(dir.path().join("s"), Permissions::from_mode(0o640)).unwrap();
        let refused = data.secret("s", no_secret);
        assert!(
            matches!(refused, Err(Error::Exposed { mode: 0o640, .. })),
            "{refused:?}"
        );
    }
}
