//! What the service refuses, and why.

use std::time::Duration;

use sightline_base::topics::Closed;
use sightline_domain::access::terms::InvalidTerms;
use sightline_domain::attempts::Exhausted;
use sightline_domain::{cloud_id, email};
use sightline_rpc::auth::Unauthenticated;
use sightline_rpc::{Code, ServiceError};

/// An answer other than success.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No valid access token, or not that of an account.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    /// The text cannot be a cloud ID.
    #[error(transparent)]
    DeviceId(#[from] cloud_id::ParseError),
    /// The text cannot be an account ID.
    #[error("not an account ID")]
    AccountId,
    /// The text cannot be an e-mail address.
    #[error(transparent)]
    Email(#[from] email::ParseError),
    /// The terms give nothing, or what a share cannot give.
    #[error(transparent)]
    Terms(#[from] InvalidTerms),
    /// The share would be over before it began.
    #[error("the end of the share has passed")]
    EndsInThePast,
    /// The request ID is no UUID, or belongs to another share.
    #[error("the request ID is not a UUID of this request alone")]
    RequestId,
    /// The page token does not come from an earlier answer.
    #[error("the page token is not valid")]
    PageToken,
    /// Neither given nor received.
    #[error("ask for shares given or for shares received")]
    Direction,
    /// No permission that exists.
    #[error("name a permission")]
    Permission,
    /// The owner's own address.
    #[error("a device cannot be shared with its owner")]
    WithSelf,
    /// Missing, or not the caller's: nobody is told which.
    #[error("there is no such device in your list")]
    NoDevice,
    /// Missing, or not the caller's: nobody is told which.
    #[error("there is no such share in your lists")]
    NoShare,
    /// The device is shared with this address already.
    #[error("the device is shared with this address already; edit that share")]
    Exists,
    /// Declined, revoked, over, or of an earlier owner.
    #[error("the share has ended")]
    Ended,
    /// Somebody changed the share since the caller read it.
    #[error("the share has changed in the meantime; look at it again")]
    VersionConflict,
    /// A limit on attempts.
    #[error(transparent)]
    TooManyAttempts(#[from] Exhausted),
    /// The device is shared with as many people as it can be.
    #[error("a device can be shared with {0} people")]
    TooManyShares(usize),
    /// The address has as many unanswered offers as it can have.
    #[error("this address has {0} offers that wait for an answer")]
    TooManyOffers(usize),
    /// As many of them are the caller's as one account can have wait for one address.
    #[error("{0} of your offers wait for an answer of this address")]
    TooManyOffersOfOwner(usize),
    /// The account gives as many shares as an account can give.
    #[error("an account can give {0} shares, those that ended lately included")]
    TooManyGiven(usize),
    /// The account holds as many shares as an account can hold.
    #[error("an account can hold {0} shares, those that ended lately included")]
    TooManyReceived(usize),
    /// The account watches its shares in too many places.
    #[error("the shares are open in too many places: {0}")]
    TooManyWatches(usize),
    /// Others change the same share or device all the time.
    #[error("too many changes at the same time")]
    Contended,
    /// Another service does not answer.
    #[error("the {0} service cannot be asked at the moment")]
    Peer(&'static str),
    /// The records cannot be read or written.
    #[error("access the share records")]
    Store(#[from] sightline_store::Error),
    /// The service ends.
    #[error("the service is restarting")]
    Closed(#[from] Closed),
}

impl ServiceError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unauthenticated(error) => error.code(),
            Self::DeviceId(_) | Self::AccountId | Self::Email(_) | Self::Terms(_) => {
                Code::InvalidArgument
            }
            Self::EndsInThePast | Self::RequestId | Self::PageToken => Code::InvalidArgument,
            Self::Direction | Self::Permission | Self::WithSelf => Code::InvalidArgument,
            Self::NoDevice | Self::NoShare => Code::NotFound,
            Self::Exists => Code::AlreadyExists,
            Self::Ended => Code::FailedPrecondition,
            Self::VersionConflict => Code::Aborted,
            Self::TooManyAttempts(_) | Self::TooManyShares(_) => Code::ResourceExhausted,
            Self::TooManyOffers(_) | Self::TooManyOffersOfOwner(_) => Code::ResourceExhausted,
            Self::TooManyGiven(_) | Self::TooManyReceived(_) | Self::TooManyWatches(_) => {
                Code::ResourceExhausted
            }
            Self::Contended | Self::Peer(_) | Self::Closed(_) => Code::Unavailable,
            Self::Store(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unauthenticated(error) => error.reason(),
            Self::DeviceId(_) => "INVALID_DEVICE_ID",
            Self::AccountId => "INVALID_ACCOUNT_ID",
            Self::Email(_) => "INVALID_EMAIL",
            Self::Terms(_) | Self::EndsInThePast => "INVALID_TERMS",
            Self::RequestId => "INVALID_REQUEST_ID",
            Self::PageToken => "INVALID_PAGE_TOKEN",
            Self::Direction => "INVALID_DIRECTION",
            Self::Permission => "INVALID_PERMISSION",
            Self::WithSelf => "SHARE_WITH_SELF",
            Self::NoDevice => "DEVICE_NOT_FOUND",
            Self::NoShare => "SHARE_NOT_FOUND",
            Self::Exists => "SHARE_EXISTS",
            Self::Ended => "SHARE_ENDED",
            Self::VersionConflict => "VERSION_CONFLICT",
            Self::TooManyAttempts(_) => "TOO_MANY_ATTEMPTS",
            Self::TooManyShares(_) => "TOO_MANY_SHARES",
            Self::TooManyOffers(_) | Self::TooManyOffersOfOwner(_) => "TOO_MANY_OFFERS",
            Self::TooManyGiven(_) => "TOO_MANY_GIVEN",
            Self::TooManyReceived(_) => "TOO_MANY_RECEIVED",
            Self::TooManyWatches(_) => "TOO_MANY_WATCHES",
            Self::Contended | Self::Peer(_) | Self::Closed(_) => "UNAVAILABLE",
            Self::Store(_) => "INTERNAL",
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let field = match self {
            Self::DeviceId(_) => "device_id",
            Self::AccountId => "account_id",
            Self::Email(_) | Self::WithSelf => "email",
            Self::Terms(_) => "terms",
            Self::EndsInThePast => "terms.ends_at_unix_ms",
            Self::RequestId => "request_id",
            Self::PageToken => "page_token",
            Self::Direction => "direction",
            Self::Permission => "permission",
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
