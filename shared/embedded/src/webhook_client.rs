//! Requests of webhooks over TLS: to public addresses only, without redirects or proxies.

use std::fmt;
use std::sync::Arc;

use rollcall_domain::types::public_address::is_public;
use rollcall_pipeline::ports::{WebhookClient, WebhookFault, WebhookRequest};
use rollcall_pipeline::webhook::PATIENCE;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// Sends requests of webhooks.
#[derive(Debug, Clone)]
pub struct HttpsClient {
    agent: Agent,
    /// Where requests go instead of to their host: only in tests.
    #[cfg(debug_assertions)]
    instead: Option<std::net::SocketAddr>,
}

impl HttpsClient {
    /// A client that trusts the certificates that this machine trusts.
    pub fn new() -> Self {
        let found = rustls_native_certs::load_native_certs();
        let roots: Vec<_> =
            found.certs.iter().map(|root| Certificate::from_der(root.as_ref()).to_owned()).collect();
        Self::with(&roots, PublicOnly(DefaultResolver::default()))
    }

    fn with(roots: &[Certificate<'static>], resolver: impl Resolver) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Config::builder()
            .https_only(true)
            .max_redirects(0)
            .http_status_as_error(false)
            // A proxy of the environment would look names up itself.
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .max_idle_connections(0)
            .max_response_header_size(16 * 1024)
            .user_agent(concat!("rollcall/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Self {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            #[cfg(debug_assertions)]
            instead: None,
        }
    }

    /// A client that sends every request to a server of this machine, without TLS. It is not part of a release.
    #[cfg(debug_assertions)]
    pub fn to_a_test(address: std::net::SocketAddr) -> Self {
        Self { instead: Some(address), ..Self::new() }
    }

    /// A client that trusts only this certificate (DER), and takes every name for this address. It is not part of a release.
    #[cfg(debug_assertions)]
    pub fn of_a_test(root: &[u8], address: std::net::SocketAddr) -> Self {
        Self::with(&[Certificate::from_der(root).to_owned()], Fixed(address))
    }

    fn send(&self, request: &WebhookRequest) -> Result<u16, Error> {
        let url = request.url.as_str();
        #[cfg(debug_assertions)]
        if let Some(address) = self.instead {
            let path = url.splitn(4, '/').nth(3).unwrap_or_default();
            let call = Agent::config_builder().max_redirects(0).http_status_as_error(false).proxy(None);
            let agent = call.timeout_global(Some(PATIENCE)).build().new_agent();
            return send(&agent, &format!("http://{address}/{path}"), request);
        }
        send(&self.agent, url, request)
    }
}

fn send(agent: &Agent, url: &str, request: &WebhookRequest) -> Result<u16, Error> {
    let post = request.headers.iter().fold(agent.post(url), |post, (name, value)| post.header(*name, value));
    Ok(post.send(&request.body)?.status().as_u16())
}

impl Default for HttpsClient {
    fn default() -> Self {
        Self::new()
    }
}

impl WebhookClient for HttpsClient {
    async fn post(&self, request: &WebhookRequest) -> Result<u16, WebhookFault> {
        self.send(request).map_err(|error| match error {
            Error::HostNotFound => WebhookFault::NameUnknown,
            Error::Timeout(_) => WebhookFault::NoAnswer,
            Error::Tls(_) | Error::Rustls(_) => WebhookFault::Untrusted,
            Error::Other(_) => WebhookFault::Private,
            Error::Io(error) if is_of_tls(&error) => WebhookFault::Untrusted,
            _ => WebhookFault::Lost,
        })
    }
}

fn is_of_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>())
}

/// Finds the addresses of a name, and refuses it if one of them is not public. The connection is made to those that were
/// looked at, so that the name cannot change in between.
#[derive(Debug)]
struct PublicOnly(DefaultResolver);

/// The name has an address that is not public.
#[derive(Debug)]
struct PrivateAddress;

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is private")
    }
}

impl std::error::Error for PrivateAddress {}

impl Resolver for PublicOnly {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.0.resolve(uri, config, timeout).map_err(|error| match error {
            Error::Timeout(reason) => Error::Timeout(reason),
            _ => Error::HostNotFound,
        })?;
        match found.iter().all(|address| is_public(address.ip())) {
            true => Ok(found),
            false => Err(Error::Other(Box::new(PrivateAddress))),
        }
    }
}

/// The address of every name in a test.
#[cfg(debug_assertions)]
#[derive(Debug)]
struct Fixed(std::net::SocketAddr);

#[cfg(debug_assertions)]
impl Resolver for Fixed {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut found = self.empty();
        found.push(self.0);
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
