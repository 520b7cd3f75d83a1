//! What is written of a peering.

use serde::Serialize;
use serde_json::Value;

use super::flags::PeeringFlags;
use super::halves::{AsRead, PeeringHalf};
use super::ids::PeeringId;
use crate::handshake::ids::VirtualNetworkId;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::step::Step;
use crate::handshake::write::{Body, Write};

/// What is written, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PeeringBody {
    /// A peering.
    Peering {
        /// The peering.
        id: PeeringId,
        /// The network that it points at.
        remote: VirtualNetworkId,
        /// The flags that it is to have.
        flags: PeeringFlags,
        /// The half that is written over, where there is one.
        #[serde(skip)]
        over: AsRead,
    },
    /// This goes.
    #[serde(serialize_with = "removal")]
    Removal(PeeringId),
}

fn removal<S: serde::Serializer>(id: &PeeringId, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::json!({ "half": { "peering": id } }).serialize(serializer)
}

impl Body for PeeringBody {
    fn shown(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl PeeringBody {
    /// A half that points at `remote`. Of one that exists, whatever is not named here stays as it is.
    pub(super) fn written(
        id: PeeringId,
        remote: VirtualNetworkId,
        flags: PeeringFlags,
        over: Option<&PeeringHalf>,
    ) -> Self {
        let over = over.map_or_else(AsRead::default, |half| half.as_read.clone());
        Self::Peering { id, remote, flags, over }
    }

    /// The write of it by this step.
    pub(super) fn by(self, step: Step) -> Write {
        let (Self::Peering { id, .. } | Self::Removal(id)) = &self;
        Write::new(step, ResourceId::of(id), self)
    }
}
