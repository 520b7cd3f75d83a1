//! The life of the socket.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use peerpact::host;
use peerpact::host::TriggerType;
use peerpact::host::{Fault, FunctionName, Functions, GRACE, HostError, Invocation, Reply};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use super::wire::{App, post, send, serve};

const TICK: &[u8] = br#"{"Data":{"timer":{}}}"#;

/// A function that runs until it is let go.
#[derive(Default)]
struct Held {
    entered: Notify,
    released: Notify,
    finished: AtomicBool,
}

#[async_trait]
impl Functions for Held {
    fn trigger(&self, _: &FunctionName) -> Option<TriggerType> {
        Some(TriggerType::Timer)
    }

    async fn invoke(&self, _: Invocation) -> Result<Reply, Fault> {
        self.entered.notify_one();
        self.released.notified().await;
        self.finished.store(true, Ordering::SeqCst);
        Ok(Reply::done().log("to the end"))
    }
}

#[tokio::test]
async fn it_listens_on_127_0_0_1_and_nowhere_else() {
    let listener = host::listen(0).await.unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
    TcpStream::connect((Ipv4Addr::LOCALHOST, address.port())).await.unwrap();
    // The rest of 127.0.0.0/8 is this machine too, so that who listens everywhere would answer here.
    TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), address.port())).await.unwrap_err();
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_its_number() {
    let taken = host::listen(0).await.unwrap().local_addr().unwrap().port();
    let _holder = host::listen(taken).await.unwrap();
    let error = host::listen(taken).await.unwrap_err();
    assert!(matches!(error, HostError::Listen { port, .. } if port == taken));
    assert_eq!(error.to_string(), format!("cannot listen on 127.0.0.1:{taken}"));
}

#[tokio::test]
async fn the_router_is_the_same_protocol_without_a_socket_of_ours() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let held = Arc::new(Held::default());
    held.released.notify_one();
    let router = host::router(held);
    tokio::spawn(async move { axum::serve(listener, router).await });
    assert_eq!(send(address, &post("i", "F", TICK)).await.logs(), ["to the end"]);
}

#[tokio::test]
async fn a_stop_lets_the_running_invocation_finish_and_takes_no_new_one() {
    let held = Arc::new(Held::default());
    let (address, stop, server) = serve(held.clone()).await;
    let running = tokio::spawn(async move { send(address, &post("i", "F", TICK)).await });
    held.entered.notified().await;
    stop.send(()).unwrap();
    // Refused from the moment the server has heard; until then a connection is accepted and then closed.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.is_finished());
    held.released.notify_one();
    assert_eq!(running.await.unwrap().logs(), ["to the end"]);
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_up_does_not_cut_the_invocation_short() {
    let held = Arc::new(Held::default());
    let (address, stop, server) = serve(held.clone()).await;
    let mut caller = TcpStream::connect(address).await.unwrap();
    caller.write_all(&post("i", "F", TICK)).await.unwrap();
    held.entered.notified().await;
    drop(caller);
    stop.send(()).unwrap();
    // Virtual time: it passes once nothing else is left to do, so the server has long seen both by then.
    tokio::time::sleep(GRACE / 2).await;
    assert!(!server.is_finished(), "the stop waits for it although its connection is gone");
    held.released.notify_one();
    server.await.unwrap();
    assert!(held.finished.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
#[expect(
    clippy::disallowed_methods,
    reason = "this runtime's clock is virtual, and the bound on it is the subject"
)]
async fn a_stop_waits_ten_seconds_for_an_invocation_that_never_ends() {
    let held = Arc::new(Held::default());
    let (address, stop, server) = serve(held.clone()).await;
    let mut caller = TcpStream::connect(address).await.unwrap();
    caller.write_all(&post("i", "F", TICK)).await.unwrap();
    held.entered.notified().await;
    let asked = Instant::now();
    stop.send(()).unwrap();
    server.await.unwrap();
    assert_eq!(asked.elapsed().as_secs(), GRACE.as_secs());
    assert_eq!(GRACE, Duration::from_secs(10));
    assert!(!held.finished.load(Ordering::SeqCst));
}

#[tokio::test]
async fn requests_at_the_same_time_do_not_wait_for_each_other() {
    let held = Arc::new(Held::default());
    let (address, _stop, _server) = serve(held.clone()).await;
    let running = tokio::spawn(async move { send(address, &post("i", "F", TICK)).await });
    held.entered.notified().await;
    let ready = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    send(address, ready).await.well();
    held.released.notify_one();
    running.await.unwrap().well();
}

#[tokio::test]
async fn one_connection_carries_invocation_after_invocation() {
    let app = App::start().await;
    let one = String::from_utf8(post("i", "StatusSweep", TICK)).unwrap();
    let kept = one.replace("connection: close", "connection: keep-alive");
    let answer = send(app.address, format!("{kept}{kept}{one}").as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(app.seen().len(), 3);
}
