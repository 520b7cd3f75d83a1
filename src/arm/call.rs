//! One call of Resource Manager, and its answer.

use azure_core::http::headers::Headers;
use azure_core::http::{Method, Url};
use bytes::Bytes;
use uuid::Uuid;

use super::asked::{Asked, Linked};
use crate::handshake::ids::{TenantId, VirtualNetworkId};

/// One thing asked of Resource Manager, however many attempts it takes.
#[derive(Clone)]
pub(crate) struct Call {
    pub(super) asked: Asked,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Bytes>,
    /// The other tenant, whose token goes along for the linked network.
    pub(super) auxiliary: Option<TenantId>,
    pub(super) correlation: Uuid,
    /// Tells calls of one correlation apart: a write is the first, the polls of its operation follow.
    pub(super) sequence: u32,
}

/// A successful answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
}

impl Call {
    /// The same call, naming a network on which Azure checks `action`. Where that is in another tenant than the call,
    /// its token goes along, and no other.
    pub(crate) fn linking(
        mut self,
        action: &'static str,
        network: &VirtualNetworkId,
        tenant: Option<TenantId>,
    ) -> Self {
        self.auxiliary = tenant.filter(|tenant| *tenant != self.asked.tenant);
        self.asked.linked = Some(Linked { action, network: network.clone() });
        self
    }

    /// The same call with a query parameter besides the api-version.
    pub(crate) fn with_query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }
}
