//! Several datagrams to several peers in one call of the system, where it has one.

use nix::{
    cmsg_space, libc,
    sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg},
};
use std::{
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    os::fd::AsRawFd,
};
use tokio::net::UdpSocket;

/// Datagrams in one call.
const DATAGRAMS: usize = 64;

/// What the calls need, kept from one to the next: headers without a sender's address, with one, and with a long one.
pub(super) struct Batch {
    plain: MultiHeaders<SockaddrStorage>,
    v4: MultiHeaders<SockaddrStorage>,
    v6: MultiHeaders<SockaddrStorage>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            plain: MultiHeaders::preallocate(DATAGRAMS, None),
            v4: MultiHeaders::preallocate(DATAGRAMS, Some(cmsg_space!(libc::in_pktinfo))),
            v6: MultiHeaders::preallocate(DATAGRAMS, Some(cmsg_space!(libc::in6_pktinfo))),
        }
    }
}

impl Batch {
    /// Sends the first of these datagrams, from this address of the computer, if any is given; returns how many.
    pub(super) fn send<'a>(
        &mut self,
        socket: &UdpSocket,
        from: Option<IpAddr>,
        datagrams: impl Iterator<Item = (SocketAddr, &'a [u8])>,
    ) -> io::Result<usize> {
        let (to, slices): (Vec<_>, Vec<_>) =
            datagrams.take(DATAGRAMS).map(|(to, data)| (Some(SockaddrStorage::from(to)), [IoSlice::new(data)])).unzip();
        let (v4, v6);
        let (headers, control) = match from {
            None => (&mut self.plain, None),
            Some(IpAddr::V4(from)) => {
                let [ipi_spec_dst, ipi_addr] =
                    [from.octets(), [0; 4]].map(|octets| libc::in_addr { s_addr: u32::from_ne_bytes(octets) });
                v4 = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst, ipi_addr };
                (&mut self.v4, Some(ControlMessage::Ipv4PacketInfo(&v4)))
            }
            Some(IpAddr::V6(from)) => {
                v6 = libc::in6_pktinfo { ipi6_ifindex: 0, ipi6_addr: libc::in6_addr { s6_addr: from.octets() } };
                (&mut self.v6, Some(ControlMessage::Ipv6PacketInfo(&v6)))
            }
        };
        let sent = sendmmsg(socket.as_raw_fd(), headers, &slices, &to, control.as_slice(), MsgFlags::empty())?;
        Ok(sent.count())
    }
}
