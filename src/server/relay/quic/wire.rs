//! The socket of all connections over QUIC. What comes in is read in batches; what goes out leaves in batches, so that a
//! packet for fifty listeners is one call of the system.

use quinn_proto::{EcnCodepoint, Transmit};
use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSocketState};
use std::{
    collections::VecDeque,
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
};
use tokio::{io::Interest, net::UdpSocket};

/// Batches that are read before anything else is done.
const READS: usize = 4;
/// Datagrams that may wait for the system to take them; each is up to as many packets as it segments at once.
const WAITING_MAX: usize = 128;
/// Buffers that are kept for later datagrams.
const SPARE_MAX: usize = 2 * WAITING_MAX;

/// One datagram as it came.
pub(super) struct Received<'a> {
    pub(super) remote: SocketAddr,
    /// To which of this computer's addresses, where the system says so.
    pub(super) local: Option<IpAddr>,
    pub(super) ecn: Option<EcnCodepoint>,
    pub(super) data: &'a [u8],
}

/// Datagrams on their way to the system.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    waiting: VecDeque<(Transmit, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
}

impl Outgoing {
    /// Whether more may be put in.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_MAX
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// An empty buffer.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes a buffer back that is not needed.
    pub(super) fn give_back(&mut self, mut buffer: Vec<u8>) {
        if self.spare.len() < SPARE_MAX {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    /// Puts a datagram in: the first `transmit.size` bytes of the buffer. Without room it is lost, as it could be anywhere
    /// on the way.
    pub(super) fn push(&mut self, transmit: Transmit, buffer: Vec<u8>) {
        if self.has_room() {
            self.waiting.push_back((transmit, buffer));
        } else {
            self.give_back(buffer);
        }
    }

    fn sent(&mut self, datagrams: usize) {
        for _ in 0..datagrams {
            if let Some((_, buffer)) = self.waiting.pop_front() {
                self.give_back(buffer);
            }
        }
    }
}

/// The socket.
pub(super) struct Wire {
    socket: UdpSocket,
    state: UdpSocketState,
    /// The socket has one address: that is where everything comes from.
    one_address: bool,
    buffer: Vec<u8>,
    #[cfg(target_os = "linux")]
    batch: super::batch::Batch,
    pub(super) out: Outgoing,
}

impl Wire {
    /// Takes a socket over. Datagrams are at most so many bytes long.
    pub(super) fn new(socket: std::net::UdpSocket, datagram_max_bytes: usize) -> io::Result<Self> {
        let one_address = !socket.local_addr()?.ip().is_unspecified();
        let state = UdpSocketState::new((&socket).into())?;
        let buffer = vec![0; datagram_max_bytes * state.gro_segments() * BATCH_SIZE];
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            state,
            one_address,
            buffer,
            #[cfg(target_os = "linux")]
            batch: super::batch::Batch::default(),
            out: Outgoing::default(),
        })
    }

