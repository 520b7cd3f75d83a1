//! One end of a handshake, as the record keeps it.

use serde::{Deserialize, Serialize};

use super::ids::TenantId;
use super::resource_id::{ResourceId, untagged};
use super::seen::SeenHalf;

/// One end, as last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its tenant.
    pub tenant: TenantId,
    /// What stands there.
    pub resource: ResourceId,
    /// Its half; kept when the half goes, so that an event about it is still understood.
    pub half: Option<ResourceId>,
    /// Azure's word for where the half stands; `None` when there is none or it could not be read.
    #[serde(deserialize_with = "untagged")]
    pub state: Option<String>,
    /// Azure's word for how far it is in sync, where the kind has one.
    pub sync: Option<String>,
    /// The half is there, and Azure says that the other one was and went.
    #[serde(default)]
    pub alone: bool,
    /// We made this half, as far as this ledger knows; by the name that we give, too.
    #[serde(default)]
    pub made: bool,
}

impl End {
    pub(super) fn see(&mut self, half: Option<&SeenHalf>) {
        self.state = half.map(|half| half.state.clone());
        self.sync = half.and_then(|half| half.sync.clone());
        self.alone = half.is_some_and(|half| half.alone);
        match half {
            Some(half) => {
                self.made &= self.half.as_ref() == Some(&half.id);
                self.half = Some(half.id.clone());
            }
            None => self.made = false,
        }
    }
}
