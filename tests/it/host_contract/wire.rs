//! The host's end of the wire, written by hand so that any bytes can be sent, and functions that remember.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use peerpact::host;
use peerpact::host::TriggerType;
use peerpact::host::{Fault, FunctionName, Functions, Invocation, Reply};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// For tests that open hundreds of connections: they run one after another, because a shell may give a process no more
/// than 1024 handles.
pub(crate) static HANDLES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

type Act = Box<dyn Fn(&Invocation) -> Result<Reply, Fault> + Send + Sync>;

/// A function for each trigger; they keep what they were given.
pub(crate) struct Remembering {
    seen: Mutex<Vec<Invocation>>,
    act: Act,
}

#[async_trait]
impl Functions for Remembering {
    fn trigger(&self, function: &FunctionName) -> Option<TriggerType> {
        match function.as_str() {
            "ResourceEvent" => Some(TriggerType::EventGrid),
            "StatusSweep" => Some(TriggerType::Timer),
            "Handshakes" => Some(TriggerType::Http),
            "Reconcile" => Some(TriggerType::ServiceBus),
            _ => None,
        }
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Reply, Fault> {
        let outcome = (self.act)(&invocation);
        self.seen.lock().unwrap().push(invocation);
        outcome
    }
}

/// The functions on a socket.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    functions: Arc<Remembering>,
    _stop: oneshot::Sender<()>,
}

impl App {
    /// Functions that do nothing.
    pub(crate) async fn start() -> Self {
        Self::doing(|_| Ok(Reply::done())).await
    }

    /// Functions that answer like this.
    pub(crate) async fn doing(
        act: impl Fn(&Invocation) -> Result<Reply, Fault> + Send + Sync + 'static,
    ) -> Self {
        let functions = Arc::new(Remembering { seen: Mutex::default(), act: Box::new(act) });
        let (address, stop, _) = serve(functions.clone()).await;
        Self { address, functions, _stop: stop }
    }

    /// What the functions were given since the last call.
    pub(crate) fn seen(&self) -> Vec<Invocation> {
        std::mem::take(&mut self.functions.seen.lock().unwrap())
    }

    /// Posts a body as the host does.
    pub(crate) async fn post(&self, function: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post_as("00000000-0000-0000-0000-000000000001", function, body).await
    }

    /// Posts a body under an invocation id.
    pub(crate) async fn post_as(&self, id: &str, function: &str, body: impl AsRef<[u8]>) -> Answer {
        send(self.address, &post(id, function, body.as_ref())).await
    }

    /// Sends a request without a body.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Answer {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
        send(self.address, request.as_bytes()).await
    }
}

/// Serves on a free port until the sender is dropped or used.
pub(crate) async fn serve(
    functions: Arc<dyn Functions>,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = host::listen(0).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    (address, stop, tokio::spawn(host::serve(listener, functions, shutdown)))
}

/// The bytes of an invocation.
pub(crate) fn post(id: &str, function: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /{function} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json; charset=utf-8\r\n\
         x-azure-functions-invocationid: {id}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Writes a request, reads until the other side closes.
pub(crate) async fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    Answer::parse(&bytes)
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole response");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// The body of an answer that the host takes for an invocation that went well.
    #[track_caller]
    pub(crate) fn well(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(self.head.contains("\r\ncontent-type: application/json"), "{self:?}");
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert!(body.is_object(), "{self:?}");
        body
    }

    /// The lines for the host's log of an answer that went well.
    #[track_caller]
    pub(crate) fn logs(&self) -> Vec<String> {
        serde_json::from_value(self.well()["Logs"].clone()).unwrap_or_default()
    }

    /// Told that the body can never work, and done with it.
    #[track_caller]
    pub(crate) fn told(&self, why: &str) {
        let logs = self.logs();
        assert!(logs.iter().any(|line| line.contains("never work") && line.contains(why)), "{why}: {self:?}");
    }

    /// A failure, said in a short piece of JSON.
    #[track_caller]
    pub(crate) fn failed(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["error"]["code"], code, "{self:?}");
        assert!(self.body.len() < 200, "{self:?}");
    }
}
