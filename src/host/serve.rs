//! The protocol on a socket, for as long as the Functions host wants it.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use super::{Functions, tracked_router};

/// How long running invocations may take to finish after a stop was asked for.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long work that blocks a thread may hold up the process's end.
const THREADS_GRACE: Duration = Duration::from_secs(1);

/// Why the handler could not be served.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The runtime could not be built.
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    /// The port is taken or not ours to take.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// Signals cannot be caught.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    /// The listener failed.
    #[error("cannot serve")]
    Serve(#[source] io::Error),
}

/// Serves the functions on 127.0.0.1 until SIGTERM or SIGINT, on a runtime with this one thread. Blocks.
///
/// # Errors
/// [`HostError`] if it cannot start; never for anything that an invocation does.
pub fn run(port: u16, functions: Arc<dyn Functions>) -> Result<(), HostError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(HostError::Runtime)?;
    let served = runtime.block_on(async {
        let stop = stop_signal().map_err(HostError::Signals)?;
        let listener = listen(port).await?;
        tracing::debug!(port, "listening");
        serve(listener, functions, stop).await.map_err(HostError::Serve)
    });
    runtime.shutdown_timeout(THREADS_GRACE);
    served
}

/// Listens on 127.0.0.1, which is the address that the Functions host calls; nobody else can. Port 0 is any free one.
///
/// # Errors
/// [`HostError::Listen`] if the port cannot be had.
pub async fn listen(port: u16) -> Result<TcpListener, HostError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| HostError::Listen { port, source })
}

/// Serves until `shutdown` resolves, then takes no more connections, lets running invocations finish for at most
/// [`GRACE`], and returns.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    functions: Arc<dyn Functions>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (all_done, running) = watch::channel(());
    let (asked, was_asked) = oneshot::channel();
    let server =
        axum::serve(listener, tracked_router(functions, running)).with_graceful_shutdown(async move {
            shutdown.await;
            let _ = asked.send(());
        });
    let finished = async {
        server.await?;
        // Invocations whose connection is gone are not the server's any more.
        all_done.closed().await;
        Ok(())
    };
    let overdue = async {
        if was_asked.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = finished => ended,
        () = overdue => {
            tracing::warn!(grace_s = GRACE.as_secs(), "stopping although invocations are still running");
            Ok(())
        }
    }
}

/// Resolves at the first SIGTERM or SIGINT after this call has returned.
///
/// # Errors
/// When the system lets no handler be registered. Needs a runtime with I/O.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!(signal = "SIGTERM", "stopping"),
            _ = interrupt.recv() => tracing::info!(signal = "SIGINT", "stopping"),
        }
    })
}
