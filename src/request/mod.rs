//! What people and programs ask for: from bytes to a typed request, and whether our agreements let it be asked.
//!
//! Nothing is guessed: what is not understood to the last field is refused, with the field and the rule.

mod action;
mod authorize;
mod documents;
mod parse;
mod permit;

pub use self::action::{Action, Request};
pub use self::authorize::{Authorized, authorize};
#[cfg(test)]
pub(crate) use self::documents::{Disconnect, Recheck};
pub(crate) use self::documents::{disconnect, document, recheck};
pub use self::parse::BYTES_MAX;
pub(crate) use self::permit::permit;
pub use crate::handshake::bad_request::BadRequest;
pub use crate::handshake::fields::DEPTH_MAX;
