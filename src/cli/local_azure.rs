//! The sandbox as peerpact uses it: both tenants' apps, laid out as they are deployed, with the roles that are shipped.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use peerpact_sandbox::Pace;
use peerpact_sandbox::Tenant;
use peerpact_sandbox::up::{AppFolder, AppRole, Setting, UpOptions};

const HOST: &str = include_str!("../../host.json");
/// The functions' folders, as they stand beside `host.json` when deployed.
const FUNCTIONS: [(&str, &str); 7] = [
    ("ConnectionRequest", include_str!("../../functions/ConnectionRequest/function.json")),
    ("Reconcile", include_str!("../../functions/Reconcile/function.json")),
    ("RelayedResourceEvent", include_str!("../../functions/RelayedResourceEvent/function.json")),
    ("ResourceEvent", include_str!("../../functions/ResourceEvent/function.json")),
    ("StatusSweep", include_str!("../../functions/StatusSweep/function.json")),
    ("Handshakes", include_str!("../../functions/Handshakes/function.json")),
    ("Health", include_str!("../../functions/Health/function.json")),
];
const HOME_ROLE: &str = include_str!("../../infra/roles/home-networks.json");
const PARTNER_ROLE: &str = include_str!("../../infra/roles/partner-networks.json");
const HOME_MANAGERS_ROLE: &str = include_str!("../../infra/roles/home-managers.json");
const PARTNER_MANAGERS_ROLE: &str = include_str!("../../infra/roles/partner-managers.json");

/// What to start.
pub(super) struct LocalAzure<'a> {
    pub(super) port: u16,
    pub(super) pace: Pace,
    pub(super) seed: u64,
    /// Whose apps run.
    pub(super) apps: &'a [Tenant],
    /// An existing folder for everything that is written.
    pub(super) work_dir: &'a Path,
}

impl LocalAzure<'_> {
    /// Lays the apps out and says how to start them.
    pub(super) fn options(&self) -> anyhow::Result<UpOptions> {
        let app = |tenant: &Tenant| Ok((*tenant, self.app(*tenant)?));
        Ok(UpOptions {
            port: self.port,
            pace: self.pace,
            seed: self.seed,
            apps: self.apps.iter().map(app).collect::<anyhow::Result<_>>()?,
            app_roles: roles()?,
            work_dir: self.work_dir.to_owned(),
        })
    }

    /// A function app's folder: the host's settings, a folder a function, and this program as the handler.
    fn app(&self, tenant: Tenant) -> anyhow::Result<AppFolder> {
        let path = self.work_dir.join(tenant.name());
        let agreements = path.join("agreements");
        write(&path.join("host.json"), HOST)?;
        for (function, text) in FUNCTIONS {
            write(&path.join(function).join("function.json"), text)?;
        }
        let (partner, text) = match tenant {
            Tenant::Contoso => {
                ("fabrikam.toml", include_str!("../../examples/agreements/of-contoso/fabrikam.toml"))
            }
            Tenant::Fabrikam => {
                ("contoso.toml", include_str!("../../examples/agreements/of-fabrikam/contoso.toml"))
            }
        };
        write(&agreements.join(partner), text)?;
        let handler = path.join("handler");
        if fs::symlink_metadata(&handler).is_ok() {
            fs::remove_file(&handler).with_context(|| format!("cannot replace {}", handler.display()))?;
        }
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        std::os::unix::fs::symlink(&program, &handler)
            .with_context(|| format!("cannot link {}", handler.display()))?;
        let text = |path: &Path| Setting::Text(path.display().to_string());
        let environment = vec![
            ("PEERPACT_RESOURCE_MANAGER".to_owned(), Setting::ResourceManager),
            ("PEERPACT_CA_BUNDLE".to_owned(), Setting::CaBundle),
            ("PEERPACT_AGREEMENTS".to_owned(), text(&agreements)),
            ("PEERPACT_LEDGER".to_owned(), text(&ledger(self.work_dir, tenant))),
            ("PEERPACT_SERVICE_BUS".to_owned(), Setting::ServiceBus),
            ("PEERPACT_LOG".to_owned(), Setting::Text("info".to_owned())),
        ];
        Ok(AppFolder { path, environment })
    }
}

/// Where a tenant's app keeps its ledger.
pub(super) fn ledger(work_dir: &Path, tenant: Tenant) -> PathBuf {
    work_dir.join(format!("{}.db", tenant.name()))
}

/// What the customers are asked to grant, and no more: each app's own roles at home, the partner's roles at the
/// partner's. Connections of management groups need theirs on the management group.
fn roles() -> anyhow::Result<Vec<AppRole>> {
    let subscription = |tenant: Tenant| format!("/subscriptions/{}", tenant.subscription_id());
    let group = |tenant: Tenant| {
        format!("/providers/Microsoft.Management/managementGroups/{}", tenant.management_group())
    };
    let pairs = [(Tenant::Contoso, Tenant::Fabrikam), (Tenant::Fabrikam, Tenant::Contoso)];
    let mut roles = Vec::new();
    for (tenant, partner) in pairs {
        let granted = [
            (subscription(tenant), HOME_ROLE),
            (subscription(partner), PARTNER_ROLE),
            (group(tenant), HOME_MANAGERS_ROLE),
            (group(partner), PARTNER_MANAGERS_ROLE),
        ];
        for (scope, definition) in granted {
            let definition = serde_json::from_str(definition).context("a role definition is not JSON")?;
            roles.push(AppRole { tenant, definition, scope });
        }
    }
    Ok(roles)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}
