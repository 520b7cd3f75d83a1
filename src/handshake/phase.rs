//! Where a record stands, and which moves are legal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// For the partner, or for Azure.
    ///
    /// To do: nothing, unless the reason is `stalled`.
    Waiting,
    /// A write was sent, and is read back.
    ///
    /// To do: nothing; another read is scheduled.
    Completing,
    /// Both halves are Connected (and FullyInSync, for peerings).
    ///
    /// To do: nothing, unless a reason says more.
    Connected,
    /// Our tenant did not agree.
    ///
    /// To do: change the network, or the agreement and restart.
    Refused,
    /// Something outside must change.
    ///
    /// To do: run the fix; the next event, timer or `request recheck` tries again.
    Blocked,
    /// It was connected, and a half is gone.
    ///
    /// To do: follow the fix; the order of the two writes matters.
    Broken,
    /// It is over.
    ///
    /// To do: nothing; opening it again starts a new generation.
    Closed,
}

impl Phase {
    /// Every phase, in the order of a handshake's life.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Completing,
        Self::Connected,
        Self::Refused,
        Self::Blocked,
        Self::Broken,
        Self::Closed,
    ];

    /// Nothing more happens unless somebody outside acts.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Connected | Self::Refused | Self::Broken | Self::Closed => true,
            Self::Waiting | Self::Completing | Self::Blocked => false,
        }
    }

    /// Whether a record of one generation may move to `next`.
    ///
    /// A reconciliation sees the present only: between two reads a pair can have gone through any number of states, so from an
    /// open phase every phase can follow. What cannot happen is life after the end: a closed pair that comes back is
    /// a new generation with fresh consent.
    ///
    /// # Errors
    /// The move is a defect in this program.
    pub fn advance(self, next: Self) -> Result<Self, IllegalMove> {
        match (self, next) {
            (Self::Closed, Self::Closed) => Ok(next),
            (Self::Closed, _) => Err(IllegalMove { from: self, to: next }),
            (
                Self::Waiting
                | Self::Completing
                | Self::Connected
                | Self::Refused
                | Self::Blocked
                | Self::Broken,
                _,
            ) => Ok(next),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Completing => "completing",
            Self::Connected => "connected",
            Self::Refused => "refused",
            Self::Blocked => "blocked",
            Self::Broken => "broken",
            Self::Closed => "closed",
        })
    }
}

impl FromStr for Phase {
    type Err = UnknownPhase;

    fn from_str(text: &str) -> Result<Self, UnknownPhase> {
        let named = Self::ALL.into_iter().find(|phase| phase.to_string().eq_ignore_ascii_case(text));
        named.ok_or_else(|| UnknownPhase(text.chars().take(40).collect()))
    }
}

/// Why a text is not a phase.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a phase; there are waiting, completing, connected, refused, blocked, broken and closed"
)]
pub struct UnknownPhase(String);

/// A move that no record may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a record cannot move from `{from}` to `{to}` within one generation: this is a defect in peerpact")]
pub struct IllegalMove {
    /// Where the record stood.
    pub from: Phase,
    /// Where it was to go.
    pub to: Phase,
}
