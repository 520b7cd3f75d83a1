//! What every part of a running host has, and the one way every trigger invokes a function.

use std::{
    future::pending,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use http::header::{CONTENT_TYPE, USER_AGENT};
use tokio::{sync::watch, time::timeout};
use uuid::Uuid;

use super::{
    app::App,
    function::Function,
    invocation::{self, TriggerData},
    keys::HostKeys,
    reply::{HandlerReply, Outputs, ReplyError},
    supervisor::WorkerState,
    worker::Worker,
};
use crate::Clock;

/// What the server, the timers and background invocations use.
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) app: App,
    pub(super) keys: HostKeys,
    pub(super) clock: Clock,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) worker: Worker,
    pub(super) client: reqwest::Client,
    pub(super) seed: u64,
    pub(super) guids: AtomicU64,
}

/// The version that the host gives in its headers.
const HOST_VERSION: &str = "4.1042.100.0";
const REPLY_LIMIT: usize = 16 * 1024 * 1024;
const END_IS_KNOWN: Duration = Duration::from_millis(250);

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvocationError {
    #[error("the handler cannot be reached")]
    Exchange(#[from] reqwest::Error),
    #[error("the handler's answer is longer than {REPLY_LIMIT} bytes")]
    TooLong,
    #[error(transparent)]
    Reply(#[from] ReplyError),
    #[error("Timeout value of {} s was exceeded", .0.as_secs())]
    Timeout(Duration),
    #[error("Function host is not running.")]
    Down,
}

impl Shared {
    /// Invokes a function and waits for its outcome, at most `functionTimeout`, after which the handler is restarted.
    pub(super) async fn invoke(
        &self,
        function: &Function,
        trigger: TriggerData,
    ) -> Result<Outputs, InvocationError> {
        let id = self.next_guid();
        let system = invocation::system_data(&function.name, self.clock.now(), &self.next_guid());
        let body = invocation::body(&function.binding, trigger, system).to_string();
        let mut stopping = self.stopping.clone();
        let outcome = tokio::select! {
            outcome = self.invoke_within_limit(function, &id, body) => outcome,
            _ = stopping.wait_for(|stopping| *stopping) => Err(InvocationError::Down),
        };
        match &outcome {
            Ok(_) => tracing::debug!(app = self.name, function = function.name, invocation = id, "Succeeded"),
            // The host itself was told to end: nobody's failure.
            Err(InvocationError::Down) if *self.stopping.borrow() => {
                tracing::debug!(app = self.name, function = function.name, invocation = id, "Stopped");
            }
            Err(error) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(app = self.name, function = function.name, invocation = id, error, "Failed");
            }
        }
        outcome
    }

    async fn invoke_within_limit(
        &self,
        function: &Function,
        id: &str,
        body: String,
    ) -> Result<Outputs, InvocationError> {
        let WorkerState::Ready { port, generation, .. } = self.worker.settled().await else {
            return Err(InvocationError::Down);
        };
        let exchange = self.exchange(function, port, id, body);
        let outcome = match self.app.function_timeout {
            None => exchange.await,
            Some(limit) => match timeout(limit, exchange).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    self.worker.restart(generation).await;
                    return Err(InvocationError::Timeout(limit));
                }
            },
        };
        if matches!(outcome, Err(InvocationError::Exchange(_))) {
            // The system tells of a handler's end a moment after its connections broke. What is tried again at once, such as a message,
            // must not be sent to the same handler until its tries are used up.
            let _ = timeout(END_IS_KNOWN, self.worker.over(generation)).await;
        }
        outcome
    }

    /// Waits until there is a handler to send to. `false` if there never is one again.
    pub(super) async fn runs(&self) -> bool {
        self.worker.answers().await
    }

    async fn exchange(
        &self,
        function: &Function,
        port: u16,
        id: &str,
        body: String,
    ) -> Result<Outputs, InvocationError> {
        let mut response = self
            .client
            .post(format!("http://127.0.0.1:{port}/{}", function.name))
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header(USER_AGENT, format!("Azure-Functions-Host/{HOST_VERSION}"))
            .header("X-Azure-Functions-HostVersion", HOST_VERSION)
            .header("X-Azure-Functions-InvocationId", id)
            .body(body)
            .send()
            .await?;
        let status = response.status().as_u16();
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if answer.len() + chunk.len() > REPLY_LIMIT {
                return Err(InvocationError::TooLong);
            }
            answer.extend_from_slice(&chunk);
        }
        match HandlerReply::read(status, &media_type, &answer)? {
            HandlerReply::Done(outputs) => Ok(outputs),
            // Until functionTimeout, as on Azure.
            HandlerReply::Silent => pending().await,
        }
    }

    pub(super) async fn stopped(&self) {
        // An error means that the host is gone, which is the same order.
        let _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
    }

    fn next_guid(&self) -> String {
        let count = self.guids.fetch_add(1, Ordering::Relaxed);
        derived_guid(self.seed, &self.name, &count.to_string())
    }
}

pub(super) fn derived_guid(seed: u64, app: &str, purpose: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("functions host/{seed}/{app}/{purpose}").as_bytes())
        .to_string()
}
