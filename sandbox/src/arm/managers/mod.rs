//! `Microsoft.Network/networkManagers`: managers, their two-sided connections to scopes, groups and members.
//!
//! A connection has two halves: the manager's `scopeConnections/x`, which names a scope, and the scope's
//! `networkManagerConnections/y`, which names the manager. All calls are synchronous (recorded 2022-2024: no operation, no
//! `Retry-After`); states change by themselves a moment later, by the rules in [`rules`] and at the times in [`flips`].

mod actions;
mod bodies;
mod connections;
mod flips;
mod network_groups;
mod network_manager_connections;
mod network_managers;
mod rules;
mod scope_connections;
mod static_members;

pub(super) use actions::action;
pub(super) use network_groups::NetworkGroups;
pub(super) use network_manager_connections::NetworkManagerConnections;
pub(super) use network_managers::{NetworkManagers, remove_within, within};
pub(super) use scope_connections::ScopeConnections;
pub(super) use static_members::StaticMembers;
