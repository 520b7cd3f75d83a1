//! Following a hint: from a resource id to the handshakes it is about.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::meant::Meant;
use super::observe::Known;
use super::requests::Reads;
use super::{Bill, LOOK_CALLS, ReconcileError, Reconciler, Report};
use crate::arm::Deadline;
use crate::handshake::grants;
use crate::handshake::pair::{HalfId, Pair, Resource};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::request_queue::RequestKey;
use crate::ledger::{Cause, HintKey, LedgerError, Stored};

/// What to look at. A hint is never believed: it only names a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Hint {
    /// Something happened to a half.
    Half {
        /// The half.
        half: HalfId,
        /// Whether the event says that it was written, not deleted.
        written: bool,
        /// The correlation id of the write that raised the event. Our own writes are read back as they are made, so
        /// their echo is worth no call; a forged one loses a hint, and the sweep makes up for it.
        correlation: Option<Uuid>,
    },
    /// Something happened to what stands at an end.
    Resource(Resource),
    /// A handshake is to be looked at.
    Handshake {
        /// What stands at our end.
        ours: Resource,
        /// What stands at the partner's end.
        theirs: Resource,
    },
    /// A request was received, and which handshake it is about is still to be found out.
    Request(RequestKey),
    /// The same, where a first look found nothing that the request could be about.
    RequestAgain(RequestKey),
}

impl Hint {
    /// A look at this pair.
    #[must_use]
    pub fn at(pair: &Pair) -> Self {
        Self::Handshake { ours: pair.ours(), theirs: pair.theirs() }
    }

    /// Two hints with one key are about the same thing, and one look serves both.
    #[must_use]
    pub fn key(&self) -> HintKey {
        HintKey::new(&match self {
            Self::Half { half, written: true, .. } => format!("written {half}"),
            Self::Half { half, written: false, .. } => format!("deleted {half}"),
            Self::Resource(resource) => format!("resource {resource}"),
            Self::Handshake { ours, theirs } => format!("handshake {ours} {theirs}"),
            Self::Request(id) => format!("request {id}"),
            Self::RequestAgain(id) => format!("request again {id}"),
        })
    }

    /// What the hint is about, in a word.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Half { .. } => "half",
            Self::Resource(_) => "resource",
            Self::Handshake { .. } => "handshake",
            Self::Request(_) | Self::RequestAgain(_) => "request",
        }
    }
}

/// A pass that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// What was looked at.
    pub pair: Pair,
    /// How it ended.
    pub report: Report,
}

/// What came of following a hint.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Followed {
    /// The passes that were made.
    pub looks: Vec<Looked>,
    /// What kept us from finding out which handshake is meant.
    pub unreadable: Option<Reason>,
    /// Something was not looked at, since the event's budget is spent.
    pub unpaid: bool,
}

/// Why and until when a hint is followed, and at whose cost.
struct Errand<'a> {
    cause: &'a Cause,
    until: Deadline,
    bill: Option<Bill>,
}

impl Reconciler {
    /// Whether a hint is the echo of a write of our own, which was read back as it was made.
    pub(super) fn is_echo(&self, hint: &Hint, known: &[Stored]) -> bool {
        let Hint::Half { correlation: Some(correlation), .. } = hint else { return false };
        known.iter().any(|stored| self.wrote(stored, *correlation))
    }

