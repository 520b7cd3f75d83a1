//! The namespaces on their ports, spoken to by a client library.

use std::{fs, sync::Arc, time::Duration};

use fe2o3_amqp::{
    Connection, Receiver, Sender, Session, connection::ConnectionHandle, sasl_profile::SaslProfile,
    session::SessionHandle, types::messaging::Body, types::primitives::Value,
};
use peerpact_sandbox::{
    Tenant,
    service_bus::Message,
    up::{Running, up},
};
use rustls::pki_types::ServerName;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{client_of, options, trusting, until};

const QUEUE: &str = "reconcile";

struct World {
    running: Running,
    _work_dir: TempDir,
}

impl World {
    async fn start() -> Self {
        let work_dir = tempfile::tempdir().unwrap();
        Self { running: up(options(&work_dir, Vec::new())).await.unwrap(), _work_dir: work_dir }
    }

    fn field(&self, name: &str) -> String {
        let fields = self.running.ready.tenants.contoso.service_bus.split(';');
        let value = fields.filter_map(|field| field.split_once('=')).find(|(field, _)| *field == name);
        value.unwrap().1.to_owned()
    }

    async fn connect(&self) -> TcpStream {
        let address = self.field("Endpoint");
        TcpStream::connect(address.strip_prefix("sb://").unwrap()).await.unwrap()
    }

    /// A session of somebody who knows the key.
    async fn session<S>(&self, stream: S) -> (ConnectionHandle<()>, SessionHandle<()>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug + 'static,
    {
        let mut connection = self.open(stream, &self.field("SharedAccessKey")).await.unwrap();
        let session = Session::begin(&mut connection).await.unwrap();
        (connection, session)
    }

    async fn open<S>(&self, stream: S, key: &str) -> Result<ConnectionHandle<()>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug + 'static,
    {
        let profile =
            SaslProfile::Plain { username: self.field("SharedAccessKeyName"), password: key.to_owned() };
        let builder = Connection::builder().container_id("test").scheme("amqp").sasl_profile(profile);
        builder.open_with_stream(stream).await.map_err(|error| format!("{error:?}"))
    }

    fn depth(&self) -> (usize, usize) {
        let depth = self.running.azure().service_bus(Tenant::Contoso).depth(QUEUE).unwrap();
        (depth.active, depth.locked)
    }

    fn send(&self, body: &'static [u8]) {
        let message = Message { body: body.into(), ..Message::default() };
        self.running.azure().service_bus(Tenant::Contoso).send(QUEUE, message).unwrap();
    }

    async fn control(&self, method: &str, path: &str) -> (u16, serde_json::Value) {
        let client = client_of(&self.running);
        let address = format!("{}{path}", self.running.ready.control);
        let response = client.request(method.parse().unwrap(), address).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
    }
}

async fn exchange(session: &mut SessionHandle<()>) {
    let mut sender = Sender::attach(session, "out", QUEUE).await.unwrap();
    let mut receiver = Receiver::attach(session, "in", QUEUE).await.unwrap();
    sender.send("hello").await.unwrap().accepted_or("not accepted").unwrap();
    let delivery = receiver.recv::<Body<Value>>().await.unwrap();
    assert_eq!(delivery.delivery_tag().len(), 16);
    receiver.accept(&delivery).await.unwrap();
    sender.close().await.unwrap();
    receiver.close().await.unwrap();
}

#[tokio::test]
async fn one_port_speaks_with_tls_and_without() {
    let world = World::start().await;
    let (mut connection, mut session) = world.session(world.connect().await).await;
    exchange(&mut session).await;
    session.end().await.unwrap();
    connection.close().await.unwrap();

    let tls = trusting(Some(&fs::read_to_string(&world.running.ready.ca_bundle).unwrap()));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream =
        tokio_rustls::TlsConnector::from(Arc::new(tls)).connect(name, world.connect().await).await.unwrap();
    let (mut connection, mut session) = world.session(stream).await;
    exchange(&mut session).await;
    session.end().await.unwrap();
    connection.close().await.unwrap();
    until(|| world.depth() == (0, 0)).await;
    world.running.shutdown().await;
}

#[tokio::test]
async fn a_wrong_key_is_not_let_in_and_other_protocols_are_told_which_is_spoken() {
    let world = World::start().await;
    assert!(world.open(world.connect().await, "wrong").await.is_err());
    for header in [*b"AMQP\x02\x01\x00\x00", *b"AMQP\x00\x00\x09\x01", *b"GET / HT"] {
        let mut stream = world.connect().await;
        stream.write_all(&header).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"AMQP\x03\x01\x00\x00");
    }
    world.running.shutdown().await;
}

#[tokio::test]
async fn bytes_that_are_no_frames_close_the_connection_and_no_other() {
    let world = World::start().await;
    let (_connection, mut session) = world.session(world.connect().await).await;
    for junk in
        [&b"\x00\x00\x00\x01"[..], b"\xff\xff\xff\xff", b"\x00\x00\x00\x0c\x02\x00\x00\x00\x00\x53\x10\xd0"]
    {
        let mut stream = world.connect().await;
        stream.write_all(b"AMQP\x00\x01\x00\x00").await.unwrap();
        stream.write_all(junk).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert!(answer.starts_with(b"AMQP\x00\x01\x00\x00") && answer.len() > 30, "{answer:?}");
    }
    exchange(&mut session).await;
    world.running.shutdown().await;
}

#[tokio::test]
async fn a_drop_cuts_connections_and_frees_what_was_locked_over_them() {
    let world = World::start().await;
    for what in ["drop", "restart"] {
        let (mut connection, mut session) = world.session(world.connect().await).await;
        let mut receiver = Receiver::attach(&mut session, "in", QUEUE).await.unwrap();
        world.send(b"\"one\"");
        receiver.recv::<Body<Value>>().await.unwrap();
        assert_eq!(world.depth(), (0, 1));
        assert_eq!(world.control("POST", &format!("/service-bus/contoso/{what}")).await.0, 204);
        assert!(receiver.recv::<Body<Value>>().await.is_err());
        assert!(connection.close().await.is_err());
        until(|| world.depth() == (1, 0)).await;
        let (_connection, mut session) = world.session(world.connect().await).await;
        let mut receiver = Receiver::attach(&mut session, "in", QUEUE).await.unwrap();
        let again = receiver.recv::<Body<Value>>().await.unwrap();
        receiver.accept(&again).await.unwrap();
        until(|| world.depth() == (0, 0)).await;
    }
    world.running.shutdown().await;
}

#[tokio::test]
async fn control_tells_the_depths_and_knows_its_tenants() {
    let world = World::start().await;
    world.send(b"\"one\"");
    let (status, depths) = world.control("GET", "/service-bus").await;
    let empty = json!({ "active": 0, "scheduled": 0, "locked": 0, "deadLettered": 0 });
    assert_eq!(status, 200);
    assert_eq!(
        depths["contoso"][QUEUE],
        json!({ "active": 1, "scheduled": 0, "locked": 0, "deadLettered": 0 })
    );
    assert_eq!((&depths["fabrikam"][QUEUE], depths["fabrikam"].as_object().unwrap().len()), (&empty, 4));
    for (method, path) in [
        ("POST", "/service-bus/nobody/restart"),
        ("POST", "/service-bus/contoso/explode"),
        ("GET", "/service-bus/contoso/restart"),
        ("POST", "/service-bus"),
    ] {
        assert_eq!(world.control(method, path).await.0, 404, "{method} {path}");
    }
    world.running.shutdown().await;
}
