//! What all requests have in common, whoever of Azure they go to.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::USER_AGENT;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};

/// Says who we are, in the place of the SDK's own name.
#[derive(Debug)]
pub(crate) struct Agent;

#[async_trait]
impl Policy for Agent {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        request.insert_header(USER_AGENT, concat!("peerpact/", env!("CARGO_PKG_VERSION")));
        pass_on(context, request, next).await
    }
}

/// Hands a request to the next policy of the pipeline.
pub(crate) async fn pass_on(
    context: &Context<'_>,
    request: &mut Request,
    next: &[Arc<dyn Policy>],
) -> PolicyResult {
    match next {
        [first, rest @ ..] => first.send(context, request, rest).await,
        [] => Err(azure_core::Error::with_message(ErrorKind::Other, "the pipeline has no transport")),
    }
}
