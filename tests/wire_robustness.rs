//! Bad input over the real wire: the offender is told and closed, everyone else notices nothing.
#![allow(clippy::unwrap_used)]

mod common;

use ahoy::{
    client::{Address, ClientEvent, Pin, media::MediaState},
    protocol::{
        Code, Event, RoomId, SourceId,
        api::{Credentials, EnterRoomReply, Start},
        event::Presence,
        lan::MEDIA_PATH,
        media::{Header, Kind, LEVEL_SILENT},
        rpc::{self, ServerFrame},
    },
    server::{Limits, RelayStats, Server, ServerConfig},
};
use common::{Peer, ServerProcess, server::command, sign_up, soon, user};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::{pin::pin, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error as SocketError, Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

type Raw = WebSocketStream<TcpStream>;

/// A WebSocket without any manners of a client.
async fn raw(listen: &str, path: &str) -> Raw {
    let tcp = TcpStream::connect(listen).await.expect("connected");
    client_async(format!("ws://{listen}{path}"), tcp).await.expect("upgraded").0
}

/// The next frame that is neither ping nor pong.
async fn next(socket: &mut Raw) -> Option<Message> {
    let read = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(_)) | None => return None,
            }
        }
    };
    soon("a frame", read).await
}

/// The error code that a request is refused with.
async fn refusal(socket: &mut Raw) -> i32 {
    match next(socket).await {
        Some(Message::Text(text)) => match ServerFrame::parse(&text) {
            Ok(ServerFrame::Reply { outcome: Err(error), .. }) => error.code,
            other => panic!("not a refusal: {other:?}"),
        },
        other => panic!("not a refusal: {other:?}"),
    }
}

/// How the server says goodbye, whatever it sends before.
async fn farewell(socket: &mut Raw) -> CloseFrame {
    loop {
        match next(socket).await {
            Some(Message::Close(frame)) => return frame.expect("a reason"),
            Some(_) => {}
            None => panic!("closed without a reason"),
        }
    }
}

/// Two who go on working while others misbehave.
struct Witnesses {
    alice: Peer,
    bob: Peer,
}

impl Witnesses {
    async fn meet(address: &Address, pin: Pin) -> Self {
        Self { alice: Peer::sign_up(address, pin, "alice").await, bob: Peer::sign_up(address, pin, "bob").await }
    }

