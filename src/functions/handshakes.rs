//! `Handshakes`: the ledger, read-only, as JSON.

use axum::http::StatusCode;

use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::host::{Fault, HttpReply, HttpRequest, Reply};
use crate::ledger::Ledger;
use crate::public;

pub(super) async fn run(ledger: &dyn Ledger, request: &HttpRequest) -> Result<Reply, Fault> {
    let reply = match request.params.get("id") {
        Some(id) => one(ledger, id).await?,
        None => many(ledger, request.query.get("phase").map(String::as_str)).await?,
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

async fn many(ledger: &dyn Ledger, phase: Option<&str>) -> Result<HttpReply, Fault> {
    let phase = match phase.map(str::parse::<Phase>).transpose() {
        Ok(phase) => phase,
        Err(error) => return Ok(bad("phase", &error.to_string())),
    };
    let handshakes = public::many(ledger, phase).await.map_err(Fault::ours)?;
    HttpReply::json(StatusCode::OK, &handshakes)
}

fn bad(field: &str, problem: &str) -> HttpReply {
    HttpReply::error(StatusCode::BAD_REQUEST, "badRequest", &format!("`{field}`: {problem}"))
}
