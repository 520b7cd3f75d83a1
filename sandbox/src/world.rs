//! The world the sandbox starts with: two tenants, who lives in them and what they may do.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use uuid::Uuid;

use crate::mint;

/// One of the two tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenant {
    /// The central tenant.
    Contoso,
    /// The target tenant.
    Fabrikam,
}

impl Tenant {
    /// Both, central first.
    pub const ALL: [Self; 2] = [Self::Contoso, Self::Fabrikam];

    /// The Entra tenant's id.
    pub const fn tenant_id(self) -> &'static str {
        match self {
            Self::Contoso => "72f988bf-86f1-41af-91ab-2d7cd011db47",
            Self::Fabrikam => "79686033-97a2-4ebd-8e7d-0cae2c7df00e",
        }
    }

    /// The id of its one subscription.
    pub const fn subscription_id(self) -> &'static str {
        match self {
            Self::Contoso => "6a5f35e9-6951-499d-a36b-83c6c6eed44a",
            Self::Fabrikam => "dec492d3-4f4e-493b-aa47-7bdf2f96a6fc",
        }
    }

    /// The name of its management group.
    pub const fn management_group(self) -> &'static str {
        match self {
            Self::Contoso => "contoso-root",
            Self::Fabrikam => "fabrikam-root",
        }
    }

    /// Its name in the sandbox, lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contoso => "contoso",
            Self::Fabrikam => "fabrikam",
        }
    }

    /// The other tenant.
    pub const fn other(self) -> Self {
        match self {
            Self::Contoso => Self::Fabrikam,
            Self::Fabrikam => Self::Contoso,
        }
    }

    /// The tenant with this id, whatever its casing.
    pub(crate) fn by_tenant_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tenant| tenant.tenant_id().eq_ignore_ascii_case(id))
    }

    /// The tenant that owns this subscription.
    pub(crate) fn by_subscription_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tenant| tenant.subscription_id().eq_ignore_ascii_case(id))
    }

    /// The tenant in which a scope lies, such as `/subscriptions/…/resourceGroups/…` or
    /// `/providers/Microsoft.Management/managementGroups/…`, or anything in one.
    pub fn of_scope(scope: &str) -> Option<Self> {
        let scope = scope.to_ascii_lowercase();
        let segments: Vec<&str> = scope.split('/').filter(|segment| !segment.is_empty()).take(4).collect();
        match segments.as_slice() {
            ["subscriptions", id, ..] => Self::by_subscription_id(id),
            ["providers", "microsoft.management", "managementgroups", name] => {
                Self::ALL.into_iter().find(|tenant| tenant.management_group() == *name)
            }
            _ => None,
        }
    }
}

/// An Entra application with a client secret, and its service principals.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its name in the sandbox's world.
    pub name: String,
    /// The application's client id.
    pub client_id: String,
    /// The application's client secret.
    pub client_secret: String,
    /// The object id of its service principal in each tenant where it has one.
    pub object_ids: BTreeMap<Tenant, String>,
}

impl Principal {
    /// The object id of its service principal in `tenant`.
    pub fn object_id(&self, tenant: Tenant) -> Option<&str> {
        self.object_ids.get(&tenant).map(String::as_str)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("name", &self.name)
            .field("client_id", &self.client_id)
            .field("object_ids", &self.object_ids)
            .finish_non_exhaustive()
    }
}

/// A custom role that one of the apps holds from the start.
#[derive(Clone, Debug)]
pub(crate) struct RoleSeed {
    pub(crate) app: Tenant,
    pub(crate) definition: Value,
    pub(crate) scope: String,
}

/// Who is sent which events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventSubscription {
    /// Its name, unique in the world.
    pub(crate) name: String,
    /// The tenant whose Azure subscription raises the events.
    pub(crate) of: Tenant,
    /// The tenant whose app is sent them.
    pub(crate) to: Tenant,
    /// `data.operationName` must be one of these, whatever the casing.
    pub(crate) operations: Vec<String>,
    /// Where they are delivered.
    pub(crate) endpoint: Endpoint,
}

/// Where an event subscription delivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The Event Grid function of the app, by its webhook.
    #[default]
    Function,
    /// A queue of the tenant's Service Bus namespace: one event a message, as a JSON object.
    Queue(&'static str),
}

/// Operation names that the default event subscriptions let through: those of networks, peerings and network managers.
const NETWORK_OPERATIONS: [&str; 14] = [
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Network/virtualNetworks/delete",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/delete",
    "Microsoft.Network/networkManagers/write",
    "Microsoft.Network/networkManagers/delete",
    "Microsoft.Network/networkManagers/scopeConnections/write",
    "Microsoft.Network/networkManagers/scopeConnections/delete",
    "Microsoft.Network/networkManagers/networkGroups/write",
    "Microsoft.Network/networkManagers/networkGroups/delete",
    "Microsoft.Network/networkManagers/networkGroups/staticMembers/write",
    "Microsoft.Network/networkManagers/networkGroups/staticMembers/delete",
    "Microsoft.Network/networkManagerConnections/write",
    "Microsoft.Network/networkManagerConnections/delete",
];

