//! The protocol on a socket, for as long as the Functions host wants it.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use super::connection;
use super::connections::Connections;
use super::functions::Functions;
use super::service::Host;

/// How long running invocations may take to finish after a stop was asked for.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long work that blocks a thread may hold up the process's end.
const THREADS_GRACE: Duration = Duration::from_secs(1);

/// How long nothing is accepted after the system could not, for lack of handles or memory, unless a connection ends.
const ACCEPT_GAP: Duration = Duration::from_secs(1);

/// So many connections wait in the system until they are accepted, if it lets them. Who finds no room there tries again
/// after a second or more.
const WAITING_MAX: u32 = 1024;

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
        serve(listener, functions, stop).await;
        Ok(())
    });
    runtime.shutdown_timeout(THREADS_GRACE);
    served
}

/// Listens on 127.0.0.1, which is the address that the Functions host calls; nobody else can. Port 0 is any free one.
///
/// # Errors
/// [`HostError::Listen`] if the port cannot be had.
pub async fn listen(port: u16) -> Result<TcpListener, HostError> {
    let listening = || {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        socket.listen(WAITING_MAX)
    };
    listening().map_err(|source| HostError::Listen { port, source })
}

/// Serves until `shutdown` resolves, then takes no more connections, lets running invocations finish for at most
/// [`GRACE`], and returns.
pub async fn serve(
    listener: TcpListener,
    functions: Arc<dyn Functions>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let (all_done, running) = watch::channel(());
    let connections = Arc::new(Connections::default());
    tokio::select! {
        never = accept(&listener, Host::new(functions, running), &connections) => match never {},
        never = connections.close_the_rested() => match never {},
        () = shutdown => drop(listener),
    }
    let finished = async {
        connections.end().await;
        // Invocations whose connection is gone are not the server's any more.
        all_done.closed().await;
    };
    if timeout(GRACE, finished).await.is_err() {
        tracing::warn!(grace_s = GRACE.as_secs(), "stopping although invocations are still running");
    }
}

/// Accepts connections and has them served. One that comes when there are too many waits, and those behind it are the
/// system's.
async fn accept(listener: &TcpListener, host: Host, connections: &Arc<Connections>) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let taken = connections.take().await;
                tokio::spawn(connection::serve(stream, host.clone(), taken));
            }
            // The other end's affair.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; it is tried again");
                connections.make_room(ACCEPT_GAP).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
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
