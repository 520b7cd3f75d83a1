//! The way to the namespace: TCP, and TLS over it unless an emulator on this machine is asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::ServiceBusAddress;
use super::failure::BusFailure;
use crate::azure::certificates;

/// TLS with `ring`. It trusts what the platform trusts or, when a bundle is given, only that, as for Resource Manager.
pub(super) struct Tls {
    ca_bundle: Option<PathBuf>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// Keeps the path of the bundle; nothing is read or built before the first connection.
    pub(super) fn new(ca_bundle: Option<PathBuf>) -> Self {
        Self { ca_bundle, config: OnceLock::new() }
    }

    pub(super) async fn connect(
        &self,
        address: &ServiceBusAddress,
    ) -> Result<TlsStream<TcpStream>, BusFailure> {
        let connector = TlsConnector::from(self.config()?);
        let name = ServerName::try_from(address.host().to_owned())
            .map_err(|error| BusFailure::Refused(format!("{address} cannot be a TLS name: {error}")))?;
        let stream = tcp(address).await?;
        connector
            .connect(name, stream)
            .await
            .map_err(|error| BusFailure::Disconnected(format!("no TLS with {address}: {error}")))
    }

    fn config(&self) -> Result<Arc<ClientConfig>, BusFailure> {
        if let Some(config) = self.config.get() {
            return Ok(config.clone());
        }
        let config = Arc::new(build(self.ca_bundle.as_deref()).map_err(BusFailure::Refused)?);
        Ok(self.config.get_or_init(|| config).clone())
    }
}

/// Without TLS, and to nobody but this machine, whatever its name resolves to.
pub(super) async fn plain(address: &ServiceBusAddress) -> Result<TcpStream, BusFailure> {
    let stream = tcp(address).await?;
    let peer = stream.peer_addr().map_err(BusFailure::disconnected)?;
    if !peer.ip().is_loopback() {
        return Err(BusFailure::Refused(format!(
            "{address} is not this machine, and plain AMQP does not leave it"
        )));
    }
    Ok(stream)
}

async fn tcp(address: &ServiceBusAddress) -> Result<TcpStream, BusFailure> {
    let stream = TcpStream::connect((address.host(), address.port()))
        .await
        .map_err(|error| BusFailure::Disconnected(format!("cannot connect to {address}: {error}")))?;
    // A frame is written in pieces, and each waits for the other side's word otherwise.
    stream.set_nodelay(true).map_err(BusFailure::disconnected)?;
    Ok(stream)
}

fn build(ca_bundle: Option<&Path>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot set up TLS: {error}"))?;
    let builder = match ca_bundle {
        Some(path) => builder.with_root_certificates(roots(path)?),
        None => builder
            .with_platform_verifier()
            .map_err(|error| format!("cannot use the platform's certificates: {error}"))?,
    };
    Ok(builder.with_no_client_auth())
}

fn roots(path: &Path) -> Result<RootCertStore, String> {
    let problem = |why: &dyn std::fmt::Display| format!("cannot use the CA bundle {}: {why}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path).map_err(|error| problem(&error.source))? {
        roots.add(certificate).map_err(|error| problem(&error))?;
    }
    Ok(roots)
}
