//! The header of a media packet. The payload behind it is opaque to the relay.
//!
//! ```text
//!  0       1       2       3       4               8               12              16
//! +-------+-------+-------+-------+---------------+---------------+---------------+---------
//! |version| kind  | flags | level |   source id   |   sequence    |   timestamp   | payload
//! +-------+-------+-------+-------+---------------+---------------+---------------+---------
//! ```
//! Numbers are big-endian. The fields are those of RTP (RFC 3550) with the audio level of RFC 6464 in the open, so that
//! a relay can pick the loudest without decoding.

use super::{SourceId, limits::MEDIA_PACKET_MAX_BYTES};

/// Length of the header, bytes.
pub const HEADER_BYTES: usize = 16;
/// The only version there is.
pub const VERSION: u8 = 1;
/// The level of digital silence, -dBFS.
pub const LEVEL_SILENT: u8 = 127;
/// Clock of the timestamp, Hz, whatever the sound card's rate is.
pub const CLOCK_HZ: u32 = 48_000;

const FLAG_MARKER: u8 = 1;
const FLAG_STEREO: u8 = 2;
const FLAG_REDUNDANT: u8 = 4;

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// One Opus frame. Forwarded to everyone else in the room.
    Audio = 1,
    /// How well the sender of this packet hears another source ([`Report`]). Forwarded to that source alone.
    Report = 2,
    /// Asks the relay to send the packet back as [`Kind::Pong`].
    Ping = 3,
    /// The relay's answer to a ping: the ping's payload unchanged, and behind it a [`PathReport`].
    Pong = 4,
}

/// The fields in front of every media payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is.
    pub kind: Kind,
    /// First packet after silence (RTP's marker bit): a good moment to re-time the jitter buffer. The relay sets it, too,
    /// on the first packet after some that it left out: the gap in the sequence before it is no loss.
    pub marker: bool,
    /// The Opus frame is stereo.
    pub stereo: bool,
    /// Copies of earlier frames stand in front of the packet's own.
    pub redundant: bool,
    /// Loudness of the frame, -dBFS: 0 is full scale, 127 silence (RFC 6464).
    pub level: u8,
    /// The sender. The relay drops a packet whose source is not its connection's own.
    pub source: SourceId,
    /// Counts packets of one source and kind by one, wraps around.
    pub sequence: u32,
    /// Capture time of the frame's first sample at 48 kHz, wraps around.
    pub timestamp: u32,
}

/// Why bytes are not a media packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Shorter than the header.
    #[error("a media packet has at least {HEADER_BYTES} bytes")]
    TooShort,
    /// Longer than [`MEDIA_PACKET_MAX_BYTES`].
    #[error("a media packet has at most {MEDIA_PACKET_MAX_BYTES} bytes")]
    TooLong,
    /// A version from the future, or noise.
    #[error("the version of the media packet is not {VERSION}")]
    Version,
    /// A kind this version does not know.
    #[error("the kind of the media packet is unknown")]
    Kind,
    /// Flags or a level out of bounds.
    #[error("a field of the media packet's header is out of bounds")]
    Field,
}

impl Header {
    /// Reads the header and returns it with the payload.
    ///
    /// # Errors
    /// If the bytes are not a packet of this version.
    pub fn parse(packet: &[u8]) -> Result<(Self, &[u8]), PacketError> {
        if packet.len() > MEDIA_PACKET_MAX_BYTES {
            return Err(PacketError::TooLong);
        }
        let (head, payload) = packet.split_first_chunk::<HEADER_BYTES>().ok_or(PacketError::TooShort)?;
        let &[version, kind, flags, level, s0, s1, s2, s3, q0, q1, q2, q3, t0, t1, t2, t3] = head;
        if version != VERSION {
            return Err(PacketError::Version);
        }
        let kind = match kind {
            1 => Kind::Audio,
            2 => Kind::Report,
            3 => Kind::Ping,
            4 => Kind::Pong,
            _ => return Err(PacketError::Kind),
        };
        if flags & !(FLAG_MARKER | FLAG_STEREO | FLAG_REDUNDANT) != 0 || level > LEVEL_SILENT {
            return Err(PacketError::Field);
        }
        let header = Self {
            kind,
            marker: flags & FLAG_MARKER != 0,
            stereo: flags & FLAG_STEREO != 0,
            redundant: flags & FLAG_REDUNDANT != 0,
            level,
            source: SourceId(u32::from_be_bytes([s0, s1, s2, s3])),
            sequence: u32::from_be_bytes([q0, q1, q2, q3]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        };
        Ok((header, payload))
    }

    /// The header's bytes.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = VERSION;
        bytes[1] = self.kind as u8;
        let flag = |set, flag| if set { flag } else { 0 };
        bytes[2] =
            flag(self.marker, FLAG_MARKER) | flag(self.stereo, FLAG_STEREO) | flag(self.redundant, FLAG_REDUNDANT);
        bytes[3] = self.level.min(LEVEL_SILENT);
        bytes[4..8].copy_from_slice(&self.source.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes
    }

    /// A whole packet: the header and its payload.
    pub fn packet(self, payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::with_capacity(HEADER_BYTES + payload.len());
        packet.extend_from_slice(&self.to_bytes());
        packet.extend_from_slice(payload);
        packet
    }
}

/// How a listener hears one source since its last report: the payload of [`Kind::Report`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose packets this is about.
    pub about: SourceId,
    /// Packets that never came, in 1/255 of those sent.
    pub lost: u8,
    /// Mean deviation of the transit time, ms (RFC 3550, 6.4.1).
    pub jitter_ms: u16,
    /// Delay that the jitter buffer adds now, ms.
    pub playout_delay_ms: u16,
    /// Longest run of lost packets, ms of sound.
    pub longest_gap_ms: u16,
    /// Sound that had to be concealed, in 1/255 of all.
    pub concealed: u8,
}

