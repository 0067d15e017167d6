//! What every service stands on: time, configuration, TLS, listening, telemetry.
//!
//! Nothing here knows a service, a device or a frame. Start reading at [`net`], which turns a
//! listener into connections.

pub mod clock;
pub mod config;
pub mod net;
pub mod place;
pub mod telemetry;
pub mod tls;
pub mod topics;
