//! Callers that are slow, idle or many. Time is virtual: it passes once nothing else is left to do.
#![expect(
    clippy::disallowed_methods,
    reason = "this runtime's clock is virtual, and bounds on it are the subject"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use peerpact::host::TriggerType;
use peerpact::host::{
    BODIES_BYTES_MAX, BODY_MAX, CONNECTIONS_MAX, Fault, FunctionName, Functions, HEAD_MAX, Invocation,
    MESSAGE_BODY_BYTES_MAX, Reply,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{Duration, Instant, sleep, timeout};

use super::wire::{App, HANDLES, post, send, serve};

const TICK: &[u8] = br#"{"Data":{"timer":{}}}"#;
const READY: &[u8] = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n";
/// Longer than anything takes here.
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

async fn connected(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Asks whether it is ready, and keeps the connection.
async fn ask(stream: &mut TcpStream) {
    stream.write_all(READY).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"{\"status\":\"ready\"}") {
        let came = timeout(DAY, stream.read_buf(&mut answer)).await.expect("an answer").unwrap();
        assert!(came > 0, "closed instead of an answer");
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
}

/// A connection that was used and is kept.
async fn kept(address: SocketAddr) -> TcpStream {
    let mut stream = connected(address).await;
    ask(&mut stream).await;
    stream
}

/// A connection on which this was sent.
async fn begun(address: SocketAddr, bytes: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = connected(address).await;
    stream.write_all(bytes.as_ref()).await.unwrap();
    stream
}

/// What comes until the other side closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(DAY, stream.read_to_end(&mut bytes)).await.expect("the end of it").unwrap();
    String::from_utf8(bytes).unwrap()
}

fn head(function: &str, length: usize) -> String {
    format!("POST /{function} HTTP/1.1\r\nhost: h\r\ncontent-length: {length}\r\n\r\n")
}

/// Writes a byte every second until the other side has had enough; gives back what it said.
async fn trickle(mut stream: TcpStream, bytes: &[u8]) -> String {
    let (mut read, mut write) = stream.split();
    let write = async {
        for byte in bytes.iter().cycle() {
            sleep(Duration::from_secs(1)).await;
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    };
    let mut said = Vec::new();
    tokio::select! {
        read = read.read_to_end(&mut said) => drop(read),
        () = write => {}
    }
    String::from_utf8(said).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_head_has_ten_seconds_from_its_first_byte_on_however_it_trickles() {
    let app = App::start().await;
    let began = Instant::now();
    assert_eq!(rest(&mut begun(app.address, "POST /StatusSweep HT").await).await, "");
    assert_eq!((began.elapsed().as_secs(), HEAD_MAX.as_secs()), (10, 10));
    let began = Instant::now();
    assert_eq!(trickle(begun(app.address, "GET / HTTP/1.1\r\nx: ").await, b"y").await, "");
    assert_eq!(began.elapsed().as_secs(), 10);
    let mut second = kept(app.address).await;
    sleep(HOUR).await;
    let began = Instant::now();
    second.write_all(b"GET / HT").await.unwrap();
    assert_eq!(rest(&mut second).await, "");
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_idle_between_requests_or_before_the_first_is_no_slow_head() {
    let app = App::start().await;
    let (mut used, mut fresh) = (kept(app.address).await, connected(app.address).await);
    for _ in 0..3 {
        sleep(HOUR).await;
        ask(&mut used).await;
    }
    ask(&mut fresh).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_has_thirty_seconds_and_is_then_told_so_and_not_read_any_more() {
    let app = App::start().await;
    for trickles in [false, true] {
        let began = Instant::now();
        let mut stream = begun(app.address, head("StatusSweep", 1000)).await;
        let said = if trickles { trickle(stream, b"{").await } else { rest(&mut stream).await };
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("\"timeout\""), "{said}");
        assert!(said.to_lowercase().contains("connection: close"), "{said}");
        assert_eq!((began.elapsed().as_secs(), BODY_MAX.as_secs()), (30, 30), "trickles: {trickles}");
    }
    assert!(app.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_and_never_ends_is_answered_all_the_same() {
    let app = App::start().await;
    let mut stream = begun(app.address, head("StatusSweep", 64 * 1024 * 1024)).await;
    stream.write_all(&vec![b' '; 2 * 1024 * 1024]).await.unwrap();
    let mut answer = vec![0; 12];
    timeout(2 * BODY_MAX, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"HTTP/1.1 200");
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_read_at_the_same_time_have_a_bound_together_and_others_wait_for_their_room() {
    let app = App::start().await;
    let mut slow = Vec::new();
    for _ in 0..BODIES_BYTES_MAX / MESSAGE_BODY_BYTES_MAX {
        let mut stream = begun(app.address, head("Reconcile", MESSAGE_BODY_BYTES_MAX)).await;
        stream.write_all(&vec![b' '; MESSAGE_BODY_BYTES_MAX - 1]).await.unwrap();
        slow.push(stream);
    }
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    send(app.address, &post("i", "StatusSweep", TICK)).await.well();
    let waited = began.elapsed();
    assert!(Duration::ZERO < waited && waited <= BODY_MAX, "{waited:?}");
    send(app.address, b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.well();
}

#[tokio::test(start_paused = true)]
async fn the_longest_idle_connection_goes_for_a_new_one() {
    let _handles = HANDLES.lock().await;
    let app = App::start().await;
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        idle.push(kept(app.address).await);
    }
    // The first one is used again, so that the second has been idle the longest.
    ask(&mut idle[0]).await;
    let mut new = kept(app.address).await;
    assert_eq!(rest(&mut idle[1]).await, "");
    idle.remove(1);
    for stream in &mut idle {
        ask(stream).await;
    }
    ask(&mut new).await;
}

#[tokio::test(start_paused = true)]
async fn connections_that_never_said_anything_keep_nobody_out() {
    let _handles = HANDLES.lock().await;
    let app = App::start().await;
    let mut silent = Vec::new();
    for _ in 0..3 * CONNECTIONS_MAX {
        silent.push(connected(app.address).await);
    }
    let began = Instant::now();
    ask(&mut connected(app.address).await).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn slow_heads_keep_others_out_for_their_ten_seconds_at_most() {
    let _handles = HANDLES.lock().await;
    let app = App::start().await;
    let mut slow = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        slow.push(begun(app.address, "GET / HT").await);
    }
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    ask(&mut connected(app.address).await).await;
    assert!(began.elapsed() <= HEAD_MAX, "{:?}", began.elapsed());
}

/// A function that runs until it is let go.
struct Held(Semaphore);

#[async_trait]
impl Functions for Held {
    fn trigger(&self, _: &FunctionName) -> Option<TriggerType> {
        Some(TriggerType::Timer)
    }

    async fn invoke(&self, _: Invocation) -> Result<Reply, Fault> {
        self.0.acquire().await.map_err(Fault::ours)?.forget();
        Ok(Reply::done())
    }
}

#[tokio::test(start_paused = true)]
async fn where_every_connection_is_at_work_a_further_one_waits_and_none_is_cut() {
    let _handles = HANDLES.lock().await;
    let held = Arc::new(Held(Semaphore::new(0)));
    let (address, _stop, _server) = serve(held.clone()).await;
    let mut working = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let call = [head("F", TICK.len()).as_bytes(), TICK].concat();
        working.push(begun(address, call).await);
    }
    let mut further = connected(address).await;
    timeout(HOUR, ask(&mut further)).await.expect_err("there is no room");
    held.0.add_permits(1);
    let mut answer = Vec::new();
    timeout(HOUR, further.read_buf(&mut answer)).await.expect("one has finished").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    held.0.add_permits(CONNECTIONS_MAX);
    for stream in &mut working {
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 200");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_connections_that_are_idle() {
    let (address, stop, server) = serve(Arc::new(Held(Semaphore::new(0)))).await;
    let (_used, _fresh) = (kept(address).await, connected(address).await);
    let began = Instant::now();
    stop.send(()).unwrap();
    server.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_answers_what_came_before_it_and_what_has_begun() {
    let (address, stop, server) = serve(Arc::new(Held(Semaphore::new(0)))).await;
    let (mut whole, mut begun) = (kept(address).await, kept(address).await);
    let (first, last) = READY.split_at(8);
    begun.write_all(first).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    assert_eq!(whole.try_write(READY).unwrap(), READY.len());
    stop.send(()).unwrap();
    sleep(Duration::from_millis(500)).await;
    begun.write_all(last).await.unwrap();
    // No time passes while something is left to do here.
    let mut start = [0; 12];
    while begun.try_read(&mut start).is_err() {
        yield_now().await;
    }
    assert_eq!(&start, b"HTTP/1.1 200");
    let said = rest(&mut whole).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    for said in [rest(&mut begun).await, said] {
        assert!(said.to_lowercase().contains("\r\nconnection: close\r\n"), "{said}");
    }
    server.await.unwrap();
}
