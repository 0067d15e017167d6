//! Accounts: registering and new passwords with a code from an e-mail, signing in by user or by
//! device, sessions and access tokens, and the mails about all this.
//!
//! No answer, and no amount of work, tells whether an address has an account; only its mailbox
//! does. Nor does a sign-in by device tell whether the device exists. Passwords, codes and refresh
//! tokens are stored as hashes and never logged; passwords of devices are passed on and not kept.
//! What an account may do is not decided here.
//!
//! Start reading at [`service`]; each rule is in the file of its subject.

mod accounts;
mod codes;
mod config;
mod error;
mod expiry;
mod limits;
pub mod mail;
mod passwords;
mod secret;
pub mod service;
mod sessions;
mod signing;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use error::Error;
pub use service::{Parts, Service};
