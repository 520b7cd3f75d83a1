//! The sweep: finds what events missed.
//!
//! It lists networks, a call for each place that the agreements name, decides on what the lists show, and makes a pass
//! only where that differs from the record. A quiet world costs the lists and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{ReconcileError, Reconciler, Report};
use crate::arm::{Class, Deadline, Place};
use crate::handshake::agreements::Ends;
use crate::handshake::decide::decide;
use crate::handshake::decision::Verdict;
use crate::handshake::grants;
use crate::handshake::halves::{Network, Sight};
use crate::handshake::ids::{HandshakeId, SubscriptionId, TenantId, VirtualNetworkId};
use crate::handshake::observation::Observation;
use crate::handshake::pattern::NetworkPattern;
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::ledger::{Cause, LedgerError, Stored};

/// One pass of the sweep takes no longer than this, so that a slow one does not keep the others waiting.
const PASS: Duration = Duration::from_secs(20);

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// How many handshakes were looked at in the lists.
    pub seen: usize,
    /// The passes that were made.
    pub reports: Vec<Report>,
    /// What could not be looked at, and why.
    pub troubles: Vec<String>,
}

/// What the lists show.
#[derive(Default)]
struct Listed {
    networks: BTreeMap<VirtualNetworkId, Network>,
    /// Places of our own could not be listed: a network that is missing may well be there.
    home_incomplete: bool,
}

/// A pair to look at, with its record if it has one.
struct Candidate {
    ends: Ends,
    record: Option<Record>,
}

impl Reconciler {
    /// Looks at every record that is not closed, at every peering of our own networks, and at the partner's halves that
    /// the agreements name and we may read.
    ///
    /// # Errors
    /// The ledger failed. Trouble with one place or one handshake is told in [`Swept::troubles`], and the rest is done.
    pub async fn sweep(&self, cause: &Cause, until: Deadline) -> Result<Swept, ReconcileError> {
        let mut swept = Swept::default();
        let listed = self.list(until, &mut swept).await;
        for candidate in self.candidates(&listed).await? {
            swept.seen += 1;
            if self.is_settled(&candidate, &listed) {
                continue;
            }
            let remaining = until.remaining(&self.clock);
            if remaining.is_zero() {
                swept.troubles.push("time is up; the next sweep goes on".to_owned());
                break;
            }
            let pass_until = Deadline::after(&self.clock, remaining.min(PASS));
            match self.pass(&candidate.ends, None, cause, pass_until).await {
                Ok(report) => swept.reports.push(report),
                Err(ReconcileError::Ledger(LedgerError::Conflict(_))) => swept.reports.push(Report::Held),
                Err(error @ ReconcileError::Azure(_)) => {
                    swept
                        .troubles
                        .push(format!("{} and {}: {error}", candidate.ends.ours, candidate.ends.theirs));
                }
                Err(error @ (ReconcileError::Ledger(_) | ReconcileError::Defect(_))) => return Err(error),
            }
        }
        Ok(swept)
    }

    async fn list(&self, until: Deadline, swept: &mut Swept) -> Listed {
        let mut listed = Listed::default();
        for (tenant, place) in self.places() {
            match self.resource_manager.networks(tenant, &place, until).await {
                Ok(networks) => {
                    listed.networks.extend(networks.into_iter().map(|network| (network.id.clone(), network)));
                }
                Err(error) => {
                    listed.home_incomplete |= tenant == self.home;
                    swept.troubles.push(match error.class() {
                        Class::Denied(denial) => grants::access_missing(&denial, &self.agreements).message,
                        _ => format!("{place} in tenant {tenant} could not be listed: {error}"),
                    });
                }
            }
        }
        listed
    }

    /// What the agreements name: a whole subscription, or only resource groups where all of them are spelt out.
    fn places(&self) -> Vec<(TenantId, Place)> {
        let mut groups: BTreeMap<(TenantId, SubscriptionId), Option<BTreeSet<_>>> = BTreeMap::new();
        let mut add = |tenant: TenantId, pattern: &NetworkPattern| {
            let known =
                groups.entry((tenant, pattern.subscription())).or_insert_with(|| Some(BTreeSet::new()));
            match (known.as_mut(), pattern.resource_group()) {
                (Some(known), Some(group)) => {
                    known.insert(group);
                }
                (_, None) => *known = None,
                (None, Some(_)) => {}
            }
        };
        for partner in self.agreements.partners() {
            for agreement in &partner.peerings {
                add(self.home, &agreement.ours);
                add(partner.tenant, &agreement.theirs);
            }
        }
        let places = groups.into_iter().flat_map(|((tenant, subscription), groups)| match groups {
            None => vec![(tenant, Place::Subscription(subscription))],
            Some(groups) => {
                groups.into_iter().map(|group| (tenant, Place::ResourceGroup(subscription, group))).collect()
            }
        });
        places.collect()
    }

    /// Records first, the longest unchanged before the others, so that nobody waits for ever behind a crowd.
    async fn candidates(&self, listed: &Listed) -> Result<Vec<Candidate>, ReconcileError> {
        let mut known = BTreeSet::new();
        let mut candidates = Vec::new();
        for Stored { record, .. } in self.ledger.list(None).await? {
            if record.phase != Phase::Closed {
                known.insert(record.id.clone());
                candidates.push(Candidate { ends: record.ends(), record: Some(record) });
            }
        }
        let halves = listed.networks.values().flat_map(|network| &network.peerings);
        for ends in halves.filter_map(|half| self.agreements.ends(&half.id.network, &half.remote)) {
            let id = HandshakeId::of_peering(&ends.ours, &ends.theirs);
            if known.insert(id.clone()) {
                let record = self.ledger.load(&id).await?.map(|stored| stored.record);
                candidates.push(Candidate { ends, record });
            }
        }
        Ok(candidates)
    }

    /// Whether the lists say what the record says, so that no pass is needed.
    fn is_settled(&self, candidate: &Candidate, listed: &Listed) -> bool {
        let Candidate { ends, record } = candidate;
        let Some(record) = record else { return false };
        if record.is_held(self.clock.now()) {
            return true;
        }
        match (listed.networks.get(&ends.ours), listed.networks.get(&ends.theirs)) {
            (Some(ours), Some(theirs)) => {
                let sights = [ours, theirs].map(|network| Sight::Seen(network.clone()));
                let [ours, theirs] = sights;
                let observation = Observation { ours, theirs };
                match decide(ends, &observation, Some(record), &self.agreements, self.clock.now()).verdict {
                    Verdict::Write(_) => false,
                    Verdict::Rest { phase, reasons, .. } => {
                        phase == record.phase && reasons == record.reasons
                    }
                }
            }
            // Azure itself shows on our half what becomes of theirs.
            (Some(ours), None) => {
                let half = ours.half_towards(&ends.theirs);
                let shown = (half.map(|half| half.state), half.map(|half| half.sync));
                record.phase.is_final() && shown == (record.ours.state, record.ours.sync)
            }
            // Not listed is not gone: that takes a read of its own.
            (None, _) => record.phase.is_final() && listed.home_incomplete,
        }
    }
}
