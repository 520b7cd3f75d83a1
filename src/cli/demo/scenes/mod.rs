//! The scenes, in the order in which they are played. The reader is at contoso's side; fabrikam's app answers.

mod management;
mod pair;
mod requested;

use anyhow::ensure;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::Value;

use self::pair::{Halves, NetworkPair};
use crate::cli::demo::operator::Operator;
use crate::cli::demo::timeline::Timeline;

pub(super) async fn play(operator: &Operator, timeline: &mut Timeline) -> anyhow::Result<()> {
    operator.resource_group(Contoso, "hub").await?;
    operator.resource_group(Fabrikam, "spokes").await?;
    let first = NetworkPair::new("hub-1", "spoke-1");
    answered(operator, timeline, &first).await?;
    refused(operator, timeline).await?;
    widened_within(operator, timeline, &first).await?;
    widened_beyond(operator, timeline, &first).await?;
    removed(operator, timeline, &first).await?;
    lost(operator, timeline).await?;
    requested::requested(operator, timeline).await?;
    management::managed(operator, timeline).await
}

async fn answered(operator: &Operator, timeline: &mut Timeline, pair: &NetworkPair) -> anyhow::Result<()> {
    timeline.scene("contoso opens one half");
    pair.networks(operator, "10.10.0.0/16", "10.20.0.0/16").await?;
    pair.open(operator).await?;
    timeline.seen("contoso wrote hub-1/to-spoke-1; nobody touches fabrikam");
    pair.until(operator, timeline, "both halves Connected and FullyInSync", Halves::are_connected).await?;
    let record = pair.record_until(operator, timeline, "connected").await?;
    ensure!(record["agreement"] == "contoso/shared-services", "the record names {}", record["agreement"]);
    timeline.reached("both halves are Connected and FullyInSync; fabrikam's record says connected, under contoso/shared-services");
    Ok(())
}

async fn refused(operator: &Operator, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.scene("contoso opens a half from outside the agreed prefixes");
    let pair = NetworkPair::new("hub-2", "spoke-2");
    pair.networks(operator, "192.168.0.0/16", "10.22.0.0/16").await?;
    let since = last_call(operator).await?;
    pair.open(operator).await?;
    let record = pair.record_until(operator, timeline, "refused").await?;
    let halves = pair.halves(operator).await?;
    ensure!(halves.theirs.is_none(), "fabrikam holds a half that nobody agreed to");
    ensure!(halves.state(Contoso) == Some("Initiated"), "contoso's half is {:?}", halves.state(Contoso));
    ensure!(!wrote(&operator.calls(since).await?, &pair.theirs), "something was written to {}", pair.theirs);
    timeline.seen(&format!("reason: {}", text(&record["reason"]["message"])));
    timeline.seen(&format!("fix: {}", text(&record["reason"]["fix"])));
    timeline.reached("refused: contoso's half stays Initiated, nothing was written in fabrikam");
    Ok(())
}

async fn widened_within(
    operator: &Operator,
    timeline: &mut Timeline,
    pair: &NetworkPair,
) -> anyhow::Result<()> {
    timeline.scene("contoso widens its network within the agreement");
    operator.network(Contoso, &pair.ours, &["10.10.0.0/16", "10.11.0.0/16"]).await?;
    let synced = |halves: &Halves| {
        halves.are_connected() && halves.peered_space(Fabrikam).contains(&"10.11.0.0/16".to_owned())
    };
    pair.until(operator, timeline, "10.11.0.0/16 synced", synced).await?;
    timeline.reached("fabrikam's half took over 10.11.0.0/16; both are FullyInSync again");
    Ok(())
}

async fn widened_beyond(
    operator: &Operator,
    timeline: &mut Timeline,
    pair: &NetworkPair,
) -> anyhow::Result<()> {
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
    timeline.seen(&format!("reason: {message}"));
    timeline.reached("refused: fabrikam's half stays LocalNotInSync, 172.16.0.0/16 is not routed");
    Ok(())
}

async fn removed(operator: &Operator, timeline: &mut Timeline, pair: &NetworkPair) -> anyhow::Result<()> {
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
    let pair = NetworkPair::new("hub-3", "spoke-3");
    pair.networks(operator, "10.13.0.0/16", "10.23.0.0/16").await?;
    operator.lose_events(true).await?;
    pair.open(operator).await?;
    let halves = pair.halves(operator).await?;
    ensure!(halves.theirs.is_none(), "fabrikam answered although the event was to be lost");
    timeline.seen("contoso wrote hub-3/to-spoke-3, and the event never arrives");
    operator.lose_events(false).await?;
    operator.sweep(Fabrikam).await?;
    timeline.seen("fabrikam's timer comes round");
    pair.until(operator, timeline, "both halves Connected and FullyInSync", Halves::are_connected).await?;
    pair.record_until(operator, timeline, "connected").await?;
    timeline.reached("the sweep found it: both halves are Connected and FullyInSync");
    Ok(())
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
