//! Roles, who holds them, and the management groups that they are held at.

mod management_groups;
mod role_assignments;
mod role_definitions;
mod seeds;

pub(super) use management_groups::ManagementGroups;
pub(super) use role_assignments::RoleAssignments;
pub(super) use role_definitions::RoleDefinitions;
