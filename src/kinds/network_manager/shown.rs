//! Agreements on management in sentences, for `agreements check`.

use super::terms::ManagementAgreement;
use crate::handshake::agreements::{Adopt, OnRemoval};
use crate::kinds::sentences::{adoption, withdrawal};

/// What becomes of halves, in sentences: of those that we made and of those that people made.
pub(super) fn effects(agreement: &ManagementAgreement) -> [String; 3] {
    let manages = agreement.adopt == Adopt::Manage;
    let which = if manages { "our half" } else { "our half, if we made it," };
    let removal = match agreement.on_removal {
        OnRemoval::Remove | OnRemoval::Restore => format!("{which} is removed"),
        OnRemoval::Keep => "our half stays, broken".to_owned(),
    };
    [
        format!("when they remove their half: {removal}"),
        withdrawal(agreement.on_withdrawal, which),
        adoption(manages, "read and told, and never written or removed unasked"),
    ]
}
