//! The client of one namespace: it keeps the connection, and tries again what may pass by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, Semaphore};

use super::address::ServiceBusAddress;
use super::connection::Connection;
use super::error::{PeekError, queue_error};
use super::failure::BusFailure;
use super::path::QueuePath;
use super::tls::Tls;
use super::tokens::Tokens;
use crate::azure::AzureConfig;
use crate::clock::Clock;
use crate::queue::{Message, Queue, QueueError, Queues};

/// How many sends may be under way at once.
const IN_FLIGHT_MAX: usize = 64;
/// How often a send is tried.
const TRIES: u32 = 3;
/// How long one try may take, with whatever has to be opened first.
const TRY_BOUND: Duration = Duration::from_secs(5);
/// The first pause between two tries; each one after it is three times as long.
const PAUSE: Duration = Duration::from_millis(150);

/// What is needed to reach a namespace.
#[derive(Clone, Debug)]
pub struct ServiceBusSettings {
    /// Where it is.
    pub address: ServiceBusAddress,
    /// Who we are in Entra; needed where the address has no key.
    pub entra: Option<AzureConfig>,
    /// A PEM file with the only authorities to trust, in the place of the system's.
    pub ca_bundle: Option<PathBuf>,
    /// Spreads retries of several processes and tells their connections apart: anything that differs between them.
    pub seed: u64,
}

/// The queues of one namespace. Share it: all who send use the same connection.
pub struct ServiceBus {
    address: ServiceBusAddress,
    tls: Tls,
    pub(super) tokens: Arc<Tokens>,
    pub(super) clock: Clock,
    connection: Mutex<Option<Arc<Connection>>>,
    in_flight: Semaphore,
    random: AtomicU64,
    container: String,
}

impl ServiceBus {
    /// Keeps what it needs; contacts nobody.
    #[must_use]
    pub fn new(settings: ServiceBusSettings, clock: Clock) -> Self {
        let ServiceBusSettings { address, entra, ca_bundle, seed } = settings;
        Self {
            address,
            tls: Tls::new(ca_bundle),
            tokens: Arc::new(Tokens::new(entra, clock)),
            clock,
            connection: Mutex::default(),
            in_flight: Semaphore::new(IN_FLIGHT_MAX),
            random: AtomicU64::new(seed),
            container: format!("peerpact-{seed:016x}"),
        }
    }

    /// The connection that stands, or a new one. Who comes meanwhile waits for the same.
    async fn connection(&self) -> Result<Arc<Connection>, BusFailure> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = &*slot
            && !connection.is_closed().await
        {
            return Ok(connection.clone());
        }
        let connection = Arc::new(Connection::open(&self.address, &self.tls, self.container.clone()).await?);
        *slot = Some(connection.clone());
        Ok(connection)
    }

    /// Lets go of a connection, unless somebody did so already. Who still waits on it keeps it alive until then.
    async fn give_up(&self, connection: &Arc<Connection>) {
        let mut slot = self.connection.lock().await;
        if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
            *slot = None;
        }
    }

    /// Does something over the connection, again and again while that may help and the bound allows it.
    pub(super) async fn tried<T, F>(&self, attempt: impl Fn(Arc<Connection>) -> F) -> Result<T, BusFailure>
    where
        F: Future<Output = Result<T, BusFailure>>,
    {
        let mut tries = 1;
        loop {
            let failure = match self.try_once(&attempt).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let pass = match &failure {
                BusFailure::Refused(_) | BusFailure::NotAllowed(_) | BusFailure::NotFound(_) => false,
                BusFailure::Busy(_) | BusFailure::LinkEnded(_) | BusFailure::Disconnected(_) => tries < TRIES,
            };
            if !pass {
                return Err(failure);
            }
            tracing::debug!(tries, %failure, "Service Bus is tried again");
            // A link that was idle for too long is simply attached again.
            if !(tries == 1 && matches!(failure, BusFailure::LinkEnded(_))) {
                tokio::time::sleep(self.pause(tries)).await;
            }
            tries += 1;
        }
    }

    async fn try_once<T, F>(&self, attempt: &impl Fn(Arc<Connection>) -> F) -> Result<T, BusFailure>
    where
        F: Future<Output = Result<T, BusFailure>>,
    {
        let mut used = None;
        let done = tokio::time::timeout(TRY_BOUND, async {
            let connection = self.connection().await?;
            used = Some(connection.clone());
            attempt(connection).await
        })
        .await
        .unwrap_or_else(|_| Err(BusFailure::Disconnected(format!("{} does not answer", self.address))));
        if let (Err(BusFailure::Disconnected(_)), Some(connection)) = (&done, &used) {
            self.give_up(connection).await;
        }
        done
    }

    pub(super) fn peek_error(&self, path: QueuePath, failure: &BusFailure) -> PeekError {
        PeekError::of(path, &self.address, failure)
    }

    /// Between half of the pause and all of it.
    fn pause(&self, tries: u32) -> Duration {
        let whole = PAUSE * 3_u32.pow(tries - 1);
        // SplitMix64: a counter, mixed.
        let mut mixed = self.random.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let thousandths = u32::try_from((mixed >> 31) % 501).unwrap_or(0);
        whole / 2 + whole * thousandths / 1000
    }
}

#[async_trait]
impl Queues for ServiceBus {
    async fn send(&self, queue: Queue, messages: &[Message]) -> Result<(), QueueError> {
        if messages.is_empty() {
            return Ok(());
        }
        let Ok(_turn) = self.in_flight.acquire().await else {
            return Err(QueueError::Unreachable { queue, problem: "no more messages are sent".to_owned() });
        };
        let sent = self.tried(|connection: Arc<Connection>| async move {
            connection.send(queue, messages, &self.tokens, &self.clock).await
        });
        sent.await.map_err(|failure| queue_error(queue, &failure))
    }
}
