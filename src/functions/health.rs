//! `Health`: whether everything is compared with Azure, and what is not.

use axum::http::StatusCode;

use crate::host::{Fault, HttpReply, Reply};
use crate::public::health::{Events, Health, LedgerFreshness, SpentBudget, Status};
use crate::reconcile::Controller;

pub(super) async fn run(controller: &Controller) -> Result<Reply, Fault> {
    let health = of(controller).await?;
    let status = match health.status {
        Status::Ok | Status::Degraded => StatusCode::OK,
        Status::Failing => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok(Reply::http(HttpReply::json(status, &health)?))
}

pub(super) async fn of(controller: &Controller) -> Result<Health, Fault> {
    let now = controller.reconciler.clock.now();
    let fresh = LedgerFreshness::read(&*controller.reconciler.ledger, now).await.map_err(Fault::ours)?;
    Ok(Health::new(fresh, events(controller), !controller.reconciler.agreements.partners().is_empty(), now))
}

fn events(controller: &Controller) -> Events {
    let limits = controller.reconciler.events.limits();
    let left = controller.reconciler.events.left_to_sweep();
    let spent = left.iter().filter(|(_, left)| *left > 0).map(|(payer, left)| SpentBudget {
        who: controller.reconciler.payer_name(*payer),
        left_to_sweep: *left,
    });
    Events {
        per_minute: limits.queued,
        calls_per_minute: limits.calls,
        left_to_sweep: left.iter().map(|(_, left)| left).sum(),
        spent: spent.collect(),
    }
}
