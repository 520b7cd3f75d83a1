//! The kinds of handshakes. Each is a folder; `list.rs` is their list.

mod asking;
pub mod grants;
mod kind;
mod list;
mod lists;
pub mod network_manager;
pub mod peering;
mod sentences;

pub use self::asking::{Asking, uncovered};
pub use self::kind::{ConnectRequest, Kind, Listed, Nouns, Observer, Prefetched, Resolved, Shown, View};
pub use self::list::{Kinds, UnknownResource};
pub use self::lists::Attempts;
