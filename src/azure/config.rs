//! Who we are in Azure, and where Azure is.

use std::path::PathBuf;

use azure_core::http::Url;
use uuid::Uuid;

use super::secret::Secret;

/// Who we are in Azure, and where Azure is.
#[derive(Clone, Debug)]
pub struct AzureConfig {
    /// Our home tenant. Read from `AZURE_TENANT_ID`.
    pub tenant: Uuid,
    /// The application whose service principals act for us in both tenants. Read from `AZURE_CLIENT_ID`.
    pub client: Uuid,
    /// That application's secret. Read from `AZURE_CLIENT_SECRET`.
    pub client_secret: Secret,
    /// Where tokens are issued: an https origin. Read from `AZURE_AUTHORITY_HOST`; without it the public cloud's.
    pub authority: Url,
    /// Azure Resource Manager: an https origin. Read from `PEERPACT_RESOURCE_MANAGER`; without it the public cloud's.
    pub resource_manager: Url,
    /// A PEM file with the only authorities to trust, in the place of the system's. Read from `PEERPACT_CA_BUNDLE`,
    /// optional.
    pub ca_bundle: Option<PathBuf>,
}
