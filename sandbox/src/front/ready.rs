//! The ready file: where everything of a running sandbox is, and the secrets of its world.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use super::functions_host::FunctionsHost;
use crate::{Tenant, World};

/// Serialises to what `sandbox up --ready-file` writes. It has no `Debug`, since it is full of secrets.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct ReadyFile {
    /// The origin of Resource Manager, `https://127.0.0.1:{port}`.
    pub resource_manager: String,
    /// The origin of Entra, which is the same.
    pub authority: String,
    /// The path of the authority's certificate as PEM.
    pub ca_bundle: String,
    /// The address of the control routes.
    pub control: String,
    /// The two tenants.
    pub tenants: TenantsReady,
    /// The application that owns both subscriptions.
    pub traveller: TravellerReady,
}

/// The tenants, by name.
#[derive(Serialize, Clone)]
pub struct TenantsReady {
    /// The central tenant.
    pub contoso: TenantReady,
    /// The target tenant.
    pub fabrikam: TenantReady,
}

/// One tenant.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct TenantReady {
    /// Its id.
    pub tenant_id: String,
    /// Its subscription's id.
    pub subscription_id: String,
    /// The name of its root management group.
    pub management_group_id: String,
    /// The application that owns the subscription.
    pub operator: OperatorReady,
    /// The connection string of its Service Bus namespace.
    pub service_bus: String,
    /// Its Functions host; both keys are `null` without one.
    #[serde(flatten)]
    pub functions: FunctionsReady,
}

/// A tenant's Functions host.
#[derive(Serialize, Clone, Default)]
#[serde(rename_all = "camelCase")]
pub struct FunctionsReady {
    /// Its origin, `http://127.0.0.1:{port}`.
    pub functions: Option<String>,
    /// The key that opens all of it.
    pub master_key: Option<String>,
}

/// An application with one service principal.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct OperatorReady {
    /// The application's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Its service principal's id.
    pub object_id: String,
}

/// An application with a service principal in both tenants.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct TravellerReady {
    /// The application's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Its service principals' ids.
    pub object_ids: ObjectIdsReady,
}

/// The ids of one application's service principals.
#[derive(Serialize, Clone)]
pub struct ObjectIdsReady {
    /// In contoso.
    pub contoso: String,
    /// In fabrikam.
    pub fabrikam: String,
}

impl ReadyFile {
    pub(crate) fn of(
        world: &World,
        origin: &str,
        ca_bundle: &Path,
        hosts: &[(Tenant, FunctionsHost)],
        namespaces: &BTreeMap<Tenant, String>,
    ) -> Self {
        let traveller = world.traveller();
        let object_id = |tenant| traveller.object_id(tenant).map(ToString::to_string).unwrap_or_default();
        Self {
            resource_manager: origin.to_owned(),
            authority: origin.to_owned(),
            ca_bundle: ca_bundle.display().to_string(),
            control: format!("{origin}/sandbox"),
            tenants: TenantsReady {
                contoso: tenant_ready(world, Tenant::Contoso, hosts, namespaces),
                fabrikam: tenant_ready(world, Tenant::Fabrikam, hosts, namespaces),
            },
            traveller: TravellerReady {
                client_id: traveller.client_id.to_string(),
                client_secret: traveller.client_secret.to_string(),
                object_ids: ObjectIdsReady {
                    contoso: object_id(Tenant::Contoso),
                    fabrikam: object_id(Tenant::Fabrikam),
                },
            },
        }
    }

    /// Writes the file whole or not at all: whoever waits for it to appear never reads half of it. Only its owner may read it.
    pub fn write_to(&self, path: &Path) -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.persist(path)?;
        Ok(())
    }
}

fn tenant_ready(
    world: &World,
    tenant: Tenant,
    hosts: &[(Tenant, FunctionsHost)],
    namespaces: &BTreeMap<Tenant, String>,
) -> TenantReady {
    let operator = world.operator(tenant);
    let host = hosts.iter().find(|(owner, _)| *owner == tenant).map(|(_, host)| host);
    let functions = host.map(|host| FunctionsReady {
        functions: Some(host.origin()),
        master_key: Some(host.keys().master.clone()),
    });
    TenantReady {
        tenant_id: tenant.tenant_id().to_string(),
        subscription_id: tenant.subscription_id().to_string(),
        management_group_id: tenant.management_group().to_string(),
        operator: OperatorReady {
            client_id: operator.client_id.to_string(),
            client_secret: operator.client_secret.to_string(),
            object_id: operator.object_id(tenant).map(ToString::to_string).unwrap_or_default(),
        },
        service_bus: namespaces.get(&tenant).cloned().unwrap_or_default(),
        functions: functions.unwrap_or_default(),
    }
}