    /// An invitation goes there and its answer comes back.
    async fn check(&mut self) {
        let (invite_id, sent) = self.alice.client.invite(user("bob"), "hello", false, 0);
        sent.await.expect("invited");
        self.bob
            .callback("the invitation", |event| match event {
                Event::ReceiveNewInvitation(new) if new.invite_id == invite_id => Some(()),
                _ => None,
            })
            .await;
        self.bob.client.accept(invite_id.clone(), "").await.expect("accepted");
        self.alice
            .callback("the answer", |event| match event {
                Event::InviteeAccepted(answer) if answer.invite_id == invite_id => Some(()),
                _ => None,
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_frames_are_answered_and_then_closed() {
    let server = ServerProcess::start(&["--insecure"]);
    let mut witnesses = Witnesses::meet(&server.address(), server.pin()).await;

    let mut socket = raw(&server.listen, "/").await;
    for (frame, code) in [
        (String::from("{"), Code::ParseError),
        ("[]".into(), Code::InvalidRequest),
        (r#"{"jsonrpc":"2.0","method":"ping"}"#.into(), Code::InvalidRequest),
        (rpc::request(1, "dance", &json!({})), Code::MethodNotFound),
        (rpc::request(2, "invite", &json!({"invitee": 5})), Code::InvalidParameters),
        (rpc::request(3, "getJoinedGroupList", &json!({})), Code::NotLoggedIn),
        (rpc::request(4, "login", &json!({"userID":"alice","token":"guessed","start":"cold"})), Code::TokenRejected),
        (
            rpc::request(5, "signIn", &json!({"userID":"alice","password":"guessed","deviceName":"x"})),
            Code::WrongPassword,
        ),
        (
            rpc::request(6, "signIn", &json!({"userID":"nobody","password":"guessed","deviceName":"x"})),
            Code::WrongPassword,
        ),
    ] {
        socket.send(Message::text(frame.clone())).await.expect("sent");
        assert_eq!(refusal(&mut socket).await, code as i32, "{frame}");
    }
    // Three so far; with the tenth the patience ends.
    for _ in 3..10 {
        socket.send(Message::text("\u{0}noise")).await.expect("sent");
        assert_eq!(refusal(&mut socket).await, Code::ParseError as i32);
    }
    assert_eq!(farewell(&mut socket).await.code, CloseCode::Policy);
    witnesses.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_and_giants_are_closed_with_a_reason() {
    let server = ServerProcess::start(&["--insecure"]);
    let mut witnesses = Witnesses::meet(&server.address(), server.pin()).await;

    let mut socket = raw(&server.listen, "/signaling").await;
    socket.send(Message::binary(vec![0xA5; 1000])).await.expect("sent");
    assert_eq!(farewell(&mut socket).await.code, CloseCode::Unsupported);

    let socket = raw(&server.listen, "/").await;
    let (mut sink, stream) = socket.split();
    let giant = tokio::spawn(async move {
        // The server may hang up before it has seen all of it.
        let _ = sink.send(Message::text("x".repeat(100 * 1024 * 1024))).await;
        sink
    });
    witnesses.check().await;
    let mut farewells = pin!(stream.filter_map(async |message| match message {
        Ok(Message::Close(frame)) => frame,
        _ => None,
    }));
    let told = soon("the farewell", farewells.next()).await;
    assert_eq!(told.expect("a reason").code, CloseCode::Size);
    drop(soon("the giant's end", giant).await.expect("no panic"));

    // Not even WebSocket, not even HTTP.
    let mut tcp = TcpStream::connect(&server.listen).await.expect("connected");
    tcp.write_all(&[0x16; 3000]).await.expect("sent");
    // An error is an end as well.
    let _ = soon("the end", tcp.read_to_end(&mut Vec::new())).await;

    for (path, origin, status) in [("/other", None, 404), ("/", Some("https://example.com"), 403)] {
        let tcp = TcpStream::connect(&server.listen).await.expect("connected");
        let mut request = format!("ws://{}{path}", server.listen).into_client_request().expect("a request");
        if let Some(origin) = origin {
            request.headers_mut().insert("Origin", origin.parse().expect("a value"));
        }
        match client_async(request, tcp).await {
            Err(SocketError::Http(response)) => assert_eq!(response.status(), status),
            other => panic!("{path}: {other:?}"),
        }
    }
    witnesses.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_sign_in_is_closed() {
    let server = ServerProcess::start(&["--insecure", "--login-limit-ms", "1000"]);
    let mut witnesses = Witnesses::meet(&server.address(), server.pin()).await;

    // No byte at all, and half a handshake.
    let mut silent = TcpStream::connect(&server.listen).await.expect("connected");
    let mut half = TcpStream::connect(&server.listen).await.expect("connected");
    half.write_all(b"GET / HTTP/1.1\r\nUpgrade: webs").await.expect("sent");
    let mut idle = raw(&server.listen, "/").await;
    let mut idle_media = raw(&server.listen, MEDIA_PATH).await;
    for tcp in [&mut silent, &mut half] {
        let _ = soon("the end", tcp.read_to_end(&mut Vec::new())).await;
    }
    for socket in [&mut idle, &mut idle_media] {
        let frame = farewell(socket).await;
        assert_eq!(frame.code, CloseCode::Policy);
        assert!(frame.reason.starts_with("6014 "), "{}", frame.reason);
    }
    // Half of a TLS handshake is no better.
    let tls = ServerProcess::start(&["--login-limit-ms", "500"]);
    let mut silent = TcpStream::connect(&tls.listen).await.expect("connected");
    silent.write_all(&[0x16, 3, 1]).await.expect("sent");
    let _ = soon("the end", silent.read_to_end(&mut Vec::new())).await;
    witnesses.check().await;
}

/// A server in this process, for what a process cannot be asked.
async fn in_process(limits: Limits) -> (Server, Address, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let config = ServerConfig {
        insecure: true,
        announce: false,
        limits,
        ..ServerConfig::new(([127, 0, 0, 1], 0).into(), dir.path().join("data"), "test")
    };
    let server = Server::spawn(config).await.expect("started");
    let address = Address::parse(&format!("ws://{}", server.local_addr()), true).expect("an address");
    (server, address, dir)
}

async fn raw_login(listen: &str, credentials: &Credentials) -> Raw {
    let mut socket = raw(listen, "/").await;
    let login = json!({"userID": credentials.user_id, "token": credentials.token, "start": "cold"});
    socket.send(Message::text(rpc::request(1, "login", &login))).await.expect("sent");
    match next(&mut socket).await {
        Some(Message::Text(text)) => {
            assert!(matches!(ServerFrame::parse(&text), Ok(ServerFrame::Reply { outcome: Ok(_), .. })), "{text}");
        }
        other => panic!("not signed in: {other:?}"),
    }
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_connection_is_noticed() {
    let limits =
        Limits { ping_every: Duration::from_millis(200), dead_after: Duration::from_secs(2), ..Limits::default() };
    let (server, address, _dir) = in_process(limits).await;
    let listen = server.local_addr().to_string();
    let mut witnesses = Witnesses::meet(&address, Pin::FirstUse).await;
    let credentials = sign_up(&address, Pin::FirstUse, "carol").await;
    // Signed in, and then as good as dead: it neither sends nor reads, so it answers no ping.
    let mut dead = raw_login(&listen, &credentials).await;
    for wanted in [Presence::Online, Presence::Offline] {
        let carol_is = |event: &Event| match event {
            Event::UserStatusChanged(changed) => {
                let carol = changed.user_status_list.iter().find(|status| status.user_id == user("carol"))?;
                (carol.presence == wanted).then_some(())
            }
            _ => None,
        };
        witnesses.alice.callback("carol's presence", carol_is).await;
    }
    assert_eq!(farewell(&mut dead).await.code, CloseCode::Policy);
    witnesses.check().await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_nothing_is_closed_and_loses_nothing() {
    let limits = Limits { write: Duration::from_secs(1), ..Limits::default() };
    let (server, address, _dir) = in_process(limits).await;
    let listen = server.local_addr().to_string();
    let mut witnesses = Witnesses::meet(&address, Pin::FirstUse).await;
    let credentials = sign_up(&address, Pin::FirstUse, "carol").await;
    let slow = raw_login(&listen, &credentials).await;
    // More than all buffers between the two hold.
    let count = 800;
    let data = "x".repeat(12_000);
    let client = witnesses.alice.client.clone();
    let mut sending = tokio::spawn(async move {
        for _ in 0..count {
            let (_, sent) = client.invite(user("carol"), data.clone(), false, 0);
            sent.await.expect("invited");
        }
    });
    // Alice's own echoes want to be read, or her connection waits for her.
    loop {
        tokio::select! {
            sent = &mut sending => break sent.expect("all sent"),
            event = witnesses.alice.next() => drop(event),
        }
    }
    witnesses.check().await;
    drop(slow);
    // The same device, now with an appetite: everything is there, once and in order.
    let mut carol = Peer::start(&address, Pin::FirstUse, credentials, Start::Cold, 0);
    let mut records = Vec::new();
    loop {
        match carol.next().await.expect("a session") {
            ClientEvent::Record(delivery) => records.push(delivery.seq),
            ClientEvent::Synced { .. } => break,
            _ => {}
        }
    }
    assert_eq!(records, (1..=count).collect::<Vec<u64>>());
    server.shutdown().await;
}

fn packet(kind: Kind, source: SourceId, sequence: u32) -> Vec<u8> {
    Header { kind, marker: false, stereo: false, redundant: false, level: LEVEL_SILENT, source, sequence, timestamp: 0 }
        .packet(b"opus")
}

async fn enter(peer: &Peer, room: u32, create: bool) -> EnterRoomReply {
    peer.client.enter_room(RoomId::new(room).expect("valid"), create, None).await.expect("entered")
}

#[tokio::test(flavor = "multi_thread")]
async fn media_packets_of_strangers_are_dropped_and_counted() {
    let (server, address, _dir) = in_process(Limits::default()).await;
    let listen = server.local_addr().to_string();
    let mut witnesses = Witnesses::meet(&address, Pin::FirstUse).await;
    let carol = Peer::sign_up(&address, Pin::FirstUse, "carol").await;

    let alice_in = enter(&witnesses.alice, 5, true).await;
    let refused = carol.client.enter_room(alice_in.room_id, false, None).await.expect_err("not let in");
    assert!(refused.is(Code::PermissionDenied), "{refused}");
    witnesses.alice.client.invite_to_room(alice_in.room_id, user("bob"), "", 0).await.expect("let in");
    let bob_in = enter(&witnesses.bob, 5, false).await;
    let carol_in = enter(&carol, 6, true).await;
    let mut links = Vec::new();
    for (peer, entered) in [(&witnesses.alice, &alice_in), (&witnesses.bob, &bob_in), (&carol, &carol_in)] {
        let mut link = peer.client.open_media(entered);
        soon("media up", link.state.wait_for(|state| *state == MediaState::Up)).await.expect("up");
        links.push(link);
    }
    let [alice, bob, carol_link] = &mut links[..] else { unreachable!("three links") };

    // A token that opens nothing, and packets without any token.
    let mut stranger = raw(&listen, MEDIA_PATH).await;
    stranger.send(Message::text(r#"{"relayToken":"guessed"}"#)).await.expect("sent");
    assert!(farewell(&mut stranger).await.reason.starts_with("10010 "));
    let mut stranger = raw(&listen, MEDIA_PATH).await;
    stranger.send(Message::binary(packet(Kind::Audio, alice_in.source_id, 1))).await.expect("sent");
    assert_eq!(farewell(&mut stranger).await.code, CloseCode::Policy);
    // From another room, in somebody else's name; and noise.
    carol_link.sender.send(packet(Kind::Audio, alice_in.source_id, 2));
    carol_link.sender.send(b"noise".to_vec());
    carol_link.sender.send(packet(Kind::Audio, carol_in.source_id, 3));
    soon("the noise is counted", async {
        while server.relay_stats().malformed == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;

    let sent = packet(Kind::Audio, alice_in.source_id, 9);
    alice.sender.send(sent.clone());
    let heard = soon("the packet", bob.receiver.recv()).await.expect("open");
    assert_eq!(heard[..], sent, "the first that bob hears is alice's");
    // The links' own pings are answered all the time.
    let forwarded = server.relay_stats().forwarded;
    let expected = RelayStats { forwarded, strangers: 2, wrong_source: 1, malformed: 1, ..RelayStats::default() };
    assert_eq!(server.relay_stats(), expected);

    // A second connection with the same token takes the first one's place.
    let mut second = witnesses.bob.client.open_media(&bob_in);
    soon("media up", second.state.wait_for(|state| *state == MediaState::Up)).await.expect("up");
    soon("replaced", bob.state.wait_for(|state| matches!(state, MediaState::Closed(_)))).await.expect("told");
    alice.sender.send(sent.clone());
    assert_eq!(soon("the packet", second.receiver.recv()).await.expect("open")[..], sent);
    // Who leaves the room is out, and its token opens nothing any more.
    witnesses.bob.client.exit_room(bob_in.room_id).await.expect("left");
    soon("closed", second.state.wait_for(|state| matches!(state, MediaState::Closed(_)))).await.expect("told");
    let mut late = witnesses.bob.client.open_media(&bob_in);
    soon("refused", late.state.wait_for(|state| matches!(state, MediaState::Closed(_)))).await.expect("told");
    witnesses.check().await;
    server.shutdown().await;
}

#[test]
fn a_server_starts_once_per_folder_and_ends_cleanly() {
    let mut server = ServerProcess::start(&[]);
    let second = command(&server.data_dir(), "127.0.0.1:0").output().expect("runs");
    assert!(!second.status.success());
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(told.contains("another server is running on the data folder"), "{told}");
    let other = tempfile::tempdir().expect("a folder");
    let open = command(other.path(), "0.0.0.0:0").arg("--insecure").output().expect("runs");
    assert!(!open.status.success());
    assert!(String::from_utf8_lossy(&open.stderr).contains("without encryption"));
    let taken = command(other.path(), &server.listen).output().expect("runs");
    assert!(String::from_utf8_lossy(&taken.stderr).contains("cannot listen on"), "{taken:?}");
    assert_eq!(server.signal("TERM"), Some(0));
    let mut again = ServerProcess::start(&[]);
    assert_eq!(again.signal("INT"), Some(0));
}
