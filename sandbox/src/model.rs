//! Everything in one piece of state, and what one request does to it.
//!
//! authenticate -> authorise -> the type's file -> history; faults decide before and after.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::arm::{self, Address, ArmCall, ArmError, Caller, Cx, Store};
use crate::entra::{self, Claims, Entra, Signer};
use crate::events::{Events, stamp};
use crate::faults::{Action, Answer, Cut, FaultPlan, RetryAfter};
use crate::history::{Call, History};
use crate::injector::{CallFacts, Faults};
use crate::mint::Mint;
use crate::reply::Reply;
use crate::request::{LARGEST_BODY, Who, digest, read_body, read_query, text, who};
use crate::settings::Settings;
use crate::world::World;

/// The state of the whole sandbox.
pub(crate) struct Model {
    world: Arc<World>,
    settings: Settings,
    mint: Mint,
    signer: Signer,
    pub(crate) store: Store,
    pub(crate) events: Events,
    pub(crate) faults: Faults,
    pub(crate) history: History,
    /// An event was published or an operation started since this was last taken.
    pub(crate) changed: bool,
}

impl Model {
    pub(crate) fn new(world: Arc<World>, settings: Settings) -> Self {
        let mut store = Store::default();
        store.seed_roles(&world);
        Self {
            store,
            mint: Mint::new(settings.seed),
            signer: Signer::new(settings.seed),
            events: Events::new(world.event_subscriptions().to_vec()),
            faults: Faults::new(FaultPlan::default()),
            history: History::default(),
            changed: false,
            world,
            settings,
        }
    }

    pub(crate) fn settle(&mut self, now: OffsetDateTime) {
        for (at, happening) in self.store.settle(&mut self.mint, now) {
            self.events.publish(&happening, at, &mut self.mint, &mut self.faults);
            self.changed = true;
        }
        self.events.settle(now);
    }

    pub(crate) fn verify(&mut self, token: &str) -> Option<Claims> {
        self.signer.verify(token).ok()
    }

    pub(crate) fn reject(&mut self, resource_id: &str, now: OffsetDateTime) -> bool {
        let found = self.store.reject(resource_id);
        self.store.look_around(&mut self.mint, now);
        found
    }

    /// Deals with one request at one moment.
    pub(crate) fn take(
        &mut self,
        request: &Request<Bytes>,
        now: OffsetDateTime,
    ) -> Result<Response<Bytes>, Cut> {
        self.settle(now);
        let claims = arm::identify(&mut self.signer, request.headers());
        let who = who(request, claims);
        let action = self.faults.on_call(&CallFacts {
            method: request.method().as_str(),
            path: request.uri().path(),
            principal: who.client_id.as_deref(),
            tenant: who.tenant.as_deref(),
        });
        let outcome = match action {
            None => Ok(self.answer(request, now)),
            Some(Action::CutBeforeCommit) => Err(Cut::BeforeCommit),
            Some(Action::CutAfterCommit) => {
                self.answer(request, now);
                Err(Cut::AfterCommit)
            }
            Some(Action::Answer(answer)) => {
                if answer.after_commit {
                    self.answer(request, now);
                }
                Ok(fault_reply(&answer).into_response())
            }
        };
        let status = outcome.as_ref().map_or(0, |response| response.status().as_u16());
        self.note(request, who, status, now);
        outcome
    }

    fn note(&mut self, request: &Request<Bytes>, who: Who, status: u16, now: OffsetDateTime) {
        let application = who.client_id.as_deref().and_then(|id| self.world.principal_by_client_id(id));
        self.history.add(Call {
            sequence: 0,
            time: stamp(now),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            status,
            application: application.map(|principal| principal.name.clone()),
            principal: who.client_id,
            tenant: who.tenant,
            client_request_id: text(request.headers(), "x-ms-client-request-id").map(str::to_owned),
            body_digest: (request.method() == Method::PUT).then(|| digest(request.body())),
        });
    }

    fn answer(&mut self, request: &Request<Bytes>, now: OffsetDateTime) -> Response<Bytes> {
        if let Some(endpoint) = entra::endpoint(request.uri().path()) {
            if request.body().len() > LARGEST_BODY {
                return Reply::empty(StatusCode::PAYLOAD_TOO_LARGE).into_response();
            }
            let mut entra = Entra {
                world: &self.world,
                signer: &self.signer,
                mint: &mut self.mint,
                now,
                token_lifetime: self.settings.token_lifetime,
            };
            return entra.answer(&endpoint, request.method(), request.body()).into_response();
        }
        let request_id = self.mint.guid();
        let correlation_id = text(request.headers(), "x-ms-correlation-request-id")
            .filter(|id| !id.is_empty() && id.len() <= 128)
            .map_or_else(|| self.mint.guid().to_string(), str::to_owned);
        let mut caller = None;
        let reply = self
            .resource_manager(request, now, request_id, &correlation_id, &mut caller)
            .unwrap_or_else(|error| {
                let tenant = arm::parse(request.uri().path()).ok().and_then(|address| address.tenant());
                error.into_reply(&arm::authority(&self.world, tenant))
            });
        let mut response = reply.into_response();
        self.common_headers(request, &mut response, request_id, &correlation_id, caller.as_ref(), now);
        response
    }

