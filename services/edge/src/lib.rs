//! The relay node: holds the tunnels of devices and fans their frames out to viewers.
//!
//! It never decodes a picture, never decides who may see what (it asks, and enforces), and never
//! stores a frame. Start reading at [`edge`]; then follow a frame: `uplink` (the device's
//! connection), `session` (its actor), `session/feed` (frames into a ring), and `fanout` (from
//! the ring to viewers, over WebSocket and gRPC).

mod arbiters;
mod calls;
mod config;
mod directory;
pub mod edge;
mod error;
mod fanout;
mod fence;
mod gate;
mod live;
mod metrics;
mod permit;
#[cfg(test)]
mod rig;
mod session;
mod sign_ins;
mod uplink;
mod viewer;
mod websocket;

pub use config::Config;
pub use edge::{Edge, Parts, StartError};
pub use error::{End, Error};
