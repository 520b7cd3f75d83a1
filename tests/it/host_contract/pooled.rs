//! A client that keeps its connections and uses them again, as the Functions host does: none of its requests is lost.
//! Time is virtual: it passes once nothing else is left to do.
#![expect(
    clippy::disallowed_methods,
    reason = "this runtime's clock is virtual, and bounds on it are the subject"
)]

use std::io::{self, Write};
use std::net::SocketAddr;

use peerpact::host::CONNECTIONS_MAX;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Duration, Instant, sleep};

use super::wire::{App, HANDLES};

const TICK: &str =
    "POST /StatusSweep HTTP/1.1\r\nhost: h\r\ncontent-length: 21\r\n\r\n{\"Data\":{\"timer\":{}}}";

/// Reads one answer, while which no time passes. True if it says that the connection ends with it.
async fn answered(stream: &mut TcpStream) -> io::Result<bool> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"{}") {
        match stream.try_read_buf(&mut answer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => yield_now().await,
            Err(error) => return Err(error),
        }
    }
    let answer = String::from_utf8(answer).unwrap().to_lowercase();
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    Ok(answer.contains("\r\nconnection: close\r\n"))
}

/// Connects and writes a request.
async fn begun(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(TICK.as_bytes()).await.unwrap();
    stream
}

/// So many connections with a request on each, before the other side learns of any.
fn at_once(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let begun = |_| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(TICK.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        TcpStream::from_std(stream).unwrap()
    };
    (0..count).map(begun).collect()
}

/// So many connections, each of which was used and is kept.
async fn kept(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut kept = Vec::new();
    for _ in 0..count {
        let mut stream = begun(address).await;
        assert!(!answered(&mut stream).await.unwrap(), "nobody waits");
        kept.push(stream);
    }
    kept
}

fn closed(stream: &TcpStream) -> bool {
    match stream.try_read(&mut [0; 1]) {
        Ok(0) => true,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
        other => panic!("neither open nor closed: {other:?}"),
    }
}

/// Writes a request at once, unless the other side has closed, as a pool does with what it hands out.
fn written(stream: &TcpStream) -> bool {
    let open = !closed(stream);
    if open {
        assert_eq!(stream.try_write(TICK.as_bytes()).unwrap(), TICK.len());
    }
    open
}

#[tokio::test(start_paused = true)]
async fn every_request_of_a_burst_is_answered_and_while_others_wait_the_answer_says_that_its_connection_ends()
{
    let _handles = HANDLES.lock().await;
    let app = App::start().await;
    let mut clients = JoinSet::new();
    for mut stream in at_once(app.address, 6 * CONNECTIONS_MAX) {
        let address = app.address;
        clients.spawn(async move {
            let (mut lost, mut ended, mut ends) = (0, 0, false);
            for request in 0..5 {
                if ends {
                    stream = begun(address).await;
                } else if request > 0 && stream.write_all(TICK.as_bytes()).await.is_err() {
                    lost += 1;
                }
                let answer = answered(&mut stream).await;
                lost += usize::from(answer.is_err());
                ends = answer.unwrap_or(true);
                ended += usize::from(ends);
            }
            (lost, ended, stream)
        });
    }
    let clients = clients.join_all().await;
    let lost: usize = clients.iter().map(|(lost, ..)| lost).sum();
    let ended: usize = clients.iter().map(|(_, ended, _)| ended).sum();
    assert_eq!((lost, app.seen().len()), (0, 30 * CONNECTIONS_MAX));
    assert!(ended >= 5 * CONNECTIONS_MAX, "{ended}");
    sleep(Duration::from_secs(3600)).await;
    let open = clients.iter().filter(|(.., stream)| !closed(stream)).count();
    assert!(0 < open && open <= CONNECTIONS_MAX, "{open}");
}

#[tokio::test(start_paused = true)]
async fn idle_connections_that_are_too_many_go_ten_seconds_later_and_the_others_never() {
    let _handles = HANDLES.lock().await;
    let app = App::start().await;
    let mut all = vec![TcpStream::connect(app.address).await.unwrap()];
    all.extend(kept(app.address, CONNECTIONS_MAX + 9).await);
    sleep(Duration::from_secs(9)).await;
    assert!(!all.iter().any(closed));
    sleep(Duration::from_secs(4)).await;
    assert!(all[..10].iter().all(closed), "the longest idle ones, used or not");
    sleep(Duration::from_secs(24 * 3600)).await;
    for stream in &mut all[10..] {
        assert!(written(stream));
        assert!(!answered(stream).await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_is_written_before_the_other_side_has_closed_is_answered() {
    let _handles = HANDLES.lock().await;
    for waited in (9_800..12_300).step_by(100).map(Duration::from_millis) {
        let app = App::start().await;
        let mut kept = kept(app.address, CONNECTIONS_MAX + 4).await;
        sleep(waited).await;
        kept.retain(written);
        assert!(kept.len() >= CONNECTIONS_MAX);
        for stream in &mut kept {
            answered(stream).await.unwrap_or_else(|error| panic!("{error} after {waited:?}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn connections_that_say_nothing_keep_others_out_for_seconds_however_many_they_are() {
    let _handles = HANDLES.lock().await;
    let app = App::start().await;
    let mut silent = Vec::new();
    for _ in 0..6 * CONNECTIONS_MAX {
        silent.push(TcpStream::connect(app.address).await.unwrap());
    }
    let began = Instant::now();
    let mut new = begun(app.address).await;
    new.readable().await.unwrap();
    answered(&mut new).await.unwrap();
    assert!((9..=12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}
