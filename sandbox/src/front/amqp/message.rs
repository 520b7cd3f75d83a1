//! Messages on the wire.

use std::collections::BTreeMap;

use bytes::Bytes;
use fe2o3_amqp_types::messaging::annotations::{Annotations, OwnedKey};
use fe2o3_amqp_types::messaging::{
    AmqpValue, ApplicationProperties, Data, Header, MessageAnnotations, MessageId, Properties,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_amqp::Value as Amqp;
use serde_amqp::described::Described;
use serde_amqp::descriptor::Descriptor;
use serde_amqp::primitives::{Binary, OrderedMap, Symbol};

use super::bounded::{Malformed, Section, sections};
use super::values::{id_text, property, simple, text, time, timestamp};
use crate::service_bus::{BodyType, Locked, Message, Peeked, Value};

/// The message format of a batch, in which each `Data` section is an encoded message.
const BATCH: u32 = 0x8001_3700;

/// A message that was sent here.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) message: Message,
    /// The id with its type, for an answer.
    pub(super) message_id: Option<MessageId>,
    /// The body, where it is one value.
    pub(super) value: Option<Amqp>,
    data: Vec<Bytes>,
}

/// Why a message is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("a section cannot be read")]
    Codec(#[from] serde_amqp::Error),
    #[error("{0} is not supported here")]
    NotSupported(&'static str),
    #[error("x-opt-scheduled-enqueue-time is no time")]
    Schedule,
}

/// Reads one message.
pub(super) fn read(bytes: &Bytes) -> Result<Sent, NotTaken> {
    let mut sent = Sent { message: Message::default(), message_id: None, value: None, data: Vec::new() };
    for section in sections(bytes)? {
        sent.section(section)?;
    }
    sent.message.body = match (sent.data.as_slice(), &sent.value) {
        ([one], None) => one.clone(),
        (several, None) => several.concat().into(),
        ([], Some(Amqp::String(text))) => {
            sent.message.body_type = BodyType::Text;
            Bytes::from(text.clone())
        }
        ([], Some(Amqp::Binary(bytes))) => {
            sent.message.body_type = BodyType::Binary;
            Bytes::from(bytes.to_vec())
        }
        ([], Some(_)) => Bytes::new(),
        (_, Some(_)) => return Err(NotTaken::NotSupported("a body of data and a value")),
    };
    Ok(sent)
}

/// Reads what goes into a queue: one message, or several of a batch.
pub(super) fn read_for_queue(bytes: &Bytes, format: u32) -> Result<Vec<Message>, NotTaken> {
    if format != BATCH {
        return Ok(vec![for_queue(read(bytes)?)?]);
    }
    let batch = read(bytes)?;
    if batch.value.is_some() {
        return Err(NotTaken::NotSupported("a batch that is not of data"));
    }
    batch.data.iter().map(|data| for_queue(read(data)?)).collect()
}

fn for_queue(sent: Sent) -> Result<Message, NotTaken> {
    match sent.value {
        None | Some(Amqp::Null | Amqp::String(_) | Amqp::Binary(_)) => Ok(sent.message),
        Some(_) => Err(NotTaken::NotSupported("an AmqpValue body that is neither a string nor a binary")),
    }
}

impl Sent {
    fn section(&mut self, section: Section<'_>) -> Result<(), NotTaken> {
        let bytes = section.bytes;
        match section.code {
            0x70 => no_time_to_live(&decode(bytes)?)?,
            0x72 => self.annotations(decode::<MessageAnnotations>(bytes)?.0)?,
            0x73 => self.properties(decode(bytes)?),
            0x74 => {
                for (name, value) in decode::<ApplicationProperties>(bytes)?.0.into_inner() {
                    let value =
                        property(value).ok_or(NotTaken::NotSupported("a described application property"))?;
                    self.message.application_properties.insert(name, value);
                }
            }
            0x75 => self.data.push(decode::<Data>(bytes)?.0.into_vec().into()),
            0x76 => return Err(NotTaken::NotSupported("an AmqpSequence body")),
            0x77 => self.value = Some(decode::<AmqpValue<Amqp>>(bytes)?.0),
            // Delivery annotations and footers are for the hop alone.
            _ => {}
        }
        Ok(())
    }

    fn annotations(&mut self, annotations: Annotations) -> Result<(), NotTaken> {
        for (key, value) in annotations.into_inner() {
            let OwnedKey::Symbol(key) = key else { continue };
            match key.as_str() {
                "x-opt-scheduled-enqueue-time" => {
                    let Amqp::Timestamp(at) = &value else { return Err(NotTaken::Schedule) };
                    self.message.scheduled_enqueue_time = Some(time(at).ok_or(NotTaken::Schedule)?);
                }
                "x-opt-partition-key" => self.message.partition_key = text(&value).map(str::to_owned),
                _ => {}
            }
        }
        Ok(())
    }

    fn properties(&mut self, properties: Properties) {
        self.message_id.clone_from(&properties.message_id);
        let message = &mut self.message;
        message.message_id = properties.message_id.map(id_text);
        message.subject = properties.subject;
        message.correlation_id = properties.correlation_id.map(id_text);
        message.content_type = properties.content_type.map(Symbol::into_inner);
        message.to = properties.to;
        message.reply_to = properties.reply_to;
        message.session_id = properties.group_id;
        message.reply_to_session_id = properties.reply_to_group_id;
    }
}

/// A message that would outlive its time would be a lie: times to live are not modelled.
fn no_time_to_live(header: &Header) -> Result<(), NotTaken> {
    header.ttl.map_or(Ok(()), |_| Err(NotTaken::NotSupported("a time to live")))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_amqp::Error> {
    serde_amqp::from_slice(bytes)
}

/// What the namespace adds to a message that goes out.
struct Stamp<'a> {
    message: &'a Message,
    delivery_count: u32,
    annotations: Vec<(&'static str, Amqp)>,
}

/// A message that goes to a receiver under a lock.
pub(super) fn locked(locked: &Locked) -> Result<Vec<u8>, serde_amqp::Error> {
    let mut annotations = vec![
        ("x-opt-enqueued-time", Amqp::Timestamp(timestamp(locked.enqueued_time))),
        ("x-opt-sequence-number", Amqp::Long(locked.sequence_number)),
        ("x-opt-locked-until", Amqp::Timestamp(timestamp(locked.locked_until))),
    ];
    if let Some(source) = &locked.dead_letter_source {
        annotations.push(("x-opt-deadletter-source", Amqp::String(source.clone())));
    }
    // AMQP counts the deliveries before this one.
    let delivery_count = locked.delivery_count.saturating_sub(1);
    write(Stamp { message: &locked.message, delivery_count, annotations })
}

/// A message that was peeked at.
pub(super) fn peeked(peeked: &Peeked) -> Result<Vec<u8>, serde_amqp::Error> {
    let mut annotations = vec![
        ("x-opt-enqueued-time", Amqp::Timestamp(timestamp(peeked.enqueued_time))),
        ("x-opt-sequence-number", Amqp::Long(peeked.sequence_number)),
        // 0 is active, 1 deferred, 2 scheduled.
        ("x-opt-message-state", Amqp::Int(if peeked.scheduled { 2 } else { 0 })),
    ];
    if let Some(source) = &peeked.dead_letter_source {
        annotations.push(("x-opt-deadletter-source", Amqp::String(source.clone())));
    }
    write(Stamp { message: &peeked.message, delivery_count: peeked.delivery_count, annotations })
}

fn write(stamp: Stamp<'_>) -> Result<Vec<u8>, serde_amqp::Error> {
    let Stamp { message, delivery_count, mut annotations } = stamp;
    if let Some(at) = message.scheduled_enqueue_time {
        annotations.push(("x-opt-scheduled-enqueue-time", Amqp::Timestamp(timestamp(at))));
    }
    if let Some(key) = &message.partition_key {
        annotations.push(("x-opt-partition-key", Amqp::String(key.clone())));
    }
    let id = |id: &Option<String>| id.clone().map(MessageId::String);
    let properties = Properties {
        message_id: id(&message.message_id),
        to: message.to.clone(),
        subject: message.subject.clone(),
        reply_to: message.reply_to.clone(),
        correlation_id: id(&message.correlation_id),
        content_type: message.content_type.as_deref().map(Symbol::from),
        group_id: message.session_id.clone(),
        reply_to_group_id: message.reply_to_session_id.clone(),
        ..Properties::default()
    };
    let mut encoded = serde_amqp::to_vec(&header(delivery_count))?;
    append(&mut encoded, &MessageAnnotations(annotated(annotations)))?;
    append(&mut encoded, &properties)?;
    if !message.application_properties.is_empty() {
        append(&mut encoded, &application_properties(&message.application_properties))?;
    }
    let bytes = || Binary::from(message.body.to_vec());
    match message.body_type {
        BodyType::Data => append(&mut encoded, &Data(bytes()))?,
        BodyType::Binary => append(&mut encoded, &AmqpValue(Amqp::Binary(bytes())))?,
        BodyType::Text => {
            append(&mut encoded, &AmqpValue(String::from_utf8_lossy(&message.body).into_owned()))?;
        }
    }
    Ok(encoded)
}

/// An answer to a request: its id as the correlation id, the outcome as application properties, a value as the body.
pub(super) fn answer(
    correlation_id: Option<MessageId>,
    outcome: Vec<(&str, Value)>,
    body: Amqp,
) -> Result<Vec<u8>, serde_amqp::Error> {
    let outcome = outcome.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut encoded = serde_amqp::to_vec(&Properties { correlation_id, ..Properties::default() })?;
    append(&mut encoded, &application_properties(&outcome))?;
    append(&mut encoded, &AmqpValue(body))?;
    Ok(encoded)
}

/// A header that says its delivery count also where it is the default of 0: Azure's clients show none else.
fn header(delivery_count: u32) -> Described<Vec<Amqp>> {
    let fields = vec![Amqp::Bool(true), Amqp::Null, Amqp::Null, Amqp::Null, Amqp::Uint(delivery_count)];
    Described { descriptor: Descriptor::Code(0x70), value: fields }
}

fn annotated(entries: Vec<(&'static str, Amqp)>) -> Annotations {
    let mut annotations = Annotations::new();
    for (name, value) in entries {
        annotations.insert(OwnedKey::from(name), value);
    }
    annotations
}

fn application_properties(properties: &BTreeMap<String, Value>) -> ApplicationProperties {
    let mut map = OrderedMap::new();
    for (name, value) in properties {
        map.insert(name.clone(), simple(value));
    }
    ApplicationProperties(map)
}

fn append(encoded: &mut Vec<u8>, section: &impl Serialize) -> Result<(), serde_amqp::Error> {
    encoded.extend_from_slice(&serde_amqp::to_vec(section)?);
    Ok(())
}
