//! Requests of webhooks over TLS, with the HTTP client of the SDKs: to public addresses only, without redirects or
//! proxies.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use rollcall_domain::types::public_address::is_public;
use rollcall_pipeline::ports::{WebhookClient, WebhookFault, WebhookRequest};
use rollcall_pipeline::webhook::PATIENCE;

/// How long a server has to take a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Sends requests of webhooks.
#[derive(Debug)]
pub struct HttpsClient {
    connector: Connector,
    /// Where requests go instead of to their host: only in tests.
    #[cfg(debug_assertions)]
    instead: Option<String>,
}

impl HttpsClient {
    /// A client that trusts the certificates that the runtime trusts.
    pub fn new() -> Self {
        let tls = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring));
        // A connection that is kept would go where a name pointed to earlier.
        let connector = tls.connector_settings(settings()).pool_max_idle_per_host(0);
        Self {
            connector: connector.build_with_resolver(PublicOnly),
            #[cfg(debug_assertions)]
            instead: None,
        }
    }

    /// A client that sends every request to a server of this machine, without TLS. It is not part of a release.
    #[cfg(debug_assertions)]
    pub fn to_a_test(address: &str) -> Self {
        let connector = Connector::builder().connector_settings(settings()).build_http();
        Self { connector, instead: Some(address.to_owned()) }
    }

    fn url(&self, request: &WebhookRequest) -> String {
        let url = request.url.as_str();
        #[cfg(debug_assertions)]
        if let Some(address) = &self.instead {
            return format!("http://{address}/{}", url.splitn(4, '/').nth(3).unwrap_or_default());
        }
        url.to_owned()
    }

    fn request(&self, request: &WebhookRequest) -> Option<HttpRequest> {
        let mut http = HttpRequest::new(SdkBody::from(request.body.clone()));
        http.set_method("POST").ok()?;
        http.set_uri(self.url(request)).ok()?;
        for (name, value) in &request.headers {
            http.headers_mut().try_insert(*name, value.clone()).ok()?;
        }
        http.headers_mut().insert("user-agent", concat!("rollcall/", env!("CARGO_PKG_VERSION")));
        Some(http)
    }
}

fn settings() -> HttpConnectorSettings {
    HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(PATIENCE).build()
}

impl Default for HttpsClient {
    fn default() -> Self {
        Self::new()
    }
}

impl WebhookClient for HttpsClient {
    async fn post(&self, request: &WebhookRequest) -> Result<u16, WebhookFault> {
        let request = self.request(request).ok_or(WebhookFault::Lost)?;
        let answer = tokio::time::timeout(PATIENCE, self.connector.call(request)).await;
        match answer.map_err(|_| WebhookFault::NoAnswer)? {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => Err(reason(&error)),
        }
    }
}

/// Why there is no response: one of the causes says it.
fn reason(error: &ConnectorError) -> WebhookFault {
    let mut next = error.source();
    while let Some(cause) = next {
        match cause.downcast_ref::<Refused>() {
            Some(Refused::Unknown) => return WebhookFault::NameUnknown,
            Some(Refused::Private) => return WebhookFault::Private,
            None => {}
        }
        // Rustls says so where a certificate is not valid.
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return WebhookFault::Untrusted;
        }
        next = cause.source();
    }
    if error.is_timeout() { WebhookFault::NoAnswer } else { WebhookFault::Lost }
}

/// A name that no request is sent to.
#[derive(Debug, Clone, Copy)]
enum Refused {
    Unknown,
    Private,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Unknown => "the name is not known",
            Refused::Private => "the address is private",
        })
    }
}

impl Error for Refused {}

/// Finds the addresses of a name, and refuses it if one of them is not public. The connection is made to those that were
/// looked at, so that the name cannot change in between. An address in the place of a name was looked at before.
#[derive(Debug, Clone, Copy)]
struct PublicOnly;

impl ResolveDns for PublicOnly {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let name = name.to_owned();
        DnsFuture::new(async move {
            let found = tokio::task::spawn_blocking(move || public(&name)).await;
            found.map_err(ResolveDnsError::new)?.map_err(ResolveDnsError::new)
        })
    }
}

fn public(name: &str) -> Result<Vec<IpAddr>, Refused> {
    let found = (name, 443).to_socket_addrs().map_err(|_| Refused::Unknown)?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    if found.iter().all(|address| is_public(*address)) { Ok(found) } else { Err(Refused::Private) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_domain::profile::webhook_url::WebhookUrl;

    fn post(url: &str) -> Result<u16, WebhookFault> {
        let headers = ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"];
        let headers = headers.map(|name| (name, "1".to_owned()));
        let request = WebhookRequest { url: WebhookUrl::parse(url).unwrap(), headers, body: "{}".into() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { HttpsClient::new().post(&request).await })
    }

    #[test]
    fn a_name_that_is_not_there_is_told() {
        assert_eq!(post("https://nowhere.invalid/"), Err(WebhookFault::NameUnknown));
    }

    #[test]
    fn a_name_of_this_machine_is_refused() {
        // A name that is in every machine's table; the settings refuse it before.
        assert!(matches!(public("localhost"), Err(Refused::Private)));
        assert_eq!(public("8.8.8.8").unwrap(), [IpAddr::from([8, 8, 8, 8])]);
    }
}
