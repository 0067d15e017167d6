//! The directory of all durable state, which holds the key that signs access tokens and the hashes of
//! passwords: it is for the user of the node alone.
//!
//! The files in it follow the process's umask, and the operator's socket is open to all between its
//! making and its mode. Both are safe because nobody else can enter the directory.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

/// Rights of the group and of all others.
const OTHERS: u32 = 0o077;

/// Makes the directory with mode 0700, or makes sure that one that is there is as private. It is
/// not changed: it may be another one than the operator meant.
///
/// # Errors
/// When it cannot be made, or others may enter it, with words for the operator.
pub(crate) fn make_private(directory: &Path) -> anyhow::Result<()> {
    let shown = directory.display();
    let mut builder = DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| format!("make the data directory {shown}"))?;
    let metadata = std::fs::metadata(directory)
        .with_context(|| format!("look at the data directory {shown}"))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        bail!(
            "the data directory {shown} has mode {mode:04o}: other users of this machine could \
             read the key that signs access tokens; if it is the right one, run: chmod 0700 {shown}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, create_dir, metadata, set_permissions};

    fn mode(path: &Path) -> u32 {
        metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_directory_is_for_its_user_alone_with_those_above_it() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("var/sightline");
        make_private(&directory).unwrap();
        make_private(&directory).unwrap();
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&parent.path().join("var")), 0o700);
    }

    #[test]
    fn a_directory_that_others_may_enter_is_refused_with_the_command_that_mends_it() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("data");
        create_dir(&directory).unwrap();
        for exposed in [0o755, 0o750, 0o711, 0o701, 0o702] {
            set_permissions(&directory, Permissions::from_mode(exposed)).unwrap();
            let refused = make_private(&directory).unwrap_err().to_string();
            let command = format!("chmod 0700 {}", directory.display());
            assert!(refused.ends_with(&command), "{refused}");
            assert_eq!(mode(&directory), exposed, "it is left as it was");
        }
        set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
        make_private(&directory).unwrap();
    }
}
