//! Refusals: a request that is bad or not agreed to is noted and answered before it is completed.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use super::controller::Controller;
use super::error::ReconcileError;
use super::requests::Received;
use crate::handshake::bad_request::BadRequest;
use crate::handshake::reason::Reason;
use crate::handshake::request_queue::{RequestKey, RequestQueue};
use crate::hex::hex;
use crate::ledger::{self, Outcome, Standing};
use crate::public::Unplaced;

impl Controller {
    /// Notes a refusal and sends it. An id that a request has used stays that request's.
    pub(super) async fn refuse(
        &self,
        bad: &BadRequest,
        queue: &RequestQueue,
        body: &[u8],
    ) -> Result<Received, ReconcileError> {
        let now = self.reconciler.clock.now();
        let digest = hex(&Sha256::digest(body));
        let reason = bad.reason();
        let id = format!("{digest} {queue} {} {reason}", now.unix_timestamp_nanos());
        let outcome = Outcome {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()).to_string(),
            subject: "refused".to_owned(),
            request: bad.id.clone(),
            body: serde_json::to_string(&Unplaced::new(&reason, queue, bad.id.as_ref(), now))
                .map_err(ReconcileError::Message)?,
        };
        let noted = self.refused_row(bad, queue, body, &reason, now).await?;
        self.reconciler.ledger.note(noted.as_ref(), std::slice::from_ref(&outcome)).await?;
        self.outbox.add(vec![outcome]).await;
        if let Err(error) = self.outbox.send().await {
            tracing::warn!(%error, "an outcome could not be sent; the sweep sends it");
        }
        Ok(Received::Refused(reason))
    }

    async fn refused_row(
        &self,
        bad: &BadRequest,
        queue: &RequestQueue,
        refused: &[u8],
        reason: &Reason,
        at: OffsetDateTime,
    ) -> Result<Option<ledger::RequestEntry>, ReconcileError> {
        let digest = hex(&Sha256::digest(refused));
        let id = match &bad.id {
            Some(id) => id.clone(),
            None => match format!("refused-{}", &digest[..32]).parse() {
                Ok(id) => id,
                Err(_) => return Ok(None),
            },
        };
        let id = RequestKey { queue: queue.clone(), id };
        let taken = self.reconciler.ledger.request(&id).await?.is_some_and(|known| match known.standing {
            Standing::Placed(_) => true,
            // It is refused itself, or another that was given its id.
            Standing::Pending => known.body.as_bytes() != refused,
            Standing::Refused => false,
        });
        let body = serde_json::to_string(reason).map_err(ReconcileError::Message)?;
        Ok((!taken).then_some(ledger::RequestEntry { id, digest, body, standing: Standing::Refused, at }))
    }
}
