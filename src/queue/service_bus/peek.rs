//! Looking into a queue without taking anything.

use std::sync::Arc;

use fe2o3_amqp::types::messaging::Body;
use fe2o3_amqp::types::primitives::{OrderedMap, SimpleValue, Value};

use super::client::ServiceBus;
use super::connection::Connection;
use super::decode::Peeked;
use super::error::PeekError;
use super::failure::BusFailure;
use super::path::QueuePath;

/// The most messages that one peek shows, whatever is asked for.
pub(crate) const PEEKED_MAX: usize = 250;
const SERVER_TIMEOUT_MS: u32 = 4000;

impl ServiceBus {
    /// Shows up to `most` messages from a sequence number on, scheduled ones among them; locks and counts nothing.
    /// Fewer than `most` does not mean that there are no more; none does.
    ///
    /// # Errors
    /// [`PeekError`].
    pub async fn peek(
        &self,
        path: QueuePath,
        from_sequence: i64,
        most: usize,
    ) -> Result<Vec<Peeked>, PeekError> {
        let most = i32::try_from(most.min(PEEKED_MAX)).unwrap_or(i32::MAX);
        let peeked = self.tried(|connection: Arc<Connection>| async move {
            let entity = path.to_string();
            let peeking = peek(&connection, &entity, from_sequence, most);
            connection.authorized(&entity, &self.tokens, &self.clock, peeking).await
        });
        peeked.await.map_err(|failure| self.peek_error(path, &failure))
    }
}

async fn peek(
    connection: &Connection,
    entity: &str,
    from_sequence: i64,
    most: i32,
) -> Result<Vec<Peeked>, BusFailure> {
    let mut rpc = connection.rpc(&format!("{entity}/$management")).await?;
    let mut body = OrderedMap::new();
    body.insert(Value::String("from-sequence-number".to_owned()), Value::Long(from_sequence));
    body.insert(Value::String("message-count".to_owned()), Value::Int(most));
    let properties = [
        ("type", SimpleValue::String("entity-mgmt".to_owned())),
        ("com.microsoft:server-timeout", SimpleValue::Uint(SERVER_TIMEOUT_MS)),
    ];
    let answer = rpc.call("com.microsoft:peek-message", properties, Value::Map(body)).await?;
    messages(answer.well(&format!("{entity} cannot be peeked"))?.body)
}

/// `{"messages": [{"message": bytes}, …]}`, or nothing where there are none.
fn messages(body: Body<Value>) -> Result<Vec<Peeked>, BusFailure> {
    let Body::Value(value) = body else { return Ok(Vec::new()) };
    let Value::Map(mut map) = value.0 else { return Ok(Vec::new()) };
    let Some(Value::List(list)) = map.swap_remove(&Value::String("messages".to_owned())) else {
        return Ok(Vec::new());
    };
    let one = |item: Value| {
        let Value::Map(mut item) = item else { return None };
        match item.swap_remove(&Value::String("message".to_owned()))? {
            Value::Binary(bytes) => Peeked::decode(&bytes),
            _ => None,
        }
    };
    list.into_iter()
        .map(|item| one(item).ok_or_else(|| BusFailure::Refused("a message in it cannot be read".to_owned())))
        .collect()
}
