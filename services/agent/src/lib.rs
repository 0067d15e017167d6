//! The device side: brings cameras that speak RTSP to a Sightline cloud.
//!
//! It dials out to the cloud with the device's own key, and serves `sightline.device.v1.Device`
//! on that connection: what channels there are, their live streams, snapshots, whether a person
//! knows the verification code or is a user of the device, and how fast the link is. A camera's
//! stream is pulled only while somebody watches.
//!
//! It never listens on the network, never sends a camera's address or password to the cloud,
//! never decodes video but for a snapshot, and never connects to a cloud whose certificate it
//! cannot verify.
//!
//! Start reading at [`Agent::start`], then `uplink` (the connection), `device` (what is served on
//! it), `camera` (where the frames come from), `users` (who may sign in by device).

mod agent;
mod backoff;
mod camera;
pub mod cli;
pub mod config;
mod data_dir;
pub mod demo;
mod device;
mod identity;
mod status;
mod time_zone;
mod uplink;
mod users;

pub use agent::{Agent, Handle};
pub use config::Config;
pub use data_dir::Error as DataDirError;
pub use status::Uplink;
pub use uplink::{DialError, TrustError, UpgradeError};
pub use users::{Error as UsersError, UserName};

/// Why an agent cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot work.
    #[error("configuration: {0}")]
    Config(#[from] config::Error),
    /// The data directory, or the key or code in it, cannot be used.
    #[error("data directory: {0}")]
    DataDir(#[from] DataDirError),
    /// The users of the device cannot be read, or the demo's administrator not be made.
    #[error("users of the device: {0}")]
    Users(#[from] UsersError),
    /// The cloud could never be recognised.
    #[error(transparent)]
    Trust(#[from] TrustError),
}
