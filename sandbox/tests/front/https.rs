use std::{future::ready, process::Stdio};

use bytes::Bytes;
use http::{Request, Response};
use peerpact_sandbox::front::{Certificates, Dropped, serve_https};
use time::OffsetDateTime;
use tokio::{net::TcpListener, process::Command, task::JoinSet};

use crate::support::client;

/// Echoes paths, and drops what asks for `/cut`.
async fn listen() -> (String, Certificates, JoinSet<()>) {
    #[expect(clippy::disallowed_methods, reason = "a certificate must be valid for the client's clock")]
    let certificates = Certificates::make(OffsetDateTime::now_utc()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let answer = |request: Request<Bytes>| {
        ready(match request.uri().path() {
            "/cut" => Err(Dropped),
            path => Ok(Response::new(Bytes::from(format!("{path} {}", request.body().len())))),
        })
    };
    let server = serve_https(listener, certificates.server(), answer);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { match server.await {} });
    (origin, certificates, tasks)
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_answered_under_both_names() {
    let (origin, certificates, _tasks) = listen().await;
    let trusting = client(Some(certificates.authority_pem()));
    for origin in [origin.clone(), origin.replace("127.0.0.1", "localhost")] {
        let response = trusting.post(format!("{origin}/a")).body("12345").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "/a 5");
    }
    assert!(client(None).get(&origin).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn pythons_strictest_check_takes_the_chain() {
    let (origin, certificates, _tasks) = listen().await;
    let script = "import ssl, sys, urllib.request\n\
                  context = ssl.create_default_context(cadata=sys.argv[2])\n\
                  context.verify_flags |= ssl.VERIFY_X509_STRICT\n\
                  print(urllib.request.urlopen(sys.argv[1] + '/python', context=context).read().decode())";
    let python = Command::new("python3")
        .args(["-c", script, &origin, certificates.authority_pem()])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&python.stdout),
        "/python 0\n",
        "{}",
        String::from_utf8_lossy(&python.stderr)
    );
}

#[tokio::test]
async fn a_dropped_request_has_no_answer_and_the_next_one_a_new_connection() {
    let (origin, certificates, _tasks) = listen().await;
    let client = client(Some(certificates.authority_pem()));
    let error = client.get(format!("{origin}/cut")).send().await.unwrap_err();
    assert!(error.is_request() && error.status().is_none() && !error.is_timeout(), "{error:?}");
    assert_eq!(client.get(format!("{origin}/b")).send().await.unwrap().text().await.unwrap(), "/b 0");
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let (origin, certificates, _tasks) = listen().await;
    let client = client(Some(certificates.authority_pem()));
    let mut ports = Vec::new();
    for _ in 0..2 {
        let response = client.get(format!("{origin}/c")).send().await.unwrap();
        assert_eq!(response.version(), http::Version::HTTP_11);
        ports.push(
            response
                .extensions()
                .get::<hyper_util::client::legacy::connect::HttpInfo>()
                .map(|info| info.local_addr()),
        );
        response.bytes().await.unwrap();
    }
    assert!(ports[0].is_some() && ports[0] == ports[1], "{ports:?}");
}

#[tokio::test]
async fn a_body_over_four_mebibytes_is_refused() {
    let (origin, certificates, _tasks) = listen().await;
    let client = client(Some(certificates.authority_pem()));
    let send = async |length: usize| {
        client.post(&origin).body(vec![b'x'; length]).send().await.map(|response| response.status().as_u16())
    };
    assert_eq!(send(4 * 1024 * 1024).await.unwrap(), 200);
    // Told, or cut while it is still sending: never taken.
    assert!(matches!(send(4 * 1024 * 1024 + 1).await, Ok(413) | Err(_)));
}
