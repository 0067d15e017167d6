//! What the service refuses, and why.

use std::time::Duration;

use sightline_domain::attempts::Exhausted;
use sightline_domain::{cloud_id, device_name, verification_code};
use sightline_rpc::auth::Unauthenticated;
use sightline_rpc::{Code, ServiceError};

/// An answer other than success.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No valid access token.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    /// The text cannot be a cloud ID.
    #[error(transparent)]
    DeviceId(#[from] cloud_id::ParseError),
    /// The name cannot be one.
    #[error(transparent)]
    Name(#[from] device_name::ParseError),
    /// The verification code cannot be one.
    #[error(transparent)]
    MalformedCode(#[from] verification_code::ParseError),
    /// The request ID is no UUID.
    #[error("the request ID is not a UUID")]
    RequestId,
    /// The page token does not come from an earlier answer.
    #[error("the page token is not valid")]
    PageToken,
    /// The device did not accept the verification code.
    #[error("the verification code is wrong")]
    WrongCode,
    /// Not connected, or no such device: nobody is told which.
    #[error("the device is not connected to the cloud")]
    Offline,
    /// Somebody else owns it.
    #[error(
        "the device belongs to another account; its owner can remove it there, or share it with you"
    )]
    Owned,
    /// The caller owns it.
    #[error("the device is in your list already")]
    OwnedByCaller,
    /// Missing, or not the caller's: nobody is told which.
    #[error("there is no such device in your list")]
    NotFound,
    /// A limit on attempts.
    #[error(transparent)]
    TooManyAttempts(#[from] Exhausted),
    /// The account has as many devices as an account can have.
    #[error("the account has the most devices that an account can have: {0}")]
    TooManyDevices(usize),
    /// The account watches its devices in too many places.
    #[error("the device list is open in too many places: {0}")]
    TooManyWatches(usize),
    /// A newer connection of the device has reported.
    #[error("the device has a newer connection")]
    StaleEpoch,
    /// What the device tells of itself is too much.
    #[error("the device's description is too large")]
    DescriptionTooLarge,
    /// The records cannot be read or written.
    #[error("access the device records")]
    Store(#[from] sightline_store::Error),
    /// It cannot be told who is connected where.
    #[error("it is not known at the moment which devices are connected")]
    Coordinator(#[from] sightline_coord::Error),
    /// The service ends.
    #[error("the service is restarting")]
    Closed,
}

impl ServiceError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unauthenticated(error) => error.code(),
            Self::DeviceId(_) | Self::Name(_) | Self::MalformedCode(_) | Self::RequestId => {
                Code::InvalidArgument
            }
            Self::PageToken | Self::WrongCode | Self::DescriptionTooLarge => Code::InvalidArgument,
            Self::Offline => Code::FailedPrecondition,
            Self::Owned | Self::OwnedByCaller => Code::AlreadyExists,
            Self::NotFound => Code::NotFound,
            Self::TooManyAttempts(_) | Self::TooManyDevices(_) | Self::TooManyWatches(_) => {
                Code::ResourceExhausted
            }
            Self::StaleEpoch => Code::Aborted,
            Self::Store(_) => Code::Internal,
            Self::Coordinator(_) | Self::Closed => Code::Unavailable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unauthenticated(error) => error.reason(),
            Self::DeviceId(_) => "INVALID_DEVICE_ID",
            Self::Name(_) => "INVALID_NAME",
            Self::MalformedCode(_) | Self::WrongCode => "WRONG_VERIFICATION_CODE",
            Self::RequestId => "INVALID_REQUEST_ID",
            Self::PageToken => "INVALID_PAGE_TOKEN",
            Self::Offline => "DEVICE_OFFLINE",
            Self::Owned => "DEVICE_OWNED",
            Self::OwnedByCaller => "DEVICE_ALREADY_YOURS",
            Self::NotFound => "DEVICE_NOT_FOUND",
            Self::TooManyAttempts(_) => "TOO_MANY_ATTEMPTS",
            Self::TooManyDevices(_) => "TOO_MANY_DEVICES",
            Self::TooManyWatches(_) => "TOO_MANY_WATCHES",
            Self::StaleEpoch => "STALE_EPOCH",
            Self::DescriptionTooLarge => "DESCRIPTION_TOO_LARGE",
            Self::Store(_) => "INTERNAL",
            Self::Coordinator(_) | Self::Closed => "UNAVAILABLE",
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let field = match self {
            Self::DeviceId(_) => "device_id",
            Self::Name(_) => "name",
            Self::MalformedCode(_) | Self::WrongCode => "verification_code",
            Self::RequestId => "request_id",
            Self::PageToken => "page_token",
            Self::DescriptionTooLarge => "description",
            _ => return Vec::new(),
        };
        vec![(field, self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(exhausted) => Some(exhausted.retry_after),
            _ => None,
        }
    }
}