impl Report {
    const BYTES: usize = 12;

    /// Reads a report's payload; longer ones come from newer versions and are read as far as they are known.
    ///
    /// # Errors
    /// If it is too short.
    pub fn parse(payload: &[u8]) -> Result<Self, PacketError> {
        let (head, _) = payload.split_first_chunk::<{ Self::BYTES }>().ok_or(PacketError::TooShort)?;
        let &[a0, a1, a2, a3, lost, j0, j1, d0, d1, g0, g1, concealed] = head;
        Ok(Self {
            about: SourceId(u32::from_be_bytes([a0, a1, a2, a3])),
            lost,
            jitter_ms: u16::from_be_bytes([j0, j1]),
            playout_delay_ms: u16::from_be_bytes([d0, d1]),
            longest_gap_ms: u16::from_be_bytes([g0, g1]),
            concealed,
        })
    }

    /// The report's payload.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[0..4].copy_from_slice(&self.about.0.to_be_bytes());
        bytes[4] = self.lost;
        bytes[5..7].copy_from_slice(&self.jitter_ms.to_be_bytes());
        bytes[7..9].copy_from_slice(&self.playout_delay_ms.to_be_bytes());
        bytes[9..11].copy_from_slice(&self.longest_gap_ms.to_be_bytes());
        bytes[11] = self.concealed;
        bytes
    }
}

/// What the relay knows of the way between it and one participant: the end of a [`Kind::Pong`]'s payload. The counters
/// begin at 0 with each connection and wrap around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathReport {
    /// The relay's monotonic clock, microseconds; the origin means nothing.
    pub time_us: u64,
    /// Audio packets that the participant sent, by their sequence numbers.
    pub expected: u32,
    /// Those that came.
    pub received: u32,
    /// Mean deviation of their transit time, microseconds (RFC 3550, 6.4.1).
    pub jitter_us: u32,
    /// Packets of all kinds that went to the participant, this one included, and those that the relay had to drop.
    pub sent: u32,
}

impl PathReport {
    const BYTES: usize = 24;

    /// Reads the end of a pong's payload; what stands before it is the ping's payload and comes back, too.
    ///
    /// # Errors
    /// If it is too short.
    pub fn parse(payload: &[u8]) -> Result<(&[u8], Self), PacketError> {
        let (ping, tail) = payload.split_last_chunk::<{ Self::BYTES }>().ok_or(PacketError::TooShort)?;
        let &[t0, t1, t2, t3, t4, t5, t6, t7, e0, e1, e2, e3, r0, r1, r2, r3, j0, j1, j2, j3, s0, s1, s2, s3] = tail;
        let report = Self {
            time_us: u64::from_be_bytes([t0, t1, t2, t3, t4, t5, t6, t7]),
            expected: u32::from_be_bytes([e0, e1, e2, e3]),
            received: u32::from_be_bytes([r0, r1, r2, r3]),
            jitter_us: u32::from_be_bytes([j0, j1, j2, j3]),
            sent: u32::from_be_bytes([s0, s1, s2, s3]),
        };
        Ok((ping, report))
    }

    /// The bytes at the end of a pong's payload.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[0..8].copy_from_slice(&self.time_us.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.expected.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.received.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.jitter_us.to_be_bytes());
        bytes[20..24].copy_from_slice(&self.sent.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_header_survives_the_wire(
            marker: bool, stereo: bool, redundant: bool, level in 0..=LEVEL_SILENT, source: u32, sequence: u32, timestamp: u32,
            kind in prop::sample::select(vec![Kind::Audio, Kind::Report, Kind::Ping, Kind::Pong]),
            payload in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let header = Header { kind, marker, stereo, redundant, level, source: SourceId(source), sequence, timestamp };
            let packet = header.packet(&payload);
            prop_assert_eq!(Header::parse(&packet), Ok((header, &payload[..])));
        }

        #[test]
        fn reports_survive_the_wire(
            about: u32, lost: u8, jitter_ms: u16, playout_delay_ms: u16, longest_gap_ms: u16, concealed: u8,
            time_us: u64, expected: u32, received: u32, jitter_us: u32, sent: u32,
            ping in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let about = SourceId(about);
            let report = Report { about, lost, jitter_ms, playout_delay_ms, longest_gap_ms, concealed };
            prop_assert_eq!(Report::parse(&report.to_bytes()), Ok(report));
            let path = PathReport { time_us, expected, received, jitter_us, sent };
            let payload = [&ping[..], &path.to_bytes()].concat();
            prop_assert_eq!(PathReport::parse(&payload), Ok((&ping[..], path)));
        }

        #[test]
        fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..1400)) {
            let _ = Header::parse(&bytes);
            let _ = Report::parse(&bytes);
            let _ = PathReport::parse(&bytes);
        }
    }
}
