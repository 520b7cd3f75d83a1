//! Management: a network manager's scope connection, and the scope's network manager connection.

mod agreement;
mod body;
mod calls;
mod chosen;
mod decide;
mod ends;
mod halves;
mod ids;
mod kind;
mod list;
mod member_calls;
mod members;
mod messages;
mod observation;
mod observe;
mod pattern;
mod read;
mod request;
mod resolve;
pub mod rows;
mod shown;
mod terms;
pub mod wire;
mod write;

pub use self::agreement::{GroupAgreement, ManagementAgreement};
pub use self::body::ManagementBody;
pub use self::decide::{PENDING_DEADLINE, REMOVAL_DELAY, decide};
pub use self::ends::{ManagementEnds, Seat};
pub use self::halves::{
    ConnectionState, NetworkManager, NetworkManagerConnection, ScopeConnection, StaticMember,
};
pub use self::ids::{
    NAME, NetworkGroupId, NetworkManagerConnectionId, NetworkManagerId, ScopeConnectionId, StaticMemberId,
};
pub use self::kind::ManagementKind;
pub use self::members::{GroupSeen, MemberMove, MembersSeen, next_move};
pub use self::observation::{Found, ManagementObservation};
pub use self::pattern::ManagerPattern;
pub use self::read::ManagementView;
pub use self::request::{AskedMember, ConnectManagement};
pub use self::terms::{ACTION, ManagementTerms};
