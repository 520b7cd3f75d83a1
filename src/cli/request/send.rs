//! Requests, on their way into the queue.

use crate::queue::{Message, MessageId, Queue, QueueError, Queues};
use crate::request::Request;

/// So many requests go into one send.
const AT_ONCE: usize = 100;

/// Puts requests into the queue; `sent` is called with how many are in it.
pub(super) async fn send(
    queues: &dyn Queues,
    requests: &[Request],
    mut sent: impl FnMut(usize),
) -> Result<(), QueueError> {
    let mut so_far = 0;
    for some in requests.chunks(AT_ONCE) {
        let messages: Vec<Message> = some.iter().map(message).collect();
        queues.send(Queue::ConnectionRequests, &messages).await?;
        so_far += some.len();
        sent(so_far);
    }
    Ok(())
}

/// The message that carries a request.
pub(crate) fn message(request: &Request) -> Message {
    Message {
        id: MessageId::new(request.id.as_str()),
        subject: request.action.name().to_owned(),
        correlation: Some(request.id.to_string()),
        not_before: None,
        body: request.to_json().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::kinds::Kinds;

    fn recheck(id: &str) -> Request {
        let network = |subscription: &str| {
            format!(
                "/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/n"
            )
        };
        let (ours, theirs) = (
            network("dec492d3-4f4e-493b-aa47-7bdf2f96a6fc"),
            network("6a5f35e9-6951-499d-a36b-83c6c6eed44a"),
        );
        let text =
            format!(r#"{{"version":1,"id":"{id}","action":"recheck","ours":"{ours}","theirs":"{theirs}"}}"#);
        Request::parse(&Kinds::built_in(), text.as_bytes()).unwrap()
    }

    struct Sends(Mutex<Vec<Vec<Message>>>);

    #[async_trait]
    impl Queues for Sends {
        async fn send(&self, queue: Queue, messages: &[Message]) -> Result<(), QueueError> {
            assert_eq!(queue, Queue::ConnectionRequests);
            self.0.lock().unwrap().push(messages.to_vec());
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_requests_are_sent_in_few_sends_and_in_their_order() {
        let requests: Vec<Request> = (0..250).map(|number| recheck(&format!("r-{number}"))).collect();
        let (sends, mut reported) = (Sends(Mutex::default()), Vec::new());
        send(&sends, &requests, |so_far| reported.push(so_far)).await.unwrap();
        assert_eq!(reported, [100, 200, 250]);
        let sent = sends.0.into_inner().unwrap().concat();
        let ids: Vec<&str> = sent.iter().map(|message| message.id.as_str()).collect();
        assert_eq!(ids, requests.iter().map(|request| request.id.as_str()).collect::<Vec<_>>());
        let Message { subject, correlation, not_before, body, .. } = &sent[7];
        assert_eq!((subject.as_str(), correlation.as_deref(), *not_before), ("recheck", Some("r-7"), None));
        assert_eq!(Request::parse(&Kinds::built_in(), body).unwrap(), requests[7]);
    }
}
