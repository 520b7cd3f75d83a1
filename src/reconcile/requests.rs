//! Requests: from what somebody asks for to a goal on the handshake's record.
//!
//! # Guarantees
//! - A request is on record before it is answered, together with the goal that it leaves on a handshake.
//! - The same request again has no other effect than to be answered again; its id with other content is refused.

use std::time::Duration;

use time::OffsetDateTime;

use super::controller::Controller;
use super::error::ReconcileError;
use super::reconciler::Reconciler;
use super::trigger::Trigger;
use super::work_item::WorkItem;
use crate::arm::Deadline;
use crate::handshake::agreements::Whose;
use crate::handshake::bad_request::BadRequest;
use crate::handshake::goal::Wanted;
use crate::handshake::holding::SECOND_LOOK;
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::Pair;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::removal::may_be_removed;
use crate::handshake::request_queue::{RequestKey, RequestQueue};
use crate::handshake::resource_id::ResourceId;
use crate::handshake::step::Side;
use crate::kinds::{Resolved, grants};
use crate::ledger::{self, Cause, CauseKind, Change, LedgerError, Line, Standing, Version};
use crate::request::{Action, Authorized, Request, authorize, permit};

/// A record that others write at the same time is read anew so often.
const TRIES: usize = 8;
const AT_ONCE: Duration = Duration::from_secs(1);

/// A request that can be read, and what the ledger knows it by.
struct Submitted {
    key: RequestKey,
    request: Request,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A handshake has taken it up.
    Placed {
        /// Which request.
        request: RequestKey,
        /// Which handshake.
        handshake: HandshakeId,
    },
    /// Which handshake it is about is found out by a work item.
    Pending(RequestKey),
    /// It was refused; the outcome says the same.
    Refused(Reason),
}

impl Controller {
    /// Receives a request. What it asks for is carried out by reconciliations; this calls nobody.
    ///
    /// # Errors
    /// The ledger or the queue failed: the request has to be delivered again.
    pub async fn receive(&self, queue: &RequestQueue, body: &[u8]) -> Result<Received, ReconcileError> {
        let submitted = match Request::parse(&self.reconciler.kinds, body) {
            Ok(request) => Submitted::new(queue, request),
            Err(bad) => return self.refuse(&bad, queue, body).await,
        };
        let known = self.reconciler.ledger.request(&submitted.key).await?;
        if let Some(other) = known.as_ref().filter(|known| is_another(known, &submitted)) {
            let bad = BadRequest::used_before(&submitted.key.id, other.at);
            return self.refuse(&bad, queue, body).await;
        }
        match known.map(|known| known.standing) {
            Some(Standing::Placed(handshake)) => self.answer_again(&submitted, &handshake).await,
            Some(Standing::Pending | Standing::Refused) | None => {
                self.place_or_refuse(&submitted, Reads::NotYet).await
            }
        }
    }

    /// Finds out which handshake a request is about that was received, and places it there. One that was placed before is
    /// answered again.
    pub(super) async fn resolve_request(&self, key: &RequestKey, reads: Reads) -> Result<(), ReconcileError> {
        let known = self.reconciler.ledger.request(key).await?;
        if let Some(known) = known.filter(|known| known.standing != Standing::Refused) {
            let submitted = match Request::parse(&self.reconciler.kinds, known.body.as_bytes()) {
                Ok(request) => Submitted { key: key.clone(), request },
                Err(bad) => {
                    self.refuse(&bad, &key.queue, known.body.as_bytes()).await?;
                    return Ok(());
                }
            };
            match &known.standing {
                Standing::Placed(handshake) => self.answer_again(&submitted, handshake).await?,
                Standing::Pending | Standing::Refused => self.place_or_refuse(&submitted, reads).await?,
            };
        }
        Ok(())
    }

