//! Bundles of certificates: files in PEM with the only authorities to trust, in the place of the system's.

use std::path::{Path, PathBuf};
use std::{fs, io};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

/// A bundle cannot be read, or has no certificate in it.
#[derive(Debug, Error)]
#[error("cannot read the CA bundle {}", path.display())]
pub struct BundleError {
    /// The bundle.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// The certificates in a bundle, at least one. Whether each can be used is found out by who puts them to use.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, BundleError> {
    let problem = |source| BundleError { path: path.to_owned(), source };
    let invalid = |why: String| problem(io::Error::new(io::ErrorKind::InvalidData, why));
    let pem = fs::read(path).map_err(problem)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| invalid(error.to_string()))?;
    if certificates.is_empty() { Err(invalid("no certificate in it".to_owned())) } else { Ok(certificates) }
}
