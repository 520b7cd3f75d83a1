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
    /// Both halves are Connected and, for peerings, FullyInSync; what could not be verified is said
    /// (connected).
    Connected,
    /// Neither half is left (closed).
    Closed,
    /// Our half is Initiated or Pending, theirs is not there yet (waiting).
    AwaitingPartner,
    /// The same, for over an hour (peerings) or ten minutes (network managers) (waiting).
    Stalled,
    /// Our network changed, and the sync is theirs to make (waiting).
    AwaitingPartnerSync,
    /// Azure is at work on a network or half (waiting, completing).
    AwaitingAzure,
    /// Azure throttles us, or another operation holds the network (waiting).
    AzureBusy,
    /// Azure has been at one thing for over an hour; the scheduled reads have ended (blocked).
    Overdue,
    /// A write was sent, and what became of it is not known yet (completing).
    OutcomeUnknown,
    /// A request is not taken: the message names the field and the rule (refused).
    BadRequest,
    /// No agreement covers both ends (refused).
    NoAgreement,
    /// A `[[deny]]` of any file names one of the networks, or one in the scope that a manager would take
    /// (refused).
    DeniedByName,
    /// A prefix of theirs lies outside the agreed ranges (refused).
    PrefixNotAgreed,
    /// Their network grew one; our half is not synced (refused).
    WideningNotAgreed,
    /// The two address spaces overlap (refused).
    Overlap,
    /// One overlaps a network that the other is peered with already (refused).
    OverlapWithNeighbour,
    /// A network holds 500 peerings (refused).
    PeeringLimit,
    /// Our half came to route or allow more than was agreed when it was written; what follows names each
    /// part (refused).
    ConsentExceeded,
    /// Our half was agreed to, and our agreement was changed since (refused).
    ConsentWithdrawn,
    /// Our half has a flag that the agreement does not allow (refused).
    FlagNotAgreed,
    /// People made the half, so that it is theirs to write or remove (blocked, refused).
    LeftToPeople,
    /// Somebody else's halves have the names that ours would have (blocked).
    NameTaken,
    /// Their half wants our gateway, and the agreement does not allow it (refused).
    GatewayTransitNotAgreed,
    /// The gateway flags of the halves, or the gateways, do not fit together (refused).
    GatewayPair,
    /// Our network lacks the tag by which its owner consents (refused).
    TagMissing,
    /// A half peers only subnets or only IPv6 (refused).
    PartialPeering,
    /// Our application lacks a right: which, where, and the command that grants it (blocked).
    AccessMissing,
    /// A network is not there (blocked, closed).
    NetworkNotFound,
    /// Azure reports a half as Failed, and one more write did not help or is not ours to make (blocked).
    ProvisioningFailed,
    /// Azure refused the write by a rule of its own; not sent again for an hour unless something changes
    /// (blocked).
    AzureRefused,
    /// Their half is gone; ours is kept by agreement, or is removed a minute later (broken, waiting).
    PartnerRemoved,
    /// Our half is gone, and theirs is left (broken).
    OursRemoved,
    /// Both halves are Disconnected, which Azure does not heal (broken).
    BothDisconnected,
    /// Another network manager with overlapping accesses holds the scope (blocked).
    Conflict,
    /// Azure calls a half of a management handshake Rejected (refused).
    Rejected,
    /// Our half was made on an event alone, found no counterpart in ten minutes and was taken back (closed).
    NoCounterpart,
    /// Our half was removed on request, and theirs is left; after ten minutes it is reported as broken
    /// (peerings) (waiting).
    Disconnecting,
    /// There is a second half for the same manager and scope (connected).
    Duplicate,
    /// A network group that the agreement fills does not exist (connected).
    GroupMissing,
    /// The two reads do not fit together, or a state is new to this version; it is read again (waiting).
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
