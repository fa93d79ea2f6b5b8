//! The connections of the clients: time limits and retries, in one place.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The time limit of one attempt; a response that takes longer is not coming.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The time limit of a call with all its attempts; shorter than any lease around it.
const CALL: Duration = Duration::from_secs(40);
/// The time limit of sending an e-mail. Its lease must be longer, so it is short and without retry: a repetition
/// sends a second e-mail.
pub const MAIL_CALL: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 5;

/// Region, credentials and endpoints from the function's environment.
pub async fn config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(client)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
        .load()
        .await
}

/// The same for SES, without retries: a lost response may mean that the e-mail was sent.
pub fn mail_config(config: &SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(MAIL_CALL).build();
    config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build()
}
