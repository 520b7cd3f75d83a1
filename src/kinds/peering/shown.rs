//! Agreements on peerings in sentences, for `agreements check`.

use serde_json::json;

use super::agreement::PeeringAgreement;
use crate::handshake::agreements::{Adopt, OnRemoval, Remedy, ShownAgreement};
use crate::kinds::sentences::{adoption, withdrawal};

impl PeeringAgreement {
    /// The agreement as people and programs are shown it.
    pub(super) fn shown(&self, label: String) -> ShownAgreement {
        let prefixes: Vec<String> = self.prefixes.get_ref().iter().map(ToString::to_string).collect();
        let mut lines = vec![
            format!("ours     {}", self.ours),
            format!("theirs   {}", self.theirs),
            format!("prefixes {}", prefixes.join(", ")),
            summary(self),
        ];
        lines.extend(effects(self));
        let json = json!({
            "name": label, "ours": self.ours, "theirs": self.theirs, "prefixes": prefixes,
            "forwardedTraffic": self.forwarded_traffic, "gatewayTransit": self.gateway_transit,
            "remoteGateways": self.remote_gateways, "onRemoval": self.on_removal, "onBreach": self.on_breach,
            "onWithdrawal": self.on_withdrawal, "adopt": self.adopt, "reach": self.reach,
            "tag": self.tag.as_ref().map(|tag| format!("{}={}", tag.key, tag.value)),
        });
        ShownAgreement { label, lines, json }
    }
}

/// The terms in a line.
fn summary(agreement: &PeeringAgreement) -> String {
    let may = |allowed: bool, what: &str| format!("{what} {}", if allowed { "yes" } else { "no" });
    let mut terms = vec![
        may(agreement.forwarded_traffic, "forwarded traffic"),
        may(agreement.gateway_transit, "our gateway for them"),
        may(agreement.remote_gateways, "their gateway for us"),
        format!("on removal {:?}", agreement.on_removal).to_lowercase(),
        format!("reach {:?}", agreement.reach).to_lowercase(),
    ];
    terms.extend(agreement.tag.as_ref().map(|tag| format!("only with tag {}={}", tag.key, tag.value)));
    terms.join(", ")
}

/// What becomes of halves, in sentences: of those that we made and of those that people made.
fn effects(agreement: &PeeringAgreement) -> [String; 4] {
    let manages = agreement.adopt == Adopt::Manage;
    let which = if manages { "our half" } else { "our half, if we made it," };
    let removal = match agreement.on_removal {
        OnRemoval::Remove => format!("{which} is removed"),
        OnRemoval::Keep => "our half stays, broken".to_owned(),
        OnRemoval::Restore => format!("{which} is written again, and theirs after it"),
    };
    let breach = match agreement.on_breach {
        Remedy::Remove => "it is told and removed, or its flags are cut down where only they go too far",
        Remedy::Tell => "it is told and stays",
    };
    [
        format!("when they remove their half: {removal}"),
        format!("when {which} comes to route or allow more than is agreed: {breach}"),
        withdrawal(agreement.on_withdrawal, which),
        adoption(manages, "read, told and synced, and else never written or removed unasked"),
    ]
}
