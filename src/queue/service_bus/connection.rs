//! One connection, one session on it, and links that are kept.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fe2o3_amqp::connection::ConnectionHandle;
use fe2o3_amqp::link::receiver::CreditMode;
use fe2o3_amqp::sasl_profile::SaslProfile;
use fe2o3_amqp::session::SessionHandle;
use fe2o3_amqp::types::messaging::Outcome;
use fe2o3_amqp::types::primitives::{SimpleValue, Timestamp, Value};
use fe2o3_amqp::{Connection as AmqpConnection, Receiver, Sender, Session};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;

use super::address::ServiceBusAddress;
use super::encode;
use super::failure::BusFailure;
use super::rpc::Rpc;
use super::tls::{Tls, plain};
use super::tokens::{Stands, Tokens};
use crate::clock::Clock;
use crate::queue::{Message, Queue};

/// After so long without a frame the other side is gone. Half of it is announced, in whose time it sends an empty one.
const IDLE: Duration = Duration::from_secs(120);
const FRAME_BYTES_MAX: u32 = 64 * 1024;

/// A connection that stands, until it is dropped.
pub(super) struct Connection {
    // The session ends with its handle, the connection with its own: in this order.
    links: [Mutex<Option<Link>>; Queue::ALL.len()],
    cbs: Mutex<Cbs>,
    session: Mutex<SessionHandle<()>>,
    handle: ConnectionHandle<()>,
    address: ServiceBusAddress,
    container: String,
    named: AtomicU64,
}

struct Link {
    sender: Sender,
    number: u64,
}

/// Which link a send went over, and whether it stood before.
#[derive(Clone, Copy)]
struct Used {
    number: u64,
    kept: bool,
}

/// The links to `$cbs`, and for each path what its token is good for.
#[derive(Default)]
struct Cbs {
    rpc: Option<Rpc>,
    put: HashMap<String, Stands>,
}

impl Connection {
    pub(super) async fn open(
        address: &ServiceBusAddress,
        tls: &Tls,
        container: String,
    ) -> Result<Self, BusFailure> {
        let mut handle = if address.is_plain() {
            open(address, &container, plain(address).await?).await?
        } else {
            open(address, &container, tls.connect(address).await?).await?
        };
        let session = Session::begin(&mut handle).await.map_err(BusFailure::disconnected)?;
        Ok(Self {
            links: Default::default(),
            cbs: Mutex::default(),
            session: Mutex::new(session),
            handle,
            address: address.clone(),
            container,
            named: AtomicU64::new(0),
        })
    }

    /// Whether it is known to be gone.
    pub(super) async fn is_closed(&self) -> bool {
        self.handle.is_closed() || self.session.lock().await.is_ended()
    }

    /// Sends messages over the queue's link and waits for the outcome of each transfer. The link is held only while
    /// transfers are written, so that several callers' outcomes are waited for at once.
    pub(super) async fn send(
        &self,
        queue: Queue,
        messages: &[Message],
        tokens: &Tokens,
        clock: &Clock,
    ) -> Result<(), BusFailure> {
        let mut used = None;
        let sending = self.transfer(queue, messages, &mut used);
        let sent = self.authorized(queue.name(), tokens, clock, sending).await;
        let (Err(failure), Some(link)) = (&sent, used) else { return sent };
        if !matches!(failure, BusFailure::Busy(_)) {
            self.give_up(queue, link.number).await;
        }
        match sent {
            // It may have ended for a token that has been put anew since.
            Err(BusFailure::NotAllowed(told)) if link.kept => Err(BusFailure::LinkEnded(told)),
            sent => sent,
        }
    }

    async fn transfer(
        &self,
        queue: Queue,
        messages: &[Message],
        used: &mut Option<Used>,
    ) -> Result<(), BusFailure> {
        let mut outcomes = Vec::new();
        {
            let mut slot = self.link(queue).lock().await;
            let kept = slot.is_some();
            let link = match &mut *slot {
                Some(link) => link,
                empty => empty.insert(self.attach(queue).await?),
            };
            *used = Some(Used { number: link.number, kept });
            let link_max = link.sender.max_message_size().unwrap_or(0);
            for transfer in encode::transfers(messages, link_max)? {
                outcomes.push(link.sender.send_batchable(transfer).await?);
            }
        }
        for outcome in outcomes {
            taken(outcome.await?)?;
        }
        Ok(())
    }

    async fn attach(&self, queue: Queue) -> Result<Link, BusFailure> {
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        let mut session = self.session.lock().await;
        let name = format!("{}-{queue}-{number}", self.container);
        let sender = Sender::builder().name(name).target(queue.name()).attach(&mut session).await?;
        Ok(Link { sender, number })
    }

