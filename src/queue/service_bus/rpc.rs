//! Questions and answers over a pair of links, as `$cbs` and `$management` have them.

use fe2o3_amqp::session::SessionHandle;
use fe2o3_amqp::types::messaging::{
    AmqpValue, ApplicationProperties, Body, Message as AmqpMessage, MessageId, Outcome, Properties,
};
use fe2o3_amqp::types::primitives::{SimpleValue, Value};
use fe2o3_amqp::{Receiver, Sender};

use super::failure::BusFailure;

/// One pair of links to a node. A call that was given up leaves it usable: answers are told apart by their ids.
pub(super) struct Rpc {
    sender: Sender,
    receiver: Receiver,
    reply_to: String,
    asked: u64,
}

/// An answer that has a status.
pub(super) struct RpcAnswer {
    pub(super) status: i64,
    pub(super) condition: Option<String>,
    pub(super) description: String,
    pub(super) body: Body<Value>,
}

impl Rpc {
    /// Attaches to a node; `name` names the links and stands nowhere else on the connection.
    pub(super) async fn attach(
        session: &mut SessionHandle<()>,
        node: &str,
        name: &str,
    ) -> Result<Self, BusFailure> {
        let sender = Sender::builder().name(format!("{name}-questions")).target(node).attach(session).await?;
        let receiver = Receiver::builder()
            .name(format!("{name}-answers"))
            .source(node)
            .target(name)
            .attach(session)
            .await?;
        Ok(Self { sender, receiver, reply_to: name.to_owned(), asked: 0 })
    }

    /// Asks, and waits for the answer to this question.
    pub(super) async fn call(
        &mut self,
        operation: &str,
        properties: impl IntoIterator<Item = (&'static str, SimpleValue)>,
        body: Value,
    ) -> Result<RpcAnswer, BusFailure> {
        self.asked += 1;
        let id = MessageId::Ulong(self.asked);
        let mut headers =
            ApplicationProperties::builder().insert("operation", SimpleValue::String(operation.to_owned()));
        for (name, value) in properties {
            headers = headers.insert(name, value);
        }
        let question = AmqpMessage::builder()
            .properties(Properties::builder().message_id(id.clone()).reply_to(self.reply_to.clone()).build())
            .application_properties(headers.build())
            .body(AmqpValue(body))
            .build();
        match self.sender.send(question).await? {
            Outcome::Accepted(_) => {}
            Outcome::Rejected(rejected) => {
                return Err(rejected.error.as_ref().map_or_else(
                    || BusFailure::LinkEnded(format!("{operation} was rejected")),
                    BusFailure::said,
                ));
            }
            outcome => return Err(BusFailure::LinkEnded(format!("{operation} was not taken: {outcome:?}"))),
        }
        loop {
            let delivery = self.receiver.recv::<Body<Value>>().await?;
            self.receiver
                .accept(&delivery)
                .await
                .map_err(|error| BusFailure::LinkEnded(error.to_string()))?;
            let answer = delivery.into_message();
            let about = answer.properties.as_ref().and_then(|properties| properties.correlation_id.as_ref());
            if about == Some(&id) {
                return Ok(RpcAnswer::read(answer));
            }
        }
    }
}

impl RpcAnswer {
    /// `$cbs` writes its names with dashes, `$management` in one word.
    fn read(answer: AmqpMessage<Body<Value>>) -> Self {
        let properties = answer.application_properties.unwrap_or_default();
        let find = |names: [&str; 2]| names.iter().find_map(|name| properties.0.get(*name));
        let text = |value: &SimpleValue| match value {
            SimpleValue::String(text) => Some(text.clone()),
            SimpleValue::Symbol(symbol) => Some(symbol.0.clone()),
            _ => None,
        };
        let status = match find(["status-code", "statusCode"]) {
            Some(SimpleValue::Int(code)) => i64::from(*code),
            Some(SimpleValue::Long(code)) => *code,
            Some(SimpleValue::Uint(code)) => i64::from(*code),
            Some(SimpleValue::Short(code)) => i64::from(*code),
            _ => 0,
        };
        Self {
            status,
            condition: find(["error-condition", "errorCondition"]).and_then(text),
            description: find(["status-description", "statusDescription"]).and_then(text).unwrap_or_default(),
            body: answer.body,
        }
    }

    /// The answer, or what its status means.
    pub(super) fn well(self, what: &str) -> Result<Self, BusFailure> {
        let told = match &self.condition {
            Some(condition) => format!("{what}: {} {condition}: {}", self.status, self.description),
            None => format!("{what}: {} {}", self.status, self.description),
        };
        match self.status {
            200..=299 => Ok(self),
            401 | 403 => Err(BusFailure::NotAllowed(told)),
            404 | 410 => Err(BusFailure::NotFound(told)),
            400..=499 if self.status != 408 && self.status != 429 => Err(BusFailure::Refused(told)),
            _ => Err(BusFailure::Busy(told)),
        }
    }
}
