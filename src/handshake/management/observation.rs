//! What one look at a management handshake gave.

use super::ends::Seat;
use super::halves::{ConnectionState, Look, NetworkManagerConnection, ScopeConnection};
use super::members::MembersSeen;
use crate::handshake::halves::Denial;
use crate::handshake::ids::Name;
use crate::handshake::observation::fingerprint_of;
use crate::handshake::pair::{HalfId, State};

/// Both halves, as far as they could be read, and what the manager and its groups show where that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementObservation {
    /// The central half; `None` where it was not asked for.
    pub central: Option<Look<Found<ScopeConnection>>>,
    /// The target's half; `None` where it was not asked for.
    pub target: Option<Look<Found<NetworkManagerConnection>>>,
    /// Whether the manager lists the scope in `crossTenantScopes`; `None` where it was not read.
    pub taken: Option<bool>,
    /// The members of the groups that the agreement fills; `None` where that was not asked.
    pub members: Option<MembersSeen>,
    /// Names that ours would have and that other connections at our end have.
    pub taken_names: Vec<Name>,
    /// An event named their half just now. It is a hint, and counts only where their half cannot be read.
    pub announced: bool,
}

/// The half that counts, and how many others there are for the same pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The half: a connected one before any other.
    pub half: T,
    /// Further halves of the same pair, which Azure allows and nobody needs.
    pub others: Vec<HalfId>,
}

impl<T> Found<T> {
    /// The half that counts among those of one pair: a connected one before any other, else the first by name, so that
    /// every look finds the same.
    #[must_use]
    pub fn among(mut halves: Vec<T>, of: impl Fn(&T) -> (HalfId, ConnectionState)) -> Option<Self> {
        halves.sort_by_key(|half| {
            let (id, state) = of(half);
            (state != ConnectionState::Connected, id.to_string().to_ascii_lowercase())
        });
        let mut halves = halves.into_iter();
        let half = halves.next()?;
        Some(Self { half, others: halves.map(|other| of(&other).0).collect() })
    }
}

/// One end of the handshake, whichever kind of connection stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndSeen<'a> {
    /// The half is there.
    Present(HalfId, ConnectionState, &'a [HalfId]),
    /// There is none.
    Absent,
    /// It cannot be read.
    Denied(&'a Denial),
}

impl ManagementObservation {
    /// Equal for equal looks, whatever hint they were taken on.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint_of(&Self { announced: false, ..self.clone() })
    }

    /// What stands at one end; `None` where it was not asked for, because the other end tells all.
    #[must_use]
    pub fn at(&self, seat: Seat) -> Option<EndSeen<'_>> {
        let scope_connection =
            |half: &ScopeConnection| (HalfId::ScopeConnection(half.id.clone()), half.state);
        let connection = |half: &NetworkManagerConnection| (HalfId::Connection(half.id.clone()), half.state);
        match seat {
            Seat::Central => self.central.as_ref().map(|look| seen(look, scope_connection)),
            Seat::Target => self.target.as_ref().map(|look| seen(look, connection)),
        }
    }
}

impl EndSeen<'_> {
    /// The half and its state, if there is one.
    #[must_use]
    pub fn half(&self) -> Option<(&HalfId, State)> {
        match self {
            Self::Present(id, state, _) => Some((id, State::Connection(*state))),
            Self::Absent | Self::Denied(_) => None,
        }
    }
}

fn seen<T>(look: &Look<Found<T>>, of: impl Fn(&T) -> (HalfId, ConnectionState)) -> EndSeen<'_> {
    match look {
        Look::Seen(found) => {
            let (id, state) = of(&found.half);
            EndSeen::Present(id, state, &found.others)
        }
        Look::Absent => EndSeen::Absent,
        Look::Denied(denial) => EndSeen::Denied(denial),
    }
}
