//! The controller: what the functions call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use time::OffsetDateTime;

use super::budget::{EventBudget, EventLimits};
use super::burst::Bursts;
use super::outbox::Outbox;
use super::reconciler::Reconciler;
use super::work_queue::WorkQueue;
use crate::arm::ResourceManager;
use crate::clock::Clock;
use crate::handshake::agreements::Agreements;
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::kinds::Kinds;
use crate::ledger::Ledger;
use crate::queue::Queues;

/// What a controller works with.
pub struct Ports {
    /// The tenant that we live in.
    pub home: TenantId,
    /// The kinds of handshakes.
    pub kinds: Kinds,
    /// What our tenant consents to.
    pub agreements: Arc<Agreements>,
    /// Azure.
    pub resource_manager: ResourceManager,
    /// What is known.
    pub ledger: Arc<dyn Ledger>,
    /// Where work items and outcomes go.
    pub queues: Arc<dyn Queues>,
    /// What events may cost.
    pub limits: EventLimits,
    /// The time.
    pub clock: Clock,
}

/// Takes triggers in, has them reconciled, and sends what came of it.
pub struct Controller {
    /// Reconciles one handshake.
    pub reconciler: Reconciler,
    /// Items on their way.
    pub work_queue: WorkQueue,
    /// Outcomes on their way.
    pub outbox: Outbox,
    pub(super) bursts: Bursts,
    /// When the sweep last sent an item about a handshake that is still to be reconciled. In memory, since only the timer
    /// asks: whoever starts anew sends one item too many.
    pub(super) swept: Mutex<HashMap<HandshakeId, OffsetDateTime>>,
}

impl Controller {
    /// A controller with these ports.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        let Ports { home, kinds, agreements, resource_manager, ledger, queues, limits, clock } = ports;
        Self {
            work_queue: WorkQueue::new(queues.clone()),
            outbox: Outbox::new(ledger.clone(), queues),
            reconciler: Reconciler {
                home,
                kinds,
                agreements,
                resource_manager,
                ledger,
                events: EventBudget::new(limits),
                clock,
            },
            bursts: Bursts::default(),
            swept: Mutex::default(),
        }
    }
}
