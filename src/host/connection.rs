//! One connection: request after request, each head within its time.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::connections::{Doing, Seat, Taken};
use super::service::{Host, answer};

/// How long a request's head may take from its first byte on. A connection that is idle may be so for ever.
pub const HEAD_MAX: Duration = Duration::from_secs(10);
/// How long a connection that is asked to end may take for the rest of a head, and to take off what was answered.
const LEAVING_MAX: Duration = Duration::from_secs(1);

/// A head that is not whole by then is refused. It is also what of a body is read at once, so that a connection holds no
/// more than about twice as much.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, host: Host, taken: Taken) {
    let (seat, taken) = (taken.seat().clone(), Arc::new(taken));
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let (host, taken) = (host.clone(), taken.clone());
        async move {
            let turn = taken.turn().await;
            let mut response = answer(State(host), request.map(Body::new)).await;
            drop(turn);
            if taken.answered() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(Watched { stream, seat: seat.clone() });
    // Its own time for a head begins when the last answer is out, and would end connections that are idle.
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return told(ended),
        () = slow_head(&seat) => {
            return tracing::debug!(seconds = HEAD_MAX.as_secs(), "a request's head did not come in time");
        }
        () = asked_to_leave(&seat) => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        ended = connection => told(ended),
        () = slow_head(&seat) => {}
        () = stuck(&seat) => {}
    }
}

fn told(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Resolves once the connection is to finish what it does, and end, and nothing that has come is lost by that.
async fn asked_to_leave(seat: &Seat) {
    seat.leave().await;
    // What has come meanwhile is read first.
    yield_now().await;
    // A head that is not whole would be dropped, so it may come yet.
    let _ = timeout(LEAVING_MAX, seat.watch().wait_for(|doing| *doing != Doing::Head)).await;
}

/// Resolves once a head takes too long.
async fn slow_head(seat: &Seat) {
    lasting(seat, |doing| doing == Doing::Head, HEAD_MAX).await;
}

/// Resolves if nothing is to be dealt with any more, and the other end does not take its last answer.
async fn stuck(seat: &Seat) {
    lasting(seat, |doing| matches!(doing, Doing::Idle(_)), LEAVING_MAX).await;
}

/// Resolves once the connection has done one such thing for so long.
async fn lasting(seat: &Seat, such: impl Fn(Doing) -> bool, most: Duration) {
    let mut doing = seat.watch();
    loop {
        let now = *doing.borrow_and_update();
        // The sender is the seat's own and outlives this.
        match such(now) {
            true if timeout(most, doing.changed()).await.is_err() => return,
            true => {}
            false => drop(doing.changed().await),
        }
    }
}

/// A stream that tells its seat when something comes in.
struct Watched {
    stream: TcpStream,
    seat: Arc<Seat>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.seat.bytes_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
