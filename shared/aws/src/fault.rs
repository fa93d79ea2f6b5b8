//! Turns an SDK error into a fault. Only this file decides whether a retry may help.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use rollcall_pipeline::fault::Fault;

/// Error codes that mean "later", whatever their status is.
const LATER: &[&str] = &[
    "ConditionalRequestConflict",
    "InternalError",
    "InternalServerError",
    "LimitExceededException",
    "OperationAborted",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Error codes that mean "too much at once".
const THROTTLED: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Whether the service takes no more for now.
pub(crate) fn is_throttled<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code().is_some_and(|code| THROTTLED.contains(&code))
}

/// The fault of an SDK error: its code alone, for a fault's text may reach an import's results. What else the error says,
/// such as roles and accounts, is logged here.
pub(crate) fn fault<E>(doing: &'static str, error: SdkError<E, HttpResponse>) -> Fault
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    tracing::warn!("{doing}: {}", DisplayErrorContext(&error));
    discreet_fault(doing, error)
}

/// The same without the log, for a service whose messages name addresses.
pub(crate) fn discreet_fault<E>(doing: &'static str, error: SdkError<E, HttpResponse>) -> Fault
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let cause = error.code().unwrap_or(match &error {
        SdkError::TimeoutError(_) => "time-out",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable answer",
        _ => "unknown error",
    });
    if is_throttled(&error) {
        Fault::throttled(doing, cause)
    } else if is_transient(&error) {
        Fault::transient(doing, cause)
    } else {
        Fault::permanent(doing, cause)
    }
}

fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            status >= 500 || status == 429 || service.err().code().is_some_and(|code| LATER.contains(&code))
        }
        _ => false,
    }
}

/// The HTTP status of a response, if there was one.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// A request that could not be built: a programming error.
pub(crate) fn unbuilt(doing: &'static str, error: impl std::fmt::Display) -> Fault {
    Fault::permanent(doing, error)
}
