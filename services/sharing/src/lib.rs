//! Who else may see a device: offers, shares, and what follows from them.
//!
//! An owner offers a device, the person whose address was named accepts, and from then on both
//! see the same record. Who owns a device is asked of the registry each time it matters and never
//! kept here; a share made under an earlier owner is dead, whatever its record says. Edges decide
//! with the grants that this service tells; it never opens or closes a stream itself.
//!
//! Start reading at [`service`], which is the gRPC face, then at `share`, which is what a share is,
//! and `records`, which is how it is kept.

mod account_watch;
mod changes;
mod config;
mod device_watch;
mod error;
mod grants;
mod listing;
mod offers;
mod owner;
mod peers;
mod recipient;
mod records;
pub mod service;
mod share;
mod share_watch;
mod stored_terms;
mod sweep;
mod view;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use error::Error;
pub use service::Service;
