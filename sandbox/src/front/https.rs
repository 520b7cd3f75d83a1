//! The HTTPS listener: HTTP/1.1 with keep-alive, and connections that can be dropped without an answer.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::accept::accept;

/// The answer of a service that wants the client's connection dropped, with no byte of an answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the connection is dropped without an answer")]
pub struct Dropped;

/// What Resource Manager takes at most.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Serves until it is dropped, which drops every connection, too. Never returns.
///
/// A request that the client gave up on is still carried out, as a real service would; only the answer is lost.
pub async fn serve_https<S, F>(listener: TcpListener, tls: Arc<ServerConfig>, service: S) -> Infallible
where
    S: Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Bytes>, Dropped>> + Send + 'static,
{
    let acceptor = TlsAcceptor::from(tls);
    accept(listener, |stream| serve_connection(stream, acceptor.clone(), service.clone())).await
}

async fn serve_connection<S, F>(stream: TcpStream, acceptor: TlsAcceptor, service: S)
where
    S: Fn(Request<Bytes>) -> F,
    F: Future<Output = Result<Response<Bytes>, Dropped>> + Send + 'static,
{
    let stream = match timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => return tracing::debug!("TLS handshake took too long"),
    };
    let answer = service_fn(|request: Request<Incoming>| respond(request, &service));
    // Flattened into one buffer instead of a vectored write: headers and body leave in one TLS record and one segment.
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(true)
        .writev(false)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = (&mut connection).await {
        tracing::debug!(%error, "connection ended");
        let stream = connection.into_parts().io.into_inner();
        // A reset, not an orderly end: the client cannot take it for an answer without a body.
        if let Err(error) = stream.get_ref().0.set_zero_linger() {
            tracing::debug!(%error, "the connection is closed instead of reset");
        }
    }
}

async fn respond<S, F>(request: Request<Incoming>, service: &S) -> Result<Response<Full<Bytes>>, Dropped>
where
    S: Fn(Request<Bytes>) -> F,
    F: Future<Output = Result<Response<Bytes>, Dropped>> + Send + 'static,
{
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        let mut refusal = Response::new(Full::default());
        *refusal.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refusal);
    };
    let answer = tokio::spawn(service(Request::from_parts(parts, body.to_bytes())));
    // A service that panicked has no answer either.
    answer.await.unwrap_or(Err(Dropped)).map(|response| response.map(Full::new))
}
