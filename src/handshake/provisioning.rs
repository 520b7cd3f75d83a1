//! How far Azure is with the last write on a resource.

use serde::{Deserialize, Serialize};

/// `provisioningState`. An absent one means done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Provisioning {
    /// The last write is through.
    #[default]
    Succeeded,
    /// A delete is under way.
    Deleting,
    /// The last write failed (also `Canceled`).
    #[serde(alias = "Canceled")]
    Failed,
    /// A write is under way (also `Creating` and whatever this version does not know).
    #[serde(other)]
    Updating,
}
