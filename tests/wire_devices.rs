//! The devices of one user over the real wire: each is told of the others at once, and one signs out another.

mod common;

use ahoy::{
    client::{Address, ClientEvent, Pin, account},
    protocol::{
        Code, DeviceId, Event,
        api::{DeviceInfo, GetDevices, RenameDevice, SignIn, SignOutDevice, Start},
    },
};
use common::{Peer, ServerProcess, soon, user};

/// A further device of an account that [`common::sign_up`] has made.
async fn another_device(address: &Address, pin: Pin, name: &str, device_name: &str) -> Peer {
    let request = SignIn { user_id: user(name), password: "correct horse".into(), device_name: device_name.to_owned() };
    let (credentials, _) = soon("sign-in", account::sign_in(address, pin, request)).await.expect("signed in");
    let mut peer = Peer::start(address, pin, credentials, Start::Cold, 0);
    peer.synced().await;
    peer
}

async fn devices(peer: &Peer) -> Vec<DeviceInfo> {
    peer.client.call(GetDevices {}).await.expect("listed").devices
}

/// The list once it is as wished: looked at only when the server says that it has changed.
async fn devices_once(peer: &mut Peer, fits: impl Fn(&[DeviceInfo]) -> bool) -> Vec<DeviceInfo> {
    loop {
        let listed = devices(peer).await;
        if fits(&listed) {
            return listed;
        }
        let changed = |event: &Event| matches!(event, Event::DevicesChanged(_)).then_some(());
        peer.callback("a change of the devices", changed).await;
    }
}

fn named<'a>(listed: &'a [DeviceInfo], name: &str) -> Option<&'a DeviceInfo> {
    listed.iter().find(|device| device.device_name == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_come_go_and_are_named() {
    let server = ServerProcess::start(&[]);
    let (address, pin) = (server.address(), server.pin());
    let mut desk = Peer::sign_up(&address, pin, "alice").await;
    let sofa = another_device(&address, pin, "alice", "sofa").await;

    let listed = devices_once(&mut desk, |listed| named(listed, "sofa").is_some_and(|device| device.online)).await;
    assert!(named(&listed, "alice's computer").is_some_and(|device| device.own && device.online));
    let added = named(&listed, "sofa").expect("it is there").clone();
    assert!(!added.own && added.last_seen_ms >= added.created_ms);

    sofa.client.shutdown().await;
    let listed = devices_once(&mut desk, |listed| named(listed, "sofa").is_some_and(|device| !device.online)).await;
    assert!(named(&listed, "sofa").is_some_and(|device| device.last_seen_ms >= added.last_seen_ms));

    // A device that is away can be named, too.
    let rename = RenameDevice { device_id: added.device_id.clone(), device_name: "거실".into() };
    desk.client.call(rename).await.expect("renamed");
    devices_once(&mut desk, |listed| named(listed, "거실").is_some()).await;
    let nobodys = RenameDevice { device_id: DeviceId::random(), device_name: "x".into() };
    assert!(desk.client.call(nobodys).await.is_err_and(|error| error.is(Code::NotFound)));

    // The server forgets nothing of it, killed or not.
    let mut server = server;
    server.kill();
    let server = server.restart();
    let mut desk = Peer::start(&server.address(), server.pin(), desk.credentials.clone(), Start::Cold, 0);
    desk.synced().await;
    let listed = devices(&desk).await;
    assert!(named(&listed, "거실").is_some_and(|device| !device.online && device.created_ms == added.created_ms));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_signs_another_one_out() {
    let server = ServerProcess::start(&[]);
    let (address, pin) = (server.address(), server.pin());
    let mut desk = Peer::sign_up(&address, pin, "alice").await;
    let mut sofa = another_device(&address, pin, "alice", "sofa").await;
    let bob = Peer::sign_up(&address, pin, "bob").await;

    let target = SignOutDevice { device_id: sofa.credentials.device_id.clone() };
    assert!(bob.client.call(target.clone()).await.is_err_and(|error| error.is(Code::NotFound)));
    let own = SignOutDevice { device_id: desk.credentials.device_id.clone() };
    let refused = desk.client.call(own).await.expect_err("that is what logout is for");
    assert!(refused.is(Code::InvalidOperation) && refused.message.contains("logout"), "{refused}");

    desk.client.call(target.clone()).await.expect("signed out");
    let kicked = sofa
        .until("the end of its session", |event| match event {
            ClientEvent::KickedOffline(kicked) => Some(kicked.clone()),
            _ => None,
        })
        .await;
    assert!(kicked.reason.is(Code::KickedOffline), "{}", kicked.reason);
    assert_eq!(kicked.by_device.as_deref(), Some("alice's computer"));
    assert!(sofa.next().await.is_none(), "it does not come back by itself");
    devices_once(&mut desk, |listed| listed.len() == 1).await;
    assert!(desk.client.call(target).await.is_err_and(|error| error.is(Code::NotFound)), "it is gone already");

    let mut again = Peer::start(&address, pin, sofa.credentials.clone(), Start::Hot, 0);
    let rejected = |event: &ClientEvent| match event {
        ClientEvent::TokenRejected(error) => Some(error.clone()),
        _ => None,
    };
    assert!(again.until("a refusal", rejected).await.is(Code::TokenRejected));
}
