//! Error codes, and the only place that maps them to gRPC and HTTP.

use std::collections::HashMap;
use std::time::Duration;

use tonic_types::{ErrorDetails, StatusExt as _};

/// Domain of every `google.rpc.ErrorInfo` (AIP-193).
pub const ERROR_DOMAIN: &str = "sightline";

/// What a caller can do about an error; deliberately few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Mend the request.
    InvalidArgument,
    /// Sign in.
    Unauthenticated,
    /// Signed in, and never allowed.
    PermissionDenied,
    /// Missing, or not the caller's to know of.
    NotFound,
    /// Somebody was first.
    AlreadyExists,
    /// Possible in another state.
    FailedPrecondition,
    /// Lost a race; read again and retry.
    Aborted,
    /// A limit; retry later.
    ResourceExhausted,
    /// Retry with back-off.
    Unavailable,
    /// Ours to mend.
    Internal,
}

impl Code {
    /// As gRPC says it.
    #[must_use]
    pub fn grpc(self) -> tonic::Code {
        match self {
            Self::InvalidArgument => tonic::Code::InvalidArgument,
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::PermissionDenied => tonic::Code::PermissionDenied,
            Self::NotFound => tonic::Code::NotFound,
            Self::AlreadyExists => tonic::Code::AlreadyExists,
            Self::FailedPrecondition => tonic::Code::FailedPrecondition,
            Self::Aborted => tonic::Code::Aborted,
            Self::ResourceExhausted => tonic::Code::ResourceExhausted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::Internal => tonic::Code::Internal,
        }
    }

    /// As HTTP says it (RFC 9110).
    #[must_use]
    pub fn http(self) -> http::StatusCode {
        match self {
            Self::InvalidArgument | Self::FailedPrecondition => http::StatusCode::BAD_REQUEST,
            Self::Unauthenticated => http::StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => http::StatusCode::FORBIDDEN,
            Self::NotFound => http::StatusCode::NOT_FOUND,
            Self::AlreadyExists | Self::Aborted => http::StatusCode::CONFLICT,
            Self::ResourceExhausted => http::StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => http::StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => http::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error that a caller of a service gets to see. Its `Display` is the message, in English, for
/// developers; a client shows its own words for the reason.
pub trait ServiceError: std::error::Error {
    /// What the caller can do.
    fn code(&self) -> Code;

    /// Stable name of the error, `UPPER_SNAKE`.
    fn reason(&self) -> &'static str;

    /// Fields of the request that are wrong, each with what is wrong about it.
    fn fields(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What a program may want to know besides, by name; goes into `ErrorInfo.metadata`.
    fn metadata(&self) -> HashMap<String, String> {
        HashMap::new()
    }

    /// How long to wait before another attempt.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// The gRPC status of an error with its details. An internal error tells the caller nothing but
/// its reason; it is logged here, once, in full.
#[must_use]
pub fn status(error: &dyn ServiceError) -> tonic::Status {
    let code = error.code();
    let message = if code == Code::Internal {
        tracing::error!(
            reason = error.reason(),
            error = chain(error),
            "internal error"
        );
        "internal error".to_owned()
    } else {
        error.to_string()
    };
    let mut details = ErrorDetails::new();
    details.set_error_info(error.reason(), ERROR_DOMAIN, error.metadata());
    for (field, description) in error.fields() {
        details.add_bad_request_violation(field, description);
    }
    if let Some(wait) = error.retry_after() {
        details.set_retry_info(Some(wait));
    }
    tonic::Status::with_error_details(code.grpc(), message, details)
}

/// The reason of a status that came from [`status`]; empty for any other.
#[must_use]
pub fn reason(status: &tonic::Status) -> String {
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}

/// The error and all its sources in one line.
fn chain(error: &dyn ServiceError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("disk full on /secret/path")]
    struct Broken;

    impl ServiceError for Broken {
        fn code(&self) -> Code {
            Code::Internal
        }
        fn reason(&self) -> &'static str {
            "INTERNAL"
        }
    }

    #[test]
    fn internal_error_tells_the_caller_nothing_but_its_reason() {
        let status = status(&Broken);
        assert_eq!(status.message(), "internal error");
        assert_eq!(reason(&status), "INTERNAL");
    }
}