    /// Places a request as far as the agreements allow it. Where Azure has to be asked and may not be yet, it waits for a
    /// work item.
    async fn place_or_refuse(&self, submitted: &Submitted, reads: Reads) -> Result<Received, ReconcileError> {
        let Submitted { key, request } = submitted;
        let permitted = |partner| permit(request, &key.queue, partner, &self.reconciler.agreements);
        let Reconciler { home, kinds, agreements, .. } = &self.reconciler;
        let authorized = match (&request.action, authorize(request, *home, kinds, agreements)) {
            (Action::Disconnect { half }, Err(_)) if self.is_ours_on_record(half).await? => {
                Ok(Authorized::Disconnect(half.clone()))
            }
            (_, authorized) => authorized,
        };
        let placed = match authorized {
            Ok(Authorized::Connect(pair, asked)) => {
                Ok((pair, Some(Wanted::Connect { asked, opened: false })))
            }
            Ok(Authorized::Recheck(pair)) => Ok((pair, None)),
            Ok(Authorized::Disconnect(half)) => match permitted(None) {
                // With whom it is connected may take a read, which is not made for who may not ask anyway.
                Err(bad) => Err(bad),
                Ok(()) => match self.pair_of(&half, reads).await? {
                    Found::Pair(pair) => may_be_removed(&half, &pair, None, self.objection(&pair))
                        .map(|()| (pair, Some(Wanted::Disconnect { side: self.side(&half) })))
                        .map_err(|reason| BadRequest::not_to_be_removed(&half, reason)),
                    Found::Later(trigger, delay) => return self.wait_for(submitted, trigger, delay).await,
                    Found::Nothing(bad) => Err(bad),
                },
            },
            Err(bad) => Err(bad),
        };
        match placed.and_then(|(pair, wanted)| permitted(Some(pair.partner())).map(|()| (pair, wanted))) {
            Ok((pair, wanted)) => self.place(submitted, &pair, wanted).await,
            Err(bad) => self.refuse_read(submitted, bad).await,
        }
    }

    /// The pair that a half belongs to: as the ledger knows it, or else as the half itself says. That there is no such
    /// half takes two reads.
    async fn pair_of(&self, half: &ResourceId, reads: Reads) -> Result<Found, ReconcileError> {
        let known = self.reconciler.ledger.of_half(half).await?;
        let latest = known.iter().max_by_key(|stored| (stored.record.shows(half), stored.record.updated_at));
        if let Some(pair) = latest.map(|stored| stored.record.pair()) {
            return Ok(Found::Pair(pair));
        }
        let (until, is_second) = match reads {
            Reads::NotYet => return Ok(Found::Later(Trigger::Request, AT_ONCE)),
            Reads::First(until) => (until, false),
            Reads::Second(until) => (until, true),
        };
        let reconciler = &self.reconciler;
        let resolved = match reconciler.kinds.of_half(half) {
            Some(kind) => kind.resolve(&reconciler.observer(), half, true, until).await?,
            None => Resolved::Pairs(Vec::new()),
        };
        Ok(match resolved {
            Resolved::Pairs(pairs) => match pairs.into_iter().next() {
                Some((pair, _)) => Found::Pair(pair),
                None if !is_second => Found::Later(Trigger::RequestAgain, SECOND_LOOK),
                None => Found::Nothing(BadRequest::no_such_half(half)),
            },
            Resolved::Unreadable(denial) => {
                let reason = grants::access_missing(&denial, &reconciler.agreements);
                Found::Nothing(BadRequest::unreadable_half(half, reason))
            }
        })
    }

    /// What the agreements say against a pair.
    fn objection(&self, pair: &Pair) -> Option<Reason> {
        let kind = self.reconciler.kinds.named(pair.kind())?;
        kind.objection(pair, &self.reconciler.agreements)
    }

    /// Whether a half that no agreement names any more is on record as one of ours.
    async fn is_ours_on_record(&self, half: &ResourceId) -> Result<bool, ReconcileError> {
        if self.reconciler.whose(half).is_some() {
            return Ok(false);
        }
        let known = self.reconciler.ledger.of_half(half).await?;
        Ok(known.iter().any(|stored| stored.record.ours.resource == half.holder()))
    }

    fn side(&self, half: &ResourceId) -> Side {
        if matches!(self.reconciler.whose(half), Some(Whose::Theirs(_))) { Side::Theirs } else { Side::Ours }
    }

