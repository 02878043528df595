//! A gate in front of a server: one port for TCP and UDP, whose UDP can be shut, slow and lossy.

#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses a part")]

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UdpSocket},
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::task::AbortOnDropHandle;

/// One direction of UDP: what happens to its packets, and what has happened.
#[derive(Default)]
pub(crate) struct Way {
    /// How many of 1000 are lost.
    pub(crate) lost_of_1000: AtomicU32,
    /// How long each takes, ms.
    pub(crate) delay_ms: AtomicU64,
    /// Packets that got through, and those that did not.
    pub(crate) passed: AtomicU64,
    pub(crate) lost: AtomicU64,
    chance: AtomicU32,
}

impl Way {
    /// Whether this packet gets through: the same sequence in each run.
    fn passes(&self, open: bool) -> bool {
        let chance = self.chance.load(Relaxed).wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.chance.store(chance, Relaxed);
        let passes = open && (chance >> 8) % 1000 >= self.lost_of_1000.load(Relaxed);
        (if passes { &self.passed } else { &self.lost }).fetch_add(1, Relaxed);
        passes
    }
}

#[derive(Default)]
pub(crate) struct Conditions {
    shut: AtomicBool,
    /// From the client to the server.
    pub(crate) up: Way,
    /// And back.
    pub(crate) down: Way,
    servers: Mutex<Option<(SocketAddr, SocketAddr)>>,
}

impl Conditions {
    /// Where TCP and UDP go.
    fn servers(&self) -> (SocketAddr, SocketAddr) {
        self.servers.lock().unwrap().unwrap()
    }

    /// Sends new connections elsewhere.
    pub(crate) fn lead_to(&self, tcp: SocketAddr, udp: SocketAddr) {
        *self.servers.lock().unwrap() = Some((tcp, udp));
    }

    /// Lets UDP through, or not.
    pub(crate) fn let_udp(&self, through: bool) {
        self.shut.store(!through, Relaxed);
    }
}

/// A gate. Whoever drops it cuts the connections through it.
pub(crate) struct Gate {
    pub(crate) port: u16,
    pub(crate) conditions: Arc<Conditions>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Gate {
    /// A gate on 127.0.0.1.
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let conditions = Arc::new(Conditions::default());
        conditions.lead_to(server, server);
        let (listener, socket) = ports().await;
        let port = listener.local_addr().unwrap().port();
        let tasks = [
            tokio::spawn(forward_tcp(listener, conditions.clone())),
            tokio::spawn(forward_udp(Arc::new(socket), conditions.clone())),
        ];
        Self { port, conditions, _tasks: tasks.map(AbortOnDropHandle::new) }
    }
}

/// The same port of TCP and UDP.
async fn ports() -> (TcpListener, UdpSocket) {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            return (listener, socket);
        }
    }
}

async fn forward_tcp(listener: TcpListener, conditions: Arc<Conditions>) {
    // They end with the gate.
    let mut connections = Vec::new();
    loop {
        let (mut inner, _) = listener.accept().await.unwrap();
        let (server, _) = conditions.servers();
        connections.push(AbortOnDropHandle::new(tokio::spawn(async move {
            inner.set_nodelay(true).unwrap();
            // A server that is gone looks the same to the client.
            let Ok(mut outer) = TcpStream::connect(server).await else { return };
            outer.set_nodelay(true).unwrap();
            let _ = copy_bidirectional(&mut inner, &mut outer).await;
        })));
    }
}

async fn forward_udp(socket: Arc<UdpSocket>, conditions: Arc<Conditions>) {
    let mut clients: HashMap<SocketAddr, (mpsc::UnboundedSender<Late>, [AbortOnDropHandle<()>; 3])> = HashMap::new();
    let mut buffer = [0; 2048];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        if let Entry::Vacant(place) = clients.entry(client) {
            let (_, server) = conditions.servers();
            let outer = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
            outer.connect(server).await.unwrap();
            let (up, up_queue) = mpsc::unbounded_channel();
            let (down, down_queue) = mpsc::unbounded_channel();
            let (back, inner) = (outer.clone(), socket.clone());
            let tasks = [
                tokio::spawn(delayed(up_queue, move |packet| drop(outer.try_send(&packet)))),
                tokio::spawn(delayed(down_queue, move |packet| drop(inner.try_send_to(&packet, client)))),
                tokio::spawn(answers(back, conditions.clone(), down)),
            ];
            place.insert((up, tasks.map(AbortOnDropHandle::new)));
        }
        pass(&conditions, &conditions.up, &clients[&client].0, &buffer[..length]);
    }
}

type Late = (Instant, Vec<u8>);

async fn answers(outer: Arc<UdpSocket>, conditions: Arc<Conditions>, down: mpsc::UnboundedSender<Late>) {
    let mut buffer = [0; 2048];
    loop {
        // A server that is gone says so for each packet.
        let Ok(length) = outer.recv(&mut buffer).await else { continue };
        pass(&conditions, &conditions.down, &down, &buffer[..length]);
    }
}

fn pass(conditions: &Conditions, way: &Way, queue: &mpsc::UnboundedSender<Late>, packet: &[u8]) {
    if way.passes(!conditions.shut.load(Relaxed)) {
        let due = Instant::now() + Duration::from_millis(way.delay_ms.load(Relaxed));
        let _ = queue.send((due, packet.to_vec()));
    }
}

async fn delayed(mut queue: mpsc::UnboundedReceiver<Late>, send: impl Fn(Vec<u8>)) {
    while let Some((due, packet)) = queue.recv().await {
        sleep_until(due).await;
        send(packet);
    }
}
