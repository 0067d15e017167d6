//! What the service refuses, and why.

use std::time::Duration;

use sightline_base::topics::Closed;
use sightline_domain::attempts::Exhausted;
use sightline_domain::{cloud_id, device_name, verification_code};
use sightline_rpc::auth::Unauthenticated;
use sightline_rpc::{Code, ServiceError};

use crate::import_file::FileError;

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
    /// The device has no such user, or the password is wrong: nobody is told which.
    #[error("the device refused the user name or the password")]
    WrongPassword,
    /// A user of the device without administrator's rights.
    #[error("this user of the device is not an administrator there")]
    NotAdministrator,
    /// A code and an administrator.
    #[error("give either the verification code or an administrator of the device")]
    TwoProofs,
    /// The search is too long.
    #[error("a search has {0} characters at most")]
    Search(usize),
    /// The file cannot be imported.
    #[error(transparent)]
    ImportFile(#[from] FileError),
    /// Not connected, or no such device: nobody is told which.
    #[error("the device is not connected to the cloud")]
    Offline,
    /// It was asked, and its answer did not come.
    #[error("the device is not connected to the cloud")]
    NoAnswer,
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
    /// Sharing does not answer.
    #[error("it is not known at the moment what is shared with you")]
    SharesUnknown,
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
    Closed(#[from] Closed),
}

impl ServiceError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unauthenticated(error) => error.code(),
            Self::DeviceId(_) | Self::Name(_) | Self::MalformedCode(_) | Self::RequestId => {
                Code::InvalidArgument
            }
            Self::PageToken | Self::WrongCode | Self::DescriptionTooLarge => Code::InvalidArgument,
            Self::WrongPassword | Self::TwoProofs | Self::Search(_) | Self::ImportFile(_) => {
                Code::InvalidArgument
            }
            Self::NotAdministrator => Code::PermissionDenied,
            Self::Offline | Self::NoAnswer => Code::FailedPrecondition,
            Self::Owned | Self::OwnedByCaller => Code::AlreadyExists,
            Self::NotFound => Code::NotFound,
            Self::TooManyAttempts(_) | Self::TooManyDevices(_) | Self::TooManyWatches(_) => {
                Code::ResourceExhausted
            }
            Self::StaleEpoch => Code::Aborted,
            Self::Store(error) if error.retryable() => Code::Aborted,
            Self::Store(_) => Code::Internal,
            Self::Coordinator(_) | Self::SharesUnknown | Self::Closed(_) => Code::Unavailable,
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
            Self::WrongPassword => "WRONG_DEVICE_PASSWORD",
            Self::NotAdministrator => "NOT_ADMINISTRATOR",
            Self::TwoProofs => "TWO_PROOFS",
            Self::Search(_) => "INVALID_SEARCH",
            Self::ImportFile(_) => "INVALID_FILE",
            Self::Offline | Self::NoAnswer => "DEVICE_OFFLINE",
            Self::Owned => "DEVICE_OWNED",
            Self::OwnedByCaller => "DEVICE_ALREADY_YOURS",
            Self::NotFound => "DEVICE_NOT_FOUND",
            Self::TooManyAttempts(_) => "TOO_MANY_ATTEMPTS",
            Self::TooManyDevices(_) => "TOO_MANY_DEVICES",
            Self::TooManyWatches(_) => "TOO_MANY_WATCHES",
            Self::StaleEpoch => "STALE_EPOCH",
            Self::DescriptionTooLarge => "DESCRIPTION_TOO_LARGE",
            Self::Store(error) if error.retryable() => "CONFLICT",
            Self::Store(_) => "INTERNAL",
            Self::Coordinator(_) | Self::SharesUnknown | Self::Closed(_) => "UNAVAILABLE",
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let field = match self {
            Self::DeviceId(_) => "device_id",
            Self::Name(_) => "name",
            Self::MalformedCode(_) | Self::WrongCode => "verification_code",
            Self::WrongPassword | Self::NotAdministrator | Self::TwoProofs => "administrator",
            Self::Search(_) => "search",
            Self::ImportFile(_) => "file",
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
