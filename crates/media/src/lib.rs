//! Frames, the ring that holds the newest of them, and the bytes they become on a wire.
//!
//! Everything here is sans-I/O: no sockets, no clock, no runtime. The crate never decodes a
//! picture: it reads no more of a video stream than NAL unit headers and sequence parameter sets.
//!
//! Start reading at [`frame`], then [`ring`]: one writer publishes frames, any number of cursors
//! read them without locks. [`fmp4`] makes what a browser plays from them.

pub mod aac;
pub mod bits;
pub mod error;
#[cfg(test)]
mod fixtures;
pub mod flac;
pub mod fmp4;
pub mod frame;
pub mod g711;
pub mod h264;
pub mod h265;
pub mod nal;
pub mod ring;
pub mod track;

pub use error::Error;
pub use frame::{FRAME_BYTES_MAX, Frame};
pub use track::{Codec, Track, Tracks};
