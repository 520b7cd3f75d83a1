//! Triggers of events: who pays for what follows from one, and from which handshakes they come.

use std::collections::HashSet;

use uuid::Uuid;

use super::budget::{Bill, Payer};
use super::burst::Place;
use super::controller::Controller;
use super::error::ReconcileError;
use super::reconciler::Reconciler;
use super::trigger::Trigger;
use super::work_item::WorkItem;
use crate::handshake::agreements::Whose;
use crate::handshake::phase::Phase;
use crate::handshake::resource_id::ResourceId;
use crate::ledger::{Cause, LedgerError, Stored};

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// How many named something to reconcile, each thing counted once.
    pub triggers: usize,
    /// How many items were sent.
    pub sent: usize,
    /// How many were left to the sweep, since their budget is spent.
    pub left: usize,
}

impl Controller {
    /// Puts the triggers of events into the work queue, as far as the budgets of those reach who have to pay for them.
    ///
    /// # Errors
    /// The ledger or the queue failed; the same events can be accepted again.
    pub async fn accept(&self, triggers: Vec<(Trigger, Cause)>) -> Result<Accepted, ReconcileError> {
        let reconciler = &self.reconciler;
        let (now, at) = (reconciler.clock.instant(), reconciler.clock.now());
        let (mut accepted, mut keys) = (Accepted::default(), HashSet::new());
        let (mut items, mut bills, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (trigger, cause) in triggers {
            let known = reconciler.on_record(&trigger).await?;
            if reconciler.is_echo(&trigger, &known) || !keys.insert(trigger.key()) {
                continue;
            }
            let Some(bill) = reconciler.bill(&trigger, &known) else { continue };
            accepted.triggers += 1;
            let place = self.bursts.place(&trigger.key(), at);
            if place == Place::Served {
                continue;
            }
            if !reconciler.events.queue(bill, now) {
                accepted.left += 1;
                continue;
            }
            bills.push(bill);
            places.push((trigger.key(), place));
            items.push(match place {
                Place::Last(due) => WorkItem::scheduled(trigger, cause, due),
                Place::First | Place::Served => WorkItem::new(trigger, cause, at),
            });
        }
        if let Err(error) = self.work_queue.enqueue(&items).await {
            // They are accepted again, and pay again then.
            bills.into_iter().for_each(|bill| reconciler.events.give_back(bill));
            return Err(error);
        }
        places.into_iter().for_each(|(key, place)| self.bursts.sent(key, place, at));
        accepted.sent = items.len();
        reconciler.report_spent();
        Ok(accepted)
    }
}

impl Reconciler {
    /// Says once a minute for each budget how much was left to the sweep.
    pub(super) fn report_spent(&self) {
        for (payer, left) in self.events.over(self.clock.instant()) {
            let who = self.payer_name(payer);
            tracing::warn!(
                who,
                left,
                fix = "if they are honest, raise PEERPACT_EVENTS_PER_MINUTE or PEERPACT_EVENT_CALLS_PER_MINUTE; if \
                       not, find out who sends them: they may come from whoever may write to the function \
                       ResourceEvent or the queue resource-events",
                "events about the resources of {who} asked for more than their budget of a minute; {left} were left \
                 to the sweep"
            );
        }
    }

    /// What people call who pays.
    #[must_use]
    pub fn payer_name(&self, payer: Payer) -> String {
        match payer {
            Payer::Home => "our own tenant".to_owned(),
            Payer::Partner(tenant) => {
                self.agreements.partner(tenant).map_or_else(|| tenant.to_string(), |known| known.name.clone())
            }
        }
    }

    /// The records that an event's trigger is about.
    pub(super) async fn on_record(&self, trigger: &Trigger) -> Result<Vec<Stored>, LedgerError> {
        match trigger {
            Trigger::Half { half, .. } => self.ledger.of_half(half).await,
            Trigger::Resource(resource) => self.ledger.of_resource(resource).await,
            Trigger::Handshake { .. } | Trigger::Request(_) | Trigger::RequestAgain(_) => Ok(Vec::new()),
        }
    }

    /// Whether a trigger is the echo of a write of our own, which was read back as it was made.
    pub(super) fn is_echo(&self, trigger: &Trigger, known: &[Stored]) -> bool {
        let Trigger::Half { correlation: Some(correlation), .. } = trigger else { return false };
        known.iter().any(|stored| self.wrote(stored, *correlation))
    }

    fn wrote(&self, stored: &Stored, correlation: Uuid) -> bool {
        let record = &stored.record;
        let ours = record.intent.as_ref().is_some_and(|intent| intent.correlation == correlation);
        ours && (record.is_held(self.clock.now()) || record.phase != Phase::Completing)
    }

    /// Who pays for what follows from a trigger: whose resource an event names. `None` if it concerns nobody, since
    /// neither an agreement nor a record names it, and for what comes from no event.
    pub(super) fn bill(&self, trigger: &Trigger, known: &[Stored]) -> Option<Bill> {
        let whose = match trigger {
            Trigger::Half { half, .. } => self.whose(half),
            Trigger::Resource(resource) => self.whose(resource),
            Trigger::Handshake { .. } | Trigger::Request(_) | Trigger::RequestAgain(_) => return None,
        };
        let payer = match whose {
            Some(Whose::Ours) => Payer::Home,
            Some(Whose::Theirs(partner)) => Payer::Partner(partner),
            None => Payer::Partner(known.first()?.record.theirs.tenant),
        };
        Some(Bill { payer, known: !known.is_empty() })
    }

    /// Whose a resource is, by where it stands.
    pub(super) fn whose(&self, resource: &ResourceId) -> Option<Whose> {
        self.agreements.whose_resource(resource)
    }

    /// Whether there is money for so many calls; what no event asked for costs nobody anything.
    pub(super) fn pays(&self, bill: Option<Bill>, calls: u32) -> bool {
        bill.is_none_or(|bill| self.events.call(bill, calls, self.clock.instant()))
    }
}
