//! Media over QUIC, by a client that shares nothing with Ahoy's own: who is let in, what is forwarded, and that whoever
//! misbehaves or is on a bad way costs the others nothing.
#![allow(clippy::unwrap_used)]

mod common;

use ahoy::{
    client::{Address, ClientEvent, Pin},
    protocol::{
        Code, Delivery, Event, RoomId, SourceId,
        api::EnterRoomReply,
        lan::{MEDIA_ALPN, MEDIA_PATH},
        media::{Header, Kind, PathReport, Report},
    },
    server::{Limits, RelayStats, SPEAKERS_MAX, Server, ServerConfig, ServerError},
};
use common::{Peer, soon};
use futures_util::{SinkExt, StreamExt};
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, crypto::rustls::QuicClientConfig};
use rustls::{
    RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::sleep};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Bytes, Message, protocol::CloseFrame},
};

type Raw = WebSocketStream<TlsStream<TcpStream>>;

/// A server in this process, with TLS.
struct House {
    server: Server,
    roots: Arc<RootCertStore>,
    address: Address,
    _dir: tempfile::TempDir,
}

impl House {
    async fn open(speakers: usize, limits: Limits) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let data_dir = dir.path().join("data");
        let config = ServerConfig {
            announce: false,
            speakers,
            limits,
            ..ServerConfig::new(([127, 0, 0, 1], 0).into(), &data_dir, "test")
        };
        let server = Server::spawn(config).await.expect("started");
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(data_dir.join("identity.pem")).expect("a certificate");
        roots.add(certificate).expect("trusted");
        let address = Address::parse(&format!("wss://{}", server.local_addr()), false).expect("an address");
        Self { server, roots: Arc::new(roots), address, _dir: dir }
    }

    /// People in one room.
    async fn room(&self, names: &[&str]) -> Vec<(Peer, EnterRoomReply)> {
        let room = RoomId::new(5).expect("valid");
        let mut peers = Vec::new();
        for name in names {
            peers.push(Peer::sign_up(&self.address, Pin::FirstUse, name).await);
        }
        let mut people: Vec<(Peer, EnterRoomReply)> = Vec::new();
        for peer in peers {
            if let Some((first, _)) = people.first() {
                first.client.invite_to_room(room, peer.user(), "", 0).await.expect("let in");
            }
            let entered = peer.client.enter_room(room, people.is_empty(), None).await.expect("entered");
            people.push((peer, entered));
        }
        people
    }

    fn tls(&self, alpn: &[u8]) -> rustls::ClientConfig {
        let builder = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).expect("TLS 1.3");
        let mut tls = builder.with_root_certificates(Arc::clone(&self.roots)).with_no_client_auth();
        tls.alpn_protocols = vec![alpn.to_vec()];
        tls
    }

    /// A connection that has not said anything.
    async fn connect(&self, alpn: &[u8]) -> Result<Connection, ConnectionError> {
        connect(self.server.local_addr(), self.tls(alpn)).await
    }

    /// How a connection ends that says this.
    async fn refusal(&self, hello: &[u8]) -> (u64, String) {
        let connection = self.connect(MEDIA_ALPN).await.expect("connected");
        let (mut out, _in) = connection.open_bi().await.expect("a stream");
        // The end may come before all of it is written.
        let _ = out.write_all(hello).await;
        let _ = out.finish();
        farewell(&connection).await
    }

    /// A connection with its place in the room.
    async fn quic(&self, entered: &EnterRoomReply) -> Connection {
        let connection = self.connect(MEDIA_ALPN).await.expect("connected");
        assert_eq!(hello(&connection, &entered.relay_token).await, b"{}");
        connection
    }

    async fn websocket(&self, entered: &EnterRoomReply) -> Raw {
        let address = self.server.local_addr();
        let tcp = TcpStream::connect(address).await.expect("connected");
        let mut tls = self.tls(b"");
        tls.alpn_protocols.clear();
        let tls = TlsConnector::from(Arc::new(tls));
        let tls = tls.connect(ServerName::try_from("ahoy").unwrap(), tcp).await.expect("TLS");
        let (mut socket, _) = client_async(format!("wss://{address}{MEDIA_PATH}"), tls).await.expect("upgraded");
        let hello = format!(r#"{{"relayToken":"{}"}}"#, entered.relay_token);
        socket.send(Message::text(hello)).await.expect("sent");
        let answer = soon("the answer", socket.next()).await.expect("open").expect("a frame");
        assert_eq!(answer, Message::text("{}"));
        socket
    }

    /// Waits until the relay has done something.
    async fn until(&self, what: &str, done: impl Fn(&RelayStats) -> bool) -> RelayStats {
        let wait = async {
            loop {
                let stats = self.server.relay_stats();
                if done(&stats) {
                    return stats;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        soon(what, wait).await
    }
}

async fn connect(address: SocketAddr, tls: rustls::ClientConfig) -> Result<Connection, ConnectionError> {
    let mut endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).expect("a socket");
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).expect("TLS 1.3"))));
    soon("the handshake", endpoint.connect(address, "ahoy").expect("a connection")).await
}

