//! Service Bus on a port: AMQP 1.0 as Azure speaks it, with and without TLS on the same port.
//!
//! The state machines of connection, session and link are written here, because a broker's are not a client's: Azure echoes the
//! outcome when it settles, and its delivery tags are lock tokens. Performatives, message sections and their encoding are a library's.

mod address;
mod around;
mod attach;
mod bounded;
mod claims;
mod connection;
mod handshake;
mod incoming;
mod link;
mod management;
mod message;
mod outgoing;
mod session;
#[cfg(test)]
mod tests;
mod values;
mod wire;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use claims::Gate;
use connection::Connection;
use handshake::Stream;
use wire::Frame;

use super::accept::accept;
use crate::{Azure, Broker, Tenant};

/// TLS, headers and SASL have to be through by then.
const ENTRY_LIMIT: Duration = Duration::from_secs(20);
/// The peer has to take a last word within this time.
const FAREWELL: Duration = Duration::from_secs(2);
/// Nothing more is read from a peer that does not take what it is sent.
const MOST_UNREAD: usize = 4 << 20;

/// Serves a tenant's namespace until it is dropped, which cuts every connection. Never returns.
pub async fn serve_amqp(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    azure: Azure,
    tenant: Tenant,
) -> io::Result<Infallible> {
    let port = listener.local_addr()?.port();
    let gate = Gate { broker: azure.service_bus(tenant), azure, port };
    let acceptor = TlsAcceptor::from(tls);
    match accept(listener, |stream| serve(stream, acceptor.clone(), gate.clone())).await {}
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, gate: Gate) {
    let mut drops = gate.broker.drops();
    let entered = async {
        let mut stream = handshake::secure(stream, &tls).await?;
        let rights = handshake::enter(&mut *stream, &gate).await?;
        Ok::<_, handshake::NoEntry>((stream, rights))
    };
    let (stream, rights) = tokio::select! {
        entered = timeout(ENTRY_LIMIT, entered) => match entered {
            Ok(Ok(entered)) => entered,
            Ok(Err(error)) => return tracing::debug!(%error, "a connection was not let in"),
            Err(_) => return tracing::debug!("a connection took too long to come in"),
        },
        _ = drops.changed() => return,
    };
    let broker = gate.broker.clone();
    if let Err(error) = talk(stream, Connection::new(gate, rights), &broker, drops).await {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn talk(
    stream: Box<dyn Stream>,
    mut connection: Connection,
    broker: &Broker,
    mut drops: watch::Receiver<u64>,
) -> io::Result<()> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut received = BytesMut::new();
    let mut changes = broker.subscribe();
    loop {
        let now = broker.clock().now();
        loop {
            match Frame::take(&mut received) {
                Ok(Some(frame)) => connection.take(frame, now),
                Ok(None) => break,
                Err(error) => {
                    received.clear();
                    connection.unreadable(&error);
                }
            }
        }
        if drops.has_changed().unwrap_or(true) {
            return Ok(());
        }
        connection.pump(now);
        if connection.is_closed() {
            break;
        }
        let wake = Duration::try_from(connection.next_wake(now) - now).unwrap_or_default();
        let unsent = connection.outgoing().len();
        tokio::select! {
            read = reader.read_buf(&mut received), if unsent < MOST_UNREAD => {
                if read? == 0 {
                    return Ok(());
                }
            }
            written = writer.write_buf(connection.outgoing()), if unsent > 0 => {
                written?;
                if connection.outgoing().is_empty() {
                    writer.flush().await?;
                }
            }
            () = changes.next() => {}
            // Timers have milliseconds; less would be polling.
            () = sleep(wake.max(Duration::from_millis(1))) => {}
            _ = drops.changed() => return Ok(()),
        }
    }
    let farewell = async {
        writer.write_all(connection.outgoing()).await?;
        writer.shutdown().await
    };
    timeout(FAREWELL, farewell).await.unwrap_or(Ok(()))
}
