//! The check of an address before anything is sent to it.

use std::net::IpAddr;

use gori_core::{Error, ErrorKind, Result};
use reqwest::Url;
use url::Host;

use super::address::is_public;
use super::policy::FetchPolicy;

/// Checks all of an address that can be checked without looking its name up.
///
/// # Errors
/// `Refused`, and why.
pub(super) fn check(url: &Url, policy: &FetchPolicy) -> Result<()> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused(url, "only http and https are fetched"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(url, "a user or password in the address"));
    }
    let Some(host) = url.host() else {
        return Err(refused(url, "no host in the address"));
    };
    let port = url.port_or_known_default();
    let name = host.to_string();
    if policy.trusts(&name, port) {
        let named =
            |(host, only): &(String, Option<u16>)| bare(host) == bare(&name) && *only == port;
        let by_entry = policy.hosts.iter().any(named);
        return match port {
            Some(port) if by_entry || policy.ports.contains(&port) => Ok(()),
            _ => Err(bad_port(url)),
        };
    }
    if !port.is_some_and(|port| policy.ports.contains(&port)) {
        return Err(bad_port(url));
    }
    match host {
        Host::Ipv4(v4) if !is_public(IpAddr::V4(v4)) => Err(not_public(url)),
        Host::Ipv6(v6) if !is_public(IpAddr::V6(v6)) => Err(not_public(url)),
        Host::Domain(name) if is_local_name(name) => Err(not_public(url)),
        _ => Ok(()),
    }
}

/// Names that mean this machine or this network to every resolver (RFC 6761, RFC 6762, RFC
/// 8375), whatever address they have today.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let within = |zone: &str| {
        name.strip_suffix(zone)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // A name of one word is looked up in the search list of this network.
    !name.contains('.')
        || [
            "localhost",
            "local",
            "internal",
            "home.arpa",
            "localdomain",
            "lan",
            "intranet",
            "corp",
            "home",
        ]
        .into_iter()
        .any(within)
}

/// A host without the brackets of an IPv6 address and without the dot of the root.
pub(super) fn bare(host: &str) -> &str {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .trim_end_matches('.')
}

/// An address as it may be shown: user, password, query and fragment are where secrets are.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // None of these fails on what has a host, and what has none has none of these.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn refused(url: &Url, why: &'static str) -> Error {
    Error::new(ErrorKind::Refused, why).about(shown(url))
}

fn bad_port(url: &Url) -> Error {
    refused(url, "a port that is not on the list").hint("allow it by `FetchPolicy::port`")
}

pub(super) fn not_public(url: &Url) -> Error {
    refused(url, "not an address of the public internet")
        .hint("allow the host by `FetchPolicy::allow_host` if it is meant")
}
