//! A connection: what the peer says comes in as frames, what it is told goes out as bytes. There is no I/O here.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fe2o3_amqp_types::definitions::{AmqpError, ConnectionError, Error, SessionError};
use fe2o3_amqp_types::performatives::{Begin, ChannelMax, Close, End, MaxFrameSize, Open, Performative};
use time::OffsetDateTime;

use super::around::Around;
use super::claims::{Gate, Rights};
use super::link::refusal;
use super::session::Session;
use super::wire::{Frame, FrameKind, LARGEST_FRAME, Outgoing, SMALLEST_FRAME_LIMIT, WireError};

/// Azure's limit for a connection without a valid token.
const TOKEN_WITHIN: time::Duration = time::Duration::seconds(20);
/// A peer that is silent for so long is gone. It is told half of that.
const SILENCE: time::Duration = time::Duration::minutes(4);
/// How long the peer has to answer a close.
const FAREWELL: time::Duration = time::Duration::seconds(5);
const HIGHEST_CHANNEL: u16 = 255;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The peer has not opened it.
    Awaited,
    Open,
    /// Closed by us; the peer's close is still to come, and nothing else counts.
    Closing {
        since: OffsetDateTime,
    },
    /// There is nothing more to say.
    Closed,
}

pub(super) struct Connection {
    gate: Gate,
    rights: Rights,
    phase: Phase,
    sessions: BTreeMap<u16, Session>,
    out: Outgoing,
    frame_limit: usize,
    heartbeat: Option<Duration>,
    started: OffsetDateTime,
    heard: OffsetDateTime,
    spoke: OffsetDateTime,
}

impl Connection {
    pub(super) fn new(gate: Gate, rights: Rights) -> Self {
        let now = gate.broker.clock().now();
        Self {
            gate,
            rights,
            phase: Phase::Awaited,
            sessions: BTreeMap::new(),
            out: Outgoing::default(),
            frame_limit: SMALLEST_FRAME_LIMIT,
            heartbeat: None,
            started: now,
            heard: now,
            spoke: now,
        }
    }

    /// Bytes to be sent.
    pub(super) fn outgoing(&mut self) -> &mut bytes::BytesMut {
        &mut self.out.bytes
    }

    pub(super) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Deals with one frame.
    pub(super) fn take(&mut self, frame: Frame, now: OffsetDateTime) {
        self.heard = now;
        if frame.kind != FrameKind::Amqp as u8 {
            return self.close(refusal(ConnectionError::FramingError, "It is not an AMQP frame."));
        }
        let channel = frame.channel;
        match frame.performative() {
            Ok(None) => {}
            Ok(Some((performative, payload))) => {
                if let Err(error) = self.perform(channel, performative, &payload, now) {
                    self.close(error);
                }
            }
            Err(error) => self.unreadable(&error),
        }
    }

    /// What came cannot be read: there is no way on, and no close of the peer's to wait for.
    pub(super) fn unreadable(&mut self, error: &WireError) {
        let condition = match error {
            WireError::Size(_) => refusal(ConnectionError::FramingError, error),
            WireError::Malformed(_) | WireError::Codec(_) => refusal(AmqpError::DecodeError, error),
        };
        self.close(condition);
        self.finish();
    }

    fn perform(
        &mut self,
        channel: u16,
        performative: Performative,
        payload: &Bytes,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        match (self.phase, performative) {
            (Phase::Awaited, Performative::Open(open)) => {
                self.open(&open);
                Ok(())
            }
            (Phase::Awaited, _) => Err(refusal(AmqpError::IllegalState, "The connection is not open.")),
            (Phase::Open, Performative::Open(_)) => {
                Err(refusal(AmqpError::IllegalState, "The connection is open already."))
            }
            (Phase::Open, Performative::Begin(begin)) => self.begin(channel, &begin, now),
            (Phase::Open, Performative::End(_)) => self.end(channel),
            (Phase::Open, Performative::Close(_)) => {
                self.send(&Performative::Close(Close { error: None }));
                self.finish();
                Ok(())
            }
            (Phase::Open, performative) => {
                let Some(session) = self.sessions.get_mut(&channel) else {
                    return Err(refusal(AmqpError::NotAllowed, "There is no session on this channel."));
                };
                let mut around = Around {
                    gate: &self.gate,
                    rights: &mut self.rights,
                    out: &mut self.out,
                    frame_limit: self.frame_limit,
                    now,
                };
                session.take(performative, payload, &mut around)
            }
            (Phase::Closing { .. }, Performative::Close(_)) => {
                self.finish();
                Ok(())
            }
            (Phase::Closing { .. } | Phase::Closed, _) => Ok(()),
        }
    }

    fn open(&mut self, open: &Open) {
        let limit = usize::try_from(open.max_frame_size.0).unwrap_or(usize::MAX);
        self.frame_limit = limit.clamp(SMALLEST_FRAME_LIMIT, LARGEST_FRAME);
        // Half of it, since a frame may be under way for some time.
        self.heartbeat = open
            .idle_time_out
            .filter(|limit| *limit > 0)
            .map(|limit| Duration::from_millis(u64::from(limit) / 2));
        self.phase = Phase::Open;
        self.send_open();
    }

