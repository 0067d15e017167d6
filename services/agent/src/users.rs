//! Users of the device itself: who may sign in by device, without an account in the cloud.
//!
//! They stand in one file of the data directory. A running agent reads it at each sign-in, so a
//! change holds from the next one on. There are none until somebody adds one at the terminal, but
//! for the demo's.

mod demo;
mod name;
mod password;

use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data_dir;
pub(crate) use demo::demo_administrator;
pub use name::UserName;

const USERS_FILE: &str = "users.json";
/// Most users of one device: what the portal of a family or a shop needs, and fits the largest
/// file that is read.
const USERS_MAX: usize = 32;

/// Why the users of the device cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be used.
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
    /// The name is longer than 32 characters, empty, or has others than letters, digits and `.`,
    /// `_`, `-`.
    #[error("a user's name has 1 to 32 letters of the English alphabet, digits, `.`, `_` and `-`")]
    Name,
    /// The password cannot be chosen.
    #[error(transparent)]
    Password(#[from] sightline_domain::password::Unfit),
    /// The password could not be hashed.
    #[error("the password cannot be hashed")]
    Hash,
    /// The name is taken.
    #[error("there is a user {0} already; remove it first to give it another password")]
    Exists(UserName),
    /// There is no such user.
    #[error("there is no user {0}")]
    Missing(UserName),
    /// There are as many users as there can be.
    #[error("a device has {USERS_MAX} users at most")]
    Full,
}

/// What a user may do on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Everything.
    Administrator,
    /// Look.
    Viewer,
}

/// One user.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) name: UserName,
    pub(crate) role: Role,
    /// Argon2id, as a PHC string.
    password: password::Hash,
}

/// All users, as the file holds them.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Users {
    users: Vec<User>,
}

impl Users {
    /// Reads the file of a directory that a running agent may hold. Without a file there are none.
    pub(crate) fn read(data_dir: &Path) -> Result<Self, data_dir::Error> {
        Ok(Self::read_file(data_dir)?.unwrap_or_default())
    }

    fn read_file(data_dir: &Path) -> Result<Option<Self>, data_dir::Error> {
        let path = data_dir.join(USERS_FILE);
        match data_dir::read_secret(&path) {
            Ok(text) => {
                let users = serde_json::from_str(&text);
                Ok(Some(users.map_err(|_| data_dir::Error::damaged(&path))?))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn all(&self) -> &[User] {
        &self.users
    }

    /// The role of the user with this name and password. Takes the same time, that of a hash,
    /// whether there is such a user or not.
    pub(crate) fn verify(&self, name: &str, password: &str) -> Option<Role> {
        let user = self.users.iter().find(|user| user.name.as_str() == name);
        let matches = match user {
            Some(user) => user.password.matches(password),
            None => password::Hash::nobody().matches(password),
        };
        user.filter(|_| matches).map(|user| user.role)
    }

    fn add(&mut self, name: UserName, role: Role, password: &str) -> Result<(), Error> {
        sightline_domain::password::check(password)?;
        if self.users.iter().any(|user| user.name == name) {
            return Err(Error::Exists(name));
        }
        if self.users.len() >= USERS_MAX {
            return Err(Error::Full);
        }
        self.users.push(User {
            name,
            role,
            password: password::Hash::new(password)?,
        });
        Ok(())
    }

    fn write(&self, data_dir: &Path) -> Result<(), Error> {
        let path = data_dir.join(USERS_FILE);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| data_dir::Error::io(&path, error.into()))?;
        Ok(data_dir::write_secret(data_dir, USERS_FILE, &text)?)
    }
}

/// Adds a user to the device, whether its agent runs or not.
///
/// # Errors
/// [`Error`].
pub(crate) fn add(
    data_dir: &Path,
    name: UserName,
    role: Role,
    password: &str,
) -> Result<(), Error> {
    data_dir::make(data_dir)?;
    let _lock = lock(data_dir)?;
    let mut users = Users::read(data_dir)?;
    users.add(name, role, password)?;
    users.write(data_dir)
}

/// Removes a user from the device, whether its agent runs or not.
///
/// # Errors
/// [`Error`].
pub(crate) fn remove(data_dir: &Path, name: &UserName) -> Result<(), Error> {
    let _lock = lock(data_dir)?;
    let mut users = Users::read(data_dir)?;
    let before = users.users.len();
    users.users.retain(|user| user.name != *name);
    if users.users.len() == before {
        return Err(Error::Missing(name.clone()));
    }
    users.write(data_dir)
}

/// Keeps two changes from undoing each other, until it is dropped. The lock is on the directory
/// itself: the agent's own is held for as long as it runs.
fn lock(data_dir: &Path) -> Result<File, data_dir::Error> {
    let lock = || {
        let directory = File::open(data_dir)?;
        directory.lock()?;
        Ok(directory)
    };
    lock().map_err(|source| data_dir::Error::io(data_dir, source))
}

#[cfg(test)]
mod tests;
