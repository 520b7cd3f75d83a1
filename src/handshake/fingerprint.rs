//! Whether anything has changed.

use sha2::{Digest, Sha256};

use crate::hex::hex;

/// A short hash of what was seen: equal for equal observations.
pub(crate) fn fingerprint_of(seen: &impl std::fmt::Debug) -> String {
    let digest = Sha256::digest(format!("{seen:?}"));
    hex(&digest[..8])
}
