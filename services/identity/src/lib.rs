//! Accounts: registering with a code from an e-mail, signing in, sessions and access tokens.
//!
//! No answer, and no amount of work, tells whether an address has an account; only its mailbox
//! does. Passwords, codes and refresh tokens are stored as hashes and never logged. What an
//! account may do is not decided here.
//!
//! Start reading at [`service`], which is the gRPC face; each rule is in the file of its subject.

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
