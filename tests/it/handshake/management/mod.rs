//! The management handshake, pure: contoso's manager takes fabrikam's scopes, seen from either seat.

mod agreements;
mod decide;
mod ids;
mod members;
mod memory;
mod records;
mod table;

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::read::Denial;
use peerpact::handshake::read::Read;
use peerpact::handshake::scope::Scope;
use peerpact::kinds::Kinds;
use peerpact::kinds::network_manager::NetworkManagerId;
use peerpact::kinds::network_manager::{ConnectionState, NetworkManagerConnection, ScopeConnection};
use peerpact::kinds::network_manager::{Found, ManagementObservation};
use peerpact::kinds::network_manager::{ManagementEnds, Seat};
use peerpact_fixtures::{CONTOSO, CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION};

pub(crate) const SEATS: [Seat; 2] = [Seat::Central, Seat::Target];

pub(crate) fn manager() -> NetworkManagerId {
    managers("manager").parse().unwrap()
}

/// A manager of contoso's, or a pattern of some.
pub(crate) fn managers(name: &str) -> String {
    format!(
        "/subscriptions/{CONTOSO_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/networkManagers/{name}"
    )
}

pub(crate) fn scope() -> Scope {
    format!("/subscriptions/{FABRIKAM_SUBSCRIPTION}").parse().unwrap()
}

pub(crate) fn ends(seat: Seat) -> ManagementEnds {
    let partner = if seat == Seat::Central { FABRIKAM } else { CONTOSO };
    ManagementEnds::new(&manager(), &scope(), partner.parse().unwrap(), seat)
}

/// What the tenant at this seat agreed to, with further keys.
pub(crate) fn agreements(seat: Seat, keys: &str) -> Agreements {
    agreements_on(seat, "*", &scope().to_string(), keys)
}

pub(crate) fn agreements_on(seat: Seat, managers_named: &str, scope: &str, keys: &str) -> Agreements {
    let (home, partner, tenant, ours) = match seat {
        Seat::Central => (CONTOSO, "fabrikam", FABRIKAM, "manager"),
        Seat::Target => (FABRIKAM, "contoso", CONTOSO, "scope"),
    };
    let manager = managers(managers_named);
    let text = format!(
        "partner = \"{partner}\"\ntenant = \"{tenant}\"\n[[management]]\nname = \"central\"\nmanager = \"{manager}\"\nscope = \"{scope}\"\nours = \"{ours}\"\n{keys}\n"
    );
    Kinds::built_in().agreements(Some(home.parse().unwrap()), [("partner.toml", text.as_str())]).unwrap()
}

/// What can be seen at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    NotAsked,
    Absent,
    Denied,
    Pending,
    Connected,
    Conflict,
    Revoked,
    Rejected,
    Unknown,
}

impl Cell {
    pub(crate) const ALL: [Self; 9] = [
        Self::NotAsked,
        Self::Absent,
        Self::Denied,
        Self::Pending,
        Self::Connected,
        Self::Conflict,
        Self::Revoked,
        Self::Rejected,
        Self::Unknown,
    ];

    pub(crate) fn state(self) -> Option<ConnectionState> {
        match self {
            Self::NotAsked | Self::Absent | Self::Denied => None,
            Self::Pending => Some(ConnectionState::Pending),
            Self::Connected => Some(ConnectionState::Connected),
            Self::Conflict => Some(ConnectionState::Conflict),
            Self::Revoked => Some(ConnectionState::Revoked),
            Self::Rejected => Some(ConnectionState::Rejected),
            Self::Unknown => Some(ConnectionState::Unknown),
        }
    }

    fn read<T>(self, half: impl FnOnce(ConnectionState) -> T) -> Option<Read<Found<T>>> {
        let seen = |state| Read::Found(Found { half: half(state), others: Vec::new() });
        match (self, self.state()) {
            (Self::NotAsked, _) => None,
            (Self::Denied, _) => Some(Read::Denied(Denial {
                principal: "app".to_owned(),
                action: "Microsoft.Network/networkManagerConnections/read".to_owned(),
                scope: scope().to_string(),
                code: "AuthorizationFailed".to_owned(),
            })),
            (_, state) => Some(state.map_or(Read::Absent, seen)),
        }
    }
}

pub(crate) fn scope_connection(name: &str, state: ConnectionState) -> ScopeConnection {
    ScopeConnection {
        id: format!("{}/scopeConnections/{name}", manager()).parse().unwrap(),
        tenant: FABRIKAM.parse().unwrap(),
        scope: scope(),
        state,
    }
}

pub(crate) fn connection(name: &str, state: ConnectionState) -> NetworkManagerConnection {
    let id = format!("{}/providers/Microsoft.Network/networkManagerConnections/{name}", scope());
    NetworkManagerConnection { id: id.parse().unwrap(), manager: manager(), state }
}

/// What is seen from a seat; halves carry this name.
pub(crate) fn seen(seat: Seat, theirs: Cell, ours: Cell, name: &str) -> ManagementObservation {
    let (central, target) = match seat {
        Seat::Central => (ours, theirs),
        Seat::Target => (theirs, ours),
    };
    ManagementObservation {
        central: central.read(|state| scope_connection(name, state)),
        target: target.read(|state| connection(name, state)),
        taken: None,
        members: None,
        taken_names: Vec::new(),
        announced: false,
    }
}
