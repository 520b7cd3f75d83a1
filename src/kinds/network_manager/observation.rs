//! What a read of a management handshake gave.

use super::ends::Seat;
use super::halves::{ConnectionState, NetworkManagerConnection, ScopeConnection};
use super::members::MembersSeen;
use crate::handshake::fingerprint::fingerprint_of;
use crate::handshake::ids::Name;
use crate::handshake::read::Read;
use crate::handshake::resource_id::ResourceId;

/// Both halves, as far as they could be read, and what the manager and its groups show where that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementObservation {
    /// The central half; `None` where it was not asked for.
    pub central: Option<Read<Found<ScopeConnection>>>,
    /// The target's half; `None` where it was not asked for.
    pub target: Option<Read<Found<NetworkManagerConnection>>>,
    /// Whether the manager lists the scope in `crossTenantScopes`; `None` where it was not read.
    pub taken: Option<bool>,
    /// The members of the groups that the agreement fills; `None` where that was not asked.
    pub members: Option<MembersSeen>,
    /// Names that ours would have and that other connections at our end have.
    pub taken_names: Vec<Name>,
    /// An event named their half just now. It proves nothing, and counts only where their half cannot be read.
    pub announced: bool,
}

/// The half that counts, and how many others there are for the same pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The half: a connected one before any other.
    pub half: T,
    /// Further halves of the same pair, which Azure allows and nobody needs.
    pub others: Vec<ResourceId>,
}

impl<T> Found<T> {
    /// The half that counts among those of one pair: a connected one before any other, else the first by name, so that
    /// every read finds the same.
    #[must_use]
    pub fn among(mut halves: Vec<T>, of: impl Fn(&T) -> (ResourceId, ConnectionState)) -> Option<Self> {
        halves.sort_by_key(|half| {
            let (id, state) = of(half);
            (state != ConnectionState::Connected, id.to_string().to_ascii_lowercase())
        });
        let mut halves = halves.into_iter();
        let half = halves.next()?;
        Some(Self { half, others: halves.map(|other| of(&other).0).collect() })
    }
}

/// One end of the handshake, whichever kind of connection stands there: the half, its state, and further halves of the
/// same pair.
pub(super) type End<'a> = Read<(ResourceId, ConnectionState, &'a [ResourceId])>;

impl ManagementObservation {
    /// Equal for equal observations, whatever they were made on.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint_of(&Self { announced: false, ..self.clone() })
    }

    /// What stands at one end; `None` where it was not asked for, because the other end tells all.
    #[must_use]
    pub fn at(&self, seat: Seat) -> Option<End<'_>> {
        let scope_connection = |half: &ScopeConnection| (ResourceId::of(&half.id), half.state);
        let connection = |half: &NetworkManagerConnection| (ResourceId::of(&half.id), half.state);
        match seat {
            Seat::Central => self.central.as_ref().map(|read| seen(read, scope_connection)),
            Seat::Target => self.target.as_ref().map(|read| seen(read, connection)),
        }
    }
}

fn seen<'a, T>(read: &'a Read<Found<T>>, of: impl Fn(&T) -> (ResourceId, ConnectionState)) -> End<'a> {
    read.as_ref().map(|found| {
        let (id, state) = of(&found.half);
        (id, state, found.others.as_slice())
    })
}
