//! How the clients connect: time limits and retries, said once.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// One attempt of a call; an answer that takes longer is not coming.
const ATTEMPT: Duration = Duration::from_secs(10);
/// A call with all its attempts; shorter than any lease that is held around it.
const CALL: Duration = Duration::from_secs(40);
/// A letter's call. Its lease must outlast it, so it is short and made once: a repetition is a second letter.
pub const MAIL_CALL: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 5;

/// Region, credentials and endpoints as the environment of the function has them.
pub async fn config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
        .load()
        .await
}

/// The same for the mail service, which is asked once: a lost answer may mean that the letter is out.
pub fn mail_config(config: &SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(MAIL_CALL).build();
    config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build()
}
