//! `Health`: whether everything is looked at, and what is not.

use axum::http::StatusCode;

use crate::host::{Fault, HttpReply, Reply};
use crate::public::health::{Events, Freshness, Health, SpentBudget, Status};
use crate::reconcile::Reconciler;

pub(super) async fn run(reconciler: &Reconciler) -> Result<Reply, Fault> {
    let health = of(reconciler).await?;
    let status = match health.status {
        Status::Ok | Status::Degraded => StatusCode::OK,
        Status::Failing => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok(Reply::http(HttpReply::json(status, &health)?))
}

pub(super) async fn of(reconciler: &Reconciler) -> Result<Health, Fault> {
    let now = reconciler.clock.now();
    let fresh = Freshness::read(&*reconciler.ledger, now).await.map_err(Fault::ours)?;
    Ok(Health::new(fresh, events(reconciler), !reconciler.agreements.partners().is_empty(), now))
}

fn events(reconciler: &Reconciler) -> Events {
    let limits = reconciler.events.limits();
    let left = reconciler.events.left_to_sweep();
    let spent = left
        .iter()
        .filter(|(_, left)| *left > 0)
        .map(|(payer, left)| SpentBudget { who: reconciler.payer_name(*payer), left_to_sweep: *left });
    Events {
        per_minute: limits.queued,
        calls_per_minute: limits.calls,
        left_to_sweep: left.iter().map(|(_, left)| left).sum(),
        spent: spent.collect(),
    }
}
