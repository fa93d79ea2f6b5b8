//! Who may do what: the session that the printed link opens, or what an authorizer asserts.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};
use rollcall_domain::types::id::{base32, sha256};
use rollcall_domain::types::names::ProgramName;
use subtle::ConstantTimeEq;

/// Who asks, and for which programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// For the audit log: a session's number, or the subject of a token.
    pub name: String,
    /// The programs; `None` where it is every one.
    pub programs: Option<BTreeSet<ProgramName>>,
}

impl Caller {
    /// Whether the caller may see a program.
    pub fn may(&self, program: &ProgramName) -> bool {
        self.programs.as_ref().is_none_or(|programs| programs.contains(program))
    }
}

/// How callers are told.
#[derive(Debug)]
pub enum Access {
    /// By a link with a token that opens a session.
    Link(Sessions),
    /// By whoever calls the application, as an authorizer does: it adds the [`Caller`] to the request.
    Asserted,
}

/// The name of the cookie.
pub(crate) const COOKIE_NAME: &str = "rollcall_session";
/// How many sessions there are at most; the oldest one ends for a new one.
const MOST_SESSIONS: usize = 64;

/// Sessions of one start of the server.
#[derive(Debug)]
pub struct Sessions {
    token: [u8; 32],
    hosts: Vec<String>,
    lifetime: Duration,
    /// By the digest of the cookie: when it was used last, and its number.
    open: Mutex<HashMap<[u8; 32], (Instant, u64)>>,
}

impl Sessions {
    /// Sessions that a token opens, for requests to these hosts, each as `name:port`.
    pub fn new(token: &str, hosts: Vec<String>, lifetime: Duration) -> Self {
        Self { token: sha256(&[token]), hosts, lifetime, open: Mutex::default() }
    }

    /// Opens a session with the token of the link; the value of its cookie.
    pub(crate) fn open(&self, token: &str) -> Option<String> {
        if !bool::from(sha256(&[token]).ct_eq(&self.token)) {
            return None;
        }
        let cookie = random();
        let mut open = self.sessions();
        let number = open.values().map(|(_, number)| *number).max().unwrap_or(0) + 1;
        if open.len() >= MOST_SESSIONS
            && let Some(oldest) = open.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        open.insert(sha256(&[&cookie]), (Instant::now(), number));
        Some(cookie)
    }

    /// The caller whose cookie a request has.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        let given = cookie(headers, COOKIE_NAME)?;
        let digest = sha256(&[given]);
        let mut open = self.sessions();
        open.retain(|_, (used, _)| used.elapsed() < self.lifetime);
        let known = open.iter_mut().find(|(known, _)| bool::from(known.ct_eq(&digest)))?;
        known.1.0 = Instant::now();
        Some(Caller { name: format!("session-{}", known.1.1), programs: None })
    }

    /// Whether a request is meant for this server and comes from its own pages: against other sites' pages, and names
    /// that are made to point here.
    pub(crate) fn is_own(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        let is_host = |host: &str| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
        let text = |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
        let mut hosts = text(HOST).chain(uri.authority().map(|authority| authority.as_str())).peekable();
        if hosts.peek().is_none() || !hosts.all(is_host) {
            return false;
        }
        let from_here = |origin: &str| origin.strip_prefix("http://").is_some_and(is_host);
        if !text(ORIGIN).all(from_here) {
            return false;
        }
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let site = headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default());
        reads || site.is_none_or(|site| matches!(site, "same-origin" | "none"))
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<[u8; 32], (Instant, u64)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cookie of a request.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// 256 random bits as text.
///
/// # Panics
/// Where the system gives no random numbers: nothing is safe then.
pub fn random() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    let mut text = String::with_capacity(52);
    base32(&bytes, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(lifetime: Duration) -> Sessions {
        Sessions::new("right", vec!["127.0.0.1:8080".into(), "localhost:8080".into()], lifetime)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (axum::http::HeaderName::from_static(name), value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_the_token_opens_a_session_and_it_ends() {
        let open = sessions(Duration::from_secs(60));
        assert!(open.open("wrong").is_none() && open.open("").is_none());
        let cookie = open.open("right").unwrap();
        let with = |cookie: &str| headers(&[("cookie", &format!("a=b; {COOKIE_NAME}={cookie}"))]);
        assert_eq!(open.caller(&with(&cookie)).unwrap().name, "session-1");
        assert!(open.caller(&with("guessed")).is_none() && open.caller(&HeaderMap::new()).is_none());
        let over = sessions(Duration::ZERO);
        let cookie = over.open("right").unwrap();
        assert!(over.caller(&with(&cookie)).is_none());
    }

    #[test]
    fn a_foreign_host_or_origin_is_told() {
        let sessions = sessions(Duration::from_secs(60));
        let uri: Uri = "/".parse().unwrap();
        for (pairs, own) in [
            (vec![("host", "127.0.0.1:8080")], true),
            (vec![("host", "LOCALHOST:8080")], true),
            (vec![], false),
            (vec![("host", "127.0.0.1")], false),
            (vec![("host", "evil.example:8080")], false),
            (vec![("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")], true),
            (vec![("host", "127.0.0.1:8080"), ("origin", "https://evil.example")], false),
            (vec![("host", "127.0.0.1:8080"), ("origin", "null")], false),
            (vec![("host", "127.0.0.1:8080"), ("sec-fetch-site", "cross-site")], false),
            (vec![("host", "127.0.0.1:8080"), ("sec-fetch-site", "same-origin")], true),
        ] {
            assert_eq!(sessions.is_own(&Method::POST, &uri, &headers(&pairs)), own, "{pairs:?}");
        }
        let absolute: Uri = "http://evil.example/".parse().unwrap();
        assert!(!sessions.is_own(&Method::GET, &absolute, &headers(&[("host", "127.0.0.1:8080")])));
    }
}
