//! Contoso asks its own app for a connection, by queue.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use peerpact_sandbox::Tenant::Contoso;
use serde_json::{Value, json};

use super::pair::{Halves, NetworkPair};
use crate::cli::demo::operator::Operator;
use crate::cli::demo::timeline::Timeline;
use crate::cli::request::message;
use crate::kinds::Kinds;
use crate::queue::service_bus::{QueuePath, ServiceBus};
use crate::queue::{Queue, Queues as _};
use crate::request::Request;

/// How long an outcome may take once the connection stands.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn requested(operator: &Operator, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.scene("contoso requests a connection by queue");
    let pair = NetworkPair::new("hub-4", "spoke-4");
    pair.networks(operator, "10.14.0.0/16", "10.24.0.0/16").await?;
    let queues = operator.queues(Contoso)?;
    let request = request(&pair)?;
    queues.send(Queue::ConnectionRequests, &[message(&request)]).await?;
    timeline.seen(&format!(
        "request {} is in the queue connection-requests; nobody touches a network",
        request.id
    ));
    pair.until(operator, timeline, "both halves Connected and FullyInSync", Halves::are_connected).await?;
    timeline
        .seen("contoso's app wrote its half, fabrikam's app answered: both are Connected and FullyInSync");
    let outcome = outcome_of(&queues, request.id.as_str()).await?;
    ensure!(outcome["phase"] == "connected", "the outcome says {}", outcome["phase"]);
    let id = request.handshake().context("a connection has a handshake")?;
    ensure!(outcome["id"] == id.as_str(), "the outcome is about {}", outcome["id"]);
    timeline.reached(&format!("the queue connection-outcomes tells it: request {} is connected", request.id));
    Ok(())
}

fn request(pair: &NetworkPair) -> anyhow::Result<Request> {
    let body = json!({
        "version": 1,
        "id": "demo-1",
        "action": "connect-peering",
        "ours": pair.ours,
        "theirs": pair.theirs,
    });
    Ok(Request::parse(&Kinds::built_in(), body.to_string().as_bytes())?)
}

/// Receives outcomes, as whoever acts on them would, until that of a request comes.
async fn outcome_of(queues: &ServiceBus, request: &str) -> anyhow::Result<Value> {
    let mut inbox = queues.inbox(QueuePath::of(Queue::ConnectionOutcomes)).await?;
    loop {
        let received = inbox.receive(PATIENCE).await?.context("no outcome came")?;
        let outcome: Value = serde_json::from_slice(&received.message.body)?;
        let answers = received.message.correlation.as_deref() == Some(request);
        inbox.complete(received).await?;
        if answers {
            inbox.close().await?;
            return Ok(outcome);
        }
    }
}
