//! A call: what it says, who it is from, and in which words it is refused.

mod arm_call;
mod authenticate;
mod body;
mod error;
mod manager_refusal;
mod path;
mod peering_refusal;

pub(crate) use arm_call::ArmCall;
pub(crate) use authenticate::{Caller, authenticate, authority, identify};
pub(super) use body::{check_name, location, merge, others, strings, tags};
pub(crate) use error::ArmError;
pub(super) use error::LinkedAccess;
pub(super) use manager_refusal::ManagerRefusal;
pub(crate) use path::{Address, parse};
pub(super) use path::{Key, Target, management_group, parse_id};
pub(super) use peering_refusal::{MOST_PEERINGS, PeeringRefusal};
