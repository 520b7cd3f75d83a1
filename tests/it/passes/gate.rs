//! The gate between the app and the sandbox. It counts the app's calls and ledger writes, and at one of them does what
//! it was told: that is how faults are placed.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use bytes::Bytes;
use http::Method;
use peerpact::reconcile::EventLimits;
use peerpact_sandbox::Azure;
use serde_json::json;
use tokio::sync::Notify;

use super::actor::Actor;
use super::stage::{half, hub, spoke, wait};

/// What happens at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The app is gone before the call is sent.
    CrashBefore,
    /// The call takes effect, and the app is gone before it hears so.
    CrashAfterCommit,
    /// The app hears the answer, and is gone before it does anything else.
    CrashAfterReply,
    /// Azure answers 503 and does nothing.
    Unavailable,
    /// The call takes effect, and the connection is reset instead of an answer.
    ResetAfterCommit,
    /// Azure answers 429 and says when to come back.
    ThrottledWithRetryAfter,
    /// Azure answers 429.
    Throttled,
    /// Azure answers 404 for what is there.
    NotFound,
}

/// What happens at one write to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerFault {
    /// The app is gone before it is written.
    CrashBefore,
    /// It is written, and the app is gone.
    CrashAfter,
    /// The ledger fails.
    Fails,
}

/// What happens when the app sends messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendFault {
    /// The app is gone before they are sent.
    CrashBefore,
    /// They are in the queue, and the app is gone.
    CrashAfter,
    /// The queue cannot be reached.
    Fails,
    /// They are in the queue, and the app hears that it could not be reached.
    FailsAfterCommit,
}

/// What happens when the host settles a message that the app is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettleFault {
    /// The app and the host are gone before the message is completed.
    Crash,
    /// The message's lock was lost meanwhile, so that it is delivered again.
    LockLost,
}

/// What the partner does right before a call of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// The hub gets this address space.
    Respace(&'static [&'static str]),
    /// Their half goes.
    Close,
    /// Their half is opened, or written again.
    Open,
}

impl Move {
    /// Azure may refuse it, as when their network is held just then: then it is not made.
    async fn make(self, partner: &Actor) {
        let their_half = half(&hub(), "to-spoke");
        let (method, id, body) = match self {
            Self::Respace(prefixes) => {
                let space = json!({ "addressSpace": { "addressPrefixes": prefixes } });
                (Method::PUT, hub(), Some(json!({ "location": "westeurope", "properties": space })))
            }
            Self::Close => (Method::DELETE, their_half, None),
            Self::Open => {
                let properties = json!({
                    "remoteVirtualNetwork": { "id": spoke() }, "allowVirtualNetworkAccess": true,
                });
                (Method::PUT, their_half, Some(json!({ "properties": properties })))
            }
        };
        partner.call(method, &id, body.as_ref()).await;
        wait(2).await;
        partner.settle();
    }
}

/// What fails for as long as it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Away {
    /// The ledger can be read and not written, as on a full disk.
    LedgerWrites,
    /// The ledger can neither be read nor written.
    Ledger,
    /// Nothing can be sent.
    Queues,
}

/// Where the fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Nowhere,
    Call(usize, Fault),
    /// The partner is quicker than this call.
    Moved(usize, Move),
    /// At the first call with this method.
    First(&'static str, Fault),
    LedgerWrite(usize, LedgerFault),
    Send(usize, SendFault),
    Settle(usize, SettleFault),
}

/// How often an app came past each kind of point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) calls: usize,
    pub(crate) ledger_writes: usize,
    pub(crate) sends: usize,
    pub(crate) settled: usize,
}

pub(crate) struct Gate {
    point: Point,
    moves: Vec<(usize, Move)>,
    partner: Mutex<Option<Arc<Actor>>>,
    routed: Mutex<Vec<String>>,
    calls: Mutex<Vec<String>>,
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
    async fn watch(&self) {
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

    fn refuses_sign_in(&self, path: &str) -> bool {
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

    async fn die_if_dying(&self) {
        if self.dying.load(Ordering::SeqCst) {
            self.crash().await;
        }
    }

    async fn at_call(&self, call: String) -> Option<Fault> {
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

/// The app's transport: through the gate into the sandbox.
pub(crate) struct Transport {
    pub(crate) azure: Azure,
    pub(crate) gate: Arc<Gate>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let fault =
            self.gate.at_call(format!("{} {}", request.method().as_str(), request.url().path())).await;
        if self.gate.refuses_sign_in(request.url().path()) {
            return Ok(wrong_secret());
        }
        match fault {
            None => {
                let answer = self.forward(request).await;
                self.gate.watch().await;
                answer
            }
            Some(Fault::CrashBefore) => self.gate.crash().await,
            Some(Fault::CrashAfterCommit) => {
                self.forward(request).await?;
                self.gate.crash().await
            }
            Some(Fault::CrashAfterReply) => {
                let reply = self.forward(request).await?;
                self.gate.dying.store(true, Ordering::SeqCst);
                Ok(reply)
            }
            Some(Fault::ResetAfterCommit) => {
                self.forward(request).await?;
                Err(azure_core::Error::with_message(ErrorKind::Io, "connection reset"))
            }
            Some(Fault::Unavailable) => Ok(answer(503, "ServiceUnavailable", None)),
            Some(Fault::ThrottledWithRetryAfter) => Ok(answer(429, "TooManyRequests", Some("3"))),
            Some(Fault::Throttled) => Ok(answer(429, "TooManyRequests", None)),
            Some(Fault::NotFound) => Ok(answer(404, "ResourceNotFound", None)),
        }
    }
}

impl Transport {
    async fn forward(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut outgoing =
            http::Request::builder().method(request.method().as_str()).uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        let body = match request.body() {
            Body::Bytes(bytes) => bytes.clone(),
            Body::SeekableStream(_) => unreachable!("nothing of ours is streamed"),
        };
        let cut = |_| azure_core::Error::with_message(ErrorKind::Io, "connection reset");
        let response = self.azure.call(outgoing.body(body).unwrap()).await.map_err(cut)?;
        let (parts, body) = response.into_parts();
        let mut headers = Headers::new();
        for (name, value) in &parts.headers {
            headers.insert(name.as_str().to_owned(), value.to_str().unwrap().to_owned());
        }
        let body = if self.gate.at_work.load(Ordering::SeqCst) { updating(&body) } else { body };
        Ok(AsyncRawResponse::from_bytes(parts.status.as_u16().into(), headers, body))
    }
}

fn updating(body: &Bytes) -> Bytes {
    let text = std::str::from_utf8(body).unwrap();
    text.replace(r#""provisioningState":"Succeeded""#, r#""provisioningState":"Updating""#).into()
}

fn wrong_secret() -> AsyncRawResponse {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}"#;
    AsyncRawResponse::from_bytes(401.into(), Headers::new(), Bytes::from(body))
}

fn answer(status: u16, code: &str, retry_after: Option<&str>) -> AsyncRawResponse {
    let mut headers = Headers::new();
    if let Some(seconds) = retry_after {
        headers.insert("retry-after", seconds.to_owned());
    }
    let body = format!(r#"{{"error":{{"code":"{code}","message":"placed by the test"}}}}"#);
    AsyncRawResponse::from_bytes(status.into(), headers, Bytes::from(body))
}
