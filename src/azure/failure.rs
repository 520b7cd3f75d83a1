//! Azure's own words for what went wrong.

use std::fmt;

/// Azure's own words for why something failed; both texts are bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureFailure {
    /// Azure's code, such as `VnetAddressSpacesOverlap`; `Status503` and the like where it gave none.
    pub code: String,
    /// Azure's sentence.
    pub message: String,
}

impl AzureFailure {
    /// Whether it says that another operation is in the way: nothing was done, and later it will work.
    ///
    /// Azure says so with 409, with 429 (which is no throttling then), with 400 and inside a failed operation.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.is_lock() || self.code.eq_ignore_ascii_case("ReferencedResourceNotProvisioned")
    }

    /// Whether another operation holds the very resource that was to be written.
    pub(crate) fn is_lock(&self) -> bool {
        let code = self.code.to_ascii_lowercase();
        code == "anotheroperationinprogress" || code.starts_with("retryableerror")
    }

    /// Whether Azure Policy forbids it.
    pub(crate) fn is_policy(&self) -> bool {
        ["RequestDisallowedByPolicy", "RequestDisallowedByAzure"]
            .iter()
            .any(|code| self.code.eq_ignore_ascii_case(code))
    }

    /// A 409 that waiting does not mend: a lock or a disabled subscription.
    pub(crate) fn is_lasting_conflict(&self) -> bool {
        ["ScopeLocked", "ReadOnlyDisabledSubscription"]
            .iter()
            .any(|code| self.code.eq_ignore_ascii_case(code))
    }
}

impl fmt::Display for AzureFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
