//! TLS by rustls with ring, whatever else the program uses: nothing global is set.

use std::sync::Arc;

use gori_core::{Error, ErrorKind, Result};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// A client's settings: the certificates that this system trusts, the versions that rustls
/// takes for safe.
pub(super) fn config() -> Result<ClientConfig> {
    let wrong = |error: rustls::Error| {
        Error::new(ErrorKind::Config, "TLS cannot be set up").caused_by(error)
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_platform_verifier()
        .map_err(wrong)?
        .with_no_client_auth();
    Ok(config)
}
