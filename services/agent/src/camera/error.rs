//! Why a camera gives no pictures, in the words that its owner reads in the portal.

use super::timeline::ClockJump;
use crate::demo;

/// The end of a pull. The sentence goes to the cloud: it names no address and no user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PullError {
    #[error("The camera cannot be reached.")]
    Unreachable(#[source] retina::Error),
    #[error("The camera does not answer in time.")]
    Timeout,
    #[error("The camera refuses the user name or password.")]
    Login(#[source] retina::Error),
    #[error("The camera has no stream at this address.")]
    NoStream(#[source] retina::Error),
    #[error("The camera refuses to send the stream (RTSP status {status}).")]
    Refused { status: u16, source: retina::Error },
    #[error("The camera sends {0}, which is not supported; set it to H.264 or H.265.")]
    Codec(String),
    #[error("The camera's stream has no picture.")]
    NoVideo,
    #[error("The connection to the camera broke.")]
    Broken(#[source] retina::Error),
    #[error("The camera ended the stream.")]
    Ended,
    #[error("The camera sends no more pictures.")]
    Silent,
    #[error("The clock of the camera's stream jumped.")]
    ClockJump(#[from] ClockJump),
    #[error("The camera's stream is not valid: {0}.")]
    Media(#[from] sightline_media::Error),
    #[error("The demo camera failed.")]
    Demo(#[from] demo::Error),
    #[error("The demo camera stopped.")]
    DemoStopped,
}

impl PullError {
    /// What a failed RTSP request means; `without_status` for a request that got no answer.
    pub(super) fn of_request(
        error: retina::Error,
        without_status: fn(retina::Error) -> Self,
    ) -> Self {
        match error.status_code() {
            None => without_status(error),
            Some(401 | 403) => Self::Login(error),
            Some(404 | 410) => Self::NoStream(error),
            // The camera answered well, but its answer is not understood.
            Some(200..=299) => Self::Broken(error),
            Some(status) => Self::Refused {
                status,
                source: error,
            },
        }
    }
}
