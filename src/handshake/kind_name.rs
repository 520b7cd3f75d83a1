//! What a kind of handshake is called.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The public name of a kind: in records, in JSON, and as the key of its section in an agreement file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KindName(Cow<'static, str>);

impl KindName {
    /// The kind with this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
