//! Calls: one attempt through the pipeline, and what is tried again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::headers::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{
    ClientOptions, Context, Pipeline, PipelineSendOptions, Request, RetryOptions, Transport,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::call::{Answer, Call};
use super::deadline::Deadline;
use super::error::{ArmError, Class, WriteError};
use super::settings::Settings;
use super::throttle::Throttles;
use super::tokens::{Bearer, TenantTokens};
use crate::azure::pipeline::{Agent, pass_on};
use crate::azure::{CallFault, LONGEST_BODY, envelope};
use crate::clock::Clock;

/// The longest that one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(15);

/// A read is safe to repeat, but only soon: no invocation is spent on waiting.
const READS: Repeats = Repeats {
    tries: 4,
    first: Duration::from_millis(200),
    cap: Duration::from_secs(3),
    longest: Duration::from_secs(5),
};

/// A write is repeated only if the answer proves that nothing was done, and only soon: what takes longer is a later
/// reconciliation, which reads again before it writes.
const WRITES: Repeats = Repeats {
    tries: 3,
    first: Duration::from_secs(1),
    cap: Duration::from_secs(3),
    longest: Duration::from_secs(5),
};

const AUXILIARY: HeaderName = HeaderName::from_static("x-ms-authorization-auxiliary");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const CORRELATION_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
const RETURN_CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-return-client-request-id");

struct Repeats {
    tries: u32,
    first: Duration,
    cap: Duration,
    longest: Duration,
}

/// A failed attempt. `sent` says whether Azure may have acted on it.
struct Failed {
    sent: bool,
    fault: CallFault,
}

pub(super) struct Client {
    pipeline: Pipeline,
    tokens: TenantTokens,
    throttles: Throttles,
    clock: Clock,
}

impl Client {
    pub(super) fn new(settings: &Settings, transport: Transport, clock: Clock) -> Self {
        let options = ClientOptions {
            transport: Some(transport.clone()),
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        };
        let per_try: Vec<Arc<dyn Policy>> = vec![Arc::new(Agent), Arc::new(Authorize)];
        Self {
            pipeline: Pipeline::new(None, None, options, Vec::new(), per_try, None),
            tokens: TenantTokens::new(settings, transport, clock),
            throttles: Throttles::default(),
            clock,
        }
    }

    /// Reads, repeating what may pass by itself: 429, 5xx and failed connections, at most four times and as
    /// `Retry-After` says. What would last long, or beyond `until`, is given up at once.
    pub(super) async fn read(&self, call: &Call, until: Deadline) -> Result<Answer, ArmError> {
        let mut exchange = Exchange::new(self, call);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match exchange.attempt(until).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => ArmError::new(&call.asked, failed.fault),
            };
            let after = match error.class() {
                Class::Throttled { after } | Class::Busy { after } | Class::Unavailable { after } => after,
                Class::NotFound | Class::Denied(_) | Class::Refused(_) | Class::Malformed => {
                    return Err(error);
                }
            };
            match READS.pause(attempts, after, until.remaining(&self.clock)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    /// Writes. It is sent once; again only where the answer proves that nothing was done.
    pub(super) async fn write(&self, call: &Call, until: Deadline) -> Result<Answer, WriteError> {
        let mut exchange = Exchange::new(self, call);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (sent, error) = match exchange.attempt(until).await {
                Ok(answer) => return Ok(answer),
                Err(Failed { sent, fault }) => (sent, ArmError::new(&call.asked, fault)),
            };
            let after = match error.class() {
                Class::Throttled { after } | Class::Busy { after } => after,
                Class::Unavailable { after } if !sent => after,
                Class::Unavailable { .. } | Class::Malformed if sent => {
                    return Err(WriteError::Unknown(error));
                }
                _ => return Err(WriteError::Rejected(error)),
            };
            match WRITES.pause(attempts, after, until.remaining(&self.clock)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(WriteError::Rejected(error)),
            }
        }
    }
}

impl Repeats {
    /// How long to wait after this many attempts; `None` to give up.
    fn pause(&self, attempts: u32, after: Option<Duration>, remaining: Duration) -> Option<Duration> {
        let backoff = self.first.saturating_mul(1 << (attempts - 1).min(16)).min(self.cap);
        let pause = after.unwrap_or(backoff);
        (attempts < self.tries && pause <= self.longest && pause < remaining).then_some(pause)
    }
}

/// A call under way: it counts its requests and renews its tokens at most once.
struct Exchange<'a> {
    client: &'a Client,
    call: &'a Call,
    requests: u32,
    renewed: bool,
}

impl<'a> Exchange<'a> {
    fn new(client: &'a Client, call: &'a Call) -> Self {
        Self { client, call, requests: 0, renewed: false }
    }

