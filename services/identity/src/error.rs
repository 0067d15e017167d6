//! What the service refuses, and why.

use std::time::Duration;

use sightline_domain::attempts::Exhausted;
use sightline_domain::{cloud_id, email, password};
use sightline_rpc::auth::Unauthenticated;
use sightline_rpc::token::KeyError;
use sightline_rpc::{Code, ServiceError};

use crate::mail;

/// An answer other than success.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be one.
    #[error(transparent)]
    Email(#[from] email::ParseError),
    /// The password breaks the rule.
    #[error(transparent)]
    Password(#[from] password::Unfit),
    /// The new password of an account breaks the rule.
    #[error(transparent)]
    NewPassword(password::Unfit),
    /// The cloud ID cannot be one.
    #[error(transparent)]
    DeviceId(#[from] cloud_id::ParseError),
    /// A code cannot be asked for without saying what for.
    #[error("the purpose of the code is missing or unknown")]
    Purpose,
    /// The code is not the one from the newest e-mail.
    #[error("the code is wrong")]
    CodeWrong,
    /// There is no code that could be entered: none was sent, or it is too old, or there were too
    /// many wrong ones.
    #[error("the code is no longer valid; ask for a new one")]
    CodeExpired,
    /// One answer for all that can be wrong, so that nothing is told.
    #[error("wrong name or password")]
    WrongCredentials,
    /// The current password is not the one of the account that is signed in.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The account has no such session.
    #[error("there is no such session")]
    NoSession,
    /// Another node asks about an account that does not exist.
    #[error("there is no such account")]
    NoAccount,
    /// Another node asks for a mail about nothing.
    #[error("the notice is missing or unknown")]
    Notice,
    /// The refresh token is unknown, used, or too old.
    #[error("the session has ended; sign in again")]
    SessionEnded,
    /// No valid access token.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    /// A limit on attempts.
    #[error(transparent)]
    TooManyAttempts(#[from] Exhausted),
    /// More people sign in than the machine can check passwords for.
    #[error("the service is busy; try again in a moment")]
    Busy,
    /// The address has an account already; told to the operator's own calls only.
    #[error("the e-mail address has an account")]
    AccountExists,
    /// The mail could not be handed over.
    #[error("the e-mail could not be sent; try again later")]
    Mail(#[from] mail::SendError),
    /// The records cannot be read or written.
    #[error("access the account records")]
    Store(#[from] sightline_store::Error),
    /// The signing key in the store is not usable.
    #[error("sign an access token")]
    Key(#[from] KeyError),
    /// A stored password hash or key that is not one, or a hash that could not be made.
    #[error("account records are damaged: {0}")]
    Damaged(&'static str),
}

impl ServiceError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Email(_) | Self::Password(_) | Self::NewPassword(_) | Self::DeviceId(_) => {
                Code::InvalidArgument
            }
            Self::Purpose | Self::Notice => Code::InvalidArgument,
            Self::CodeWrong | Self::CodeExpired | Self::WrongPassword => Code::InvalidArgument,
            Self::NoSession | Self::NoAccount => Code::NotFound,
            Self::WrongCredentials | Self::SessionEnded => Code::Unauthenticated,
            Self::Unauthenticated(error) => error.code(),
            Self::TooManyAttempts(_) | Self::Busy => Code::ResourceExhausted,
            Self::AccountExists => Code::AlreadyExists,
            Self::Mail(_) => Code::Unavailable,
            Self::Store(_) | Self::Key(_) | Self::Damaged(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Email(_) => "INVALID_EMAIL",
            Self::Password(_) | Self::NewPassword(_) => "WEAK_PASSWORD",
            Self::DeviceId(_) => "INVALID_DEVICE_ID",
            Self::Purpose => "INVALID_PURPOSE",
            Self::CodeWrong => "WRONG_CODE",
            Self::CodeExpired => "CODE_EXPIRED",
            Self::WrongCredentials => "WRONG_CREDENTIALS",
            Self::WrongPassword => "WRONG_PASSWORD",
            Self::NoSession => "SESSION_NOT_FOUND",
            Self::NoAccount => "ACCOUNT_NOT_FOUND",
            Self::Notice => "INVALID_NOTICE",
            Self::SessionEnded => "SESSION_ENDED",
            Self::Unauthenticated(error) => error.reason(),
            Self::TooManyAttempts(_) => "TOO_MANY_ATTEMPTS",
            Self::Busy => "BUSY",
            Self::AccountExists => "ACCOUNT_EXISTS",
            Self::Mail(_) => "MAIL_FAILED",
            Self::Store(_) | Self::Key(_) | Self::Damaged(_) => "INTERNAL",
        }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let field = match self {
            Self::Email(_) => "email",
            Self::Password(_) => "password",
            Self::NewPassword(_) => "new_password",
            Self::WrongPassword => "current_password",
            Self::DeviceId(_) => "device_id",
            Self::Purpose => "purpose",
            Self::CodeWrong | Self::CodeExpired => "code",
            _ => return Vec::new(),
        };
        vec![(field, self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(exhausted) => Some(exhausted.retry_after),
            Self::Busy => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}
