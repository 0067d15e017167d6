//! The administrator of a demo device.

use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::{Error, Role, UserName, Users, lock};
use crate::config::Secret;
use crate::data_dir::{self, DataDir};

const NAME: &str = "admin";
const PASSWORD_FILE: &str = "demo-password";
/// Symbols of the password that nobody takes for one another, 5 bits each.
const SYMBOLS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Groups of [`GROUP`] symbols with a dash between them: 80 bits.
const GROUPS: usize = 4;
const GROUP: usize = 4;

/// Name and password of the administrator that a demo device makes at its first start; none when
/// it has other users from before, or when somebody has removed this one or changed its password.
/// The password is kept beside its hash, since whoever starts the demo is told it each time.
///
/// # Errors
/// When the files cannot be read or written.
pub(crate) fn demo_administrator(data: &DataDir) -> Result<Option<(UserName, Secret)>, Error> {
    let name: UserName = NAME.parse()?;
    let _lock = lock(data.path())?;
    let password = data.secret(PASSWORD_FILE, || random(data))?;
    if let Some(users) = Users::read_file(data.path())? {
        if users.verify(NAME, &password) != Some(Role::Administrator) {
            return Ok(None);
        }
    } else {
        let mut users = Users::default();
        users.add(name.clone(), Role::Administrator, &password)?;
        users.write(data.path())?;
    }
    Ok(Some((name, Secret::from(password.as_str().to_owned()))))
}

fn random(data: &DataDir) -> Result<Zeroizing<String>, data_dir::Error> {
    let mut random = Zeroizing::new([0; GROUPS * GROUP]);
    SysRng
        .try_fill_bytes(random.as_mut())
        .map_err(|error| data_dir::Error::io(data.path(), std::io::Error::other(error)))?;
    let mut text = Zeroizing::new(String::with_capacity(GROUPS * (GROUP + 1)));
    for group in random.chunks(GROUP) {
        if !text.is_empty() {
            text.push('-');
        }
        text.extend(
            group
                .iter()
                .map(|byte| char::from(SYMBOLS[usize::from(byte % 32)])),
        );
    }
    Ok(text)
}
