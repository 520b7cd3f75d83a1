//! The certificate authority of one run, and the certificate that it gave to the listeners.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use time::{Duration, OffsetDateTime};

/// What a listener shows and what its clients must trust.
pub struct Certificates {
    authority_pem: String,
    server: Arc<ServerConfig>,
    service_bus: Arc<ServerConfig>,
}

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// A certificate cannot be made.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// The TLS library does not take what was made.
    #[error("the certificate cannot be served")]
    Serve(#[from] rustls::Error),
}

/// As long as browsers accept for a server.
const VALIDITY: Duration = Duration::days(397);

impl Certificates {
    /// Makes a new authority and a certificate for `127.0.0.1` and `localhost`, valid from a day before `now` on.
    pub fn make(now: OffsetDateTime) -> Result<Self, CertificatesError> {
        let authority = CertifiedIssuer::self_signed(authority_params(now)?, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = leaf_params(now)?.signed_by(&key, &authority)?;
        let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        // AMQP has no name of its own there.
        let service_bus = Arc::new(server.clone());
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { authority_pem: authority.pem(), server: Arc::new(server), service_bus })
    }

    /// The authority's certificate as PEM: what clients need as their bundle.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// The HTTPS listener's configuration.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }

    /// The configuration of the listeners for Service Bus.
    pub fn service_bus(&self) -> Arc<ServerConfig> {
        self.service_bus.clone()
    }
}

fn authority_params(now: OffsetDateTime) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Sandbox authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (now - Duration::DAY, now + VALIDITY);
    Ok(params)
}

/// rustls takes no authority's certificate as a server's, and OpenSSL's strict mode wants the authority's key named in it.
fn leaf_params(now: OffsetDateTime) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (now - Duration::DAY, now + VALIDITY);
    Ok(params)
}
