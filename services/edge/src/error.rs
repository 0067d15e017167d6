//! What a viewer is told, before a stream opens and when it ends.

use std::borrow::Cow;
use std::collections::HashMap;

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
    /// Somebody who may know of the device, and may not watch it.
    #[error("your share of the device does not include this")]
    NotAllowed,
    /// The hours of the caller's share are over, or have not begun.
    #[error("the hours of your share do not include this moment")]
    OutsideHours {
        /// When they begin again, milliseconds since the Unix epoch.
        opens_at_unix_ms: i64,
    },
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
            Self::NotAllowed | Self::OutsideHours { .. } => Code::PermissionDenied,
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
            Self::NotAllowed => "NOT_ALLOWED",
            Self::OutsideHours { .. } => "OUTSIDE_HOURS",
            Self::DeviceOffline => "DEVICE_OFFLINE",
            Self::ChannelUnavailable(_) => "CHANNEL_UNAVAILABLE",
            Self::GrantsStale => "UNAVAILABLE",
            Self::TooManyViewers => "LIMIT",
            Self::Draining => "DRAINING",
            Self::BadRequest(_) => "INVALID_ARGUMENT",
        }
    }

    fn metadata(&self) -> HashMap<String, String> {
        match self {
            Self::OutsideHours { opens_at_unix_ms } => {
                HashMap::from([("opens_at_unix_ms".to_owned(), opens_at_unix_ms.to_string())])
            }
            _ => HashMap::new(),
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
    /// When a permission of hours begins again, milliseconds since the Unix epoch; 0: not known.
    pub opens_at_unix_ms: i64,
}

impl End {
    /// With nothing to tell of hours.
    #[must_use]
    pub fn new(reason: EndReason, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            message: message.into(),
            opens_at_unix_ms: 0,
        }
    }

    /// The reason without its protobuf prefix, as it stands in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.reason.as_str_name().trim_start_matches("END_REASON_")
    }
}
