//! Everything that exists in Resource Manager.

mod managers;
mod networks;
mod operations;
mod provisioning;
mod roles;
mod scope;
mod store;

pub(super) use managers::{
    Commit, ConnectionHalf, ConnectionState, Departed, Managers, Member, MemberState, NetworkGroup,
    NetworkManager, Side, SystemData,
};
pub(super) use networks::{
    GatewayFlags, HalfState, Part, PartSubnets, PeeringHalf, Subnet, SyncLevel, VirtualNetwork,
};
pub(super) use operations::{Operation, Work};
pub(super) use provisioning::Provisioning;
pub(super) use roles::{Permission, RoleAssignment, RoleDefinition};
pub(super) use scope::Scope;
pub(crate) use store::Store;
pub(super) use store::{Finish, Group, Plain};
