//! Requests: from what somebody asks for to a wish on the handshake's record.
//!
//! # Guarantees
//! - A request is on record before it is answered, together with the wish that it leaves on a handshake.
//! - The same request again has no other effect than to be answered again; its id with other content is refused.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use super::hints::{Followed, Meant};
use super::{Hint, Notice, ReconcileError, Reconciler};
use crate::arm::Deadline;
use crate::handshake::agreements::Whose;
use crate::handshake::grants;
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::{HalfId, Pair};
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::step::Side;
use crate::handshake::wish::{Aim, RequestId};
use crate::hex::hex;
use crate::ledger::{self, Cause, CauseKind, Change, LedgerError, Line, Outcome, Standing, Urgency, Version};
use crate::public::Unplaced;
use crate::request::{Asked, BadRequest, Request, judge};

/// A record that others write at the same time is read anew so often.
const TRIES: usize = 8;

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A handshake has taken it up.
    Placed {
        /// Which request.
        request: RequestId,
        /// Which handshake.
        handshake: HandshakeId,
    },
    /// Which handshake it is about is found out by a notice.
    Pending(RequestId),
    /// It was refused; the outcome says the same.
    Refused(Reason),
}

impl Reconciler {
    /// Receives a request. What it asks for is carried out by passes; this calls nobody.
    ///
    /// # Errors
    /// The ledger or the queue failed: the request has to be delivered again.
    pub async fn receive(&self, body: &[u8]) -> Result<Received, ReconcileError> {
        let request = match Request::parse(body) {
            Ok(request) => request,
            Err(bad) => return self.refuse(&bad, body).await,
        };
        let known = self.ledger.request(&request.id).await?;
        if let Some(other) = known.as_ref().filter(|known| is_another(known, &request)) {
            return self.refuse(&BadRequest::used_before(&request.id, other.at), body).await;
        }
        match known.map(|known| known.standing) {
            Some(Standing::Placed(handshake)) => self.answer_again(&request, &handshake).await,
            Some(Standing::Pending | Standing::Refused) | None => self.judge(&request, None).await,
        }
    }

    /// Finds out which handshake a request is about that was received, and places it there. One that was placed before is
    /// answered again.
    pub(super) async fn follow_request(
        &self,
        id: &RequestId,
        until: Deadline,
    ) -> Result<Followed, ReconcileError> {
        let known = self.ledger.request(id).await?;
        if let Some(known) = known.filter(|known| known.standing != Standing::Refused) {
            match (Request::parse(known.body.as_bytes()), &known.standing) {
                (Ok(request), Standing::Placed(handshake)) => self.answer_again(&request, handshake).await?,
                (Ok(request), Standing::Pending | Standing::Refused) => {
                    self.judge(&request, Some(until)).await?
                }
                (Err(bad), _) => self.refuse(&bad, known.body.as_bytes()).await?,
            };
        }
        Ok(Followed::default())
    }

    /// Places a request as far as the agreements allow it. With a deadline Azure may be asked, else it waits for a
    /// notice where it has to be.
    async fn judge(&self, request: &Request, until: Option<Deadline>) -> Result<Received, ReconcileError> {
        let json = request.to_json();
        match judge(request, self.home, &self.agreements) {
            Ok(Asked::Connect(pair, flags)) => {
                self.place(request, &pair, Some(Aim::Connect { flags, opened: false })).await
            }
            Ok(Asked::Recheck(pair)) => self.place(request, &pair, None).await,
            Ok(Asked::Disconnect(half)) => match self.pair_of(&half, until).await? {
                Found::Pair(pair) => {
                    let side = self.side(&half);
                    self.place(request, &pair, Some(Aim::Disconnect { side })).await
                }
                Found::Later => self.wait(request).await,
                Found::Nothing(bad) => self.refuse(&bad.of(Some(request.id.clone())), json.as_bytes()).await,
            },
            Err(bad) => self.refuse(&bad, json.as_bytes()).await,
        }
    }

    /// The pair that a half belongs to: as the ledger knows it, or else as the half itself says.
    async fn pair_of(&self, half: &HalfId, until: Option<Deadline>) -> Result<Found, ReconcileError> {
        let known = self.ledger.of_half(half).await?;
        let latest = known.iter().max_by_key(|stored| (stored.record.shows(half), stored.record.updated_at));
        if let Some(pair) = latest.and_then(|stored| stored.record.pair()) {
            return Ok(Found::Pair(pair));
        }
        let Some(until) = until else { return Ok(Found::Later) };
        Ok(match self.meant(half, true, until).await? {
            Meant::These(pairs) => match pairs.into_iter().next() {
                Some((pair, _)) => Found::Pair(pair),
                None => Found::Nothing(BadRequest::no_such_half(half)),
            },
            Meant::Unreadable(denial) => {
                let reason = grants::access_missing(&denial, &self.agreements);
                Found::Nothing(BadRequest::unreadable_half(half, reason))
            }
        })
    }

    fn side(&self, half: &HalfId) -> Side {
        let whose = match half {
            HalfId::Peering(id) => self.agreements.whose(id.network.subscription),
            HalfId::ScopeConnection(id) => self.agreements.whose(id.manager.subscription),
            HalfId::Connection(id) => self.agreements.whose_scope(&id.scope),
        };
        if matches!(whose, Some(Whose::Theirs(_))) { Side::Theirs } else { Side::Ours }
    }

