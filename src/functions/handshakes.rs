//! `Handshakes`: the ledger, read-only, as JSON. The body of many is an array, so how fresh it is stands in headers.

use axum::http::StatusCode;

use super::health;
use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::host::{Fault, HttpReply, HttpRequest, Reply};
use crate::ledger::Ledger;
use crate::public;
use crate::reconcile::Controller;

pub(super) async fn run(controller: &Controller, request: &HttpRequest) -> Result<Reply, Fault> {
    let ledger = &*controller.reconciler.ledger;
    let reply = match request.params.get("id") {
        Some(id) => one(ledger, id).await?,
        None => many(controller, request.query.get("phase").map(String::as_str)).await?,
    };
    Ok(Reply::http(reply))
}

async fn one(ledger: &dyn Ledger, id: &str) -> Result<HttpReply, Fault> {
    let id: HandshakeId = match id.parse() {
        Ok(id) => id,
        Err(error) => return Ok(bad("id", &format!("{error}"))),
    };
    match public::one(ledger, &id).await.map_err(Fault::ours)? {
        Some(handshake) => HttpReply::json(StatusCode::OK, &handshake),
        None => {
            let message = format!("handshake {id} is not in the ledger of this tenant");
            Ok(HttpReply::error(StatusCode::NOT_FOUND, "unknownHandshake", &message))
        }
    }
}

async fn many(controller: &Controller, phase: Option<&str>) -> Result<HttpReply, Fault> {
    let ledger = &*controller.reconciler.ledger;
    let phase = match phase.map(str::parse::<Phase>).transpose() {
        Ok(phase) => phase,
        Err(error) => return Ok(bad("phase", &error.to_string())),
    };
    let handshakes = public::many(ledger, phase).await.map_err(Fault::ours)?;
    let reply = HttpReply::json(StatusCode::OK, &handshakes)?;
    let health = health::of(controller).await?;
    let troubles = health.last_sweep.map_or(0, |sweep| sweep.troubles.len());
    let reply = reply
        .header("x-peerpact-health", health.status.name())
        .header("x-peerpact-sweep-troubles", &troubles.to_string());
    Ok(match health.oldest_check {
        Some(seconds) => reply.header("x-peerpact-oldest-check", &seconds.to_string()),
        None => reply,
    })
}

fn bad(field: &str, problem: &str) -> HttpReply {
    HttpReply::error(StatusCode::BAD_REQUEST, "badRequest", &format!("`{field}`: {problem}"))
}
