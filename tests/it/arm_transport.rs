//! The real transport against TLS servers on loopback.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::headers::HeaderName;
use azure_core::http::{HttpClient, Method, Request, Url};
use peerpact::arm::{Class, Deadline, ResourceManager, Settings};
use peerpact::azure::{CallFault, Https, LONGEST_BODY};
use peerpact::clock::Clock;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server that answers every request with the same bytes, and the certificate that it shows.
struct Server {
    origin: Url,
    bundle: PathBuf,
    requests: mpsc::UnboundedReceiver<String>,
    _folder: TempDir,
}

impl Server {
    async fn answering(response: Vec<u8>) -> Self {
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let folder = TempDir::new().unwrap();
        let bundle = folder.path().join("ca.pem");
        std::fs::write(&bundle, certified.cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), response, sender));
        Self { origin, bundle, requests, _folder: folder }
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    response: Vec<u8>,
    requests: mpsc::UnboundedSender<String>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        // Who does not trust us goes away during the handshake.
        let Ok(mut stream) = acceptor.accept(stream).await else { continue };
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            if stream.read_buf(&mut request).await.unwrap() == 0 {
                break;
            }
        }
        requests.send(String::from_utf8(request).unwrap()).unwrap();
        // A client that has had enough closes in the middle.
        let _ = stream.write_all(&response).await;
        let _ = stream.shutdown().await;
    }
}

fn put(origin: &Url) -> Request {
    let mut request = Request::new(origin.join("/x?s=the-signature").unwrap(), Method::Put);
    request.insert_header(HeaderName::from_static("x-ms-test"), "1");
    request.set_body(r#"{"properties":{}}"#);
    request
}

fn response(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn resource_manager(bundle: PathBuf) -> (ResourceManager, Deadline) {
    let settings = Settings {
        endpoint: "https://127.0.0.1:1/".parse().unwrap(),
        authority: "https://127.0.0.1:1/".parse().unwrap(),
        home: "72f988bf-86f1-41af-91ab-2d7cd011db47".parse().unwrap(),
        client_id: "app".to_owned(),
        client_secret: "secret".into(),
    };
    let clock = Clock::system();
    let until = Deadline::after(&clock, Duration::from_secs(20));
    (ResourceManager::new(settings, Arc::new(Https::new(Some(bundle))), clock), until)
}

#[tokio::test]
async fn a_request_goes_out_whole_and_its_answer_comes_back_whole() {
    let answer = response("201 Created\r\nAzure-AsyncOperation: https://somewhere/", b"{}");
    let mut server = Server::answering(answer).await;
    let transport = Https::new(Some(server.bundle.clone()));
    let answer = transport.execute_request(&put(&server.origin)).await.unwrap();
    let (status, headers, body) = answer.deconstruct();
    assert_eq!(u16::from(status), 201);
    let operation = headers.get_optional_str(&HeaderName::from_static("azure-asyncoperation"));
    assert_eq!(operation, Some("https://somewhere/"));
    assert_eq!(&body.collect().await.unwrap()[..], b"{}");
    let request = server.requests.recv().await.unwrap();
    assert!(request.starts_with("PUT /x?s=the-signature HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("x-ms-test: 1\r\n"), "{request}");
    assert!(request.ends_with(r#"{"properties":{}}"#), "{request}");
}

#[tokio::test]
async fn only_the_bundle_is_trusted_and_an_error_does_not_tell_the_address() {
    let server = Server::answering(response("200 OK", b"{}")).await;
    let other = Server::answering(Vec::new()).await;
    for transport in [Https::new(Some(other.bundle.clone())), Https::new(None)] {
        let error = transport.execute_request(&put(&server.origin)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connection), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("the-signature"), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let mut server = Server::answering(response("302 Found\r\nLocation: /elsewhere", b"")).await;
    let transport = Https::new(Some(server.bundle.clone()));
    let answer = transport.execute_request(&put(&server.origin)).await.unwrap();
    assert_eq!(u16::from(answer.status()), 302);
    server.requests.recv().await.unwrap();
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused() {
    let server = Server::answering(response("200 OK", &vec![b' '; LONGEST_BODY + 1])).await;
    let transport = Https::new(Some(server.bundle.clone()));
    let error = transport.execute_request(&put(&server.origin)).await.unwrap_err();
    assert!(format!("{error:?}").contains("TooLong"), "{error:?}");

    let server = Server::answering(response("200 OK", &vec![b' '; LONGEST_BODY])).await;
    let transport = Https::new(Some(server.bundle.clone()));
    let answer = transport.execute_request(&put(&server.origin)).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().len(), LONGEST_BODY);
}

#[tokio::test]
async fn plain_http_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    Https::new(None).execute_request(&put(&origin)).await.unwrap_err();
}

#[tokio::test]
async fn a_bundle_that_cannot_be_used_is_told_at_the_first_call_and_not_tried_again() {
    let folder = TempDir::new().unwrap();
    let broken = folder.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for bundle in [folder.path().join("absent.pem"), broken, empty] {
        let (arm, until) = resource_manager(bundle);
        let network = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n";
        let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47".parse().unwrap();
        let error = arm.network(tenant, &network.parse().unwrap(), until).await.unwrap_err();
        assert!(matches!(*error.fault, CallFault::Unusable { .. }), "{error:?}");
        assert_eq!(error.class(), Class::Malformed);
    }
}
