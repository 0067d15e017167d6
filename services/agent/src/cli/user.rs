//! The users of the device, at the terminal.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use sightline_domain::password::PASSWORD_CHARS_MAX;
use zeroize::Zeroizing;

use crate::users::{self, Role, UserName, Users};

/// Longest line that is read as a password, bytes; one more than a password with its line break
/// has, so that a longer one is seen to be too long.
const LINE_BYTES_MAX: u64 = PASSWORD_CHARS_MAX as u64 + 2;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a user; asks for the password, or reads a line when the input is not a terminal
    Add {
        /// 1 to 32 letters, digits, `.`, `_` and `-`
        name: UserName,
        /// Lets the user do everything on the device, and claim it without its verification code
        #[arg(long)]
        administrator: bool,
    },
    /// Remove a user
    Remove {
        /// Name of the user
        name: UserName,
    },
    /// List the users
    List,
}

/// Does it, in a directory that a running agent may hold.
pub(super) fn run(command: &Command, data_dir: &Path) -> anyhow::Result<()> {
    match command {
        Command::Add {
            name,
            administrator,
        } => {
            let role = if *administrator {
                Role::Administrator
            } else {
                Role::Viewer
            };
            users::add(data_dir, name.clone(), role, &password()?)?;
        }
        Command::Remove { name } => users::remove(data_dir, name)?,
        Command::List => {
            let list = list(&Users::read(data_dir)?);
            io::stdout()
                .write_all(list.as_bytes())
                .context("write the list")?;
        }
    }
    Ok(())
}

fn list(users: &Users) -> String {
    let mut text = String::new();
    for user in users.all() {
        let role = match user.role {
            Role::Administrator => "administrator",
            Role::Viewer => "viewer",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<32} {role}", user.name);
    }
    text
}

fn password() -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let first = hidden("Password: ")?;
    sightline_domain::password::check(&first)?;
    let second = hidden("The same again: ")?;
    ensure!(first == second, "the two passwords differ");
    Ok(first)
}

/// Reads a line from the terminal without showing it.
fn hidden(prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    let terminal = io::stdin();
    io::stderr()
        .write_all(prompt.as_bytes())
        .context("write the prompt")?;
    let shown = tcgetattr(&terminal).context("ask how the terminal is set")?;
    let mut hiding = shown.clone();
    hiding.local_modes.remove(LocalModes::ECHO);
    hiding.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&terminal, OptionalActions::Flush, &hiding).context("hide what is typed")?;
    let line = line();
    tcsetattr(&terminal, OptionalActions::Now, &shown).context("show what is typed")?;
    line
}

fn line() -> anyhow::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin()
        .lock()
        .take(LINE_BYTES_MAX)
        .read_line(&mut line)
        .context("read the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    Ok(Zeroizing::new(password.to_owned()))
}
