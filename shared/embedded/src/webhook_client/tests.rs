//! Requests over TLS to a server of the test; names that lead to this machine.
//!
//! The certificate is for `hooks.acme.example`, for a hundred years, and is used here only:
//! `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 36500 -subj /CN=hooks.acme.example
//! -addext subjectAltName=DNS:hooks.acme.example -addext basicConstraints=critical,CA:FALSE`.

// A release has no client for tests.
#![cfg(debug_assertions)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use pollster::block_on;
use rollcall_domain::profile::webhook_url::WebhookUrl;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use ureq::unversioned::transport::time::Duration;

use super::*;

const CERTIFICATE: &[u8] = include_bytes!("test_certificate.der");
const KEY: &[u8] = include_bytes!("test_key.der");

fn request(url: &str) -> WebhookRequest {
    let headers = [
        ("content-type", "a/b"),
        ("webhook-id", "1"),
        ("webhook-timestamp", "2"),
        ("webhook-signature", "v1,3"),
    ];
    WebhookRequest {
        url: WebhookUrl::parse(url).unwrap(),
        headers: headers.map(|(name, value)| (name, value.to_owned())),
        body: "{\"a\":1}".to_owned(),
    }
}

/// A server over TLS that answers one request; what it received.
fn server() -> (SocketAddr, JoinHandle<String>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY.to_vec()));
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config =
        config.with_no_client_auth().with_single_cert(vec![CertificateDer::from(CERTIFICATE.to_vec())], key);
    let config = Arc::new(config.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(config).unwrap();
        let mut stream = Stream::new(&mut connection, &mut socket);
        let (mut received, mut some) = (Vec::new(), [0; 4096]);
        while !received.ends_with(b"}") {
            match stream.read(&mut some) {
                Ok(read) if read > 0 => received.extend_from_slice(&some[..read]),
                // The client refused the certificate.
                _ => return String::from_utf8(received).unwrap(),
            }
        }
        let answer =
            b"HTTP/1.1 307 Temporary Redirect\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).unwrap();
        String::from_utf8(received).unwrap()
    });
    (address, served)
}

#[test]
fn a_request_goes_over_tls_and_no_redirect_is_followed() {
    let (address, served) = server();
    let client = HttpsClient::of_a_test(CERTIFICATE, address);
    let answer = block_on(client.post(&request("https://hooks.acme.example/told?a=b")));
    assert_eq!(answer, Ok(307));
    let received = served.join().unwrap();
    for part in ["POST /told?a=b HTTP/1.1\r\n", "webhook-signature: v1,3\r\n", "\r\n\r\n{\"a\":1}"] {
        assert!(received.to_lowercase().contains(&part.to_lowercase()), "{part}: {received}");
    }
}

#[test]
fn a_certificate_for_another_name_or_of_nobody_is_refused() {
    for (url, trusted) in [("https://other.acme.example/", true), ("https://hooks.acme.example/", false)] {
        let (address, served) = server();
        let client = match trusted {
            true => HttpsClient::of_a_test(CERTIFICATE, address),
            false => HttpsClient::with(&[], Fixed(address)),
        };
        assert_eq!(block_on(client.post(&request(url))), Err(WebhookFault::Untrusted), "{url}");
        assert_eq!(served.join().unwrap(), "", "nothing was sent");
    }
}

#[test]
fn a_name_that_leads_to_this_machine_is_refused_after_it_was_looked_up() {
    let resolver = PublicOnly(DefaultResolver::default());
    let look = |uri: &str| {
        let never = NextTimeout { after: Duration::NotHappening, ..NextTimeout::default() };
        resolver.resolve(&uri.parse().unwrap(), &Config::default(), never)
    };
    for uri in ["https://localhost/", "https://127.0.0.1/", "https://[::1]:8443/", "https://169.254.169.254/"]
    {
        assert!(matches!(look(uri), Err(Error::Other(_))), "{uri}");
    }
    assert!(look("https://1.1.1.1/").is_ok());
    assert!(matches!(look("https://nobody.invalid/"), Err(Error::HostNotFound)));
}

#[test]
fn a_server_that_is_not_there_is_lost() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = HttpsClient::of_a_test(CERTIFICATE, closed);
    assert_eq!(block_on(client.post(&request("https://hooks.acme.example/"))), Err(WebhookFault::Lost));
}
