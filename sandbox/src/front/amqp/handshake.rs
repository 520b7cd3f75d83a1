//! Before the first frame: TLS if the client wants it, the protocol headers, and SASL.

use std::io;

use bytes::BytesMut;
use fe2o3_amqp_types::sasl::{SaslCode, SaslInit, SaslMechanisms, SaslOutcome};
use serde_amqp::primitives::{Array, Symbol};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::bounded::value_length;
use super::claims::{Gate, Rights};
use super::wire::{Frame, FrameKind, Outgoing, WireError};

/// A stream, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoEntry {
    #[error("the connection broke")]
    Io(#[from] io::Error),
    #[error("the peer does not speak AMQP 1.0")]
    Protocol,
    #[error("the SASL frame cannot be read")]
    Wire(#[from] WireError),
    #[error("the mechanism or the key is not right")]
    Sasl,
}

const AMQP: [u8; 8] = *b"AMQP\x00\x01\x00\x00";
const SASL: [u8; 8] = *b"AMQP\x03\x01\x00\x00";
/// The first byte of a TLS client.
const TLS_HANDSHAKE: u8 = 0x16;
/// Without a right from SASL the client brings a token. MSSBCBS is what .NET's clients choose for that.
const MECHANISMS: [&str; 4] = ["MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL"];

/// Serves TLS to a client that begins with it.
pub(super) async fn secure(stream: TcpStream, tls: &TlsAcceptor) -> io::Result<Box<dyn Stream>> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    if first[0] == TLS_HANDSHAKE { Ok(Box::new(tls.accept(stream).await?)) } else { Ok(Box::new(stream)) }
}

/// Goes through headers and SASL up to the point at which frames begin.
pub(super) async fn enter(stream: &mut dyn Stream, gate: &Gate) -> Result<Rights, NoEntry> {
    let mut rights = Rights::default();
    let mut header = read_header(stream).await?;
    if header == SASL {
        stream.write_all(&SASL).await?;
        rights = sasl(stream, gate).await?;
        header = read_header(stream).await?;
    }
    stream.write_all(if header == AMQP { &AMQP } else { &SASL }).await?;
    stream.flush().await?;
    if header == AMQP { Ok(rights) } else { Err(NoEntry::Protocol) }
}

async fn read_header(stream: &mut dyn Stream) -> io::Result<[u8; 8]> {
    let mut header = [0; 8];
    stream.read_exact(&mut header).await?;
    Ok(header)
}

async fn sasl(stream: &mut dyn Stream, gate: &Gate) -> Result<Rights, NoEntry> {
    let offered = MECHANISMS.into_iter().map(Symbol::from).collect();
    write(stream, &SaslMechanisms { sasl_server_mechanisms: Array(offered) }).await?;
    let body = read(stream).await?;
    let init: SaslInit = serde_amqp::from_slice(&body).map_err(WireError::from)?;
    let rights = match init.mechanism.as_str() {
        "ANONYMOUS" | "EXTERNAL" | "MSSBCBS" => Some(Rights::default()),
        "PLAIN" => plain(init.initial_response.as_deref().map_or(&[], |bytes| bytes), gate),
        _ => None,
    };
    let code = if rights.is_some() { SaslCode::Ok } else { SaslCode::Auth };
    write(stream, &SaslOutcome { code, additional_data: None }).await?;
    rights.ok_or(NoEntry::Sasl)
}

/// An identity to act as, which is not looked at, a rule's name and its key, with a NUL between them.
fn plain(response: &[u8], gate: &Gate) -> Option<Rights> {
    let mut parts = response.split(|byte| *byte == 0).skip(1);
    let mut part = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let (name, key) = (part()?, part()?);
    gate.opens(name, key).then(Rights::for_ever)
}

async fn read(stream: &mut dyn Stream) -> Result<Vec<u8>, NoEntry> {
    let mut received = BytesMut::new();
    loop {
        if let Some(frame) = Frame::take(&mut received)? {
            if frame.kind != FrameKind::Sasl as u8 || !received.is_empty() {
                return Err(NoEntry::Protocol);
            }
            value_length(&frame.body).map_err(WireError::from)?;
            return Ok(frame.body.to_vec());
        }
        // A byte too many would be the AMQP header's.
        let missing = match received.get(..4) {
            None => 4 - received.len(),
            Some(size) => size.iter().fold(0, |size, byte| size << 8 | usize::from(*byte)) - received.len(),
        };
        let mut part = vec![0; missing.min(4096)];
        stream.read_exact(&mut part).await?;
        received.extend_from_slice(&part);
    }
}

async fn write(stream: &mut dyn Stream, body: &impl serde::Serialize) -> io::Result<()> {
    let mut out = Outgoing::default();
    out.frame(FrameKind::Sasl, 0, body, &[]);
    stream.write_all(&out.bytes).await?;
    stream.flush().await
}
