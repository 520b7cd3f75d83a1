//! Resource ids and the addresses that Resource Manager answers. Ids are compared without regard to case.

use std::fmt;

use percent_encoding::percent_decode_str;

use super::error::ArmError;
use crate::world::Tenant;

/// A resource id or scope in lower case, for comparing and for looking up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn of(id: &str) -> Self {
        Self(format!("/{}", id.trim_matches('/').to_lowercase()))
    }

    /// Whether this is `scope` or lies below it.
    pub(crate) fn is_within(&self, scope: &Self) -> bool {
        scope.0 == "/"
            || self.0.strip_prefix(&scope.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether `scope` is this or lies below it, through management groups too.
    pub(crate) fn covers(&self, scope: &Self) -> bool {
        let through_group = || {
            Tenant::of_scope(scope.as_str())
                .is_some_and(|tenant| Self::of(&management_group(tenant)) == *self)
        };
        scope.is_within(self) || through_group()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a tenant's management group.
pub(crate) fn management_group(tenant: Tenant) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{}", tenant.management_group())
}

/// A resource or a collection of a provider, as a path names it. Casing is the caller's throughout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// What stands before the last `/providers/`: empty, a subscription, a group or a resource.
    pub(crate) scope: String,
    pub(crate) namespace: String,
    pub(crate) types: Vec<String>,
    /// One for each type; one fewer if the path names a collection.
    pub(crate) names: Vec<String>,
}

impl Target {
    /// `Namespace/type/subtype`.
    pub(crate) fn kind(&self) -> String {
        format!("{}/{}", self.namespace, self.types.join("/"))
    }

    pub(crate) fn is_collection(&self) -> bool {
        self.names.len() < self.types.len()
    }

    /// The path this was read from.
    pub(crate) fn id(&self) -> String {
        let mut id = format!("{}/providers/{}", self.scope, self.namespace);
        for (level, kind) in self.types.iter().enumerate() {
            id.push('/');
            id.push_str(kind);
            if let Some(name) = self.names.get(level) {
                id.push('/');
                id.push_str(name);
            }
        }
        id
    }

    pub(crate) fn key(&self) -> Key {
        Key::of(&self.id())
    }

    /// The name of the resource itself, the last one; empty for a collection at the top.
    pub(crate) fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// The resource this one (or this collection) lies in, or the scope if it lies in none.
    pub(crate) fn parent(&self) -> String {
        let levels = self.types.len() - 1;
        let mut id = self.scope.clone();
        if levels > 0 {
            id.push_str("/providers/");
            id.push_str(&self.namespace);
        }
        for (kind, name) in self.types.iter().zip(&self.names).take(levels) {
            id.push('/');
            id.push_str(kind);
            id.push('/');
            id.push_str(name);
        }
        id
    }

    pub(crate) fn subscription(&self) -> Option<&str> {
        segment_after(&self.scope, "subscriptions")
    }

    pub(crate) fn group(&self) -> Option<&str> {
        segment_after(&self.scope, "resourceGroups")
    }
}

/// The segment that follows the segment `name` at the head of an id.
fn segment_after<'a>(id: &'a str, name: &str) -> Option<&'a str> {
    let mut segments = id.split('/').filter(|segment| !segment.is_empty());
    while let (Some(label), Some(value)) = (segments.next(), segments.next()) {
        if label.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        if label.eq_ignore_ascii_case("providers") {
            return None;
        }
    }
    None
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    MetadataEndpoints,
    Subscriptions,
    Subscription(String),
    Groups { subscription: String },
    Group { subscription: String, name: String },
    OperationStatus { subscription: String, id: String },
    OperationResult { subscription: String, id: String },
    Resource(Target),
}

impl Address {
    /// The tenant in which what the path names lies: its token is wanted.
    pub(crate) fn tenant(&self) -> Option<Tenant> {
        match self {
            Self::Resource(target) => Tenant::of_scope(&target.id()),
            other => Tenant::by_subscription_id(other.subscription()?),
        }
    }

