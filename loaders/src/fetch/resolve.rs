//! Names to addresses, and the check of those addresses at the moment of connecting.

use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use gori_core::{Error, ErrorKind, Result};
use reqwest::dns::{Addrs, Name, Resolving};

use super::address::is_public;
use super::policy::FetchPolicy;

/// Looks names up.
#[async_trait]
pub trait Resolve: Debug + Send + Sync {
    /// The addresses of a host.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when it has none, [`ErrorKind::Network`] when nobody answers.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>>;
}

/// As the operating system does it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| {
            Error::new(
                ErrorKind::Network,
                "the host has no address that can be found",
            )
            .about(host)
            .caused_by(error)
        })?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Stands between the client and the resolver: what comes through is what is connected to, so
/// that a name cannot have one address for the check and another for the connection.
#[derive(Debug)]
pub(super) struct Guard(pub(super) Arc<FetchPolicy>);

impl reqwest::dns::Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let addresses = lookup(name.as_str(), &policy).await?;
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok::<Addrs, _>(Box::new(addresses))
        })
    }
}

/// The addresses of a host that may be connected to.
///
/// # Errors
/// `Refused` when it has others alone, and those of the resolver.
pub(super) async fn lookup(host: &str, policy: &FetchPolicy) -> Result<Vec<IpAddr>> {
    let mut addresses = policy.resolver.resolve(host).await?;
    let is_proxy = policy.proxy.as_ref().and_then(|proxy| proxy.host_str()) == Some(host);
    if !policy.trusts(host, None) && !is_proxy {
        addresses.retain(|address| is_public(*address));
    }
    if addresses.is_empty() {
        return Err(Error::new(
            ErrorKind::Refused,
            "the host has no address of the public internet",
        )
        .about(host)
        .hint("allow it by `FetchPolicy::allow_host` if it is meant"));
    }
    Ok(addresses)
}
