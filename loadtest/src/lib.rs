//! Devices and viewers without a camera and without a screen: for benchmarks, and for tests that
//! need many of them, exact ones, or broken ones.
//!
//! They speak the real protocols to a real server over real sockets; nothing here knows a
//! service's inside. Start reading at [`device`] and [`viewer`]; `fanout` and `revoke` measure with
//! them.

pub mod account;
pub mod cli;
mod cloud;
pub mod connect;
pub mod device;
mod fanout;
mod figures;
mod helper;
mod process;
mod revoke;
pub mod stream;
pub mod viewer;
