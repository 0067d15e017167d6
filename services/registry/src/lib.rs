//! Devices: who owns them, what they are, and whether they are connected.
//!
//! A device has one owner at most, and only the device itself can say who may become it. What
//! this service keeps of a device is what the device last told; pictures never pass through it.
//! Who else may see a device is not decided here: sharing tells it, and this service shows no more
//! of a device than that.
//!
//! Start reading at [`service`], which is the gRPC face, and [`records`], which is what is kept.

mod audit;
mod background;
mod changes;
mod changing;
mod claims;
mod config;
mod description;
mod device_calls;
mod device_watch;
mod edges;
mod error;
mod import;
mod import_file;
mod keys;
mod limits;
mod listing;
mod ownership;
mod records;
mod reports;
pub mod service;
mod shares;
pub mod unbind;
mod unclaimed;
mod view;

#[cfg(test)]
mod tests;

pub use audit::{AuditAction, AuditEntry};
pub use config::Config;
pub use edges::EdgeCalls;
pub use error::Error;
pub use import_file::FileError;
pub use service::Service;
pub use unbind::{PendingUnbind, UnbindError};
