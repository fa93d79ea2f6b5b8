//! Websites: http and https, a host by UTS 46 with at least two labels.

use std::sync::OnceLock;

use crate::clean::domain_name::{DomainFault, push_domain};
use crate::clean::names::Names;

/// The reason why a website is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum WebsiteFault {
    /// A scheme other than http and https, or one without its two slashes.
    SchemeUnsupported,
    /// A user name, with or without a password, before the host; most often it is a mail address.
    Credentials,
    /// A port that is not a number from 1 to 65,535.
    PortInvalid,
    /// A host that UTS 46 refuses, an IP address, or none.
    HostInvalid,
    /// A host without a dot.
    HostSingleLabel,
    /// A blank, a control character or another character that a URL cannot contain (RFC 3986).
    Character,
}

impl WebsiteFault {
    /// Returns the reason's name, stable across versions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SchemeUnsupported => "scheme_unsupported",
            Self::Credentials => "credentials",
            Self::PortInvalid => "port_invalid",
            Self::HostInvalid => "host_invalid",
            Self::HostSingleLabel => "host_single_label",
            Self::Character => "character",
        }
    }
}

const HTTPS: &str = "https://";
const HTTP: &str = "http://";

/// Writes the cleaned form of a website to `out`: adds `https` if there is no scheme, converts scheme and host to
/// lower-case ASCII, removes the scheme's default port and a path of `/`, and keeps the rest.
///
/// # Errors
/// The first reason why the cell is not a website; the content of `out` is then undefined.
pub fn clean_website(cell: &str, out: &mut String) -> Result<(), WebsiteFault> {
    out.clear();
    let (scheme, rest) = split_scheme(cell)?;
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if authority.contains('@') {
        return Err(WebsiteFault::Credentials);
    }
    if tail.contains(is_never_in_a_url) {
        return Err(WebsiteFault::Character);
    }
    let (host, port) = split_port(authority)?;
    out.push_str(scheme);
    push_host(host, out)?;
    push_port(scheme, port, out);
    out.push_str(if tail == "/" { "" } else { tail });
    Ok(())
}

/// Splits off the scheme, in lower case; `https` if there is none.
fn split_scheme(cell: &str) -> Result<(&'static str, &str), WebsiteFault> {
    for scheme in [HTTPS, HTTP] {
        if let Some((head, rest)) = cell.split_at_checked(scheme.len())
            && head.eq_ignore_ascii_case(scheme)
        {
            return Ok((scheme, rest));
        }
    }
    if let Some(rest) = cell.strip_prefix("//") {
        return Ok((HTTPS, rest));
    }
    let head = cell.split(['/', '?', '#']).next().unwrap_or_default();
    match head.split_once(':') {
        // `example.com:8080` has a port; `mailto:`, `ftp:` and `http:` without slashes have no dot and no digits.
        Some((name, after))
            if !name.contains(['.', '@']) && !after.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            Err(WebsiteFault::SchemeUnsupported)
        }
        _ => Ok((HTTPS, cell)),
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), WebsiteFault> {
    let Some((host, port)) = authority.split_once(':') else {
        return Ok((authority, None));
    };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if digits && number > 0 => Ok((host, Some(number))),
        _ => Err(WebsiteFault::PortInvalid),
    }
}

/// Appends the host, without the root dot at its end.
fn push_host(host: &str, out: &mut String) -> Result<(), WebsiteFault> {
    let start = out.len();
    push_domain(host.strip_suffix('.').unwrap_or(host), out).map_err(|fault| match fault {
        DomainFault::SingleLabel => WebsiteFault::HostSingleLabel,
        DomainFault::Invalid => WebsiteFault::HostInvalid,
    })?;
    let last = out[start..].rsplit('.').next().unwrap_or_default();
    // A host whose last label is a number is an IPv4 address (WHATWG URL, "ends in a number").
    if last.bytes().all(|byte| byte.is_ascii_digit()) { Err(WebsiteFault::HostInvalid) } else { Ok(()) }
}

fn push_port(scheme: &str, port: Option<u16>, out: &mut String) {
    let own = if scheme == HTTP { 80 } else { 443 };
    let Some(number) = port.filter(|&number| number != own) else { return };
    out.push(':');
    let mut divisor = 10_000;
    while divisor > number {
        divisor /= 10;
    }
    while divisor > 0 {
        out.push(char::from(b'0' + (number / divisor % 10) as u8));
        divisor /= 10;
    }
}

/// Whether neither a URL nor an IRI (RFC 3987) can contain a character.
fn is_never_in_a_url(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, '\0'..=' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '\x7f');
    }
    c.is_whitespace() || c.is_control() || c == '\u{fffd}'
}

