//! A pair of networks and what Resource Manager and the apps show of it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};
use serde_json::Value;

use crate::cli::demo::operator::{Operator, partner};
use crate::cli::demo::timeline::Timeline;
use crate::handshake::ids::{HandshakeId, VirtualNetworkId};

/// How long a scene may take to end as it should.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);
pub(super) const READ_EVERY: Duration = Duration::from_millis(100);

/// A network of contoso's (ours) and one of fabrikam's (theirs).
pub(super) struct NetworkPair {
    pub(super) ours: String,
    pub(super) theirs: String,
    our_half_name: String,
}

impl NetworkPair {
    pub(super) fn new(hub: &str, spoke: &str) -> Self {
        let id = |tenant: Tenant, group: &str, name: &str| {
            let subscription = tenant.subscription_id();
            format!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"
            )
        };
        Self {
            ours: id(Contoso, "hub", hub),
            theirs: id(Fabrikam, "spokes", spoke),
            our_half_name: format!("to-{spoke}"),
        }
    }

    pub(super) fn our_half(&self) -> String {
        format!("{}/virtualNetworkPeerings/{}", self.ours, self.our_half_name)
    }

    pub(super) async fn networks(&self, operator: &Operator, ours: &str, theirs: &str) -> anyhow::Result<()> {
        operator.network(Contoso, &self.ours, &[ours]).await?;
        operator.network(Fabrikam, &self.theirs, &[theirs]).await
    }

    pub(super) async fn open(&self, operator: &Operator) -> anyhow::Result<()> {
        operator.open_half(Contoso, &self.our_half(), &self.theirs).await
    }

    /// Both halves, read from Resource Manager.
    pub(super) async fn halves(&self, operator: &Operator) -> anyhow::Result<Halves> {
        let half = async |tenant, network: &str, remote: &str| {
            let network = operator.get(tenant, network).await?.context("a network is gone")?;
            let peerings =
                network["properties"]["virtualNetworkPeerings"].as_array().cloned().unwrap_or_default();
            let towards = |peering: &Value| {
                let id = peering["properties"]["remoteVirtualNetwork"]["id"].as_str();
                id.is_some_and(|id| id.eq_ignore_ascii_case(remote))
            };
            anyhow::Ok(peerings.into_iter().find(towards))
        };
        Ok(Halves {
            ours: half(Contoso, &self.ours, &self.theirs).await?,
            theirs: half(partner(Contoso), &self.theirs, &self.ours).await?,
        })
    }

    /// Reads Resource Manager until the halves are as they should be.
    pub(super) async fn until(
        &self,
        operator: &Operator,
        timeline: &Timeline,
        what: &str,
        as_wanted: impl Fn(&Halves) -> bool,
    ) -> anyhow::Result<()> {
        let end = timeline.now() + PATIENCE;
        loop {
            let halves = self.halves(operator).await?;
            if as_wanted(&halves) {
                return Ok(());
            }
            if timeline.now() > end {
                bail!(
                    "{what} was not reached: contoso's half is {:?}, fabrikam's {:?}",
                    halves.ours,
                    halves.theirs
                );
            }
            tokio::time::sleep(READ_EVERY).await;
        }
    }

    /// Reads the record of fabrikam's app until it is in this phase.
    pub(super) async fn record_until(
        &self,
        operator: &Operator,
        timeline: &Timeline,
        phase: &str,
    ) -> anyhow::Result<Value> {
        let network = |id: &str| id.parse::<VirtualNetworkId>();
        let id = HandshakeId::of_peering(&network(&self.ours)?, &network(&self.theirs)?);
        record_until(operator, timeline, Fabrikam, &id, phase).await
    }
}

/// Reads the record of a tenant's app until it is in this phase.
pub(super) async fn record_until(
    operator: &Operator,
    timeline: &Timeline,
    tenant: Tenant,
    id: &HandshakeId,
    phase: &str,
) -> anyhow::Result<Value> {
    let end = timeline.now() + PATIENCE;
    loop {
        let records = operator.handshakes(tenant).await?;
        let record = records.into_iter().find(|record| record["id"] == id.as_str());
        match record {
            Some(record) if record["phase"] == phase => return Ok(record),
            other if timeline.now() > end => bail!("{}'s record is not {phase}: {other:?}", tenant.name()),
            _ => tokio::time::sleep(READ_EVERY).await,
        }
    }
}

/// What Resource Manager shows of a pair.
pub(super) struct Halves {
    pub(super) ours: Option<Value>,
    pub(super) theirs: Option<Value>,
}

impl Halves {
    pub(super) fn are_connected(&self) -> bool {
        [Contoso, Fabrikam].into_iter().all(|tenant| {
            self.state(tenant) == Some("Connected")
                && self.sync(tenant) == Some("FullyInSync")
                && self.property(tenant, "provisioningState").and_then(Value::as_str) == Some("Succeeded")
        })
    }

    pub(super) fn state(&self, tenant: Tenant) -> Option<&str> {
        self.property(tenant, "peeringState")?.as_str()
    }

    pub(super) fn sync(&self, tenant: Tenant) -> Option<&str> {
        self.property(tenant, "peeringSyncLevel")?.as_str()
    }

    pub(super) fn peered_space(&self, tenant: Tenant) -> Vec<String> {
        let space =
            self.property(tenant, "remoteAddressSpace").and_then(|space| space["addressPrefixes"].as_array());
        space.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub(super) fn property(&self, tenant: Tenant, name: &str) -> Option<&Value> {
        let half = match tenant {
            Contoso => &self.ours,
            Fabrikam => &self.theirs,
        };
        half.as_ref()?["properties"].get(name)
    }
}
