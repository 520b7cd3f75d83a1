//! Peers that are not what they should be: behind TLS of somebody else, silent, or not there.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peerpact::clock::Clock;
use peerpact::queue::service_bus::{ServiceBus, ServiceBusAddress, ServiceBusSettings};
use peerpact::queue::{Message, MessageId, Queue, QueueError, Queues};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, crypto::ring};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

const SASL_HEADER: &[u8] = b"AMQP\x03\x01\x00\x00";

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// TLS for `localhost`, by this authority.
fn acceptor(authority: &CertifiedIssuer<'_, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn client(port: u16, ending: &str, ca_bundle: Option<&Path>) -> ServiceBus {
    let address = ServiceBusAddress::parse(&format!(
        "Endpoint=sb://localhost:{port};SharedAccessKeyName=k;SharedAccessKey=s3cret;{ending}"
    ))
    .unwrap();
    let ca_bundle = ca_bundle.map(Path::to_owned);
    ServiceBus::new(ServiceBusSettings { address, entra: None, ca_bundle, seed: 1 }, Clock::system())
}

async fn send(client: &ServiceBus) -> QueueError {
    let message = Message {
        id: MessageId::new("m"),
        subject: "s".to_owned(),
        correlation: None,
        not_before: None,
        body: b"{}".to_vec(),
    };
    client.send(Queue::Reconcile, &[message]).await.unwrap_err()
}

/// What the peer gets to read first behind TLS, if it comes to that, and the client's error.
async fn over_tls(trusted_is_the_peers: bool) -> (Option<Vec<u8>>, QueueError) {
    let (peers, other) = (authority(), authority());
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, if trusted_is_the_peers { peers.pem() } else { other.pem() }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = acceptor(&peers);
    let (heard, mut hearing) = mpsc::unbounded_channel();
    let peer = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut read = vec![0; SASL_HEADER.len()];
            stream.read_exact(&mut read).await.unwrap();
            heard.send(read).unwrap();
        }
    });
    let error = send(&client(port, "", Some(&bundle))).await;
    peer.abort();
    (hearing.try_recv().ok(), error)
}

#[tokio::test]
async fn amqp_goes_over_tls_towards_whom_the_bundle_vouches_for() {
    let (read, error) = over_tls(true).await;
    assert_eq!(read.as_deref(), Some(SASL_HEADER), "{error}");
}

#[tokio::test]
async fn nothing_is_said_to_a_peer_that_nobody_vouches_for() {
    let (read, error) = over_tls(false).await;
    assert_eq!(read, None);
    assert!(matches!(error, QueueError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("no TLS with localhost"), "{error}");
}

#[tokio::test]
async fn a_bundle_that_cannot_be_used_is_named_and_nobody_is_contacted() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for bundle in [empty, folder.path().join("missing.pem")] {
        let error = send(&client(1, "", Some(&bundle))).await;
        assert!(matches!(error, QueueError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(&bundle.display().to_string()), "{error}");
    }
}

/// Only while nothing at all happens does virtual time go on, and here nothing ever does.
#[tokio::test(start_paused = true)]
async fn a_peer_that_never_says_a_word_is_given_up_after_a_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let clock = Clock::system();
    let before = clock.instant();
    let error = send(&client(port, "UseDevelopmentEmulator=true", None)).await;
    assert!(matches!(error, QueueError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("does not answer"), "{error}");
    assert!(clock.instant() - before < Duration::from_secs(20));
    silent.abort();
}

#[tokio::test]
async fn a_port_that_nobody_has_is_told_after_a_few_tries() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = send(&client(port, "UseDevelopmentEmulator=true", None)).await;
    assert!(matches!(error, QueueError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&format!("cannot connect to localhost:{port}")), "{error}");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn sending_nothing_contacts_nobody() {
    client(1, "", None).send(Queue::Reconcile, &[]).await.unwrap();
}