    /// Leaves the goal on the handshake's record and has it reconciled.
    async fn place(
        &self,
        submitted: &Submitted,
        pair: &Pair,
        wanted: Option<Wanted>,
    ) -> Result<Received, ReconcileError> {
        let Submitted { key, request } = submitted;
        let now = self.reconciler.clock.now();
        for _ in 0..TRIES {
            let stored = self.reconciler.ledger.load(&pair.id()).await?;
            let (mut record, version) = match stored {
                // Whoever writes into a record that is held makes the holder lose what it has just done.
                Some(stored) if stored.record.is_held(now) => return self.wait(submitted).await,
                Some(stored) => (stored.record, stored.version),
                None => (Record::new(pair, self.reconciler.home, now), Version::ABSENT),
            };
            if !record.ask(key.clone(), wanted.clone()) {
                let bad = BadRequest::too_many(&key.id, &record.id, record.asked.len());
                return self.refuse_read(submitted, bad).await;
            }
            record.updated_at = now;
            let cause = Cause { kind: CauseKind::Request, id: key.to_string() };
            let what = format!("request {key} asks: {}", request.action.name());
            let line = Line { at: now, what, cause: cause.clone() };
            let row = row(submitted, Standing::Placed(record.id.clone()), now);
            let change =
                Change { record: &record, line: &line, request: Some(&row), outcomes: &[], progress: None };
            match self.reconciler.ledger.commit(&change, version).await {
                Ok(_) => {
                    self.enqueue(Trigger::at(pair), cause).await?;
                    return Ok(Received::Placed { request: key.clone(), handshake: record.id });
                }
                Err(LedgerError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
            // One with this id may have been received at the same time, and been faster.
            let known = self.reconciler.ledger.request(key).await?;
            if let Some(other) = known.filter(|known| is_another(known, submitted)) {
                return self.refuse_read(submitted, BadRequest::used_before(&key.id, other.at)).await;
            }
        }
        self.wait(submitted).await
    }

    /// Has it reconciled again by a work item. What a handshake took up once stays with it: it is to be answered then, and not
    /// to be carried out anew.
    async fn wait(&self, submitted: &Submitted) -> Result<Received, ReconcileError> {
        self.wait_for(submitted, Trigger::Request, AT_ONCE).await
    }

    async fn wait_for(
        &self,
        submitted: &Submitted,
        trigger: fn(RequestKey) -> Trigger,
        delay: Duration,
    ) -> Result<Received, ReconcileError> {
        let (now, key) = (self.reconciler.clock.now(), &submitted.key);
        let known = self.reconciler.ledger.request(key).await?;
        if !known.is_some_and(|known| matches!(known.standing, Standing::Placed(_))) {
            self.reconciler.ledger.note(Some(&row(submitted, Standing::Pending, now)), &[]).await?;
        }
        let cause = Cause { kind: CauseKind::Request, id: format!("{key} {}", now.unix_timestamp()) };
        let item = WorkItem::new(trigger(key.clone()), cause, now).after(delay);
        self.work_queue.enqueue(&[item]).await?;
        Ok(Received::Pending(key.clone()))
    }

    /// The same request again: it is answered again, from where the handshake stands.
    async fn answer_again(
        &self,
        submitted: &Submitted,
        handshake: &HandshakeId,
    ) -> Result<Received, ReconcileError> {
        let record = self.reconciler.ledger.load(handshake).await?.map(|stored| stored.record);
        let Some((pair, asked)) = record.map(|record| (record.pair(), record.asked)) else {
            return self.place_or_refuse(submitted, Reads::NotYet).await;
        };
        let key = &submitted.key;
        if !asked.contains(key) {
            return self.place(submitted, &pair, None).await;
        }
        let cause = Cause { kind: CauseKind::Request, id: key.to_string() };
        self.enqueue(Trigger::at(&pair), cause).await?;
        Ok(Received::Placed { request: key.clone(), handshake: handshake.clone() })
    }

    async fn enqueue(&self, trigger: Trigger, cause: Cause) -> Result<(), ReconcileError> {
        self.work_queue.enqueue(&[WorkItem::new(trigger, cause, self.reconciler.clock.now())]).await
    }

    async fn refuse_read(&self, submitted: &Submitted, bad: BadRequest) -> Result<Received, ReconcileError> {
        let bad = bad.of(Some(submitted.key.id.clone()));
        self.refuse(&bad, &submitted.key.queue, submitted.request.to_json().as_bytes()).await
    }
}

/// Whether Azure may be asked what a request is about.
#[derive(Clone, Copy)]
pub(super) enum Reads {
    /// Not while it is received: the sender's queue is not to wait for Azure.
    NotYet,
    /// Nothing was read yet.
    First(Deadline),
    /// A first read, some seconds ago, found nothing.
    Second(Deadline),
}

/// Which pair a half belongs to.
enum Found {
    Pair(Pair),
    /// Only Azure can say, or has to be asked once more: by this trigger, after this delay.
    Later(fn(RequestKey) -> Trigger, Duration),
    Nothing(BadRequest),
}

impl Submitted {
    fn new(queue: &RequestQueue, request: Request) -> Self {
        Self { key: RequestKey { queue: queue.clone(), id: request.id.clone() }, request }
    }
}

fn row(submitted: &Submitted, standing: Standing, at: OffsetDateTime) -> ledger::RequestEntry {
    ledger::RequestEntry {
        id: submitted.key.clone(),
        digest: submitted.request.digest(),
        body: submitted.request.to_json(),
        standing,
        at,
    }
}

/// Whether an id was given to a request with other content that was not refused.
fn is_another(known: &ledger::RequestEntry, submitted: &Submitted) -> bool {
    known.standing != Standing::Refused && known.digest != submitted.request.digest()
}
