//! A gate in front of a server: one port for TCP and UDP, whose UDP can be shut, slow and lossy; the cable behind it can
//! be pulled out, and the address of whoever is in front of it can change.

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
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream, UdpSocket,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
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

/// The line that everything goes through.
#[derive(Clone, Copy, Default)]
struct Line {
    pulled: bool,
    /// Counts the addresses that the client has had.
    address: u32,
}

#[derive(Default)]
pub(crate) struct Conditions {
    shut: AtomicBool,
    line: watch::Sender<Line>,
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

    /// Pulls the cable out, or puts it back in: nobody is told. UDP is lost; what is under way over TCP comes late, as it
    /// does where it is sent again until it arrives.
    pub(crate) fn pull_cable(&self, out: bool) {
        self.line.send_modify(|line| line.pulled = out);
    }

    /// Gives the client another address: UDP comes from there, and of the TCP connections that it has nothing is heard
    /// any more, in either direction.
    pub(crate) fn change_address(&self) {
        self.line.send_modify(|line| line.address += 1);
    }

    fn is_open(&self) -> bool {
        !self.shut.load(Relaxed) && !self.line.borrow().pulled
    }

    /// Waits while the cable is out; for ever once the client has another address than this.
    async fn wait_for_line(&self, address: u32) {
        let mut line = self.line.subscribe();
        // The sender is `self`: it is there as long as this waits.
        let _ = line.wait_for(|line| !line.pulled && line.address == address).await;
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
        let (inner, _) = listener.accept().await.unwrap();
        let (server, _) = conditions.servers();
        let conditions = conditions.clone();
        connections.push(AbortOnDropHandle::new(tokio::spawn(async move {
            let address = conditions.line.borrow().address;
            inner.set_nodelay(true).unwrap();
            conditions.wait_for_line(address).await;
            // A server that is gone looks the same to the client.
            let Ok(outer) = TcpStream::connect(server).await else { return };
            outer.set_nodelay(true).unwrap();
            let ((inner_in, inner_out), (outer_in, outer_out)) = (inner.into_split(), outer.into_split());
            let up = carry(inner_in, outer_out, &conditions, address);
            let down = carry(outer_in, inner_out, &conditions, address);
            let _ = tokio::try_join!(up, down);
        })));
    }
}

/// One direction of a TCP connection.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Conditions, address: u32) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        line.wait_for_line(address).await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}

async fn forward_udp(socket: Arc<UdpSocket>, conditions: Arc<Conditions>) {
    let mut clients: HashMap<SocketAddr, (mpsc::UnboundedSender<Late>, [AbortOnDropHandle<()>; 3])> = HashMap::new();
    let (mut buffer, mut address) = ([0; 2048], 0);
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        let now = conditions.line.borrow().address;
        if now != address {
            // New sockets behind the gate: the server sees another port.
            clients.clear();
            address = now;
        }
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
    if way.passes(conditions.is_open()) {
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
