//! The cloud in one binary: the only place where its parts are put together.
//!
//! Nothing is decided here but what runs and how it is connected. Start reading at [`node`].

mod admin;
pub mod cli;
pub mod config;
mod data_dir;
mod demo;
mod edges;
pub mod node;
mod operator;
mod routes;

pub use config::Config;
pub use node::Node;