    /// Leaves the wish on the handshake's record and has it looked at.
    async fn place(
        &self,
        request: &Request,
        pair: &Pair,
        aim: Option<Aim>,
    ) -> Result<Received, ReconcileError> {
        let now = self.clock.now();
        for _ in 0..TRIES {
            let stored = self.ledger.load(&pair.id()).await?;
            let (mut record, version) = match stored {
                // Whoever writes into a record that a pass holds makes the pass lose what it has just done.
                Some(stored) if stored.record.is_held(now) => return self.wait(request).await,
                Some(stored) => (stored.record, stored.version),
                None => (Record::new(pair, self.home, now), Version::ABSENT),
            };
            if !record.ask(request.id.clone(), aim.clone()) {
                let bad = BadRequest::too_many(&request.id, &record.id);
                return self.refuse(&bad, request.to_json().as_bytes()).await;
            }
            record.updated_at = now;
            let cause = Cause { kind: CauseKind::Request, id: request.id.to_string() };
            let what = format!("request {} asks: {}", request.id, request.action.name());
            let line = Line { at: now, what, cause: cause.clone() };
            let row = row(request, Standing::Placed(record.id.clone()), now);
            let change = Change { record: &record, line: &line, request: Some(&row), outcomes: &[] };
            match self.ledger.commit(&change, version).await {
                Ok(_) => {
                    self.announce(&[Notice::new(Hint::at(pair), cause)], None, Urgency::Due).await?;
                    return Ok(Received::Placed { request: request.id.clone(), handshake: record.id });
                }
                Err(LedgerError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
            // One with this id may have been received at the same time, and been faster.
            let known = self.ledger.request(&request.id).await?;
            if let Some(other) = known.filter(|known| is_another(known, request)) {
                let bad = BadRequest::used_before(&request.id, other.at);
                return self.refuse(&bad, request.to_json().as_bytes()).await;
            }
        }
        self.wait(request).await
    }

    /// Has it looked at again by a notice. What a handshake took up once stays with it: it is to be answered then, and not
    /// to be carried out anew.
    async fn wait(&self, request: &Request) -> Result<Received, ReconcileError> {
        let now = self.clock.now();
        let known = self.ledger.request(&request.id).await?;
        if !known.is_some_and(|known| matches!(known.standing, Standing::Placed(_))) {
            self.ledger.note(Some(&row(request, Standing::Pending, now)), &[]).await?;
        }
        let cause =
            Cause { kind: CauseKind::Request, id: format!("{} {}", request.id, now.unix_timestamp()) };
        let notice = Notice::new(Hint::Request(request.id.clone()), cause);
        self.announce(&[notice], Some(std::time::Duration::from_secs(1)), Urgency::Due).await?;
        Ok(Received::Pending(request.id.clone()))
    }

    /// The same request again: it is answered again, from where the handshake stands.
    async fn answer_again(
        &self,
        request: &Request,
        handshake: &HandshakeId,
    ) -> Result<Received, ReconcileError> {
        let record = self.ledger.load(handshake).await?.map(|stored| stored.record);
        let Some((pair, asked)) = record.and_then(|record| Some((record.pair()?, record.asked))) else {
            return self.judge(request, None).await;
        };
        let id = &request.id;
        if !asked.contains(id) {
            return self.place(request, &pair, None).await;
        }
        let cause = Cause { kind: CauseKind::Request, id: id.to_string() };
        self.announce(&[Notice::new(Hint::at(&pair), cause)], None, Urgency::Due).await?;
        Ok(Received::Placed { request: id.clone(), handshake: handshake.clone() })
    }

    /// Notes a refusal and tells it. An id that a request has used stays that request's.
    async fn refuse(&self, bad: &BadRequest, body: &[u8]) -> Result<Received, ReconcileError> {
        let now = self.clock.now();
        let digest = hex(&Sha256::digest(body));
        let reason = bad.reason();
        let id = format!("{digest} {} {reason}", now.unix_timestamp_nanos());
        let outcome = Outcome {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()).to_string(),
            subject: "refused".to_owned(),
            request: bad.id.clone(),
            body: serde_json::to_string(&Unplaced::new(&reason, bad.id.as_ref(), now))
                .map_err(ReconcileError::Notice)?,
        };
        let noted = self.refused_row(bad, body, &reason, now).await?;
        self.ledger.note(noted.as_ref(), &[outcome]).await?;
        if let Err(error) = self.tell().await {
            tracing::warn!(%error, "an outcome could not be told; the sweep tells it");
        }
        Ok(Received::Refused(reason))
    }

    async fn refused_row(
        &self,
        bad: &BadRequest,
        refused: &[u8],
        reason: &Reason,
        at: OffsetDateTime,
    ) -> Result<Option<ledger::Request>, ReconcileError> {
        let digest = hex(&Sha256::digest(refused));
        let id = match &bad.id {
            Some(id) => id.clone(),
            None => match format!("refused-{}", &digest[..32]).parse() {
                Ok(id) => id,
                Err(_) => return Ok(None),
            },
        };
        let taken = self.ledger.request(&id).await?.is_some_and(|known| match known.standing {
            Standing::Placed(_) => true,
            // It is refused itself, or another that was given its id.
            Standing::Pending => known.body.as_bytes() != refused,
            Standing::Refused => false,
        });
        let body = serde_json::to_string(reason).map_err(ReconcileError::Notice)?;
        Ok((!taken).then_some(ledger::Request { id, digest, body, standing: Standing::Refused, at }))
    }
}

/// Which pair a half belongs to.
enum Found {
    Pair(Pair),
    /// Only Azure can tell.
    Later,
    Nothing(BadRequest),
}

fn row(request: &Request, standing: Standing, at: OffsetDateTime) -> ledger::Request {
    ledger::Request {
        id: request.id.clone(),
        digest: request.digest(),
        body: request.to_json(),
        standing,
        at,
    }
}

/// Whether an id was given to a request with other content that was not refused.
fn is_another(known: &ledger::Request, request: &Request) -> bool {
    known.standing != Standing::Refused && known.digest != request.digest()
}