    /// One attempt; two where the tokens had to be renewed.
    async fn attempt(&mut self, until: Deadline) -> Result<Answer, Failed> {
        loop {
            let there = (self.call.asked.tenant, self.call.method, &self.call.url);
            if let Some(fault) = self.client.throttles.at(there, self.client.clock.instant()) {
                return Err(Failed { sent: false, fault });
            }
            let bearers = self.bearers(until).await.map_err(|fault| Failed { sent: false, fault })?;
            let sent = |fault| Failed { sent: true, fault };
            let answer = self.send(&bearers, until).await?;
            if (200..300).contains(&answer.status) {
                return Ok(answer);
            }
            let failure = envelope::failure(answer.status, &answer.body);
            if answer.status == 401 && !self.renewed && is_renewable(&failure.code) {
                self.renewed = true;
                for bearer in &bearers {
                    self.client.tokens.renew(bearer);
                }
                continue;
            }
            let clock = &self.client.clock;
            let after = envelope::retry_after(&answer.headers, clock.now());
            if let (429, Some(after)) = (answer.status, after) {
                self.client.throttles.begin(there, clock.instant(), after, &failure);
            }
            let linked = bearers.get(1).and_then(Bearer::object_id);
            return Err(sent(CallFault::Answered { status: answer.status, failure, after, linked }));
        }
    }

    /// The tokens for this call: the tenant's, then the partner's where one goes along.
    async fn bearers(&mut self, until: Deadline) -> Result<Vec<Bearer>, CallFault> {
        let mut bearers = Vec::with_capacity(2);
        for tenant in [Some(self.call.asked.tenant), self.call.auxiliary].into_iter().flatten() {
            let limit = self.limit(until)?;
            let asking = self.client.tokens.bearer(tenant, self.request_id(&format!("token {tenant}")));
            let bearer =
                tokio::time::timeout(limit, asking).await.map_err(|_| CallFault::TimedOut(limit))??;
            bearers.push(bearer);
        }
        Ok(bearers)
    }

    async fn send(&mut self, bearers: &[Bearer], until: Deadline) -> Result<Answer, Failed> {
        let limit = self.limit(until).map_err(|fault| Failed { sent: false, fault })?;
        self.requests += 1;
        let started = self.client.clock.instant();
        let mut request = self.request();
        let mut context = Context::new();
        context.insert(Authorization::of(bearers));
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let sending = self.client.pipeline.send(&context, &mut request, Some(options));
        let outcome = tokio::time::timeout(limit, sending).await;
        let fault = match outcome {
            Ok(Ok(answer)) if answer.body().len() > LONGEST_BODY => {
                CallFault::Malformed { what: format!("it is longer than {LONGEST_BODY} bytes"), source: None }
            }
            Ok(Ok(answer)) => {
                let (status, headers, body) = answer.deconstruct();
                let answer = Answer { status: status.into(), headers, body: body.into() };
                self.trace(&answer.status.to_string(), started);
                return Ok(answer);
            }
            Ok(Err(error)) => CallFault::of_transport(error),
            Err(_) => CallFault::TimedOut(limit),
        };
        self.trace("none", started);
        Err(Failed { sent: !matches!(fault, CallFault::Unusable { .. }), fault })
    }

    fn request(&self) -> Request {
        let mut request = Request::new(self.call.url.clone(), self.call.method);
        request.insert_header(CLIENT_REQUEST_ID, self.request_id("request"));
        request.insert_header(CORRELATION_REQUEST_ID, self.call.correlation.to_string());
        request.insert_header(RETURN_CLIENT_REQUEST_ID, "true");
        if let Some(body) = &self.call.body {
            request.insert_header(CONTENT_TYPE, "application/json");
            request.set_body(body.clone());
        }
        request
    }

    /// Derived, so that the same attempt of the same write carries the same id however often it is repeated.
    fn request_id(&self, what: &str) -> String {
        let Call { method, url, sequence, correlation, .. } = self.call;
        let name = format!("{method} {} {sequence} {what} {}", url.path(), self.requests);
        Uuid::new_v5(correlation, name.as_bytes()).to_string()
    }

    fn limit(&self, until: Deadline) -> Result<Duration, CallFault> {
        let remaining = until.remaining(&self.client.clock);
        if remaining.is_zero() { Err(CallFault::PastDeadline) } else { Ok(remaining.min(ATTEMPT)) }
    }

    /// One line a request; without the query, which in an operation's address is a signature.
    fn trace(&self, status: &str, started: Instant) {
        let ms = (self.client.clock.instant() - started).as_millis();
        tracing::debug!(
            method = %self.call.method,
            path = self.call.url.path(),
            status,
            ms = u64::try_from(ms).unwrap_or(u64::MAX),
            "resource manager"
        );
    }
}

/// Whether a fresh token may help. These two say that the token is of the wrong tenant or the wrong application.
fn is_renewable(code: &str) -> bool {
    !["InvalidAuthenticationTokenTenant", "AuxiliaryTokensInvalidApplicationIdentity"]
        .iter()
        .any(|lasting| code.eq_ignore_ascii_case(lasting))
}

/// The header values that go with one request.
struct Authorization {
    primary: String,
    auxiliary: Option<String>,
}

impl Authorization {
    fn of(bearers: &[Bearer]) -> Self {
        let value = |bearer: &Bearer| format!("Bearer {}", bearer.granted.token.reveal());
        Self { primary: bearers.first().map(value).unwrap_or_default(), auxiliary: bearers.get(1).map(value) }
    }
}

/// Sets the tokens on each request.
#[derive(Debug)]
struct Authorize;

#[async_trait]
impl Policy for Authorize {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        if let Some(authorization) = context.value::<Authorization>() {
            request.insert_header(AUTHORIZATION, authorization.primary.clone());
            if let Some(auxiliary) = &authorization.auxiliary {
                request.insert_header(AUXILIARY, auxiliary.clone());
            }
        }
        pass_on(context, request, next).await
    }
}
