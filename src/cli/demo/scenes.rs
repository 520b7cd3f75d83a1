//! The scenes, in the order in which they are played. The reader is at contoso's side; fabrikam's app answers.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};
use serde_json::Value;

use super::operator::{Operator, partner};
use super::timeline::Timeline;
use crate::handshake::ids::{HandshakeId, VirtualNetworkId};

/// How long a scene may take to end as told.
const PATIENCE: time::Duration = time::Duration::seconds(25);
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) async fn play(operator: &Operator, timeline: &mut Timeline) -> anyhow::Result<()> {
    operator.resource_group(Contoso, "hub").await?;
    operator.resource_group(Fabrikam, "spokes").await?;
    let first = Pair::new("hub-1", "spoke-1");
    answered(operator, timeline, &first).await?;
    refused(operator, timeline).await?;
    widened_within(operator, timeline, &first).await?;
    widened_beyond(operator, timeline, &first).await?;
    removed(operator, timeline, &first).await?;
    lost(operator, timeline).await
}

async fn answered(operator: &Operator, timeline: &mut Timeline, pair: &Pair) -> anyhow::Result<()> {
    timeline.scene("contoso opens one half");
    pair.networks(operator, "10.10.0.0/16", "10.20.0.0/16").await?;
    pair.open(operator).await?;
    timeline.told("contoso wrote hub-1/to-spoke-1; nobody touches fabrikam");
    pair.until(operator, timeline, "both halves Connected and FullyInSync", Halves::are_connected).await?;
    let record = pair.record_until(operator, timeline, "connected").await?;
    ensure!(record["agreement"] == "contoso/shared-services", "the record names {}", record["agreement"]);
    timeline.reached("both halves are Connected and FullyInSync; fabrikam's record says connected, under contoso/shared-services");
    Ok(())
}

async fn refused(operator: &Operator, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.scene("contoso opens a half from outside the agreed prefixes");
    let pair = Pair::new("hub-2", "spoke-2");
    pair.networks(operator, "192.168.0.0/16", "10.22.0.0/16").await?;
    let since = last_call(operator).await?;
    pair.open(operator).await?;
    let record = pair.record_until(operator, timeline, "refused").await?;
    let halves = pair.halves(operator).await?;
    ensure!(halves.theirs.is_none(), "fabrikam holds a half that nobody agreed to");
    ensure!(halves.state(Contoso) == Some("Initiated"), "contoso's half is {:?}", halves.state(Contoso));
    ensure!(!wrote(&operator.calls(since).await?, &pair.theirs), "something was written to {}", pair.theirs);
    timeline.told(&format!("reason: {}", text(&record["reason"]["message"])));
    timeline.told(&format!("fix: {}", text(&record["reason"]["fix"])));
    timeline.reached("refused: contoso's half stays Initiated, nothing was written in fabrikam");
    Ok(())
}

async fn widened_within(operator: &Operator, timeline: &mut Timeline, pair: &Pair) -> anyhow::Result<()> {
    timeline.scene("contoso widens its network within the agreement");
    operator.network(Contoso, &pair.ours, &["10.10.0.0/16", "10.11.0.0/16"]).await?;
    let synced = |halves: &Halves| {
        halves.are_connected() && halves.peered_space(Fabrikam).contains(&"10.11.0.0/16".to_owned())
    };
    pair.until(operator, timeline, "10.11.0.0/16 synced", synced).await?;
    timeline.reached("fabrikam's half took over 10.11.0.0/16; both are FullyInSync again");
    Ok(())
}

async fn widened_beyond(operator: &Operator, timeline: &mut Timeline, pair: &Pair) -> anyhow::Result<()> {
    timeline.scene("contoso widens its network beyond the agreement");
    operator.network(Contoso, &pair.ours, &["10.10.0.0/16", "10.11.0.0/16", "172.16.0.0/16"]).await?;
    let record = pair.record_until(operator, timeline, "refused").await?;
    let halves = pair.halves(operator).await?;
    ensure!(
        halves.sync(Fabrikam) == Some("LocalNotInSync"),
        "fabrikam's half is {:?}",
        halves.sync(Fabrikam)
    );
    ensure!(
        !halves.peered_space(Fabrikam).contains(&"172.16.0.0/16".to_owned()),
        "172.16.0.0/16 was taken over"
    );
    let message = text(&record["reason"]["message"]);
    ensure!(message.contains("172.16.0.0/16"), "the reason does not name what widened: {message}");
    timeline.told(&format!("reason: {message}"));
    timeline.reached("refused: fabrikam's half stays LocalNotInSync, 172.16.0.0/16 is not routed");
    Ok(())
}

async fn removed(operator: &Operator, timeline: &mut Timeline, pair: &Pair) -> anyhow::Result<()> {
    timeline.scene("contoso deletes its half");
    operator.delete(Contoso, &pair.our_half()).await?;
    let gone = |halves: &Halves| halves.ours.is_none() && halves.theirs.is_none();
    pair.until(operator, timeline, "fabrikam's half removed", gone).await?;
    pair.record_until(operator, timeline, "closed").await?;
    timeline.reached("fabrikam's half was removed too; the record is closed");
    Ok(())
}

