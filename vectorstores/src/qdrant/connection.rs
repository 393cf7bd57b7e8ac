//! The connection, and what its errors mean.

use std::time::Duration;

use gori_core::{Error, ErrorKind, Result};
use qdrant_client::config::QdrantConfig;
use qdrant_client::{Qdrant as Client, QdrantError};

use super::options::Options;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);

/// A client. It connects when it is first used, and again after a connection broke.
pub(super) fn client(address: &str, options: &Options) -> Result<Client> {
    let unreadable = || {
        // The address may hold a password, so it is not repeated.
        Error::new(
            ErrorKind::Config,
            "the address of the Qdrant server cannot be read",
        )
        .hint("write it as http://host:6334, the port of its gRPC service, and give a key by `Options::api_key`")
    };
    let plain = address.starts_with("http://") || address.starts_with("https://");
    if !plain || address.contains('@') {
        return Err(unreadable());
    }
    let config = QdrantConfig {
        api_key: options.key.as_ref().map(|key| key.0.clone()),
        timeout: options.timeout,
        connect_timeout: CONNECT,
        // It would ask for the version on a thread of its own, and print.
        check_compatibility: false,
        ..QdrantConfig::from_url(address)
    };
    Client::new(config).map_err(|_| unreadable())
}

/// What a failure means to the caller. The numbers are gRPC's status codes
/// (<https://grpc.github.io/grpc/core/md_doc_statuscodes.html>).
pub(super) fn failed(error: QdrantError) -> Error {
    let status = match &error {
        QdrantError::ResponseError { status } => status,
        QdrantError::ResourceExhaustedError {
            status,
            retry_after_seconds,
        } => {
            let message = format!("Qdrant says: {}", status.message());
            let wait = Duration::from_secs(*retry_after_seconds);
            return Error::new(ErrorKind::RateLimited, message)
                .with_retry_after(wait)
                .caused_by(error);
        }
        _ => {
            return Error::new(ErrorKind::Protocol, "the call of Qdrant failed").caused_by(error);
        }
    };
    let message = status.message();
    let lost = message.starts_with("Failed to connect") || message.contains("transport error");
    let kind = match i32::from(status.code()) {
        _ if lost => ErrorKind::Network,
        1 | 4 => ErrorKind::Timeout,
        3 | 11 => ErrorKind::InvalidInput,
        5 => ErrorKind::NotFound,
        7 | 16 => ErrorKind::Unauthorized,
        8 => ErrorKind::RateLimited,
        6 | 9 | 10 => ErrorKind::Busy,
        12 => ErrorKind::Unsupported,
        14 => ErrorKind::Unavailable,
        15 => ErrorKind::Corrupt,
        _ => ErrorKind::Protocol,
    };
    let what = match kind {
        ErrorKind::Network => "the Qdrant server cannot be reached".to_owned(),
        _ => format!("Qdrant says: {message}"),
    };
    Error::new(kind, what).caused_by(error)
}

/// Whether a collection could not be made because it is there.
pub(super) fn is_there_already(error: &QdrantError) -> bool {
    match error {
        QdrantError::ResponseError { status } => {
            i32::from(status.code()) == 6 || status.message().contains("already exists")
        }
        _ => false,
    }
}
