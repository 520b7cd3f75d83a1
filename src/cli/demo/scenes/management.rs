//! A network manager of contoso's takes fabrikam's subscription.

use anyhow::{Context as _, bail, ensure};
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::{Value, json};

use super::pair::{PATIENCE, READ_EVERY, record_until};
use crate::cli::demo::operator::Operator;
use crate::cli::demo::timeline::Timeline;
use crate::handshake::ids::HandshakeId;

pub(super) async fn managed(operator: &Operator, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.scene("contoso's network manager asks for fabrikam's subscription");
    let manager = format!(
        "/subscriptions/{}/resourceGroups/hub/providers/Microsoft.Network/networkManagers/central",
        Contoso.subscription_id()
    );
    let scope = format!("/subscriptions/{}", Fabrikam.subscription_id());
    let connection = format!("{manager}/scopeConnections/fabrikam");
    let own = format!("/subscriptions/{}", Contoso.subscription_id());
    let properties = json!({
        "networkManagerScopes": { "subscriptions": [own] },
        "networkManagerScopeAccesses": ["Connectivity"],
    });
    let body = json!({ "location": "westeurope", "properties": properties });
    operator.put(Contoso, &manager, &body, None).await?;
    let asked = json!({ "properties": { "tenantId": Fabrikam.tenant_id(), "resourceId": scope } });
    operator.put(Contoso, &connection, &asked, None).await?;
    timeline.seen("contoso wrote the scope connection central/fabrikam; nobody touches fabrikam");

    let id = HandshakeId::of_management(&manager.parse()?, &scope.parse()?);
    until_connected(operator, timeline, &connection).await?;
    record_until(operator, timeline, Fabrikam, &id, "connected").await?;
    let shown = operator.get(Contoso, &manager).await?.context("the manager is gone")?;
    let taken = &shown["properties"]["networkManagerScopes"]["crossTenantScopes"];
    ensure!(taken.to_string().contains(Fabrikam.subscription_id()), "the manager shows {taken}");
    record_until(operator, timeline, Contoso, &id, "connected").await?;
    timeline.reached(
        "fabrikam's app wrote the network manager connection; both are Connected, the manager lists the subscription, and both records agree",
    );
    Ok(())
}

async fn until_connected(operator: &Operator, timeline: &Timeline, connection: &str) -> anyhow::Result<()> {
    let end = timeline.now() + PATIENCE;
    loop {
        let half = operator.get(Contoso, connection).await?.unwrap_or(Value::Null);
        let state = half["properties"]["connectionState"].as_str().unwrap_or("absent");
        if state == "Connected" {
            return Ok(());
        }
        if timeline.now() > end {
            bail!("the scope connection is {state} instead of Connected");
        }
        tokio::time::sleep(READ_EVERY).await;
    }
}
