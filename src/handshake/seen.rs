//! What a read of a pair shows of its two halves, in the words that every kind shares.

use super::resource_id::ResourceId;

/// Both halves. `None` at an end says that it was not asked for, as the other one tells all; `Some(None)` that no half
/// is there, or none that can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HalvesSeen {
    /// Ours.
    pub ours: Option<Option<SeenHalf>>,
    /// The partner's.
    pub theirs: Option<Option<SeenHalf>>,
}

/// A half that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenHalf {
    /// Its id.
    pub id: ResourceId,
    /// Azure's word for where it stands.
    pub state: String,
    /// Azure's word for how far it is in sync, where the kind has one.
    pub sync: Option<String>,
    /// It waits for the other one.
    pub waits: bool,
    /// The other one was there and went, says Azure.
    pub alone: bool,
}

impl HalvesSeen {
    /// Whether either half is there.
    #[must_use]
    pub fn any(&self) -> bool {
        [&self.ours, &self.theirs].into_iter().any(|half| matches!(half, Some(Some(_))))
    }
}
