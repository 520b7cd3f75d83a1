//! Ids of network managers, of the scopes they take, and of the two halves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::handshake::ids::{
    IdError, Name, SubscriptionId, as_text, expect, name_of, segments, serialize_display, shown,
};

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

/// What a network manager may take: a subscription or a management group. Azure takes it with a trailing slash too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `/subscriptions/…`
    Subscription(SubscriptionId),
    /// `/providers/Microsoft.Management/managementGroups/…`
    ManagementGroup(Name),
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

const MANAGER: &str =
    "a network manager id (/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/networkManagers/…)";
const SCOPE: &str = "a scope (/subscriptions/… or /providers/Microsoft.Management/managementGroups/…)";
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

impl FromStr for Scope {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        scope_of(text, SCOPE, &segments(text, SCOPE)?)
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

fn scope_of(text: &str, expected: &'static str, parts: &[&str]) -> Result<Scope, IdError> {
    match parts {
        [subscriptions, subscription] => {
            expect(text, expected, subscriptions, "subscriptions")?;
            Ok(Scope::Subscription(subscription_of(text, expected, subscription)?))
        }
        [providers, provider, groups, group] => {
            expect(text, expected, providers, "providers")?;
            expect(text, expected, provider, "Microsoft.Management")?;
            expect(text, expected, groups, "managementGroups")?;
            Ok(Scope::ManagementGroup(name_of(text, expected, group)?))
        }
        _ => Err(IdError::new(text, expected, format!("a scope has 2 or 4 segments, not {}", parts.len()))),
    }
}

fn subscription_of(text: &str, expected: &'static str, given: &str) -> Result<SubscriptionId, IdError> {
    given
        .parse()
        .map_err(|_| IdError::new(text, expected, format!("`{}` is not a subscription id", shown(given))))
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

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscription(id) => write!(f, "/subscriptions/{id}"),
            Self::ManagementGroup(name) => {
                write!(f, "/providers/Microsoft.Management/managementGroups/{name}")
            }
        }
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
    Scope => serialize_display,
    ScopeConnectionId => serialize_display,
    NetworkManagerConnectionId => serialize_display,
    NetworkGroupId => serialize_display,
    StaticMemberId => serialize_display,
);
