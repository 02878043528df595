//! Lost connections, killed servers and changed certificates over the real wire.
#![allow(clippy::unwrap_used)]

mod common;

use ahoy::{
    client::{Address, ClientEvent, ConnectError, Pin, account, discovery::Browser},
    protocol::{
        Code, Event, GroupId,
        api::{GroupType, SignIn, SignUp, Start},
    },
    server::{Server, ServerConfig},
};
use common::{Peer, ServerProcess, soon, user};
use std::{collections::BTreeSet, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Forwards TCP, and cuts every connection after a while: `cut` says after how many bytes towards the client.
async fn cutting_proxy(target: String, mut cut: impl FnMut() -> Option<usize> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let limit = cut();
            let target = target.clone();
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(target).await else { return };
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let up = async move {
                    let mut bytes = vec![0; 4096];
                    while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
                        if to_server.write_all(&bytes[..count]).await.is_err() {
                            break;
                        }
                    }
                };
                let down = async move {
                    let mut bytes = vec![0; 512];
                    let mut carried = 0;
                    while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
                        carried += count;
                        if limit.is_some_and(|limit| carried > limit)
                            || to_client.write_all(&bytes[..count]).await.is_err()
                        {
                            break;
                        }
                    }
                };
                tokio::select! { () = up => {}, () = down => {} }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_once_however_often_the_connection_breaks() {
    let server = ServerProcess::start(&[]);
    let alice = Peer::sign_up(&server.address(), server.pin(), "alice").await;
    // The first connections are short, at lengths that fall into handshakes, frames and between them; then peace.
    let mut lengths = (0..15).map(|n| 900 + n * 977);
    let proxy = cutting_proxy(server.listen.clone(), move || lengths.next()).await;
    let through = Address::new("127.0.0.1", proxy.port());
    let credentials = common::sign_up(&server.address(), server.pin(), "bob").await;
    let mut bob = Peer::start(&through, server.pin(), credentials, Start::Cold, 0);

    let count = 150;
    let sender = tokio::spawn(async move {
        let mut sent = Vec::new();
        for number in 0..count {
            let (invite_id, request) = alice.client.invite(user("bob"), format!("{number}"), false, 600);
            request.await.expect("invited");
            sent.push(invite_id);
        }
        // Kept, so that alice stays online.
        (alice, sent)
    });
    let (mut records, mut callbacks, mut last_seq, mut losses) = (Vec::new(), Vec::new(), 0, 0);
    while callbacks.len() < count {
        match bob.next().await.expect("a session") {
            ClientEvent::Record(delivery) => {
                assert!(delivery.seq > last_seq, "in order");
                last_seq = delivery.seq;
                if let Event::ReceiveNewInvitation(new) = delivery.event {
                    records.push(new.invite_id);
                }
            }
            ClientEvent::Callback(delivery) => {
                if let Event::ReceiveNewInvitation(new) = delivery.event {
                    callbacks.push(new.invite_id);
                }
            }
            ClientEvent::Lost { .. } => {
                losses += 1;
                bob.client.retry_now();
            }
            _ => {}
        }
    }
    let (_alice, sent) = soon("all sent", sender).await.expect("no panic");
    assert_eq!(records, sent);
    assert_eq!(callbacks, sent);
    assert!(losses >= 5, "the connection broke only {losses} times");
    // Whatever would come twice comes before the answer to this.
    bob.client.get_joined_group_list(None, 100).await.expect("answered");
    bob.client.shutdown().await;
    let mut late = BTreeSet::new();
    while let Some(event) = bob.next().await {
        if let ClientEvent::Record(delivery) = event {
            late.insert(delivery.seq);
        }
    }
    assert!(late.is_empty(), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_forgets_nothing() {
    let mut server = ServerProcess::start(&[]);
    let (address, pin) = (server.address(), server.pin());
    let mut alice = Peer::sign_up(&address, pin, "alice").await;
    let bob = common::sign_up(&address, pin, "bob").await;
    let group = GroupId::new("class").expect("valid");
    let made = alice.client.create_group(Some(group.clone()), GroupType::Meeting, "Class", vec![user("bob")]).await;
    made.expect("made");
    let (invite_id, sent) = alice.client.invite(user("bob"), "before the crash", false, 600);
    assert_eq!(sent.await.expect("acknowledged").online, []);

    server.kill();
    alice.until("the loss", |event| matches!(event, ClientEvent::Lost { .. }).then_some(())).await;
    let refused = alice.client.get_joined_group_list(None, 100).await.expect_err("no connection");
    assert!(refused.is(Code::Disconnected), "{refused}");
    let server = server.restart();
    assert_eq!(server.pin(), pin, "the certificate is the same");
    alice.client.retry_now();
    alice.synced().await;

    let groups = alice.client.get_joined_group_list(None, 100).await.expect("answered").groups;
    assert_eq!(groups.iter().map(|found| (&found.group_id, found.member_count)).collect::<Vec<_>>(), [(&group, 2)]);
    let taken = SignUp { user_id: user("bob"), display_name: "B".into(), password: None, device_name: "d".into() };
    match account::sign_up(&address, pin, taken).await {
        Err(ConnectError::Api(error)) => assert!(error.is(Code::IdInUse), "{error}"),
        other => panic!("{other:?}"),
    }
    let sign_in =
        |password: &str| SignIn { user_id: user("bob"), password: password.to_owned(), device_name: "second".into() };
    account::sign_in(&address, pin, sign_in("correct horse")).await.expect("the password is known");
    match account::sign_in(&address, pin, sign_in("wrong horse")).await {
        Err(ConnectError::Api(error)) => assert!(error.is(Code::WrongPassword), "{error}"),
        other => panic!("{other:?}"),
    }
    // What bob never got, he gets now, and it still rings.
    let mut bob = Peer::start(&address, pin, bob, Start::Cold, 0);
    bob.callback("the invitation", |event| match event {
        Event::ReceiveNewInvitation(new) if new.invite_id == invite_id => {
            assert_eq!(new.data, "before the crash");
            Some(())
        }
        _ => None,
    })
    .await;
    bob.client.accept(invite_id, "").await.expect("accepted");
    alice.callback("the answer", |event| matches!(event, Event::InviteeAccepted(_)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_certificate_is_a_hard_stop() {
    let mut server = ServerProcess::start(&[]);
    let address = server.address();
    // First use takes what is shown, and says what it was.
    let credentials = common::sign_up(&address, Pin::FirstUse, "alice").await;
    let mut alice = Peer::start(&address, Pin::FirstUse, credentials.clone(), Start::Cold, 0);
    let first = alice
        .until("the pin", |event| match event {
            ClientEvent::FirstPin(shown) => Some(*shown),
            _ => None,
        })
        .await;
    assert_eq!(server.pin(), Pin::Known(first));
    alice.synced().await;

    server.kill();
    std::fs::remove_file(server.data_dir().join("identity.pem")).expect("there was one");
    let server = server.restart();
    let Pin::Known(changed) = server.pin() else { panic!("no TLS") };
    let (pinned, shown) = alice
        .until("the warning", |event| match event {
            ClientEvent::CertificateChanged { pinned, shown } => Some((*pinned, *shown)),
            _ => None,
        })
        .await;
    assert_eq!((pinned, shown), (first, changed));
    assert!(alice.next().await.is_none(), "the session is over");
    assert!(alice.client.get_joined_group_list(None, 100).await.is_err());
    let sign_in = SignIn { user_id: user("alice"), password: "correct horse".into(), device_name: "d".into() };
    match account::sign_in(&address, Pin::Known(first), sign_in).await {
        Err(ConnectError::CertificateChanged { .. }) => {}
        other => panic!("{other:?}"),
    }
    let log = server.log();
    let (_, since) = log.rsplit_once("made a new certificate").expect("it did");
    assert!(!since.contains("connected"), "nothing but a failed handshake may reach the new server:\n{since}");
    // Trusted by the person, it goes on.
    let mut alice = Peer::start(&address, Pin::Known(changed), credentials, Start::Hot, 0);
    alice.synced().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_session_of_the_same_device_ends_the_first() {
    let server = ServerProcess::start(&[]);
    let mut first = Peer::sign_up(&server.address(), server.pin(), "alice").await;
    let mut second = Peer::start(&server.address(), server.pin(), first.credentials.clone(), Start::Cold, 0);
    second.synced().await;
    first.until("kicked", |event| matches!(event, ClientEvent::KickedOffline(_)).then_some(())).await;
    assert!(first.next().await.is_none());
    let refused = first.client.get_joined_group_list(None, 100).await.expect_err("over");
    assert!(refused.is(Code::NotLoggedIn), "{refused}");
    second.client.logout(true).await.expect("signed out");
    let mut third = Peer::start(&server.address(), server.pin(), first.credentials.clone(), Start::Cold, 0);
    third.until("rejected", |event| matches!(event, ClientEvent::TokenRejected(_)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_are_sent_by_the_client() {
    let server = ServerProcess::start(&[]);
    let (address, pin) = (server.address(), server.pin());
    let mut alice = Peer::sign_up(&address, pin, "alice").await;
    let mut bob = Peer::sign_up(&address, pin, "bob").await;
    common::sign_up(&address, pin, "carol").await;
    for (invitee, both) in [("bob", true), ("carol", false)] {
        let (invite_id, sent) = alice.client.invite(user(invitee), "", false, 1);
        sent.await.expect("invited");
        let is_it = |event: &Event| match event {
            Event::InvitationTimeout(timeout) if timeout.invite_id == invite_id => Some(timeout.invitee_list.clone()),
            _ => None,
        };
        assert_eq!(alice.callback("the timeout", is_it).await, [user(invitee)]);
        if both {
            bob.callback("the timeout", is_it).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_found_and_forgotten_on_the_network() {
    let dir = tempfile::tempdir().expect("a folder");
    let name = "Room 3";
    let config = ServerConfig::new(([127, 0, 0, 1], 0).into(), dir.path(), name);
    let server = Server::spawn(config).await.expect("started");
    let browser = Browser::start().expect("looking");
    let mut found = browser.found();
    let fingerprint = server.fingerprint().expect("TLS");
    let is_it = |server: &ahoy::client::discovery::Found| server.fingerprint == fingerprint;
    let list = soon("found", found.wait_for(|list| list.iter().any(is_it))).await.expect("looking").clone();
    let seen = list.iter().find(|server| is_it(server)).expect("in the list");
    assert_eq!(seen.name, name);
    let address = seen.address().expect("an address");
    assert_eq!(address.port(), server.local_addr().port());
    let (info, shown) = account::server_info(&address, Pin::Known(seen.fingerprint)).await.expect("reached");
    assert_eq!((info.name.as_str(), shown), (name, Some(fingerprint)));
    server.shutdown().await;
    soon("forgotten", found.wait_for(|list| !list.iter().any(is_it))).await.expect("looking");
}
