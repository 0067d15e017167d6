//! What a viewer is told, before a stream opens and when it ends.

use std::borrow::Cow;

use sightline_rpc::auth::Unauthenticated;
use sightline_rpc::live::v1::EndReason;
use sightline_rpc::{Code, ServiceError};

/// Why a viewer gets no stream or no picture.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No valid token.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    /// No such device, or none that the caller may know of.
    #[error("no such device")]
    NotFound,
    /// The device is not connected.
    #[error("the device is offline")]
    DeviceOffline,
    /// The device has no such channel, or cannot deliver it now.
    #[error("the channel is not available: {0}")]
    ChannelUnavailable(Cow<'static, str>),
    /// Grants cannot be proven fresh, so nothing new is opened.
    #[error("permissions cannot be checked right now")]
    GrantsStale,
    /// The limit on viewers of one device.
    #[error("too many viewers of this device")]
    TooManyViewers,
    /// The node is shutting down.
    #[error("this node is restarting")]
    Draining,
    /// The request itself is wrong.
    #[error("{0}")]
    BadRequest(&'static str),
}

impl ServiceError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unauthenticated(e) => e.code(),
            Self::NotFound => Code::NotFound,
            Self::ChannelUnavailable(_) => Code::FailedPrecondition,
            Self::DeviceOffline | Self::GrantsStale | Self::Draining => Code::Unavailable,
            Self::TooManyViewers => Code::ResourceExhausted,
            Self::BadRequest(_) => Code::InvalidArgument,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unauthenticated(e) => e.reason(),
            Self::NotFound => "NOT_FOUND",
            Self::DeviceOffline => "DEVICE_OFFLINE",
            Self::ChannelUnavailable(_) => "CHANNEL_UNAVAILABLE",
            Self::GrantsStale => "UNAVAILABLE",
            Self::TooManyViewers => "LIMIT",
            Self::Draining => "DRAINING",
            Self::BadRequest(_) => "INVALID_ARGUMENT",
        }
    }
}

/// Why a stream that was open is no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// For programs.
    pub reason: EndReason,
    /// For logs and developers, in English.
    pub message: Cow<'static, str>,
}

impl End {
    /// With a fixed message.
    #[must_use]
    pub const fn new(reason: EndReason, message: &'static str) -> Self {
        Self {
            reason,
            message: Cow::Borrowed(message),
        }
    }

    /// The reason without its protobuf prefix, as it stands in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.reason.as_str_name().trim_start_matches("END_REASON_")
    }
}
