//! Service Bus functions: messages are taken from the queue, each is one invocation, and its outcome settles it.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    function::{Function, ServiceBusTrigger},
    message,
    shared::{InvocationError, Shared},
};
use crate::{
    Broker,
    service_bus::{LockLost, Locked},
};

/// Feeds a function until the host stops; what is under way then is given back. While its handler is given up, nothing is taken.
pub(super) async fn run(shared: Arc<Shared>, function: Function, trigger: ServiceBusTrigger, broker: Broker) {
    let listener = Arc::new(Listener { function, trigger, broker });
    let calls = Arc::new(Semaphore::new(shared.app.service_bus.max_concurrent_calls));
    let mut under_way = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(call) = calls.clone().acquire_owned().await else { break };
        while under_way.try_join_next().is_some() {}
        let locked = tokio::select! {
            locked = listener.next(&shared) => locked,
            () = shared.stopped() => None,
        };
        let Some(locked) = locked else { break };
        let (shared, listener) = (shared.clone(), listener.clone());
        under_way.spawn(async move {
            listener.deal_with(&shared, &locked).await;
            drop(call);
        });
    }
    while under_way.join_next().await.is_some() {}
}

struct Listener {
    function: Function,
    trigger: ServiceBusTrigger,
    broker: Broker,
}

impl Listener {
    /// The next message. A handler that starts is waited for first, so that no message waits under a lock for it.
    async fn next(&self, shared: &Shared) -> Option<Locked> {
        if !shared.runs().await {
            return None;
        }
        // The queue was there when the app was read, and queues do not go.
        self.broker.next_message(&self.trigger.queue).await.ok()
    }

    async fn deal_with(&self, shared: &Shared, locked: &Locked) {
        let invocation = shared.invoke(&self.function, message::message(locked, self.trigger.binary));
        let outcome = tokio::select! {
            outcome = invocation => outcome,
            never = self.renew(shared, locked) => match never {},
        };
        let settled = match outcome {
            Ok(_) if shared.app.service_bus.auto_complete_messages => self.broker.complete(locked.lock_token),
            Ok(_) => Ok(()),
            // The host goes down: nobody looked at the message.
            Err(InvocationError::Down) => self.broker.release(locked.lock_token),
            Err(_) => self.broker.abandon(locked.lock_token),
        };
        if let Err(LockLost) = settled {
            let (queue, sequence) = (&self.trigger.queue, locked.sequence_number);
            tracing::warn!(queue, sequence, "the lock of a message was lost: it comes again");
        }
    }

    /// Keeps the lock for as long as the host's settings say. Never returns.
    async fn renew(&self, shared: &Shared, locked: &Locked) -> std::convert::Infallible {
        let renewing = async {
            let mut until = locked.locked_until;
            loop {
                let left = Duration::try_from(until - self.broker.clock().now()).unwrap_or_default();
                sleep(left / 2).await;
                match self.broker.renew(locked.lock_token) {
                    Ok(renewed) => until = renewed,
                    Err(LockLost) => break,
                }
            }
        };
        match shared.app.service_bus.max_auto_lock_renewal {
            None => renewing.await,
            Some(limit) => {
                let _ = timeout(limit, renewing).await;
            }
        }
        std::future::pending().await
    }
}
