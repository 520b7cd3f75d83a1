//! Whether what was written is there.

/// `provisioningState` as far as the sandbox goes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provisioning {
    Updating,
    Deleting,
    Succeeded,
}

impl Provisioning {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
            Self::Succeeded => "Succeeded",
        }
    }
}
