//! Devices: who owns them, what they are, and whether they are connected.
//!
//! A device has one owner at most, and only the device itself can say who may become it. What
//! this service keeps of a device is what the device last told; pictures never pass through it.
//! Who else may see a device is not decided here.
//!
//! Start reading at [`service`], which is the gRPC face, and [`records`], which is what is kept.

mod changes;
mod claims;
mod config;
mod description;
mod device_watch;
mod edges;
mod error;
mod grants;
mod listing;
mod records;
mod reports;
pub mod service;
mod stream;
mod unclaimed;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use edges::EdgeCalls;
pub use error::Error;
pub use service::Service;
