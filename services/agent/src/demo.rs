//! Four cameras that need no hardware: what they see is drawn on the fly and encoded here, so that
//! one command shows a working device.
//!
//! What a camera shows depends on the time alone: its main and its sub stream show the same moment
//! the same way, and so does every run. Nothing here reads a clock, sleeps or starts a task: the
//! caller brings the time and sets the pace. A camera that nobody asks costs nothing.
//!
//! Start reading at [`Camera`], then `view` (what it sees).

mod camera;
mod encoder;
mod osd;
mod picture;
mod render;
mod scenes;
mod sound;
mod view;

#[cfg(test)]
mod tests;

pub use camera::Camera;
pub use view::{prepare, snapshot};

/// What is told of a demo camera before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SceneInfo {
    /// Written into the picture; also a good name for the channel.
    pub name: &'static str,
    /// It has a microphone.
    pub has_sound: bool,
}

/// Number of demo cameras.
pub const SCENES: usize = 4;

/// The demo cameras, in the order of their channels.
#[must_use]
pub fn scenes() -> [SceneInfo; SCENES] {
    [
        SceneInfo {
            name: "Front gate",
            has_sound: false,
        },
        SceneInfo {
            name: "Car park",
            has_sound: false,
        },
        SceneInfo {
            name: "Warehouse",
            has_sound: false,
        },
        SceneInfo {
            name: "Back yard",
            has_sound: true,
        },
    ]
}

/// Which of a camera's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quality {
    /// 1280x720 at 20 pictures per second.
    Main,
    /// 640x360 at 12.5 pictures per second.
    Sub,
}

/// Why a demo camera gives no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There are only [`SCENES`] of them.
    #[error("there is no demo camera {0}")]
    NoScene(usize),
    /// The encoder refused its settings or a picture.
    #[error("encoder failed: {0}")]
    Encoder(#[from] openh264::Error),
    /// The encoder sent no parameter sets with its first picture.
    #[error("encoder gave no parameter sets")]
    NoParameterSets,
    /// The encoder's parameter sets cannot be read.
    #[error("encoder's stream is not understood: {0}")]
    Stream(#[from] sightline_media::Error),
    /// A snapshot could not be encoded.
    #[error("snapshot failed: {0}")]
    Snapshot(#[from] jpeg_encoder::EncodingError),
}
