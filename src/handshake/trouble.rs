//! What could not be read.

use serde::{Deserialize, Serialize};

/// Something that a sweep could not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What, and why.
    pub message: String,
    /// What mends it, where that is known.
    pub fix: Option<String>,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}
