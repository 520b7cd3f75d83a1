//! `ConnectionRequest`, and `ConnectionRequest-{suffix}` for a further queue: somebody asks for a connection, or for the end of one.

use super::hold::{MESSAGE_HELD, held};
use crate::handshake::request_queue::RequestQueue;
use crate::host::{Fault, QueueMessage, Reply};
use crate::reconcile::{Controller, Received};

pub(super) async fn run(
    controller: &Controller,
    queue: &RequestQueue,
    message: &QueueMessage,
) -> Result<Reply, Fault> {
    let receive = || controller.receive(queue, &message.body);
    let received = held(controller.reconciler.clock, MESSAGE_HELD, receive).await.map_err(Fault::ours)?;
    Ok(Reply::done().log(match received {
        Received::Placed { request, handshake } => {
            format!("request {request} is about handshake {handshake}")
        }
        Received::Pending(request) => format!("which handshake request {request} is about is found out next"),
        Received::Refused(reason) => {
            let id = message.message_id.as_deref().unwrap_or("none");
            tracing::warn!(message = id, fix = reason.fix.as_deref(), "{reason}");
            format!("refused: {reason}")
        }
    }))
}
