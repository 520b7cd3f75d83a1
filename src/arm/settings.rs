//! What Resource Manager is reached with.

use azure_core::http::Url;

use crate::azure::Secret;
use crate::handshake::ids::TenantId;

/// Where Azure is and who we are there.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Resource Manager's origin; https only, as tokens go there.
    pub endpoint: Url,
    /// The Entra authority's origin; https only.
    pub authority: Url,
    /// The tenant that we live in.
    pub home: TenantId,
    /// Our application, the same in every tenant that has a service principal of it.
    pub client_id: String,
    /// Its secret; never printed.
    pub client_secret: Secret,
}
