//! Ids of network managers, of the scopes they take, and of the two halves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::handshake::ids::{
    HandshakeId, IdError, Name, SubscriptionId, VirtualNetworkId, as_text, expect, name_of, segments,
    serialize_display, subscription_of,
};
use crate::handshake::kind_name::KindName;
use crate::handshake::scope::{Scope, scope_of};

/// The kind's public name.
pub const NAME: KindName = KindName::new("management");

/// The id of a network manager.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkManagerId {
    /// The subscription it lives in.
    pub subscription: SubscriptionId,
    /// Its resource group.
    pub resource_group: Name,
    /// Its name.
    pub name: Name,
}

/// The central half: `…/networkManagers/…/scopeConnections/…`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeConnectionId {
    /// The manager that holds it.
    pub manager: NetworkManagerId,
    /// Its name.
    pub name: Name,
}

/// The target's half: `{scope}/providers/Microsoft.Network/networkManagerConnections/…`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkManagerConnectionId {
    /// The scope that holds it.
    pub scope: Scope,
    /// Its name.
    pub name: Name,
}

/// The id of a network group of a manager.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkGroupId {
    /// The manager that holds it.
    pub manager: NetworkManagerId,
    /// Its name.
    pub name: Name,
}

/// The id of a static member of a network group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StaticMemberId {
    /// The group that holds it.
    pub group: NetworkGroupId,
    /// Its name.
    pub name: Name,
}

impl HandshakeId {
    /// The handshake by which a network manager takes a scope of another tenant.
    #[must_use]
    pub fn of_management(manager: &NetworkManagerId, scope: &Scope) -> Self {
        Self::of(&NAME, [manager, scope])
    }
}

impl Name {
    /// The name of a static member that we make for this network.
    #[must_use]
    pub fn of_member(handshake: &HandshakeId, network: &VirtualNetworkId) -> Self {
        Self::derived(handshake, &network.to_string().to_ascii_lowercase())
    }
}

const MANAGER: &str =
    "a network manager id (/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/networkManagers/…)";
const SCOPE_CONNECTION: &str = "a scope connection id (…/networkManagers/…/scopeConnections/…)";
const CONNECTION: &str =
    "a network manager connection id ({scope}/providers/Microsoft.Network/networkManagerConnections/…)";
const GROUP: &str = "a network group id (…/networkManagers/…/networkGroups/…)";
const MEMBER: &str = "a static member id (…/networkGroups/…/staticMembers/…)";

impl FromStr for NetworkManagerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        manager_of(text, MANAGER, &segments(text, MANAGER)?)
    }
}

impl FromStr for ScopeConnectionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts = segments(text, SCOPE_CONNECTION)?;
        let (parent, name) = child(text, SCOPE_CONNECTION, &parts, "scopeConnections")?;
        Ok(Self { manager: manager_of(text, SCOPE_CONNECTION, parent)?, name })
    }
}

impl FromStr for NetworkManagerConnectionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts = segments(text, CONNECTION)?;
        let (parent, name) = child(text, CONNECTION, &parts, "networkManagerConnections")?;
        let [scope @ .., providers, provider] = parent else {
            return Err(IdError::new(text, CONNECTION, "it has too few segments"));
        };
        expect(text, CONNECTION, providers, "providers")?;
        expect(text, CONNECTION, provider, "Microsoft.Network")?;
        Ok(Self { scope: scope_of(text, CONNECTION, scope)?, name })
    }
}

impl FromStr for NetworkGroupId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts = segments(text, GROUP)?;
        let (parent, name) = child(text, GROUP, &parts, "networkGroups")?;
        Ok(Self { manager: manager_of(text, GROUP, parent)?, name })
    }
}

impl FromStr for StaticMemberId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts = segments(text, MEMBER)?;
        let (parent, name) = child(text, MEMBER, &parts, "staticMembers")?;
        let (manager, group) = child(text, MEMBER, parent, "networkGroups")?;
        let manager = manager_of(text, MEMBER, manager)?;
        Ok(Self { group: NetworkGroupId { manager, name: group }, name })
    }
}

/// Splits `parent/{literal}/{name}`.
fn child<'a, 'b>(
    text: &str,
    expected: &'static str,
    parts: &'b [&'a str],
    literal: &str,
) -> Result<(&'b [&'a str], Name), IdError> {
    let [parent @ .., found, name] = parts else {
        return Err(IdError::new(text, expected, "it has too few segments"));
    };
    expect(text, expected, found, literal)?;
    Ok((parent, name_of(text, expected, name)?))
}

fn manager_of(text: &str, expected: &'static str, parts: &[&str]) -> Result<NetworkManagerId, IdError> {
    let [subscriptions, subscription, groups, group, providers, provider, managers, name] = parts else {
        let problem = format!("a network manager has 8 segments, not {}", parts.len());
        return Err(IdError::new(text, expected, problem));
    };
    expect(text, expected, subscriptions, "subscriptions")?;
    expect(text, expected, groups, "resourceGroups")?;
    expect(text, expected, providers, "providers")?;
    expect(text, expected, provider, "Microsoft.Network")?;
    expect(text, expected, managers, "networkManagers")?;
    Ok(NetworkManagerId {
        subscription: subscription_of(text, expected, subscription)?,
        resource_group: name_of(text, expected, group)?,
        name: name_of(text, expected, name)?,
    })
}

impl fmt::Display for NetworkManagerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subscription, resource_group, name } = self;
        write!(
            f,
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Network/networkManagers/{name}"
        )
    }
}

impl fmt::Display for ScopeConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/scopeConnections/{}", self.manager, self.name)
    }
}

impl fmt::Display for NetworkManagerConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/providers/Microsoft.Network/networkManagerConnections/{}", self.scope, self.name)
    }
}

impl fmt::Display for NetworkGroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/networkGroups/{}", self.manager, self.name)
    }
}

impl fmt::Display for StaticMemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/staticMembers/{}", self.group, self.name)
    }
}

as_text!(
    NetworkManagerId => serialize_display,
    ScopeConnectionId => serialize_display,
    NetworkManagerConnectionId => serialize_display,
    NetworkGroupId => serialize_display,
    StaticMemberId => serialize_display,
);