/// Namespace of the ids that the world derives from names.
const IDS: Uuid = Uuid::from_u128(0x6d0f_17f6_4f0c_5c3e_9a55_2d1e_70a5_93d1);

/// What exists before the first call.
#[derive(Clone, Debug)]
pub struct World {
    resource_manager: String,
    seed: u64,
    operators: BTreeMap<Tenant, Principal>,
    apps: BTreeMap<Tenant, Principal>,
    traveller: Principal,
    roles: Vec<RoleSeed>,
    event_subscriptions: Vec<EventSubscription>,
}

impl World {
    /// The default world behind one https origin (such as `https://127.0.0.1:8443`) that is Resource Manager and the
    /// Entra authority at once. The seed decides the client secrets.
    pub fn new(resource_manager: impl Into<String>, seed: u64) -> Self {
        let each = |kind: &str, lives_in: fn(Tenant) -> Vec<Tenant>| {
            Tenant::ALL
                .into_iter()
                .map(|tenant| {
                    (tenant, principal(&format!("{}-{kind}", tenant.name()), &lives_in(tenant), seed))
                })
                .collect()
        };
        let mut event_subscriptions = Vec::new();
        for to in Tenant::ALL {
            for of in [to, to.other()] {
                event_subscriptions.push(EventSubscription {
                    name: format!("{}-networks-to-{}", of.name(), to.name()),
                    of,
                    to,
                    operations: NETWORK_OPERATIONS.map(str::to_owned).to_vec(),
                    endpoint: Endpoint::Function,
                });
            }
        }
        Self {
            resource_manager: resource_manager.into().trim_end_matches('/').to_owned(),
            seed,
            operators: each("operator", |tenant| vec![tenant]),
            apps: each("app", |_| Tenant::ALL.to_vec()),
            traveller: principal("traveller", &Tenant::ALL, seed),
            roles: Vec::new(),
            event_subscriptions,
        }
    }

    /// Gives `app`'s service principal in the tenant that owns `scope` a custom role at `scope`.
    ///
    /// The definition is JSON as `az role definition create` takes it (`Name`, `Actions`, `NotActions`) or as Resource
    /// Manager stores it (`properties.roleName`, `properties.permissions`). Actions it does not name are not granted.
    #[must_use]
    pub fn app_role(mut self, app: Tenant, role_definition_json: Value, scope: String) -> Self {
        self.roles.push(RoleSeed { app, definition: role_definition_json, scope });
        self
    }

    /// Each tenant is sent the other's events through its queue `resource-events` and only its own by the webhook.
    #[must_use]
    pub fn relaying_partner_events(mut self) -> Self {
        for subscription in &mut self.event_subscriptions {
            if subscription.of != subscription.to {
                subscription.endpoint = Endpoint::Queue("resource-events");
            }
        }
        self
    }

    /// Both tenants.
    pub fn tenants(&self) -> [Tenant; 2] {
        Tenant::ALL
    }

    /// The https origin of Resource Manager and of Entra, without a slash at the end.
    pub fn resource_manager(&self) -> &str {
        &self.resource_manager
    }

    /// The seed the world was made with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Owner of the tenant's subscription and management group; lives in that tenant only.
    pub fn operator(&self, tenant: Tenant) -> &Principal {
        &self.operators[&tenant]
    }

    /// The tenant's app: a multi-tenant application with a service principal in both tenants, which holds only the roles
    /// given by [`World::app_role`].
    pub fn app(&self, tenant: Tenant) -> &Principal {
        &self.apps[&tenant]
    }

    /// One multi-tenant application that owns both subscriptions and both management groups.
    pub fn traveller(&self) -> &Principal {
        &self.traveller
    }

    /// Everybody.
    pub(crate) fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.operators.values().chain(self.apps.values()).chain([&self.traveller])
    }

    /// The application with this client id.
    pub(crate) fn principal_by_client_id(&self, client_id: &str) -> Option<&Principal> {
        self.principals().find(|principal| principal.client_id.eq_ignore_ascii_case(client_id))
    }

    /// Who is sent which events.
    pub(crate) fn event_subscriptions(&self) -> &[EventSubscription] {
        &self.event_subscriptions
    }

    pub(crate) fn role_seeds(&self) -> &[RoleSeed] {
        &self.roles
    }
}

fn principal(name: &str, lives_in: &[Tenant], seed: u64) -> Principal {
    let id = |label: &str| Uuid::new_v5(&IDS, format!("{name}/{label}").as_bytes()).to_string();
    let secret = mint::derive(seed, &format!("secret/{name}"));
    Principal {
        name: name.to_owned(),
        client_id: id("client"),
        client_secret: secret[..20].iter().map(|byte| format!("{byte:02x}")).collect(),
        object_ids: lives_in.iter().map(|&tenant| (tenant, id(tenant.tenant_id()))).collect(),
    }
}
