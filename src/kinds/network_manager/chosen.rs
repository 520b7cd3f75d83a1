//! Choosing the half of a pair among those of a list.

use super::ends::ManagementEnds;
use super::halves::ConnectionState;
use super::observation::Found;
use crate::handshake::ids::{HandshakeId, Name};
use crate::handshake::read::Read;
use crate::handshake::resource_id::ResourceId;

/// What stands at one end, and which names of ours somebody else's connections have there.
pub(super) struct Chosen<T> {
    pub(super) read: Read<Found<T>>,
    pub(super) taken_names: Vec<Name>,
}

impl<T> Chosen<T> {
    pub(super) fn only(half: T) -> Self {
        Read::Found(Found { half, others: Vec::new() }).into()
    }

    /// The half of this pair among those of a list.
    pub(super) fn among(
        listed: Read<Vec<T>>,
        ends: &ManagementEnds,
        this: impl Fn(&T) -> bool,
        of: impl Fn(&T) -> (ResourceId, ConnectionState),
    ) -> Self {
        match listed {
            Read::Found(halves) => {
                let (mine, others): (Vec<T>, Vec<T>) = halves.into_iter().partition(this);
                let ours = Name::of_halves(&HandshakeId::of_management(&ends.manager, &ends.scope));
                let ids = others.iter().map(|other| of(other).0);
                let taken_names =
                    ids.filter_map(|id| id.name().parse().ok()).filter(|name| ours.contains(name)).collect();
                Self { read: Found::among(mine, of).map_or(Read::Absent, Read::Found), taken_names }
            }
            Read::Absent => Read::Absent.into(),
            Read::Denied(denial) => Read::Denied(denial).into(),
        }
    }
}

impl<T> From<Read<Found<T>>> for Chosen<T> {
    fn from(read: Read<Found<T>>) -> Self {
        Self { read, taken_names: Vec::new() }
    }
}