    /// The subscription in the path.
    pub(crate) fn subscription(&self) -> Option<&str> {
        match self {
            Self::MetadataEndpoints | Self::Subscriptions => None,
            Self::Subscription(subscription)
            | Self::Groups { subscription }
            | Self::Group { subscription, .. }
            | Self::OperationStatus { subscription, .. }
            | Self::OperationResult { subscription, .. } => Some(subscription),
            Self::Resource(target) => target.subscription(),
        }
    }
}

const LONGEST_PATH: usize = 4096;
const LONGEST_SEGMENT: usize = 260;

/// Reads a path. A slash at the end does not matter; an empty segment, a segment that decodes to a slash or to a control
/// character, and anything of unreasonable length is refused.
pub(crate) fn parse(path: &str) -> Result<Address, ArmError> {
    if path.len() > LONGEST_PATH {
        return Err(ArmError::BadUrl("it is too long"));
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let path = path.strip_prefix('/').ok_or(ArmError::BadUrl("it is not absolute"))?;
    let segments = path.split('/').map(segment).collect::<Result<Vec<String>, ArmError>>()?;
    let lower: Vec<String> = segments.iter().map(|segment| segment.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let at = |index: usize| segments[index].clone();
    Ok(match lower.as_slice() {
        ["metadata", "endpoints"] => Address::MetadataEndpoints,
        ["subscriptions"] => Address::Subscriptions,
        ["subscriptions", _] => Address::Subscription(at(1)),
        ["subscriptions", _, "resourcegroups"] => Address::Groups { subscription: at(1) },
        ["subscriptions", _, "resourcegroups", _] => Address::Group { subscription: at(1), name: at(3) },
        ["subscriptions", _, "operationresults", _] => {
            Address::OperationResult { subscription: at(1), id: at(3) }
        }
        ["subscriptions", _, "providers", "microsoft.network", "locations", _, "operations", _] => {
            Address::OperationStatus { subscription: at(1), id: at(7) }
        }
        ["subscriptions", _, "providers", "microsoft.network", "locations", _, "operationresults", _] => {
            Address::OperationResult { subscription: at(1), id: at(7) }
        }
        _ => Address::Resource(target(&segments)?),
    })
}

fn segment(raw: &str) -> Result<String, ArmError> {
    let text = percent_decode_str(raw).decode_utf8().map_err(|_| ArmError::BadUrl("it is not UTF-8"))?;
    if text.is_empty() || text == "." || text == ".." {
        return Err(ArmError::BadUrl("it has an empty or relative segment"));
    }
    if text.len() > LONGEST_SEGMENT {
        return Err(ArmError::BadUrl("a segment is too long"));
    }
    if text.contains(['/', '\\', '%', '?', '#']) || text.chars().any(char::is_control) {
        return Err(ArmError::BadUrl("a segment has a character that no id has"));
    }
    Ok(text.into_owned())
}

fn target(segments: &[String]) -> Result<Target, ArmError> {
    let unknown = || ArmError::BadUrl("it names nothing that Resource Manager knows");
    let provider =
        segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers")).ok_or_else(unknown)?;
    let (scope, rest) = segments.split_at(provider);
    let (namespace, rest) = rest[1..].split_first().ok_or_else(unknown)?;
    if rest.is_empty() {
        return Err(unknown());
    }
    Ok(Target {
        scope: scope.iter().map(|segment| format!("/{segment}")).collect(),
        namespace: namespace.clone(),
        types: rest.iter().step_by(2).cloned().collect(),
        names: rest.iter().skip(1).step_by(2).cloned().collect(),
    })
}

/// Reads a resource id that stands in a body. A missing slash in front is tolerated, as Azure's examples leave it out.
pub(crate) fn parse_id(id: &str) -> Result<Target, ArmError> {
    match parse(&format!("/{}", id.trim_matches('/')))? {
        Address::Resource(target) if !target.is_collection() => Ok(target),
        _ => Err(ArmError::BadUrl("it is not the id of a resource")),
    }
}
