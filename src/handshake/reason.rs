//! Reasons: why a handshake stands where it stands, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A fixed code, a sentence, and where one exists the fix as a command or an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reason {
    /// Stable: programs may branch on it.
    pub code: Code,
    /// What happened, to which resource, in which tenant.
    pub message: String,
    /// What mends it.
    pub fix: Option<String>,
}

impl Reason {
    /// A reason without a fix.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fix: None }
    }

    /// The same with what mends it.
    #[must_use]
    pub fn fixed_by(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Every reason there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, schemars(transform = crate::schemas::open_to_more))]
pub enum Code {
    /// Both halves are Connected and FullyInSync.
    Connected,
    /// The handshake is over and nothing of ours is left.
    Closed,
    /// We opened our half; theirs is not there yet.
    AwaitingPartner,
    /// The same, for longer than the deadline.
    Stalled,
    /// The partner has to sync their half.
    AwaitingPartnerSync,
    /// Azure is at work on a half or a network.
    AwaitingAzure,
    /// Azure throttles us or another operation holds the network.
    AzureBusy,
    /// Azure has been at one thing for longer than an hour.
    Overdue,
    /// A write was sent and what became of it is not known yet.
    OutcomeUnknown,
    /// A request is not taken: the message names the field and the rule.
    BadRequest,
    /// No agreement covers both ends.
    NoAgreement,
    /// A `[[deny]]` names a network.
    DeniedByName,
    /// A prefix of the partner's network lies outside the agreed ranges.
    PrefixNotAgreed,
    /// The partner's network grew a prefix outside the agreed ranges.
    WideningNotAgreed,
    /// The two address spaces overlap.
    Overlap,
    /// One address space overlaps a network that the other is peered with.
    OverlapWithNeighbour,
    /// A network holds as many peerings as Azure allows.
    PeeringLimit,
    /// A half of ours came to go beyond what was agreed when it was written.
    ConsentExceeded,
    /// A half of ours was agreed to, and our agreement was changed since.
    ConsentWithdrawn,
    /// A half of ours has a flag that the agreement does not allow.
    FlagNotAgreed,
    /// What is to be done is for the people who made the half.
    LeftToPeople,
    /// Somebody else's half has the name that ours would have.
    NameTaken,
    /// The partner wants to use our gateway, and the agreement does not allow it.
    GatewayTransitNotAgreed,
    /// The gateway flags of the two halves do not fit together.
    GatewayPair,
    /// Our network lacks the tag by which its owner consents.
    TagMissing,
    /// The partner's half peers only subnets or only IPv6, which an agreement on prefixes cannot cover.
    PartialPeering,
    /// Our application lacks a right.
    AccessMissing,
    /// A network is not there.
    NetworkNotFound,
    /// Azure reports a half as Failed.
    ProvisioningFailed,
    /// Azure refused a write by a rule of its own.
    AzureRefused,
    /// The partner's half is gone.
    PartnerRemoved,
    /// Our half is gone while the partner's is left.
    OursRemoved,
    /// Both halves are left Disconnected.
    BothDisconnected,
    /// Another network manager holds the scope.
    Conflict,
    /// Azure calls the half Rejected.
    Rejected,
    /// Our half was made on an event alone, and nothing came of it.
    NoCounterpart,
    /// Our half was removed because a request asked for it.
    Disconnecting,
    /// There is a second half for the same pair.
    Duplicate,
    /// A network group that the agreement fills does not exist.
    GroupMissing,
    /// The two reads do not fit together, or a state is new to this version; another look is taken.
    Unclear,
}

impl Code {
    /// Whether it says that a half of ours is not covered by what is agreed.
    #[must_use]
    pub fn is_breach(self) -> bool {
        matches!(
            self,
            Self::ConsentExceeded
                | Self::ConsentWithdrawn
                | Self::FlagNotAgreed
                | Self::NoAgreement
                | Self::DeniedByName
                | Self::PrefixNotAgreed
                | Self::TagMissing
                | Self::PartialPeering
        )
    }

    /// The code as programs read it.
    #[must_use]
    pub fn as_str(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}
