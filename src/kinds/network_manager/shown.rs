//! Agreements on management in sentences, for `agreements check`.

use serde_json::json;

use super::agreement::ManagementAgreement;
use super::ends::Seat;
use crate::handshake::agreements::{Adopt, OnRemoval, ShownAgreement};
use crate::kinds::sentences::{adoption, withdrawal};

impl ManagementAgreement {
    /// The agreement as people and programs are shown it.
    pub(super) fn shown(&self, label: String) -> ShownAgreement {
        let whose = match self.ours {
            Seat::Central => "the manager is ours",
            Seat::Target => "the scope is ours",
        };
        let mut lines =
            vec![format!("manager  {}", self.manager), format!("scope    {} ({whose})", self.scope)];
        lines.extend(effects(self));
        let json = json!({
            "name": label, "manager": self.manager.to_string(), "scope": self.scope, "ours": self.ours,
            "onRemoval": self.on_removal, "onWithdrawal": self.on_withdrawal, "adopt": self.adopt,
        });
        ShownAgreement { label, lines, json }
    }
}

/// What becomes of halves, in sentences: of those that we made and of those that people made.
fn effects(agreement: &ManagementAgreement) -> [String; 3] {
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
