//! Hearing events: who pays for what follows from one, and which of them become notices.

use std::collections::HashSet;

use super::budget::{Bill, Payer};
use super::{Hint, Notice, ReconcileError, Reconciler};
use crate::handshake::agreements::Whose;
use crate::handshake::pair::{HalfId, Resource};
use crate::ledger::{Cause, Stored, Urgency};

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// How many told of something to look at, each thing counted once.
    pub hints: usize,
    /// How many notices were sent: about the others one waits already.
    pub sent: usize,
    /// How many were left to the sweep, since their budget is spent.
    pub left: usize,
}

impl Reconciler {
    /// Puts the hints of events into the queue, as far as the budgets of those reach who have to pay for them.
    ///
    /// # Errors
    /// The ledger or the queue failed; the same events can be heard again.
    pub async fn hear(&self, hints: Vec<(Hint, Cause)>) -> Result<Heard, ReconcileError> {
        let now = self.clock.instant();
        let (mut heard, mut keys) = (Heard::default(), HashSet::new());
        let (mut notices, mut bills) = (Vec::new(), Vec::new());
        for (hint, cause) in hints {
            let known = self.on_record(&hint).await?;
            if self.is_echo(&hint, &known) || !keys.insert(hint.key()) {
                continue;
            }
            let Some(bill) = self.bill(&hint, &known) else { continue };
            heard.hints += 1;
            if self.events.queue(bill, now) {
                notices.push(Notice::new(hint, cause));
                bills.push(bill);
            } else {
                heard.left += 1;
            }
        }
        let sent = match self.announce_each(&notices, None, Urgency::Due).await {
            Ok(sent) => sent,
            Err(error) => {
                // They are heard again, and pay again then.
                bills.into_iter().for_each(|bill| self.events.give_back(bill));
                return Err(error);
            }
        };
        for (sent, bill) in sent.into_iter().zip(bills) {
            if sent {
                heard.sent += 1;
            } else {
                self.events.give_back(bill);
            }
        }
        self.tell_spent();
        Ok(heard)
    }

    /// Says once a minute for each budget how much was left to the sweep.
    pub(super) fn tell_spent(&self) {
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

    /// The records that an event's hint is about.
    pub(super) async fn on_record(&self, hint: &Hint) -> Result<Vec<Stored>, ReconcileError> {
        Ok(match hint {
            Hint::Half { half, .. } => self.ledger.of_half(half).await?,
            Hint::Resource(resource) => self.ledger.of_resource(resource).await?,
            Hint::Handshake { .. } | Hint::Request(_) | Hint::RequestAgain(_) => Vec::new(),
        })
    }

    /// Who pays for following a hint: whose resource an event names. `None` if it concerns nobody, since neither an
    /// agreement nor a record names it, and for what comes from no event.
    pub(super) fn bill(&self, hint: &Hint, known: &[Stored]) -> Option<Bill> {
        let whose = match hint {
            Hint::Half { half, .. } => self.whose_half(half),
            Hint::Resource(Resource::Network(id)) => self.agreements.whose(id.subscription),
            Hint::Resource(Resource::Manager(id)) => self.agreements.whose(id.subscription),
            Hint::Resource(Resource::Scope(scope)) => self.agreements.whose_scope(scope),
            Hint::Handshake { .. } | Hint::Request(_) | Hint::RequestAgain(_) => return None,
        };
        let payer = match whose {
            Some(Whose::Ours) => Payer::Home,
            Some(Whose::Theirs(partner)) => Payer::Partner(partner),
            None => Payer::Partner(known.first()?.record.theirs.tenant),
        };
        Some(Bill { payer, known: !known.is_empty() })
    }

    /// Whose a half is, by where it stands.
    pub(super) fn whose_half(&self, half: &HalfId) -> Option<Whose> {
        match half {
            HalfId::Peering(id) => self.agreements.whose(id.network.subscription),
            HalfId::ScopeConnection(id) => self.agreements.whose(id.manager.subscription),
            HalfId::Connection(id) => self.agreements.whose_scope(&id.scope),
        }
    }
}
