//! Frames: a size, a channel, a performative, and what comes behind it.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use fe2o3_amqp_types::performatives::Performative;
use serde::Serialize;

use super::bounded::{Malformed, value_length};

/// What a connection of the standard tier takes. The smallest that AMQP allows is 512.
pub(super) const LARGEST_FRAME: usize = 256 * 1024;
pub(super) const SMALLEST_FRAME_LIMIT: usize = 512;
const HEAD: usize = 8;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Amqp = 0,
    Sasl = 1,
}

/// A frame, not yet understood.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) channel: u16,
    pub(super) body: Bytes,
}

/// The peer does not speak AMQP as it is understood here.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("a frame of {0} bytes")]
    Size(usize),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("a frame cannot be read")]
    Codec(#[from] serde_amqp::Error),
}

impl Frame {
    /// Takes the first frame out of what was received, if all of it has come.
    pub(super) fn take(received: &mut BytesMut) -> Result<Option<Self>, WireError> {
        let Some(size) = received.get(..4) else { return Ok(None) };
        let size = size.iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
        if !(HEAD..=LARGEST_FRAME).contains(&size) {
            return Err(WireError::Size(size));
        }
        if received.len() < size {
            return Ok(None);
        }
        let mut frame = received.split_to(size).freeze();
        let head = usize::from(frame[4]) * 4;
        if !(HEAD..=size).contains(&head) {
            return Err(WireError::Size(head));
        }
        let (kind, channel) = (frame[5], u16::from_be_bytes([frame[6], frame[7]]));
        frame.advance(head);
        Ok(Some(Self { kind, channel, body: frame }))
    }

    /// The performative and its payload; `None` for an empty frame, which only says that the peer is alive.
    pub(super) fn performative(self) -> Result<Option<(Performative, Bytes)>, WireError> {
        if self.body.is_empty() {
            return Ok(None);
        }
        let length = value_length(&self.body)?;
        let performative = serde_amqp::from_slice(&self.body[..length])?;
        Ok(Some((performative, self.body.slice(length..))))
    }
}

/// What is to be sent.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pub(super) bytes: BytesMut,
}

impl Outgoing {
    /// Adds a frame. What cannot be encoded is a defect, which is logged and costs the frame.
    pub(super) fn frame(&mut self, kind: FrameKind, channel: u16, body: &impl Serialize, payload: &[u8]) {
        match serde_amqp::to_vec(body) {
            Ok(body) => self.raw(kind, channel, &body, payload),
            Err(error) => tracing::error!(%error, "a frame cannot be encoded"),
        }
    }

    pub(super) fn empty_frame(&mut self) {
        self.raw(FrameKind::Amqp, 0, &[], &[]);
    }

    fn raw(&mut self, kind: FrameKind, channel: u16, body: &[u8], payload: &[u8]) {
        let size = HEAD + body.len() + payload.len();
        self.bytes.reserve(size);
        self.bytes.put_u32(u32::try_from(size).unwrap_or(u32::MAX));
        self.bytes.put_u8(2);
        self.bytes.put_u8(kind as u8);
        self.bytes.put_u16(channel);
        self.bytes.put_slice(body);
        self.bytes.put_slice(payload);
    }
}

/// How much of a payload fits into a frame behind `performative`.
pub(super) fn room(limit: usize, performative: &impl Serialize) -> usize {
    let taken = serde_amqp::to_vec(performative).map_or(HEAD, |body| HEAD + body.len());
    limit.saturating_sub(taken).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fe2o3_amqp_types::performatives::End;

    #[test]
    fn a_frame_is_taken_once_all_of_it_has_come() {
        let mut out = Outgoing::default();
        out.frame(FrameKind::Amqp, 7, &Performative::End(End { error: None }), b"rest");
        let whole = out.bytes.split();
        let mut received = BytesMut::from(&whole[..whole.len() - 1]);
        assert!(Frame::take(&mut received).unwrap().is_none());
        received.put_u8(whole[whole.len() - 1]);
        let frame = Frame::take(&mut received).unwrap().unwrap();
        assert_eq!((frame.kind, frame.channel), (0, 7));
        let (performative, payload) = frame.performative().unwrap().unwrap();
        assert_eq!((performative, &payload[..]), (Performative::End(End { error: None }), &b"rest"[..]));
    }

    #[test]
    fn a_frame_of_an_impossible_size_is_refused() {
        for size in [0u32, 7, (256 << 10) + 1, u32::MAX] {
            let mut received = BytesMut::from(&size.to_be_bytes()[..]);
            assert!(matches!(Frame::take(&mut received), Err(WireError::Size(_))));
        }
        let mut received = BytesMut::from(&[0, 0, 0, 8, 3, 0, 0, 0][..]);
        assert!(
            matches!(Frame::take(&mut received), Err(WireError::Size(12))),
            "a head longer than the frame"
        );
    }
}