    fn send_open(&mut self) {
        let open = Open {
            container_id: format!("{}-service-bus", self.gate.broker.tenant().name()),
            hostname: None,
            max_frame_size: MaxFrameSize(u32::try_from(LARGEST_FRAME).unwrap_or(u32::MAX)),
            channel_max: ChannelMax(HIGHEST_CHANNEL),
            idle_time_out: u32::try_from(SILENCE.whole_milliseconds() / 2).ok(),
            outgoing_locales: None,
            incoming_locales: None,
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        };
        self.send(&Performative::Open(open));
    }

    fn begin(&mut self, channel: u16, begin: &Begin, now: OffsetDateTime) -> Result<(), Error> {
        if channel > HIGHEST_CHANNEL || self.sessions.contains_key(&channel) {
            return Err(refusal(AmqpError::NotAllowed, "The channel is in use or above the highest."));
        }
        if begin.remote_channel.is_some() {
            return Err(refusal(SessionError::UnattachedHandle, "No session was begun from here."));
        }
        let mut around = Around {
            gate: &self.gate,
            rights: &mut self.rights,
            out: &mut self.out,
            frame_limit: self.frame_limit,
            now,
        };
        let session = Session::begin(channel, begin, &mut around);
        self.sessions.insert(channel, session);
        Ok(())
    }

    fn end(&mut self, channel: u16) -> Result<(), Error> {
        let Some(mut session) = self.sessions.remove(&channel) else {
            return Err(refusal(AmqpError::NotAllowed, "There is no session on this channel."));
        };
        session.release_all(&self.gate.broker);
        self.out.frame(FrameKind::Amqp, channel, &Performative::End(End { error: None }), &[]);
        Ok(())
    }

    /// Sends what can be sent and does what is due.
    pub(super) fn pump(&mut self, now: OffsetDateTime) {
        if !self.rights.any() && now >= self.started + TOKEN_WITHIN {
            let why = format!("No valid token was brought within {} s.", TOKEN_WITHIN.whole_seconds());
            self.close(refusal(AmqpError::UnauthorizedAccess, why));
        }
        if now >= self.heard + SILENCE {
            self.close(refusal(ConnectionError::ConnectionForced, "Nothing was heard from the peer."));
        }
        if matches!(self.phase, Phase::Closing { since } if now >= since + FAREWELL) {
            self.finish();
        }
        if self.phase == Phase::Open {
            for session in self.sessions.values_mut() {
                let mut around = Around {
                    gate: &self.gate,
                    rights: &mut self.rights,
                    out: &mut self.out,
                    frame_limit: self.frame_limit,
                    now,
                };
                session.check_rights(&mut around);
                session.pump(&mut around);
            }
            if let Some(heartbeat) = self.heartbeat
                && self.out.bytes.is_empty()
                && now >= self.spoke + heartbeat
            {
                self.out.empty_frame();
            }
        }
        if !self.out.bytes.is_empty() {
            self.spoke = now;
        }
    }

    /// When [`Connection::pump`] has something to do even if nothing happens.
    pub(super) fn next_wake(&self, now: OffsetDateTime) -> OffsetDateTime {
        if let Phase::Closing { since } = self.phase {
            return since + FAREWELL;
        }
        let token = (!self.rights.any()).then_some(self.started + TOKEN_WITHIN);
        let heartbeat = self.heartbeat.filter(|_| self.phase == Phase::Open).map(|span| self.spoke + span);
        let due = [token, heartbeat, self.rights.next_expiry(now), self.gate.broker.next_due()];
        due.into_iter().flatten().fold(self.heard + SILENCE, OffsetDateTime::min)
    }

    /// Ends the connection for a reason.
    pub(super) fn close(&mut self, error: Error) {
        match self.phase {
            Phase::Closing { .. } | Phase::Closed => return,
            // A close has to come after an open.
            Phase::Awaited => self.send_open(),
            Phase::Open => {}
        }
        tracing::debug!(condition = ?error.condition, description = error.description, "a connection is closed");
        self.send(&Performative::Close(Close { error: Some(error) }));
        self.release_all();
        self.phase = Phase::Closing { since: self.gate.broker.clock().now() };
    }

    fn finish(&mut self) {
        self.release_all();
        self.phase = Phase::Closed;
    }

    fn release_all(&mut self) {
        for session in self.sessions.values_mut() {
            session.release_all(&self.gate.broker);
        }
        self.sessions.clear();
    }

    fn send(&mut self, performative: &Performative) {
        self.out.frame(FrameKind::Amqp, 0, performative, &[]);
    }
}

impl Drop for Connection {
    /// However a connection ends, what was locked over it is free again.
    fn drop(&mut self) {
        self.release_all();
    }
}
