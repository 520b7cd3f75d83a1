//! What people and programs ask for: from bytes to a typed request, and whether our agreements let it be asked.
//!
//! Nothing is guessed: what is not understood to the last field is refused, with the field and the rule.

mod action;
mod fields;
mod json;
mod judge;
mod parse;
mod permit;
mod refusal;
mod wire;

pub use self::action::{Action, AskedMember, Request};
pub use self::fields::DEPTH_MAX;
pub use self::judge::{Asked, judge};
pub use self::parse::BYTES_MAX;
pub(crate) use self::permit::permit;
pub use self::refusal::BadRequest;
#[cfg(test)]
pub(crate) use self::wire::Document;
pub use crate::handshake::wish::{AskedFlags, RequestId};
