//! The real way to Azure: one reqwest client for everything, built when the first request goes out.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use bytes::BytesMut;
use thiserror::Error;

use super::bundle::{BundleError, certificates};

/// The longest body that is taken: far above a subscription's page of networks.
pub const LONGEST_BODY: usize = 8 * 1024 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An `HttpClient` over rustls with `ring`. It trusts what the platform trusts or, when a bundle is given, only that.
#[derive(Debug)]
pub struct Https {
    ca_bundle: Option<PathBuf>,
    client: OnceLock<reqwest::Client>,
}

/// Why no client could be built.
#[derive(Debug, Error)]
pub enum TransportError {
    /// The bundle of trusted certificates cannot be read, or is empty.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The bundle holds a certificate that cannot be used, or the platform has none.
    #[error("cannot set up TLS")]
    Tls(#[source] reqwest::Error),
    /// The answer's body is longer than [`LONGEST_BODY`].
    #[error("the answer is longer than {LONGEST_BODY} bytes")]
    TooLong,
}

impl Https {
    /// Keeps the path of the bundle; nothing is read or built before the first request.
    #[must_use]
    pub fn new(ca_bundle: Option<PathBuf>) -> Self {
        Self { ca_bundle, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&reqwest::Client, TransportError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = build(self.ca_bundle.as_deref())?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// Whether this bundle can be trusted in: it is read, and every certificate in it can be used.
///
/// # Errors
/// [`TransportError::Bundle`] or [`TransportError::Tls`].
pub fn check_bundle(ca_bundle: &Path) -> Result<(), TransportError> {
    build(Some(ca_bundle)).map(drop)
}

fn build(ca_bundle: Option<&Path>) -> Result<reqwest::Client, TransportError> {
    // reqwest takes the process's provider. That one is installed already is no fault.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .https_only(true)
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect would carry the token to wherever it points.
        .redirect(reqwest::redirect::Policy::none());
    if let Some(path) = ca_bundle {
        let certificates = certificates(path)?;
        let trusted = certificates.iter().map(|one| reqwest::Certificate::from_der(one));
        let trusted: Vec<_> = trusted.collect::<Result<_, _>>().map_err(TransportError::Tls)?;
        builder = builder.tls_certs_only(trusted);
    }
    builder.build().map_err(TransportError::Tls)
}

#[async_trait]
impl HttpClient for Https {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let client = self.client().map_err(|error| azure_core::Error::new(ErrorKind::Other, error))?;
        let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|error| azure_core::Error::new(ErrorKind::Other, error))?;
        let mut outgoing = client.request(method, request.url().clone());
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        if let Body::Bytes(bytes) = request.body() {
            outgoing = outgoing.body(bytes.clone());
        }
        let mut incoming = outgoing.send().await.map_err(failed)?;
        let status = incoming.status().as_u16();
        let headers = headers(incoming.headers());
        let mut body = BytesMut::new();
        while let Some(chunk) = incoming.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST_BODY {
                return Err(azure_core::Error::new(ErrorKind::DataConversion, TransportError::TooLong));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body.freeze()))
    }
}

/// Without the address: an operation's carries a signature in its query.
fn failed(error: reqwest::Error) -> azure_core::Error {
    let kind = if error.is_connect() { ErrorKind::Connection } else { ErrorKind::Io };
    azure_core::Error::new(kind, error.without_url())
}

impl TransportError {
    /// The one that lies beneath an error of the pipeline, if any does.
    pub(super) fn beneath(error: &azure_core::Error) -> Option<&Self> {
        let mut one: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(error) = one {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            one = error.source();
        }
        None
    }
}

fn headers(map: &reqwest::header::HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in map {
        if let Ok(value) = value.to_str() {
            headers.insert(HeaderName::from(name.as_str().to_owned()), HeaderValue::from(value.to_owned()));
        }
    }
    headers
}
