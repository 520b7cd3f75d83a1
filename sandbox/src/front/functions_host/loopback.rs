//! The client for what runs on this machine and speaks plain HTTP: the Functions hosts and their handlers.

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{sync::Arc, time::Duration};

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LoopbackError {
    /// The TLS library refuses its own defaults.
    #[error("no TLS configuration")]
    Tls(#[from] rustls::Error),
    /// The HTTP library refuses its configuration.
    #[error("no HTTP client")]
    Client(#[from] reqwest::Error),
}

/// A client that trusts nobody over TLS and uses no proxy. `timeout` covers a whole exchange.
pub(crate) fn loopback_client(timeout: Option<Duration>) -> Result<reqwest::Client, LoopbackError> {
    // Given explicitly, because without it the client takes a provider that somebody must have installed for the whole process.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let mut client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().http1_only();
    if let Some(timeout) = timeout {
        client = client.timeout(timeout);
    }
    Ok(client.build()?)
}
