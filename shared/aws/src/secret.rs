//! The installation's secret, read once when a function starts.

use aws_sdk_secretsmanager::Client;
use rollcall_domain::types::secret::Secret;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::Answer;

use crate::fault::discreet_fault;

const DOING: &str = "reading the installation's secret";

/// Reads the secret of this name or ARN.
///
/// # Errors
/// Where it cannot be read, or is empty: suppressions sealed with another one would not be found.
pub async fn secret(client: &Client, id: &str) -> Answer<Secret> {
    let got = client.get_secret_value().secret_id(id).send().await;
    let got = got.map_err(|error| discreet_fault(DOING, error))?;
    let bytes = match (&got.secret_string, &got.secret_binary) {
        (Some(text), _) => text.as_bytes(),
        (None, Some(bytes)) => bytes.as_ref(),
        (None, None) => &[],
    };
    if bytes.is_empty() {
        return Err(Fault::permanent(DOING, "it is empty"));
    }
    Ok(Secret::new(bytes))
}
