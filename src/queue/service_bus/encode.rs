//! Our messages as AMQP has them.

use fe2o3_amqp::link::delivery::Sendable;
use fe2o3_amqp::types::messaging::annotations::OwnedKey;
use fe2o3_amqp::types::messaging::message::__private::Serializable;
use fe2o3_amqp::types::messaging::{
    ApplicationProperties, Batch, Data, Message as AmqpMessage, MessageAnnotations, Properties,
};
use fe2o3_amqp::types::primitives::{SimpleValue, Timestamp, Value};

use super::failure::BusFailure;
use crate::queue::Message;

/// The format of a transfer whose data sections are messages themselves.
const BATCH_FORMAT: u32 = 0x8001_3700;
/// The largest batch that any tier of Service Bus takes, in bytes.
const BATCH_BYTES_MAX: u64 = 1024 * 1024;
/// What the envelope of a batch may take of it: an id of 128 characters and the frames of its sections.
const ENVELOPE_BYTES: u64 = 1024;
/// The head of a data section: its descriptor, and the constructor and length of its bytes.
const SECTION_BYTES: u64 = 8;
const CONTENT_TYPE: &str = "application/json";
/// Which version wrote a message, as an application property.
pub(super) const VERSION: &str = "peerpact-version";

/// One transfer on a link.
pub(super) type Transfer = Sendable<Batch<Data>>;

/// Packs messages into as few transfers as they fit into; `link_max` is the largest that the link takes, 0 for any.
pub(super) fn transfers(messages: &[Message], link_max: u64) -> Result<Vec<Transfer>, BusFailure> {
    let message_max = if link_max == 0 { u64::MAX } else { link_max };
    let batch_max = message_max.min(BATCH_BYTES_MAX).saturating_sub(ENVELOPE_BYTES);
    let mut transfers = Vec::new();
    let mut batch = Packed::default();
    for message in messages {
        let bytes = serde_amqp::to_vec(&Serializable(amqp(message))).map_err(|error| {
            BusFailure::Refused(format!("message {} cannot be encoded: {error}", message.id))
        })?;
        let size = bytes.len() as u64;
        if size > message_max {
            return Err(BusFailure::Refused(format!(
                "message {} has {size} bytes and the queue takes {message_max}",
                message.id
            )));
        }
        if batch.size + size + SECTION_BYTES > batch_max {
            transfers.extend(std::mem::take(&mut batch).into_transfer());
        }
        batch.size += size + SECTION_BYTES;
        batch.messages.push((message, bytes));
    }
    transfers.extend(batch.into_transfer());
    Ok(transfers)
}

#[derive(Default)]
struct Packed<'a> {
    messages: Vec<(&'a Message, Vec<u8>)>,
    size: u64,
}

impl Packed<'_> {
    fn into_transfer(self) -> Option<Transfer> {
        match self.messages.as_slice() {
            [] => None,
            [(message, _)] => Some(Sendable::builder().message(amqp(message)).build()),
            [(first, _), ..] => {
                // The first message's id stands for the batch, as in Azure's SDKs.
                let properties = Properties::builder().message_id(first.id.as_str().to_owned()).build();
                let sections = self.messages.into_iter().map(|(_, bytes)| Data::from(bytes));
                let envelope = AmqpMessage::builder()
                    .properties(properties)
                    .body(Batch::new(sections.collect::<Vec<_>>()))
                    .build();
                Some(Sendable::builder().message(envelope).message_format(BATCH_FORMAT).build())
            }
        }
    }
}

fn amqp(message: &Message) -> AmqpMessage<Batch<Data>> {
    let mut properties = Properties::builder()
        .message_id(message.id.as_str().to_owned())
        .subject(message.subject.clone())
        .content_type(CONTENT_TYPE);
    if let Some(correlation) = &message.correlation {
        properties = properties.correlation_id(correlation.clone());
    }
    let annotations = message.not_before.map(|time| {
        // Service Bus counts in milliseconds: never earlier than asked for.
        let milliseconds = i64::try_from((time.unix_timestamp_nanos() + 999_999).div_euclid(1_000_000));
        MessageAnnotations::builder()
            .insert(
                OwnedKey::from("x-opt-scheduled-enqueue-time"),
                Value::Timestamp(Timestamp::from(milliseconds.unwrap_or(i64::MAX))),
            )
            .build()
    });
    let version = SimpleValue::String(env!("CARGO_PKG_VERSION").to_owned());
    AmqpMessage::builder()
        .message_annotations(annotations)
        .properties(properties.build())
        .application_properties(ApplicationProperties::builder().insert(VERSION, version).build())
        .body(Batch::new(vec![Data::from(message.body.as_slice())]))
        .build()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::queue::MessageId;

    fn message(id: usize, bytes: usize) -> Message {
        Message {
            id: MessageId::new(&format!("m-{id}")),
            subject: "recheck".to_owned(),
            correlation: None,
            not_before: None,
            body: vec![b'x'; bytes],
        }
    }

    fn size(transfer: &Transfer) -> u64 {
        serde_amqp::to_vec(&Serializable(transfer.message.clone())).unwrap().len() as u64
    }

    fn sections(transfer: &Transfer) -> usize {
        transfer.message.body.iter().count()
    }

    #[test]
    fn one_message_goes_as_itself_and_several_as_a_batch() {
        let one = transfers(&[message(1, 10)], 0).unwrap();
        assert_eq!((one.len(), one[0].message_format, sections(&one[0])), (1, 0, 1));
        let all: Vec<_> = (0..100).map(|id| message(id, 10)).collect();
        let batch = transfers(&all, 0).unwrap();
        assert_eq!((batch.len(), batch[0].message_format, sections(&batch[0])), (1, BATCH_FORMAT, 100));
        assert!(transfers(&[], 0).unwrap().is_empty());
    }

    #[test]
    fn batches_are_split_where_the_link_takes_no_more_and_lose_nothing() {
        let all: Vec<_> = (0..300).map(|id| message(id, 100 * (id % 50))).collect();
        for link_max in [8 * 1024, 64 * 1024, 256 * 1024] {
            let split = transfers(&all, link_max).unwrap();
            assert!(split.iter().all(|transfer| size(transfer) <= link_max), "{link_max}");
            assert_eq!(split.iter().map(sections).sum::<usize>(), 300, "{link_max}");
        }
        let unbounded = transfers(&all, 0).unwrap();
        assert!(unbounded.iter().all(|transfer| size(transfer) <= BATCH_BYTES_MAX));
    }

    #[test]
    fn a_message_that_fits_no_batch_goes_alone_and_one_that_fits_nowhere_is_refused() {
        let all = [message(1, 10), message(2, 7_500), message(3, 10)];
        let split = transfers(&all, 8 * 1024).unwrap();
        assert_eq!(split.iter().map(sections).collect::<Vec<_>>(), [1, 1, 1]);
        let error = transfers(&[message(4, 9_000)], 8 * 1024).unwrap_err();
        assert!(matches!(&error, BusFailure::Refused(text) if text.contains("m-4")), "{error}");
    }

    #[test]
    fn a_scheduled_message_never_comes_early() {
        let scheduled =
            Message { not_before: Some(datetime!(2026-01-02 03:04:05.000_000_001 UTC)), ..message(1, 1) };
        let annotations = amqp(&scheduled).message_annotations.unwrap();
        let key = OwnedKey::from("x-opt-scheduled-enqueue-time");
        assert_eq!(annotations.0.get(&key), Some(&Value::Timestamp(Timestamp::from(1_767_323_045_001))));
        assert!(amqp(&message(1, 1)).message_annotations.is_none());
    }
}