    fn resource_manager(
        &mut self,
        request: &Request<Bytes>,
        now: OffsetDateTime,
        request_id: Uuid,
        correlation_id: &str,
        known: &mut Option<Caller>,
    ) -> Result<Reply, ArmError> {
        let path = request.uri().path();
        let body = read_body(request)?;
        let query = read_query(request.uri().query().unwrap_or_default());
        if path.starts_with("/graph/") {
            return self.graph(request, &query, &body, now);
        }
        let address = arm::parse(path)?;
        if address == Address::MetadataEndpoints && request.method() == Method::GET {
            return Ok(Reply::ok(arm::endpoints(&self.world)));
        }
        let subscription = address.subscription().unwrap_or_default().to_owned();
        let wanted = address.tenant();
        let audience = self.world.resource_manager().to_owned();
        let caller =
            arm::authenticate(&mut self.signer, &self.world, now, request.headers(), &audience, wanted)?;
        let caller = known.insert(caller);
        if !subscription.is_empty() && wanted.is_none() {
            return Err(ArmError::NoSubscription(subscription));
        }
        let call = ArmCall {
            method: request.method().clone(),
            path: path.to_owned(),
            raw_query: request.uri().query().unwrap_or_default().to_owned(),
            api_version: query.get("api-version").cloned().unwrap_or_default(),
            query,
            headers: request.headers().clone(),
            body,
            subscription,
            request_id,
            correlation_id: correlation_id.to_owned(),
        };
        let mut cx = Cx {
            store: &mut self.store,
            mint: &mut self.mint,
            world: &self.world,
            settings: &self.settings,
            now,
            caller,
            call: &call,
            operation_name: String::new(),
            evidence: Value::Null,
            happenings: Vec::new(),
        };
        let reply = arm::answer(&mut cx, &address)?;
        // What an operation took over is told at its end; what is left is told now.
        let told = std::mem::take(&mut cx.happenings);
        self.changed |= !told.is_empty() || self.store.operations.is_running(request_id);
        for happening in told {
            self.events.publish(&happening, now, &mut self.mint, &mut self.faults);
        }
        Ok(reply)
    }

    fn graph(
        &mut self,
        request: &Request<Bytes>,
        query: &BTreeMap<String, String>,
        body: &Value,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        let audience = format!("{}/graph", self.world.resource_manager());
        let caller =
            arm::authenticate(&mut self.signer, &self.world, now, request.headers(), &audience, None)?;
        let filter = query.get("$filter").map(String::as_str);
        entra::graph(&self.world, caller.tenant, request.method(), request.uri().path(), filter, body).ok_or(
            ArmError::BadUrl("it is not one of the questions of Microsoft Graph that are answered here"),
        )
    }

    fn common_headers(
        &mut self,
        request: &Request<Bytes>,
        response: &mut Response<Bytes>,
        request_id: Uuid,
        correlation_id: &str,
        caller: Option<&Caller>,
        now: OffsetDateTime,
    ) {
        let path = request.uri().path().to_ascii_lowercase();
        let from_gateway = response.headers().contains_key("x-ms-failure-cause");
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        set("x-ms-request-id", &request_id.to_string());
        set("x-ms-correlation-request-id", correlation_id);
        set("x-ms-routing-request-id", &format!("SANDBOX:{request_id}"));
        set("cache-control", "no-cache");
        if path.contains("/providers/microsoft.network/") && !from_gateway {
            set("x-ms-arm-service-request-id", &self.mint.guid().to_string());
        }
        let asked = text(request.headers(), "x-ms-return-client-request-id");
        if asked.is_some_and(|value| value.eq_ignore_ascii_case("true"))
            && let Some(id) = text(request.headers(), "x-ms-client-request-id")
        {
            set("x-ms-client-request-id", id);
        }
        if let Some(caller) = caller {
            let (kind, remaining) = self.store.remaining(&caller.claims.oid, request.method(), now);
            let name = match kind {
                "writes" => "x-ms-ratelimit-remaining-subscription-writes",
                "deletes" => "x-ms-ratelimit-remaining-subscription-deletes",
                _ => "x-ms-ratelimit-remaining-subscription-reads",
            };
            set(name, &remaining.to_string());
        }
    }
}

fn fault_reply(answer: &Answer) -> Reply {
    let (code, message) = match answer.status {
        429 => (
            "TooManyRequests",
            "The request is being throttled. Please retry after the time in the Retry-After header.",
        ),
        503 => ("ServiceUnavailable", "The service is temporarily unavailable. Please retry later."),
        _ => ("InternalServerError", "An error occurred while processing the request."),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reply = Reply::json(status, json!({"error": {"code": code, "message": message}}));
    match &answer.retry_after {
        None => reply,
        Some(RetryAfter::Seconds(seconds)) => reply.header("retry-after", seconds.to_string()),
        Some(RetryAfter::Text(text)) => reply.header("retry-after", text.clone()),
    }
}