    /// Whether the network may cut datagrams up.
    pub(super) fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }

    /// How many packets to one peer the system takes at once.
    pub(super) fn segments_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Resolves when something can be read or, if datagrams wait, when something can be written.
    pub(super) async fn ready(&self) -> io::Result<()> {
        let interest =
            if self.out.waiting.is_empty() { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE };
        self.socket.ready(interest).await.map(|_| ())
    }

    /// Reads what has come, though not without end.
    pub(super) fn receive(&mut self, mut take: impl FnMut(Received<'_>, &mut Outgoing)) -> io::Result<()> {
        for _ in 0..READS {
            let mut metas = [RecvMeta::default(); BATCH_SIZE];
            let part_bytes = self.buffer.len() / BATCH_SIZE;
            let mut parts = self.buffer.chunks_exact_mut(part_bytes);
            let mut buffers: [IoSliceMut<'_>; BATCH_SIZE] =
                std::array::from_fn(|_| IoSliceMut::new(parts.next().unwrap_or_default()));
            let mut count = 0;
            let read = self.socket.try_io(Interest::READABLE, || {
                count = self.state.recv((&self.socket).into(), &mut buffers, &mut metas)?;
                // Fewer than there was room for: the next one that comes is news again, without another call to learn so.
                if count < BATCH_SIZE { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match read {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // A peer that is gone, says its computer: its connection finds out by itself.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => continue,
                Err(error) => return Err(error),
            }
            for (meta, buffer) in metas.iter().zip(&buffers).take(count) {
                let ecn = meta.ecn.and_then(|ecn| EcnCodepoint::from_bits(ecn as u8));
                for data in buffer[..meta.len].chunks(meta.stride.max(1)) {
                    take(Received { remote: meta.addr, local: meta.dst_ip, ecn, data }, &mut self.out);
                }
            }
            if count < BATCH_SIZE {
                break;
            }
        }
        Ok(())
    }

    /// Hands over what waits, as far as the system takes it. What it refuses for good is lost.
    pub(super) fn send(&mut self) {
        while let Some((first, _)) = self.out.waiting.front() {
            let sent = match first.segment_size {
                None => self.send_batch(),
                Some(_) => self.send_one(),
            };
            match sent {
                Ok(count) => self.out.sent(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    tracing::debug!("a datagram could not be sent: {error}");
                    self.out.sent(1);
                }
            }
        }
    }

    /// One datagram, or several to one peer.
    fn send_one(&mut self) -> io::Result<usize> {
        let Some((transmit, buffer)) = self.out.waiting.front() else { return Ok(0) };
        let ecn = transmit.ecn.and_then(|ecn| quinn_udp::EcnCodepoint::from_bits(ecn as u8));
        let transmit = quinn_udp::Transmit {
            destination: transmit.destination,
            ecn,
            contents: &buffer[..transmit.size],
            segment_size: transmit.segment_size,
            src_ip: transmit.src_ip.filter(|_| !self.one_address),
        };
        self.socket.try_io(Interest::WRITABLE, || self.state.send((&self.socket).into(), &transmit))?;
        Ok(1)
    }

    /// The first ones that are single packets from the same address.
    #[cfg(target_os = "linux")]
    fn send_batch(&mut self) -> io::Result<usize> {
        let source = |transmit: &Transmit| transmit.src_ip.filter(|_| !self.one_address);
        let Some((first, _)) = self.out.waiting.front() else { return Ok(0) };
        let from = source(first);
        let datagrams = self
            .out
            .waiting
            .iter()
            .take_while(|(transmit, _)| transmit.segment_size.is_none() && source(transmit) == from);
        let datagrams = datagrams.map(|(transmit, buffer)| (transmit.destination, &buffer[..transmit.size]));
        self.socket.try_io(Interest::WRITABLE, || self.batch.send(&self.socket, from, datagrams))
    }

    #[cfg(not(target_os = "linux"))]
    fn send_batch(&mut self) -> io::Result<usize> {
        self.send_one()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::UdpSocket as Peer, time::Duration};

    /// Longest datagram of these tests.
    const DATAGRAM_MAX_BYTES: usize = 2_000;

    fn transmit(peer: &Peer, data: &[u8], segment_size: Option<usize>, src_ip: Option<IpAddr>) -> (Transmit, Vec<u8>) {
        let destination = peer.local_addr().expect("bound");
        (Transmit { destination, ecn: None, size: data.len(), segment_size, src_ip }, data.to_vec())
    }

    fn peer(ip: &str) -> Peer {
        let peer = Peer::bind((ip, 0)).expect("loopback");
        peer.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        peer
    }

    fn next(peer: &Peer) -> (Vec<u8>, SocketAddr) {
        let mut buffer = [0; DATAGRAM_MAX_BYTES];
        let (length, from) = peer.recv_from(&mut buffer).expect("something comes");
        (buffer[..length].to_vec(), from)
    }

    async fn everything_arrives(bound: &str, peers_at: &str, from: Option<&str>) {
        let from = from.map(|ip| ip.parse::<IpAddr>().expect("an address"));
        let mut wire = Wire::new(Peer::bind((bound, 0)).expect("loopback"), DATAGRAM_MAX_BYTES).expect("a socket");
        let peers: Vec<Peer> = (0..100).map(|_| peer(peers_at)).collect();
        for (number, peer) in peers.iter().enumerate() {
            let number = number as u8;
            for (transmit, buffer) in [
                transmit(peer, &[number; 100], None, from),
                // Two packets in one.
                transmit(peer, &[[number; 60], [number + 100; 60]].concat(), Some(60), from),
                transmit(peer, &[number], None, from),
            ] {
                while !wire.out.has_room() {
                    wire.ready().await.expect("it can be written");
                    wire.send();
                }
                wire.out.push(transmit, buffer);
            }
        }
        while !wire.out.is_empty() {
            wire.ready().await.expect("it can be written");
            wire.send();
        }
        let port = wire.socket.local_addr().expect("bound").port();
        for (number, peer) in peers.iter().enumerate() {
            let number = number as u8;
            for expected in [vec![number; 100], vec![number; 60], vec![number + 100; 60], vec![number]] {
                let (data, sender) = next(peer);
                assert_eq!((data, sender.port()), (expected, port), "{bound}");
                assert!(from.is_none_or(|from| sender.ip().to_canonical() == from.to_canonical()), "{sender}");
            }
        }
    }

    #[tokio::test]
    async fn many_datagrams_arrive_from_the_right_address() {
        everything_arrives("127.0.0.1", "127.0.0.1", None).await;
        everything_arrives("127.0.0.1", "127.0.0.1", Some("127.0.0.1")).await;
        // Linux has the whole of 127.0.0.0/8; without being told, it would answer as 127.0.0.1.
        #[cfg(target_os = "linux")]
        everything_arrives("0.0.0.0", "127.0.0.1", Some("127.0.0.3")).await;
        if Peer::bind("[::1]:0").is_ok() {
            everything_arrives("::", "::1", Some("::1")).await;
        }
    }

    #[tokio::test]
    async fn what_comes_is_read_with_its_addresses() {
        let mut wire = Wire::new(Peer::bind("127.0.0.1:0").expect("loopback"), DATAGRAM_MAX_BYTES).expect("a socket");
        let (to, peer) = (wire.socket.local_addr().expect("bound"), peer("127.0.0.1"));
        const COUNT: usize = 3 * BATCH_SIZE + 5;
        for number in 0..COUNT {
            peer.send_to(&[number as u8; 50], to).expect("sent");
        }
        let mut read = Vec::new();
        while read.len() < COUNT {
            wire.ready().await.expect("it can be read");
            wire.receive(|Received { remote, local, data, .. }, _| {
                assert_eq!((remote, data.len()), (peer.local_addr().expect("bound"), 50));
                assert!(local.is_none_or(|local| local == to.ip()));
                read.push(data[0]);
            })
            .expect("read");
        }
        assert_eq!(read, (0..COUNT).map(|number| number as u8).collect::<Vec<_>>());
    }

    #[test]
    fn no_more_waits_than_there_is_room_for() {
        let (mut out, peer) = (Outgoing::default(), peer("127.0.0.1"));
        for _ in 0..10 * WAITING_MAX {
            let (transmit, buffer) = transmit(&peer, b"flood", None, None);
            out.push(transmit, buffer);
        }
        assert_eq!(out.waiting.len(), WAITING_MAX);
        assert!(out.spare.len() <= SPARE_MAX);
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_lost_and_holds_nothing_up() {
        let mut wire = Wire::new(Peer::bind("127.0.0.1:0").expect("loopback"), DATAGRAM_MAX_BYTES).expect("a socket");
        let peer = peer("127.0.0.1");
        let (mut nowhere, buffer) = transmit(&peer, b"lost", None, None);
        nowhere.destination.set_port(0);
        wire.out.push(nowhere, buffer);
        let (transmit, buffer) = transmit(&peer, b"there", None, None);
        wire.out.push(transmit, buffer);
        wire.ready().await.expect("it can be written");
        wire.send();
        assert!(wire.out.is_empty());
        assert_eq!(next(&peer).0, b"there");
    }
}