    /// Follows a hint to the handshakes it is about, and makes a pass for each.
    ///
    /// A hint about a subscription or management group that no agreement names costs no call.
    ///
    /// # Errors
    /// As [`Reconciler::pass`].
    pub(super) async fn follow(
        &self,
        hint: &Hint,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Followed, ReconcileError> {
        let known = self.on_record(hint).await?;
        let errand = Errand { cause, until, bill: self.bill(hint, &known) };
        match hint {
            Hint::Half { .. } if self.is_echo(hint, &known) => Ok(Followed::default()),
            Hint::Half { half, written, .. } => self.follow_half(half, *written, known, &errand).await,
            Hint::Resource(resource) => self.follow_resource(resource, known, &errand).await,
            Hint::Handshake { ours, theirs } => self.follow_pair(ours, theirs, &errand).await,
            Hint::Request(id) => self.follow_request(id, Reads::First(until)).await,
            Hint::RequestAgain(id) => self.follow_request(id, Reads::Second(until)).await,
        }
    }

    /// The agreements say whose the two ends are; where they do not any more, the record does.
    async fn follow_pair(
        &self,
        ours: &Resource,
        theirs: &Resource,
        errand: &Errand<'_>,
    ) -> Result<Followed, ReconcileError> {
        let mut followed = Followed::default();
        let pair = match self.agreements.pair(ours, theirs) {
            Some(pair) => Some(pair),
            None => {
                let known = self.ledger.of_resource(ours).await?.into_iter();
                known.filter_map(|stored| stored.record.pair()).find(|pair| pair.theirs() == *theirs)
            }
        };
        if let Some(pair) = pair {
            let known = Known { thorough: true, ..Known::default() };
            self.look(pair, known, errand, &mut followed).await?;
        }
        Ok(followed)
    }

    async fn follow_resource(
        &self,
        resource: &Resource,
        mut touched: Vec<Stored>,
        errand: &Errand<'_>,
    ) -> Result<Followed, ReconcileError> {
        let mut followed = Followed::default();
        if let Resource::Network(network) = resource {
            // A network of the partner's may belong in a network group of ours.
            for (_, agreement) in self.agreements.managements() {
                if agreement.groups.iter().any(|group| group.members.matches(network)) {
                    touched.extend(self.ledger.of_resource(&Resource::Scope(agreement.scope.clone())).await?);
                }
            }
        }
        for stored in touched {
            let known = Known { thorough: true, ..Known::default() };
            if let Some(pair) = stored.record.pair() {
                self.look(pair, known, errand, &mut followed).await?;
            }
        }
        Ok(followed)
    }

    async fn follow_half(
        &self,
        half: &HalfId,
        written: bool,
        known: Vec<Stored>,
        errand: &Errand<'_>,
    ) -> Result<Followed, ReconcileError> {
        let mut followed = Followed::default();
        for pair in known.iter().filter_map(|stored| stored.record.pair()) {
            let known = Known { announced: written, ..Known::default() };
            self.look(pair, known, errand, &mut followed).await?;
        }
        let still_shown = || async {
            let now_known = self.ledger.of_half(half).await?;
            Ok::<_, LedgerError>(now_known.iter().any(|stored| stored.record.shows(half)))
        };
        // A half on record may have been removed and made again under the same name, towards another resource.
        let moved = written && !known.is_empty() && !still_shown().await?;
        if !known.is_empty() && !moved {
            return Ok(followed);
        }
        // It may be made up.
        if !self.pays(errand.bill.map(|bill| Bill { known: false, ..bill }), 1) {
            followed.unpaid = true;
            return Ok(followed);
        }
        match self.meant(half, written, errand.until).await? {
            Meant::These(pairs) => {
                for (pair, known) in pairs {
                    self.look(pair, known, errand, &mut followed).await?;
                }
            }
            Meant::Unreadable(denial) => {
                followed.unreadable = Some(grants::access_missing(&denial, &self.agreements));
            }
        }
        Ok(followed)
    }

    /// One pass, whose record was perhaps changed meanwhile by somebody else: what they do not see yet, the next does.
    async fn look(
        &self,
        pair: Pair,
        known: Known,
        errand: &Errand<'_>,
        followed: &mut Followed,
    ) -> Result<(), ReconcileError> {
        let seen = known.network.is_some() || known.scope_connection.is_some() || known.connection.is_some();
        let bill = errand.bill.map(|bill| Bill { known: bill.known || seen, ..bill });
        if !self.pays(bill, LOOK_CALLS) {
            followed.unpaid = true;
            return Ok(());
        }
        let known = Known { payer: bill.map(|bill| bill.payer), ..known };
        let report = match self.pass(&pair, known, errand.cause, errand.until).await {
            Err(ReconcileError::Ledger(LedgerError::Conflict(_))) => Report::Held { until: None },
            other => other?,
        };
        followed.looks.push(Looked { pair, report });
        Ok(())
    }

    /// Whether there is money for so many calls; what no event asked for costs nobody anything.
    fn pays(&self, bill: Option<Bill>, calls: u32) -> bool {
        bill.is_none_or(|bill| self.events.call(bill, calls, self.clock.instant()))
    }

    fn wrote(&self, stored: &Stored, correlation: Uuid) -> bool {
        let record = &stored.record;
        let ours = record.intent.as_ref().is_some_and(|intent| intent.correlation == correlation);
        ours && (record.is_held(self.clock.now()) || record.phase != Phase::Completing)
    }
}
