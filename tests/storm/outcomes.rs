//! The outcomes that whoever asked receives.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use peerpact_sandbox::Broker;
use serde_json::Value;
use tokio::task::JoinHandle;

const QUEUE: &str = "connection-outcomes";

/// What came, by correlation id; outcomes that nobody asked for stand under the empty one.
pub(crate) type Came = BTreeMap<String, Vec<String>>;

/// Receives outcomes for as long as it lives.
pub(crate) struct Outcomes {
    came: Arc<Mutex<Came>>,
    receiving: JoinHandle<()>,
}

impl Outcomes {
    pub(crate) fn receive(broker: Broker) -> Self {
        let came = Arc::new(Mutex::new(Came::new()));
        let receiving = tokio::spawn({
            let came = came.clone();
            async move {
                loop {
                    let locked = broker.next_message(QUEUE).await.unwrap();
                    let body: Value = serde_json::from_slice(&locked.message.body).unwrap();
                    // A lock that a restart of the broker took: it comes again.
                    if broker.complete(locked.lock_token).is_ok() {
                        let asked = locked.message.correlation_id.clone().unwrap_or_default();
                        let phase = body["phase"].as_str().unwrap().to_owned();
                        came.lock().unwrap().entry(asked).or_default().push(phase);
                    }
                }
            }
        });
        Self { came, receiving }
    }

    pub(crate) fn so_far(&self) -> Came {
        self.came.lock().unwrap().clone()
    }
}

impl Drop for Outcomes {
    fn drop(&mut self) {
        self.receiving.abort();
    }
}
