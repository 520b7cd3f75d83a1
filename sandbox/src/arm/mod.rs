//! Resource Manager: a folder for each provider's types of resource, one file a type, and below them what they share.
//!
//! A call goes through: who asks ([`call`]) -> what for ([`call`]) -> may they ([`context`]) -> the type's own file.
//! A new type is a file with a [`context::Kind`] and a line in [`kinds`].

mod answer;
mod authorization;
mod call;
mod context;
mod kinds;
mod managers;
mod metadata;
mod plain;
mod resource_groups;
mod settle;
mod state;
mod telling;
mod virtual_networks;

pub(crate) use answer::answer;
pub(crate) use call::{Address, ArmCall, ArmError, Caller, authenticate, authority, identify, parse};
pub(crate) use context::Cx;
pub(crate) use metadata::endpoints;
pub(crate) use state::Store;
