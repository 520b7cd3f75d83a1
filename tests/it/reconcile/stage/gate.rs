//! The gate between the app and the sandbox. It counts the app's calls, its reads and writes of the ledger, its sends, and at one of them does what
//! it was told: that is how faults are placed.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use peerpact::reconcile::EventLimits;
use tokio::sync::Notify;

use super::actor::Actor;
use super::moves::Move;
use super::points::{Away, Counts, Fault, LedgerFault, Point, ReadFault, SendFault, SettleFault};
use super::spoke;

pub(crate) struct Gate {
    point: Point,
    moves: Vec<(usize, Move)>,
    partner: Mutex<Option<Arc<Actor>>>,
    routed: Mutex<Vec<String>>,
    calls: Mutex<Vec<String>>,
    ledger_reads: AtomicUsize,
    ledger_writes: AtomicUsize,
    sends: AtomicUsize,
    settled: AtomicUsize,
    dying: AtomicBool,
    at_work: AtomicBool,
    no_sign_in: Mutex<Option<String>>,
    limits: EventLimits,
    away: Mutex<Option<Away>>,
    crashed: Notify,
}

impl Gate {
    pub(crate) fn open() -> Arc<Self> {
        Self::with(Point::Nowhere)
    }

    pub(crate) fn with(point: Point) -> Arc<Self> {
        match point {
            Point::Moved(at, its) => Self::moving(vec![(at, its)]),
            _ => Arc::new(Self::new(point)),
        }
    }

    /// The partner makes these moves, each right before the call with its number.
    pub(crate) fn moving(moves: Vec<(usize, Move)>) -> Arc<Self> {
        Arc::new(Self { moves, ..Self::new(Point::Nowhere) })
    }

    /// The app behind it lets events cost no more than this.
    pub(crate) fn limiting(limits: EventLimits) -> Arc<Self> {
        Arc::new(Self { limits, ..Self::new(Point::Nowhere) })
    }

    /// What events may cost the app.
    pub(crate) fn limits(&self) -> EventLimits {
        self.limits
    }

    fn new(point: Point) -> Self {
        Self {
            point,
            moves: Vec::new(),
            partner: Mutex::default(),
            routed: Mutex::default(),
            calls: Mutex::default(),
            ledger_reads: AtomicUsize::new(0),
            ledger_writes: AtomicUsize::new(0),
            sends: AtomicUsize::new(0),
            settled: AtomicUsize::new(0),
            dying: AtomicBool::new(false),
            at_work: AtomicBool::new(false),
            no_sign_in: Mutex::default(),
            limits: EventLimits::default(),
            away: Mutex::default(),
            crashed: Notify::new(),
        }
    }

    /// As long as this is so, every network shows itself to the app as one that Azure is at work on.
    pub(crate) fn azure_is_at_work(&self, so: bool) {
        self.at_work.store(so, Ordering::SeqCst);
    }

    pub(crate) fn is_azure_at_work(&self) -> bool {
        self.at_work.load(Ordering::SeqCst)
    }

    /// Who makes the moves.
    pub(crate) fn moved_by(&self, partner: &Arc<Actor>) {
        *self.partner.lock().unwrap() = Some(partner.clone());
    }

    /// Every prefix that a half which peerpact made in the spoke has routed after any of the calls.
    pub(crate) fn routed(&self) -> Vec<String> {
        self.routed.lock().unwrap().clone()
    }

    async fn partner_moves(&self, number: usize) {
        let partner = self.partner.lock().unwrap().clone();
        for (_, its) in self.moves.iter().filter(|(at, _)| *at == number) {
            its.make(partner.as_deref().expect("somebody moves")).await;
        }
    }

    /// Watches what our half routes, where anybody moves at all.
    pub(crate) async fn watch(&self) {
        let partner = self.partner.lock().unwrap().clone().filter(|_| !self.moves.is_empty());
        let Some(halves) = (match partner {
            Some(partner) => partner.halves(&spoke()).await,
            None => None,
        }) else {
            return;
        };
        for (_, half) in halves.iter().filter(|(name, _)| name.starts_with("peerpact-")) {
            let prefixes = half["remoteAddressSpace"]["addressPrefixes"].as_array().cloned();
            let prefixes = prefixes.unwrap_or_default().into_iter();
            let texts = prefixes.filter_map(|prefix| prefix.as_str().map(str::to_owned));
            if half["peeringState"] != "Disconnected" {
                self.routed.lock().unwrap().extend(texts);
            }
        }
    }