/// Shows a token and returns the answer.
async fn hello(connection: &Connection, token: &str) -> Vec<u8> {
    let (mut out, mut back) = connection.open_bi().await.expect("a stream");
    out.write_all(format!(r#"{{"relayToken":"{token}"}}"#).as_bytes()).await.expect("written");
    out.finish().expect("finished");
    soon("the answer", back.read_to_end(100)).await.expect("an answer")
}

async fn farewell(connection: &Connection) -> (u64, String) {
    match soon("the end", connection.closed()).await {
        ConnectionError::ApplicationClosed(close) => {
            (close.error_code.into_inner(), String::from_utf8(close.reason.to_vec()).expect("text"))
        }
        other => panic!("ended without a reason: {other:?}"),
    }
}

fn packet(kind: Kind, source: SourceId, sequence: u32, level: u8, payload: &[u8]) -> Bytes {
    let header = Header {
        kind,
        marker: false,
        stereo: false,
        redundant: false,
        level,
        source,
        sequence,
        timestamp: sequence.wrapping_mul(960),
    };
    header.packet(payload).into()
}

fn audio(entered: &EnterRoomReply, sequence: u32) -> Bytes {
    packet(Kind::Audio, entered.source_id, sequence, 30, b"opus")
}

/// The next packet.
async fn heard(connection: &Connection) -> (Header, Bytes) {
    let datagram = soon("a packet", connection.read_datagram()).await.expect("open");
    (Header::parse(&datagram).expect("a packet").0, datagram)
}

/// Sends a ping and reads everything up to its pong; the pong's report and the packets before it.
async fn ping(connection: &Connection, source: SourceId) -> (PathReport, Vec<Header>) {
    connection.send_datagram(packet(Kind::Ping, source, 0, 127, b"now")).expect("sent");
    let mut before = Vec::new();
    loop {
        let (header, datagram) = heard(connection).await;
        if header.kind != Kind::Pong {
            before.push(header);
            continue;
        }
        let (_, payload) = Header::parse(&datagram).unwrap();
        let (ping, report) = PathReport::parse(payload).expect("a report");
        assert_eq!(ping, b"now");
        return (report, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn datagrams_reach_whom_they_are_for() {
    let house = House::open(6, Limits::default()).await;
    let people = house.room(&["alice", "bob", "carol"]).await;
    let [(_, alice), (_, bob), (_, carol)] = &people[..] else { unreachable!("three") };
    let (from_alice, to_bob, to_carol) = (house.quic(alice).await, house.quic(bob).await, house.quic(carol).await);

    // In somebody else's name, cut off, noise, of a kind that only the relay sends, too much of a ping, and too long.
    let own = alice.source_id;
    let large = packet(Kind::Ping, own, 0, 127, &[0; 65]);
    for bad in [audio(bob, 1), audio(alice, 1).slice(..9), Bytes::from_static(b"noise, and more than a header")] {
        from_alice.send_datagram(bad).expect("sent");
    }
    for bad in [Bytes::new(), packet(Kind::Pong, own, 0, 127, b""), large, packet(Kind::Report, own, 0, 127, b"short")]
    {
        from_alice.send_datagram(bad).expect("sent");
    }
    from_alice.send_datagram(audio(alice, 7)).expect("sent");
    for listener in [&to_bob, &to_carol] {
        assert_eq!(heard(listener).await.1, audio(alice, 7));
    }
    let stats = house.until("all counted", |stats| stats.malformed == 6).await;
    assert_eq!(stats, RelayStats { forwarded: 2, wrong_source: 1, malformed: 6, ..RelayStats::default() });

    // A report reaches the one it is about, and nobody else.
    let report = Report { about: own, lost: 1, jitter_ms: 2, playout_delay_ms: 3, longest_gap_ms: 4, concealed: 5 };
    let report = packet(Kind::Report, bob.source_id, 1, 127, &report.to_bytes());
    to_bob.send_datagram(report.clone()).expect("sent");
    assert_eq!(heard(&from_alice).await.1, report);
    // The relay says what it knows of each way: of alice's six audio packets two were lost.
    for sequence in [8, 9, 12] {
        from_alice.send_datagram(audio(alice, sequence)).expect("sent");
    }
    let (path, before) = ping(&from_alice, own).await;
    assert_eq!((path.expected, path.received, path.sent, before.len()), (6, 4, 2, 0));
    let (path, before) = ping(&to_carol, carol.source_id).await;
    assert_eq!((path.expected, path.received, path.sent), (0, 0, 5));
    assert_eq!(before.iter().map(|header| header.sequence).collect::<Vec<_>>(), [8, 9, 12]);
    house.server.shutdown().await;
    assert_eq!(farewell(&to_bob).await, (9508, "9508 The server is stopping.".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_business_is_told_so() {
    let limits = Limits { login: Duration::from_millis(500), ..Limits::default() };
    let house = House::open(6, limits).await;
    let people = house.room(&["alice"]).await;
    let (_, alice) = &people[0];
    let nothing = "10010 This relay token opens nothing. Enter the room again.";
    assert_eq!(house.refusal(br#"{"relayToken":"guessed"}"#).await, (10010, nothing.into()));
    for (noise, why) in [
        (&b"hello"[..], "-32600 The stream must say {\"relayToken\": \u{2026}}."),
        (&[0xff; 100], "-32600 The stream must say {\"relayToken\": \u{2026}}."),
        (&[b' '; 5_000], "-32600 The hello is too long."),
    ] {
        assert_eq!(house.refusal(noise).await, (32600, why.into()));
    }
    // Another protocol is not for this port; and somebody who says nothing, or not all of it.
    assert!(house.connect(b"h3").await.is_err());
    let late = "6014 Show the relay token at once after connecting.";
    let silent = house.connect(MEDIA_ALPN).await.expect("connected");
    let halting = house.connect(MEDIA_ALPN).await.expect("connected");
    let (mut out, _in) = halting.open_bi().await.expect("a stream");
    out.write_all(br#"{"relayToken":"#).await.expect("written");
    for connection in [&silent, &halting] {
        assert_eq!(farewell(connection).await, (6014, late.into()));
    }
    // Nothing but packets after the token; streams in one direction do not even open.
    let talker = house.quic(alice).await;
    let (mut out, _in) = soon("a stream", talker.open_bi()).await.expect("a stream");
    out.write_all(&[7; 3_000]).await.expect("written");
    assert_eq!(farewell(&talker).await, (32600, "-32600 Only media packets travel here.".into()));
    let waiting = house.quic(alice).await;
    assert!(tokio::time::timeout(Duration::from_millis(200), waiting.open_uni()).await.is_err());
    let (path, _) = ping(&waiting, alice.source_id).await;
    assert_eq!(path.sent, 1);
    house.server.shutdown().await;
}

/// How a WebSocket says goodbye, and the audio packets before.
async fn rest(socket: &mut Raw) -> (CloseFrame, Vec<u32>) {
    let mut packets = Vec::new();
    loop {
        match soon("the end", socket.next()).await.expect("a farewell").expect("a frame") {
            Message::Close(frame) => return (frame.expect("a reason"), packets),
            Message::Binary(packet) => packets.push(Header::parse(&packet).expect("a packet").0.sequence),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_moves_between_transports_and_loses_nothing() {
    let house = House::open(6, Limits { silent_after: common::LIMIT, ..Limits::default() }).await;
    let mut people = house.room(&["alice", "bob"]).await;
    let (alice, bob) = (people[0].1.clone(), people[1].1.clone());
    let mut old_talk = house.websocket(&alice).await;
    let mut old_ears = house.websocket(&bob).await;
    let replaced = "6208 Another connection has taken this one's place.";

    old_talk.send(Message::binary(audio(&alice, 1))).await.expect("sent");
    house.until("the first", |stats| stats.forwarded == 1).await;
    // Bob moves to QUIC, then alice does; what was still on its way over her old connection arrives.
    let ears = house.quic(&bob).await;
    let talk = house.quic(&alice).await;
    old_talk.send(Message::binary(audio(&alice, 2))).await.expect("sent");
    assert_eq!(heard(&ears).await.0.sequence, 2);
    talk.send_datagram(audio(&alice, 3)).expect("sent");
    assert_eq!(heard(&ears).await.0.sequence, 3);
    let (end, packets) = rest(&mut old_ears).await;
    assert_eq!((end.reason.as_str(), packets), (replaced, vec![1]));
    assert_eq!(rest(&mut old_talk).await.0.reason.as_str(), replaced);
    // And back.
    let mut new_ears = house.websocket(&bob).await;
    talk.send_datagram(audio(&alice, 4)).expect("sent");
    let back = soon("a packet", new_ears.next()).await.expect("open").expect("a frame");
    assert_eq!(back, Message::binary(audio(&alice, 4)));
    assert_eq!(farewell(&ears).await, (Code::KickedOffline as u64, replaced.into()));
    // Alice was never told that bob was gone; she is when he is.
    new_ears.close(None).await.expect("closed");
    let told = |event: &Event| match event {
        Event::RemoteUserLinkChanged(changed) => Some(changed.connected),
        _ => None,
    };
    let peer = &mut people[0].0;
    assert!(!peer.callback("bob's link", |event| told(event).filter(|connected| !connected)).await);
    let lost_before = peer.seen.iter().any(|event| match event {
        ClientEvent::Callback(Delivery { event, .. }) => told(event) == Some(false),
        _ => false,
    });
    assert!(!lost_before);
    house.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_packets_a_second_are_too_many() {
    let house = House::open(6, Limits::default()).await;
    let people = house.room(&["alice", "bob"]).await;
    let (from_alice, to_bob) = (house.quic(&people[0].1).await, house.quic(&people[1].1).await);
    for sequence in 0..2_000 {
        from_alice.send_datagram_wait(audio(&people[0].1, sequence)).await.expect("sent");
        if sequence % 10 == 9 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    let stats = house.until("the limit", |stats| stats.over_rate > 500).await;
    assert!((400..1_500).contains(&stats.forwarded), "{stats:?}");
    // Once the flood is over, all is as before.
    let wait = async {
        loop {
            let (path, _) = ping(&to_bob, people[1].1.source_id).await;
            from_alice.send_datagram(audio(&people[0].1, 5_000)).expect("sent");
            sleep(Duration::from_millis(20)).await;
            let (_, before) = ping(&to_bob, people[1].1.source_id).await;
            if before.iter().any(|header| header.sequence == 5_000) {
                return path;
            }
        }
    };
    soon("a packet after the flood", wait).await;
    house.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_whom_nothing_reaches_costs_the_others_nothing() {
    let house = House::open(6, Limits::default()).await;
    let people = house.room(&["alice", "bob", "carol", "dave"]).await;
    let [(_, alice), (_, bob), (_, carol), (_, dave)] = &people[..] else { unreachable!("four") };
    let (from_alice, to_bob) = (house.quic(alice).await, house.quic(bob).await);
    // Carol's side stands still: it neither reads nor acknowledges. Dave has a WebSocket and does not read it.
    let (address, tls, token) = (house.server.local_addr(), house.tls(MEDIA_ALPN), carol.relay_token.clone());
    let frozen = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let connection = runtime.block_on(async {
            let connection = connect(address, tls).await.expect("connected");
            assert_eq!(hello(&connection, &token).await, b"{}");
            connection
        });
        (runtime, connection)
    });
    let frozen = frozen.await.expect("connected");
    let _dave = house.websocket(dave).await;

    let listener = tokio::spawn(async move {
        for expected in 0..600 {
            let (header, _) = heard(&to_bob).await;
            assert_eq!(header.sequence, expected);
        }
        to_bob
    });
    let payload = [0; 500];
    for sequence in 0..600 {
        from_alice.send_datagram(packet(Kind::Audio, alice.source_id, sequence, 30, &payload)).expect("sent");
        sleep(Duration::from_millis(5)).await;
    }
    let to_bob = listener.await.expect("bob heard all of it");
    let stats = house.until("dropped", |stats| stats.queue_full > 0).await;
    assert_eq!((stats.forwarded, stats.over_rate), (3 * 600, 0));
    let (path, _) = ping(&from_alice, alice.source_id).await;
    assert_eq!((path.expected, path.received), (600, 600));
    assert_eq!(ping(&to_bob, bob.source_id).await.0.sent, 601);
    // A runtime must not end within another one.
    tokio::task::spawn_blocking(move || drop(frozen)).await.expect("dropped");
    house.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loudest_are_heard() {
    let house = House::open(2, Limits::default()).await;
    let people = house.room(&["alice", "bob", "carol", "dave"]).await;
    let mut links = Vec::new();
    for (_, entered) in &people {
        links.push((house.quic(entered).await, entered.source_id));
    }
    // Dave listens; carol's microphone is open, alice and bob speak.
    let levels = [20, 30, 70];
    for sequence in 0..100 {
        for ((link, source), level) in links.iter().zip(levels) {
            link.send_datagram(packet(Kind::Audio, *source, sequence, level, b"opus")).expect("sent");
        }
        sleep(Duration::from_millis(5)).await;
    }
    let stats = house.until("all packets", |stats| stats.left_out + stats.forwarded / 3 == 300).await;
    assert!(stats.left_out >= 90, "{stats:?}");
    let (_, before) = ping(&links[3].0, links[3].1).await;
    let mut counts: BTreeMap<SourceId, usize> = BTreeMap::new();
    for header in before {
        *counts.entry(header.source).or_default() += 1;
    }
    let of = |index: usize| counts.get(&links[index].1).copied().unwrap_or(0);
    assert!(of(0) >= 90 && of(1) >= 90 && of(2) <= 10, "{counts:?}");
    house.server.shutdown().await;

    for speakers in [0, SPEAKERS_MAX + 1] {
        let dir = tempfile::tempdir().expect("a folder");
        let config = ServerConfig {
            speakers,
            announce: false,
            ..ServerConfig::new(([127, 0, 0, 1], 0).into(), dir.path(), "x")
        };
        assert!(matches!(Server::spawn(config).await, Err(ServerError::Speakers(n)) if n == speakers));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_away_until_the_next_packet() {
    let house = House::open(6, Limits::default()).await;
    let mut people = house.room(&["alice", "bob"]).await;
    let (_online, bob) = people.pop().expect("bob");
    let (mut alice, _) = people.pop().expect("alice");
    let (quic, mut websocket) = (house.quic(&bob).await, house.websocket(&bob).await);
    // The WebSocket has the place; QUIC's keeping alive is no word of the participant's.
    for sequence in [1, 2] {
        assert!(!link_news(&mut alice, bob.source_id).await, "silent");
        websocket.send(Message::Binary(packet(Kind::Ping, bob.source_id, sequence, 127, b""))).await.expect("sent");
        assert!(link_news(&mut alice, bob.source_id).await, "heard");
    }
    let quic_again = house.quic(&bob).await;
    drop((quic, websocket));
    assert!(!link_news(&mut alice, bob.source_id).await, "silent");
    quic_again.send_datagram(audio(&bob, 1)).expect("sent");
    assert!(link_news(&mut alice, bob.source_id).await, "heard");
}

/// The next news of whether a participant's connection is there.
async fn link_news(peer: &mut Peer, of: SourceId) -> bool {
    peer.callback("news of the link", |event| match event {
        Event::RemoteUserLinkChanged(link) if link.participant.source_id == of => Some(link.connected),
        _ => None,
    })
    .await
}
