//! What becomes of halves, as agreements of every kind say it.

use serde::{Deserialize, Serialize};

/// What becomes of our half when the partner removes theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnRemoval {
    /// It is removed, and the handshake closed.
    #[default]
    Remove,
    /// It stays, and the handshake is reported as broken.
    Keep,
    /// The partner's half is written again; needs `reach = "both"`.
    Restore,
}

/// What becomes of a half of ours that goes beyond what is agreed. It is reported in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// It is removed, or its flags are cut down where only they go too far.
    Remove,
    /// It stays.
    Tell,
}

/// What may be done to halves that people made, within an agreement that covers them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adopt {
    /// They are read, told and synced.
    #[default]
    Sync,
    /// They are written, cut down and removed like our own.
    Manage,
}

impl Remedy {
    pub(crate) fn remove() -> Self {
        Self::Remove
    }

    pub(crate) fn tell() -> Self {
        Self::Tell
    }
}
