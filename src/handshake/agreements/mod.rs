//! Agreements: what our tenant consents to with a partner. Nothing is allowed without one.

mod all;
mod check;
mod error;
mod file;
mod partner;
mod policies;
mod requests;
mod terms;

pub use self::all::Agreements;
pub use self::error::AgreementError;
pub use self::partner::{DenyRule, Partner, Whose};
pub use self::policies::{Adopt, OnRemoval, Remedy};
pub(crate) use self::requests::COMMON_ACTIONS;
pub use self::requests::RequestRule;
pub use self::terms::{Broken, Claim, Section, ShownAgreement, Terms};