    /// Lets go of a link, unless somebody did so already and attached another.
    async fn give_up(&self, queue: Queue, number: u64) {
        let mut slot = self.link(queue).lock().await;
        if slot.as_ref().is_some_and(|link| link.number == number) {
            *slot = None;
        }
    }

    fn link(&self, queue: Queue) -> &Mutex<Option<Link>> {
        let [events, requests, handshakes, outcomes] = &self.links;
        match queue {
            Queue::ResourceEvents => events,
            Queue::ConnectionRequests => requests,
            Queue::Reconcile => handshakes,
            Queue::ConnectionOutcomes => outcomes,
        }
    }

    /// A link of its own that receives from a path.
    pub(super) async fn receiver(&self, path: &str) -> Result<Receiver, BusFailure> {
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        let mut session = self.session.lock().await;
        Ok(Receiver::builder()
            .name(format!("{}-from-{number}", self.container))
            .source(path)
            .credit_mode(CreditMode::Manual)
            .attach(&mut session)
            .await?)
    }

    /// Links to a node that answers questions.
    pub(super) async fn rpc(&self, node: &str) -> Result<Rpc, BusFailure> {
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        let mut session = self.session.lock().await;
        Rpc::attach(&mut session, node, &format!("{}-{number}", self.container)).await
    }

    /// Does what takes a right to a path. If that is denied, the token that stands is not relied on any more; where it
    /// was put earlier, another try with a new one may go well.
    pub(super) async fn authorized<T>(
        &self,
        path: &str,
        tokens: &Tokens,
        clock: &Clock,
        work: impl Future<Output = Result<T, BusFailure>>,
    ) -> Result<T, BusFailure> {
        let stood = self.authorize(path, tokens, clock).await?;
        let done = work.await;
        let Err(BusFailure::NotAllowed(told)) = done else { return done };
        if let Some(refused) = self.cbs.lock().await.put.remove(path) {
            tokens.renew(&refused);
        }
        Err(if stood { BusFailure::LinkEnded(told) } else { BusFailure::NotAllowed(told) })
    }

    /// Puts a token for a path, the first time and again before it is old. Whether one stood already.
    pub(super) async fn authorize(
        &self,
        path: &str,
        tokens: &Tokens,
        clock: &Clock,
    ) -> Result<bool, BusFailure> {
        let mut cbs = self.cbs.lock().await;
        if cbs.put.get(path).is_some_and(|stands| stands.fresh.holds(clock)) {
            return Ok(true);
        }
        let audience = self.address.audience(path);
        let token = tokens.token(&self.address, &audience).await?;
        let rpc = match &mut cbs.rpc {
            Some(rpc) => rpc,
            empty => empty.insert(self.rpc("$cbs").await?),
        };
        let properties = [
            ("type", SimpleValue::String(token.kind.to_owned())),
            ("name", SimpleValue::String(audience.clone())),
            ("expiration", SimpleValue::Timestamp(Timestamp::from(token.expires.unix_timestamp() * 1000))),
        ];
        let body = Value::String(token.text.reveal().to_owned());
        let answer = rpc.call("put-token", properties, body).await;
        let well = answer.and_then(|answer| answer.well(&format!("the token for {audience} was not taken")));
        if let Err(failure) = well {
            // Also an answer of no leaves nothing that would be worth keeping.
            cbs.rpc = None;
            if matches!(failure, BusFailure::NotAllowed(_)) {
                tokens.renew(&token.stands);
            }
            return Err(failure);
        }
        cbs.put.insert(path.to_owned(), token.stands);
        Ok(false)
    }
}

async fn open<Io>(
    address: &ServiceBusAddress,
    container: &str,
    stream: Io,
) -> Result<ConnectionHandle<()>, BusFailure>
where
    Io: AsyncRead + AsyncWrite + Debug + Send + Unpin + 'static,
{
    AmqpConnection::builder()
        .container_id(container)
        .hostname(address.host())
        .sasl_hostname(address.host())
        // TLS, if any, is beneath the stream already.
        .scheme("amqp")
        .sasl_profile(SaslProfile::Anonymous)
        .max_frame_size(FRAME_BYTES_MAX)
        .idle_time_out(u32::try_from(IDLE.as_millis()).unwrap_or(u32::MAX))
        .open_with_stream(stream)
        .await
        .map_err(|error| BusFailure::Disconnected(format!("{address} does not speak AMQP with us: {error}")))
}

fn taken(outcome: Outcome) -> Result<(), BusFailure> {
    match outcome {
        Outcome::Accepted(_) => Ok(()),
        Outcome::Rejected(rejected) => Err(rejected.error.as_ref().map_or_else(
            || BusFailure::Refused("the message was rejected without a reason".to_owned()),
            BusFailure::said,
        )),
        Outcome::Released(_) => Err(BusFailure::Busy("the message was released".to_owned())),
        Outcome::Modified(_) => Err(BusFailure::Busy("the message was handed back".to_owned())),
    }
}
