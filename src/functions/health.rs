//! `Health`: whether everything is looked at, and what is not.

use axum::http::StatusCode;

use crate::host::{Fault, HttpReply, Reply};
use crate::public::health::{Freshness, Health, Status};
use crate::reconcile::Reconciler;

pub(super) async fn run(reconciler: &Reconciler) -> Result<Reply, Fault> {
    let now = reconciler.clock.now();
    let fresh = Freshness::read(&*reconciler.ledger, now).await.map_err(Fault::ours)?;
    let health = Health::new(fresh, !reconciler.agreements.partners().is_empty(), now);
    let status = match health.status {
        Status::Ok | Status::Degraded => StatusCode::OK,
        Status::Failing => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok(Reply::http(HttpReply::json(status, &health)?))
}