    /// From here on Entra takes the app's secret for a wrong one, in this tenant or (with an empty text) everywhere.
    pub(crate) fn refuse_sign_in(&self, tenant: Option<&str>) {
        *self.no_sign_in.lock().unwrap() = tenant.map(str::to_owned);
    }

    pub(crate) fn refuses_sign_in(&self, path: &str) -> bool {
        let refused = self.no_sign_in.lock().unwrap();
        path.contains("/oauth2/") && refused.as_ref().is_some_and(|tenant| path.contains(tenant))
    }

    /// From now on this fails, or nothing does.
    pub(crate) fn is_away(&self, what: Option<Away>) {
        *self.away.lock().unwrap() = what;
    }

    pub(crate) fn what_is_away(&self) -> Option<Away> {
        *self.away.lock().unwrap()
    }

    /// Every call so far, as `METHOD path`.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// Resolves when the app has crashed: who waits for it drops the app.
    pub(crate) async fn crashed(&self) {
        self.crashed.notified().await;
    }

    /// What a ledger read meets.
    pub(crate) async fn at_ledger_read(&self) -> Option<ReadFault> {
        self.die_if_dying().await;
        let number = self.ledger_reads.fetch_add(1, Ordering::SeqCst);
        match self.point {
            Point::LedgerRead(at, fault) if at == number => Some(fault),
            _ => None,
        }
    }

    /// What a ledger write meets.
    pub(crate) async fn at_ledger_write(&self) -> Option<LedgerFault> {
        self.die_if_dying().await;
        let number = self.ledger_writes.fetch_add(1, Ordering::SeqCst);
        match self.point {
            Point::LedgerWrite(at, fault) if at == number => Some(fault),
            _ => None,
        }
    }

    /// What a send meets.
    pub(crate) async fn at_send(&self) -> Option<SendFault> {
        self.die_if_dying().await;
        let number = self.sends.fetch_add(1, Ordering::SeqCst);
        match self.point {
            Point::Send(at, fault) if at == number => Some(fault),
            _ => None,
        }
    }

    /// What the settling of a message meets.
    pub(crate) async fn at_settle(&self) -> Option<SettleFault> {
        self.die_if_dying().await;
        let number = self.settled.fetch_add(1, Ordering::SeqCst);
        match self.point {
            Point::Settle(at, fault) if at == number => Some(fault),
            _ => None,
        }
    }

    /// How often each was met so far.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            calls: self.calls.lock().unwrap().len(),
            ledger_reads: self.ledger_reads.load(Ordering::SeqCst),
            ledger_writes: self.ledger_writes.load(Ordering::SeqCst),
            sends: self.sends.load(Ordering::SeqCst),
            settled: self.settled.load(Ordering::SeqCst),
        }
    }

    pub(crate) async fn crash(&self) -> ! {
        self.crashed.notify_one();
        pending::<()>().await;
        unreachable!("a crashed app is dropped")
    }

    /// The app is gone before it does anything else.
    pub(crate) fn dies_next(&self) {
        self.dying.store(true, Ordering::SeqCst);
    }

    async fn die_if_dying(&self) {
        if self.dying.load(Ordering::SeqCst) {
            self.crash().await;
        }
    }

    /// What a call meets.
    pub(crate) async fn at_call(&self, call: String) -> Option<Fault> {
        self.die_if_dying().await;
        let number = self.calls.lock().unwrap().len();
        self.partner_moves(number).await;
        let mut calls = self.calls.lock().unwrap();
        let number = calls.len();
        let first =
            |method: &str| call.starts_with(method) && !calls.iter().any(|call| call.starts_with(method));
        let fault = match self.point {
            Point::Call(at, fault) if at == number => Some(fault),
            Point::First(method, fault) if first(method) => Some(fault),
            _ => None,
        };
        calls.push(call);
        fault
    }
}
