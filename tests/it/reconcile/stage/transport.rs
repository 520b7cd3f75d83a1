//! The app's transport: through the gate into the sandbox.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use bytes::Bytes;
use peerpact_sandbox::Azure;

use super::gate::Gate;
use super::points::Fault;

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
                self.gate.dies_next();
                Ok(reply)
            }
            Some(Fault::ResetAfterCommit) => {
                self.forward(request).await?;
                Err(azure_core::Error::with_message(ErrorKind::Io, "connection reset"))
            }
            Some(Fault::TimedOutAfterCommit) => {
                self.forward(request).await?;
                let page = "<html><body><h2>504 Gateway Timeout</h2></body></html>";
                Ok(AsyncRawResponse::from_bytes(504.into(), Headers::new(), Bytes::from(page)))
            }
            Some(Fault::CutShort) => {
                let (status, headers, body) = self.forward(request).await?.deconstruct();
                let body = body.collect().await?;
                Ok(AsyncRawResponse::from_bytes(status, headers, body.slice(..body.len() / 2)))
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
        let body = if self.gate.is_azure_at_work() { updating(&body) } else { body };
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
