//! Links that are taken and links that are refused.

use fe2o3_amqp_types::performatives::{Close, End};

use super::*;

#[tokio::test(start_paused = true)]
async fn the_same_name_serves_a_sender_and_a_receiver() {
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    peer.receiver(1, QUEUE, 1);
    peer.silent();
}

#[tokio::test(start_paused = true)]
async fn an_answer_takes_over_name_and_addresses_and_says_how_large_messages_may_be() {
    let mut peer = Peer::with_key();
    peer.attach_sender(3, "amqps://localhost:5671/Reconcile");
    let Performative::Attach(answer) = peer.next() else { panic!("no attach") };
    assert_eq!((answer.name.as_str(), answer.handle.0, answer.role), ("link", 3, Role::Receiver));
    assert_eq!(answer.max_message_size, Some(1 << 20));
    assert_eq!(answer.rcv_settle_mode, ReceiverSettleMode::First);
    let source = answer.source.unwrap();
    assert_eq!(source.address.as_deref(), Some("amqps://localhost:5671/Reconcile"));
}

#[tokio::test(start_paused = true)]
async fn a_link_to_nothing_or_the_wrong_way_is_refused_by_an_attach_without_terminus_and_a_detach() {
    let cases = [
        (Role::Sender, "nothing", "amqp:not-found"),
        (Role::Receiver, "nothing", "amqp:not-found"),
        (Role::Receiver, "$management", "amqp:not-found"),
        (Role::Sender, "reconcile/$deadletterqueue", "amqp:not-allowed"),
    ];
    for (role, address, expected) in cases {
        let mut peer = Peer::with_key();
        peer.say(Performative::Attach(attach("link", 0, role.clone(), address)));
        let Performative::Attach(answer) = peer.next() else { panic!("no attach") };
        let terminus = if role == Role::Sender { answer.target.is_some() } else { answer.source.is_some() };
        assert!(!terminus, "{address}");
        assert_eq!(condition(&peer.detached()), expected, "{address}");
        // What was under way before the peer knew is ignored, and its detach needs no answer.
        if role == Role::Sender {
            peer.send(0, 0, b"");
        }
        peer.say(Performative::Detach(Detach { handle: Handle(0), closed: true, error: None }));
        peer.silent();
        peer.sender(0, QUEUE);
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_of_a_queue_are_refused() {
    let mut peer = Peer::with_key();
    let mut request = attach("link", 0, Role::Receiver, QUEUE);
    let mut filters = fe2o3_amqp_types::messaging::FilterSet::new();
    filters.insert("com.microsoft:session-filter".into(), serde_amqp::Value::Null);
    request.source.as_mut().unwrap().filter = Some(filters);
    peer.say(Performative::Attach(request));
    peer.next();
    assert_eq!(condition(&peer.detached()), "amqp:not-allowed");
}

#[tokio::test(start_paused = true)]
async fn what_breaks_the_protocol_closes_the_connection_with_the_reason() {
    type Speech = fn(&mut Peer);
    let nonsense: [(Speech, &str); 6] = [
        (|peer| peer.say(Performative::Begin(begin())), "amqp:not-allowed"),
        (|peer| peer.say(Performative::Attach(attach("a", 256, Role::Sender, QUEUE))), "amqp:not-allowed"),
        (|peer| peer.send(9, 0, b""), "amqp:session:unattached-handle"),
        (|peer| peer.credit(9, 0, 1, false), "amqp:session:unattached-handle"),
        (
            |peer| {
                peer.receiver(0, QUEUE, 1);
                peer.send(0, 0, b"");
            },
            "amqp:session:errant-link",
        ),
        (
            |peer| {
                peer.sender(0, QUEUE);
                peer.attach_sender(0, QUEUE);
            },
            "amqp:session:handle-in-use",
        ),
    ];
    for (speak, expected) in nonsense {
        let mut peer = Peer::with_key();
        speak(&mut peer);
        let Performative::Close(Close { error: Some(error) }) = peer.next() else { panic!("no close") };
        assert_eq!(condition(&error), expected);
        peer.say(Performative::Close(Close { error: None }));
        assert!(peer.connection.is_closed());
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_and_a_close_are_answered() {
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    peer.say(Performative::End(End { error: None }));
    assert!(matches!(peer.next(), Performative::End(End { error: None })));
    peer.say(Performative::Close(Close { error: None }));
    assert!(matches!(peer.next(), Performative::Close(Close { error: None })));
    assert!(peer.connection.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_kept_alive_as_it_wishes_and_given_up_when_it_is_silent() {
    let mut peer = Peer::with_key();
    let now = peer.azure.clock().now();
    assert_eq!(peer.connection.next_wake(now) - now, time::Duration::minutes(4));
    tokio::time::advance(std::time::Duration::from_secs(240)).await;
    peer.listen();
    let Performative::Close(Close { error: Some(error) }) = peer.next() else { panic!("no close") };
    assert_eq!(condition(&error), "amqp:connection:forced");
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    peer.listen();
    assert!(peer.connection.is_closed(), "a close that is never answered ends, too");
}

#[tokio::test(start_paused = true)]
async fn empty_frames_are_sent_within_half_of_the_peers_idle_time_out() {
    let azure = azure();
    let broker = azure.service_bus(Tenant::Contoso);
    let gate = Gate { azure: azure.clone(), broker, port: 5671 };
    let mut peer = Peer {
        connection: Connection::new(gate, Rights::for_ever()),
        azure,
        heard: VecDeque::new(),
        next_delivery_id: 0,
    };
    let open = Open {
        container_id: "peer".to_owned(),
        hostname: None,
        max_frame_size: MaxFrameSize::default(),
        channel_max: ChannelMax::default(),
        idle_time_out: Some(60_000),
        outgoing_locales: None,
        incoming_locales: None,
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    };
    peer.say(Performative::Open(open));
    let now = peer.azure.clock().now();
    assert_eq!(peer.connection.next_wake(now) - now, time::Duration::seconds(30));
    tokio::time::advance(std::time::Duration::from_secs(30)).await;
    peer.connection.pump(peer.azure.clock().now());
    assert_eq!(peer.connection.outgoing()[..], [0, 0, 0, 8, 2, 0, 0, 0]);
}

fn begin() -> Begin {
    Begin {
        remote_channel: None,
        next_outgoing_id: 0,
        incoming_window: 1,
        outgoing_window: 1,
        handle_max: Handle::default(),
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}
