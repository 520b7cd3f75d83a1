//! Peerings: two virtual networks, each of which holds a half that points at the other.

mod admission;
mod body;
mod calls;
mod consent;
mod decide;
mod ends;
mod flags;
mod halves;
mod ids;
mod kind;
mod list;
mod messages;
mod observation;
mod range;
mod read;
mod request;
pub mod rows;
mod shown;
mod terms;
pub mod wire;
mod write;

pub use self::admission::{Case, PEERING_LIMIT};
pub use self::body::PeeringBody;
pub use self::calls::PeeringWrite;
pub use self::consent::{Breach, Mend, OurHalf};
pub use self::decide::{REMOVAL_AWAITED, STALLED_AFTER, decide};
pub use self::ends::PeeringEnds;
pub use self::flags::{AskedFlags, PeeringFlags};
pub use self::halves::{AsRead, Network, PeeringHalf, PeeringState, SyncLevel};
pub use self::ids::{NAME, PeeringId};
pub use self::kind::PeeringKind;
pub use self::observation::{HalfState, Observation};
pub use self::read::PeeringView;
pub use self::request::ConnectPeering;
pub use self::terms::{ACTION, PeeringAgreement, PeeringTerms, Reach, Tag};