async fn lost(operator: &Operator, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.scene("an event is lost");
    let pair = Pair::new("hub-3", "spoke-3");
    pair.networks(operator, "10.13.0.0/16", "10.23.0.0/16").await?;
    operator.lose_events(true).await?;
    pair.open(operator).await?;
    let halves = pair.halves(operator).await?;
    ensure!(halves.theirs.is_none(), "fabrikam answered although the event was to be lost");
    timeline.told("contoso wrote hub-3/to-spoke-3, and the event never arrives");
    operator.lose_events(false).await?;
    operator.sweep(Fabrikam).await?;
    timeline.told("fabrikam's timer comes round");
    pair.until(operator, timeline, "both halves Connected and FullyInSync", Halves::are_connected).await?;
    pair.record_until(operator, timeline, "connected").await?;
    timeline.reached("the sweep found it: both halves are Connected and FullyInSync");
    Ok(())
}

/// A network of contoso's (ours) and one of fabrikam's (theirs).
struct Pair {
    ours: String,
    theirs: String,
    our_half_name: String,
}

impl Pair {
    fn new(hub: &str, spoke: &str) -> Self {
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

    fn our_half(&self) -> String {
        format!("{}/virtualNetworkPeerings/{}", self.ours, self.our_half_name)
    }

    async fn networks(&self, operator: &Operator, ours: &str, theirs: &str) -> anyhow::Result<()> {
        operator.network(Contoso, &self.ours, &[ours]).await?;
        operator.network(Fabrikam, &self.theirs, &[theirs]).await
    }

    async fn open(&self, operator: &Operator) -> anyhow::Result<()> {
        operator.open_half(Contoso, &self.our_half(), &self.theirs).await
    }

    /// Both halves, read from Resource Manager.
    async fn halves(&self, operator: &Operator) -> anyhow::Result<Halves> {
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

    /// Looks at Resource Manager until the halves are as they should be.
    async fn until(
        &self,
        operator: &Operator,
        timeline: &Timeline,
        what: &str,
        as_told: impl Fn(&Halves) -> bool,
    ) -> anyhow::Result<()> {
        let end = timeline.now() + PATIENCE;
        loop {
            let halves = self.halves(operator).await?;
            if as_told(&halves) {
                return Ok(());
            }
            if timeline.now() > end {
                bail!(
                    "{what} was not reached: contoso's half is {:?}, fabrikam's {:?}",
                    halves.ours,
                    halves.theirs
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Looks at the record of fabrikam's app until it is in this phase.
    async fn record_until(
        &self,
        operator: &Operator,
        timeline: &Timeline,
        phase: &str,
    ) -> anyhow::Result<Value> {
        let network = |id: &str| id.parse::<VirtualNetworkId>();
        let id = HandshakeId::of_peering(&network(&self.ours)?, &network(&self.theirs)?);
        let end = timeline.now() + PATIENCE;
        loop {
            let records = operator.handshakes(Fabrikam).await?;
            let record = records.into_iter().find(|record| record["id"] == id.as_str());
            match record {
                Some(record) if record["phase"] == phase => return Ok(record),
                other if timeline.now() > end => bail!("fabrikam's record is not {phase}: {other:?}"),
                _ => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
}

/// What Resource Manager shows of a pair.
struct Halves {
    ours: Option<Value>,
    theirs: Option<Value>,
}

impl Halves {
    fn are_connected(&self) -> bool {
        [Contoso, Fabrikam].into_iter().all(|tenant| {
            self.state(tenant) == Some("Connected")
                && self.sync(tenant) == Some("FullyInSync")
                && self.property(tenant, "provisioningState").and_then(Value::as_str) == Some("Succeeded")
        })
    }

    fn state(&self, tenant: Tenant) -> Option<&str> {
        self.property(tenant, "peeringState")?.as_str()
    }

    fn sync(&self, tenant: Tenant) -> Option<&str> {
        self.property(tenant, "peeringSyncLevel")?.as_str()
    }

    fn peered_space(&self, tenant: Tenant) -> Vec<String> {
        let space =
            self.property(tenant, "remoteAddressSpace").and_then(|space| space["addressPrefixes"].as_array());
        space.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn property(&self, tenant: Tenant, name: &str) -> Option<&Value> {
        let half = match tenant {
            Contoso => &self.ours,
            Fabrikam => &self.theirs,
        };
        half.as_ref()?["properties"].get(name)
    }
}

async fn last_call(operator: &Operator) -> anyhow::Result<u64> {
    let calls = operator.calls(0).await?;
    Ok(calls.last().and_then(|call| call["sequence"].as_u64()).unwrap_or_default())
}

/// Whether any write to a network or below it is in the history.
fn wrote(calls: &[Value], network: &str) -> bool {
    calls.iter().any(|call| {
        let path = call["path"].as_str().unwrap_or_default();
        let read = call["method"] == "GET";
        !read && path.to_ascii_lowercase().starts_with(&network.to_ascii_lowercase())
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("none")
}
