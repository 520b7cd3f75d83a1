//! The two ends of a handshake, told apart.

use super::ids::{HandshakeId, TenantId};
use super::kind_name::KindName;
use super::resource_id::ResourceId;

/// Which handshake: its kind, what stands at our end and at the partner's, and whose the partner's is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub(crate) kind: KindName,
    pub(crate) id: HandshakeId,
    pub(crate) ours: ResourceId,
    pub(crate) theirs: ResourceId,
    pub(crate) partner: TenantId,
}

impl Pair {
    /// These ends, as their kind has found that they make a pair. `id` is the same whichever tenant looks.
    #[must_use]
    pub fn new(
        kind: KindName,
        id: HandshakeId,
        ours: ResourceId,
        theirs: ResourceId,
        partner: TenantId,
    ) -> Self {
        Self { kind, id, ours, theirs, partner }
    }

    /// The handshake's id.
    #[must_use]
    pub fn id(&self) -> HandshakeId {
        self.id.clone()
    }

    /// What is connected.
    #[must_use]
    pub fn kind(&self) -> &KindName {
        &self.kind
    }

    /// What stands at our end.
    #[must_use]
    pub fn ours(&self) -> &ResourceId {
        &self.ours
    }

    /// What stands at the partner's end.
    #[must_use]
    pub fn theirs(&self) -> &ResourceId {
        &self.theirs
    }

    /// The partner's tenant.
    #[must_use]
    pub fn partner(&self) -> TenantId {
        self.partner
    }
}