/// Writes the match key of a website to `out`: the host without `www.`, and on a shared host the part that identifies
/// the owner; returns `false` if nothing identifies one.
pub fn website_key(clean: &str, out: &mut String) -> bool {
    out.clear();
    let rest = clean.split_once("://").map_or(clean, |(_, rest)| rest);
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b':')).unwrap_or(rest.len());
    let host = rest[..end].strip_prefix("www.").unwrap_or(&rest[..end]);
    let Some(shared) = shared_host(host) else {
        out.push_str(host);
        return !host.is_empty();
    };
    let own_subdomain = host.len() > shared.name.len();
    let tail = &rest[end..];
    match shared.owner {
        Owner::Path => {
            out.push_str(shared.name);
            push_segments(tail, shared.leading, out)
        }
        Owner::Subdomain => {
            out.push_str(host);
            own_subdomain
        }
        Owner::SubdomainAndPath => {
            out.push_str(host);
            own_subdomain && {
                push_segments(tail, "", out) || {
                    out.truncate(host.len());
                    true
                }
            }
        }
    }
}

/// Appends the path's segments in lower case, up to the one that names the owner; returns `false` if none does.
fn push_segments(tail: &str, leading: &'static str, out: &mut String) -> bool {
    let before_fragment = tail.split('#').next().unwrap_or_default();
    let (path, query) = before_fragment.split_once('?').unwrap_or((before_fragment, ""));
    let path = path.find('/').map_or("", |slash| &path[slash..]);
    let mut more = 0;
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        out.push('/');
        let start = out.len();
        push_lower(segment, out);
        let leads = Leads::of(&out[start..], leading, more);
        match leads {
            Leads::Nowhere => return false,
            Leads::ToOwner => return true,
            Leads::ToNext => {}
            Leads::Onward(left) => more = left,
            Leads::ToQuery(name) => return push_parameter(query, name, out),
        }
    }
    false
}

fn push_lower(segment: &str, out: &mut String) {
    let start = out.len();
    if segment.is_ascii() {
        out.push_str(segment);
        out[start..].make_ascii_lowercase();
    } else {
        out.extend(segment.chars().flat_map(char::to_lowercase));
    }
}

/// Appends a query parameter; returns `false` if it is missing or empty.
fn push_parameter(query: &str, name: &str, out: &mut String) -> bool {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = pairs.find(|(own, value)| *own == name && !value.is_empty()) else { return false };
    for part in ["?", name, "=", value] {
        out.push_str(part);
    }
    true
}

/// The role of a path segment in finding the owner's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    /// It is the name.
    ToOwner,
    /// The next segment decides.
    ToNext,
    /// The next segments, this many, form the name together.
    Onward(usize),
    /// A query parameter is the name.
    ToQuery(&'static str),
    /// The path names no owner.
    Nowhere,
}

impl Leads {
    /// The role of a lower-case segment by a host's words; `expected` segments remain, including this one.
    fn of(segment: &str, words: &'static str, expected: usize) -> Self {
        let mut known = words.split(' ').map(Self::read);
        let of_word = known.find(|(name, _)| *name == segment || (*name == "*" && expected == 0));
        match (of_word, expected) {
            (Some((_, leads)), 0) => return leads,
            // `pages/category/shop/acme-1`, as well as `pages/acme/1`.
            (Some((_, Self::Onward(more))), _) => return Self::Onward(more),
            (_, 1) => return Self::ToOwner,
            (_, 2..) => return Self::Onward(expected - 1),
            (None, 0) => {}
        }
        let script = segment.starts_with("index.") || segment.ends_with(".php") || segment.ends_with(".aspx");
        if script { Leads::Nowhere } else { Leads::ToOwner }
    }

    fn read(word: &'static str) -> (&'static str, Self) {
        if let Some(name) = word.strip_prefix('!') {
            return (name, Leads::Nowhere);
        }
        if let Some(name) = word.strip_suffix("+2") {
            return (name, Leads::Onward(2));
        }
        match word.split_once('?') {
            Some((name, parameter)) => (name, Leads::ToQuery(parameter)),
            None => (word, Leads::ToNext),
        }
    }
}

/// The place of the owner's name on a shared host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Path,
    Subdomain,
    SubdomainAndPath,
}

#[derive(Clone, Copy, Debug)]
struct SharedHost {
    name: &'static str,
    owner: Owner,
    /// Segments, separated by blanks, that precede the owner's name.
    leading: &'static str,
}

static SHARED_HOSTS: &str = include_str!("../../data/shared_hosts.txt");

/// Returns the shared host that a host is or belongs to as a subdomain; the longest match wins.
fn shared_host(host: &str) -> Option<&'static SharedHost> {
    static HOSTS: OnceLock<Names<SharedHost>> = OnceLock::new();
    let hosts = HOSTS.get_or_init(read_shared_hosts);
    let mut name = host;
    loop {
        if let Some(shared) = hosts.get(name) {
            return Some(shared);
        }
        name = name.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'))?;
    }
}

fn read_shared_hosts() -> Names<SharedHost> {
    let lines = SHARED_HOSTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    Names::new(lines.map(read_shared_host).map(|shared| (shared.name, shared)))
}

fn read_shared_host(line: &'static str) -> SharedHost {
    let (name, leading) = line.split_once(' ').unwrap_or((line, ""));
    let (owner, name) = match (name.strip_prefix("*."), name.ends_with('/')) {
        (Some(name), true) => (Owner::SubdomainAndPath, &name[..name.len() - 1]),
        (Some(name), false) => (Owner::Subdomain, name),
        (None, _) => (Owner::Path, name),
    };
    SharedHost { name, owner, leading }
}

#[cfg(test)]
mod tests;
