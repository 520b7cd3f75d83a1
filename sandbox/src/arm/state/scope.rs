//! What a network manager manages: subscriptions and management groups.

use crate::arm::call::Key;
use crate::world::Tenant;

/// A subscription or a management group; whatever the casing and with or without a slash at the end, the same scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// By its id, in lower case.
    Subscription(String),
    /// By its name, in lower case.
    ManagementGroup(String),
}

impl Scope {
    /// Reads `/subscriptions/{id}` or `/providers/Microsoft.Management/managementGroups/{name}`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let key = Key::of(text);
        let mut segments = key.as_str().split('/').skip(1);
        let mut next = || segments.next().filter(|segment| !segment.is_empty());
        let scope = match next()? {
            "subscriptions" => Self::Subscription(next()?.to_owned()),
            "providers" if next()? == "microsoft.management" && next()? == "managementgroups" => {
                Self::ManagementGroup(next()?.to_owned())
            }
            _ => return None,
        };
        segments.next().is_none().then_some(scope)
    }

    /// In Azure's casing.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Subscription(id) => format!("/subscriptions/{id}"),
            Self::ManagementGroup(name) => {
                format!("/providers/Microsoft.Management/managementGroups/{name}")
            }
        }
    }

    /// Whose it is; nobody's if there is no such scope.
    pub(crate) fn tenant(&self) -> Option<Tenant> {
        Tenant::of_scope(&self.id())
    }

    /// The scopes in which something of this subscription lies: the subscription, and the groups above it.
    pub(crate) fn around(tenant: Tenant) -> [Self; 2] {
        [
            Self::Subscription(tenant.subscription_id().to_owned()),
            Self::ManagementGroup(tenant.management_group().to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casing_and_a_slash_at_the_end_do_not_matter() {
        let plain = Scope::parse("/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc");
        assert!(plain.is_some());
        assert_eq!(Scope::parse("/Subscriptions/DEC492D3-4F4E-493B-AA47-7BDF2F96A6FC/"), plain);
        let group = Scope::parse("/providers/Microsoft.Management/managementGroups/fabrikam-root");
        assert_eq!(Scope::parse("providers/microsoft.management/MANAGEMENTGROUPS/Fabrikam-Root/"), group);
        assert_eq!(group.and_then(|group| group.tenant()), Some(Tenant::Fabrikam));
    }

    #[test]
    fn nothing_else_is_a_scope() {
        for text in [
            "",
            "/",
            "/subscriptions",
            "/subscriptions/",
            "/subscriptions/s/resourceGroups/g",
            "/providers/Microsoft.Management/managementGroups",
            "/providers/Microsoft.Network/managementGroups/g",
            "/providers/Microsoft.Management/managementGroups/g/x",
        ] {
            assert_eq!(Scope::parse(text), None, "{text}");
        }
    }
}
