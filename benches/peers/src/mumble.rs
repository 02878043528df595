//! murmurd, and as much of a Mumble client as it takes to speak and listen: the control connection over TLS with a few
//! hand-written protobuf messages, voice over UDP.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use ahoy::bench::{
    load::{Figures, Load, Tally, drive},
    process::{Folder, Running},
};
use anyhow::{Context, bail};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    runtime::Runtime,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::ocb::Ocb;

/// Nothing on the way to a full channel takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// An answer over UDP on loopback takes milliseconds.
const ANSWER: Duration = Duration::from_secs(2);
/// So many users may have to come again.
const RETRIES: usize = 10;
/// Longer than any voice packet.
const PACKET_MAX_BYTES: usize = 2048;
const PASSWORD: &str = "bench";

/// Message types of the control connection.
mod message {
    pub(super) const VERSION: u16 = 0;
    pub(super) const AUTHENTICATE: u16 = 2;
    pub(super) const PING: u16 = 3;
    pub(super) const REJECT: u16 = 4;
    pub(super) const SERVER_SYNC: u16 = 5;
    pub(super) const CHANNEL_STATE: u16 = 7;
    pub(super) const USER_STATE: u16 = 9;
    pub(super) const CRYPT_SETUP: u16 = 15;
}
/// First byte of a voice packet: Opus, normal talking.
const OPUS: u8 = 4 << 5;
/// First byte of a ping over UDP.
const UDP_PING: u8 = 1 << 5;

/// murmurd with channels full of users.
pub(crate) struct Murmurd {
    process: Running,
    tally: Arc<Tally>,
    channels: Vec<Vec<Speaker>>,
    _folder: Folder,
    _runtime: Runtime,
}

/// What it takes to send voice.
struct Speaker {
    socket: Arc<UdpSocket>,
    cipher: Arc<Mutex<Ocb>>,
    sequence: std::cell::Cell<u64>,
}

impl Murmurd {
    /// Starts murmurd and fills as many channels as the loads need.
    pub(crate) fn start(program: &Path, loads: &[Load]) -> anyhow::Result<Self> {
        let most = |what: fn(&Load) -> usize| loads.iter().map(what).max().unwrap_or(1);
        let (channels, people) = (most(|load| load.rooms), most(|load| load.speakers.max(load.listeners + 1)));
        let folder = Folder::make()?;
        let (process, address) = start(program, folder.path(), channels * people + 1 + RETRIES)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let tally = Arc::new(Tally::default());
        let channels = runtime.block_on(async {
            timeout(PATIENCE, fill(address, &tally, channels, people)).await.context("murmurd does not answer")?
        })?;
        Ok(Self { process, tally, channels, _folder: folder, _runtime: runtime })
    }

    /// Puts one load on it.
    pub(crate) fn measure(&self, load: &Load) -> anyhow::Result<Figures> {
        let figures = drive(load, &self.tally, self.process.pid(), |channel, speaker, voice| {
            self.channels[channel][speaker].speak(voice)
        });
        figures.context("murmurd")
    }
}

impl Speaker {
    fn speak(&self, voice: &[u8]) -> io::Result<()> {
        let mut packet = vec![OPUS];
        put_number(&mut packet, self.sequence.replace(self.sequence.get() + 1));
        put_number(&mut packet, voice.len() as u64);
        packet.extend_from_slice(voice);
        send(&self.socket, &self.cipher, &packet)
    }
}

fn send(socket: &UdpSocket, cipher: &Mutex<Ocb>, plain: &[u8]) -> io::Result<()> {
    let packet = cipher.lock().map_err(|_| io::Error::other("a thread has panicked"))?.seal(plain);
    match socket.try_send(&packet) {
        // As the network would: it is lost, and shows in the figures.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        result => result.map(drop),
    }
}

/// Starts murmurd on a free port, without limits that would be in the way.
fn start(program: &Path, folder: &Path, users: usize) -> anyhow::Result<(Running, SocketAddr)> {
    // Free a moment ago; murmurd wants a number.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let ini = folder.join("murmurd.ini");
    let file = |name: &str| folder.join(name).display().to_string();
    let settings = format!(
        "database={}\nlogfile={}\npidfile={}\nhost=127.0.0.1\nport={}\nusers={users}\nbandwidth=100000000\n\
         welcometext=\nautobanAttempts=0\nbonjour=false\nice=\nmessagelimit=1000\nmessageburst=1000\ntimeout=120\n\
         rememberchannel=false\nsendversion=false\nobfuscate=false\nallowping=false\nuname=root\n",
        file("murmurd.sqlite"),
        file("murmurd.log"),
        file("murmurd.pid"),
        address.port(),
    );
    // «uname»: started by root, it would become a user who may not write here.
    std::fs::write(&ini, settings)?;
    let command = || {
        let mut command = Command::new(program);
        command.arg("-ini").arg(&ini).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let set = command().args(["-supw", PASSWORD]).status().context("murmurd cannot be started")?;
    anyhow::ensure!(set.success(), "murmurd takes no password: {set}");
    Ok((Running::start(command().arg("-fg"))?, address))
}

/// Brings everybody in, and waits until voice over UDP works for each.
async fn fill(
    address: SocketAddr,
    tally: &Arc<Tally>,
    channels: usize,
    people: usize,
) -> anyhow::Result<Vec<Vec<Speaker>>> {
    let mut owner = Control::connect(address, "SuperUser", Some(PASSWORD)).await?;
    let mut filled = Vec::new();
    for channel in 0..channels {
        let name = format!("bench-{channel}");
        let wish = Fields::default().number(2, 0).text(3, &name);
        owner.send(message::CHANNEL_STATE, &wish.0).await?;
        let id = loop {
            let (kind, body) = owner.receive().await?;
            if kind == message::CHANNEL_STATE && text(&body, 3) == Some(name.as_bytes()) {
                // The first channel of all is 0, and zeros may be left out.
                break number(&body, 1).unwrap_or(0);
            }
        };
        let mut speakers = Vec::new();
        for person in 0..people {
            speakers.push(join(address, tally, &format!("u{channel}-{person}"), id).await?);
        }
        filled.push(speakers);
    }
    owner.keep();
    Ok(filled)
}

/// A user with voice over UDP: its socket, and what encrypts and decrypts.
type Entered = (Arc<UdpSocket>, Arc<Mutex<Ocb>>, Ocb);

/// Connects a user, and waits until murmurd answers it over UDP.
async fn enter(address: SocketAddr, name: &str, channel: u64) -> anyhow::Result<Entered> {
    let mut control = Control::connect(address, name, None).await?;
    let wish = Fields::default().number(1, control.session).number(5, channel);
    control.send(message::USER_STATE, &wish.0).await?;
    loop {
        let (kind, body) = control.receive().await?;
        let about = (number(&body, 1), number(&body, 5));
        if kind == message::USER_STATE && about == (Some(control.session), Some(channel)) {
            break;
        }
    }
    let [key, own, theirs] = control.keys;
    let cipher = Arc::new(Mutex::new(Ocb::new(key, own)));
    let mut incoming = Ocb::new(key, theirs);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(address).await?;
    let socket = Arc::new(socket);
    let mut buffer = [0; PACKET_MAX_BYTES];
    loop {
        send(&socket, &cipher, &[UDP_PING, 1])?;
        if let Ok(length) = timeout(Duration::from_millis(50), socket.recv(&mut buffer)).await
            && incoming.open(&mut buffer[..length?]).is_some_and(|plain| plain.first() == Some(&UDP_PING))
        {
            control.keep();
            return Ok((socket, cipher, incoming));
        }
    }
}

/// One user: into the channel, voice over UDP confirmed by a ping, then counting.
async fn join(address: SocketAddr, tally: &Arc<Tally>, name: &str, channel: u64) -> anyhow::Result<Speaker> {
    let mut attempt = 0;
    let (socket, cipher, mut incoming) = loop {
        let name = format!("{name}-{attempt}");
        // Depending on the nonces, murmurd takes the first packets for repeated ones, and then all of them.
        match timeout(ANSWER, enter(address, &name, channel)).await {
            Ok(entered) => break entered?,
            Err(_) if attempt < RETRIES => attempt += 1,
            Err(_) => bail!("murmurd does not answer {name} over UDP"),
        }
    };
    let (tally, listening) = (Arc::clone(tally), Arc::clone(&socket));
    tokio::spawn(async move {
        let mut buffer = [0; PACKET_MAX_BYTES];
        while let Ok(length) = listening.recv(&mut buffer).await {
            if let Some(voice) = incoming.open(&mut buffer[..length]).and_then(voice) {
                tally.heard(voice);
            }
        }
    });
    let (pinging, key) = (Arc::clone(&socket), Arc::clone(&cipher));
    tokio::spawn(async move {
        loop {
            sleep(Duration::from_secs(5)).await;
            if send(&pinging, &key, &[UDP_PING, 1]).is_err() {
                break;
            }
        }
    });
    Ok(Speaker { socket, cipher, sequence: std::cell::Cell::new(0) })
}

/// The voice in a packet from the server: behind the speaker's session, the sequence number and the length.
fn voice(packet: &[u8]) -> Option<&[u8]> {
    let rest = packet.strip_prefix(&[OPUS])?;
    let (_session, rest) = take_number(rest)?;
    let (_sequence, rest) = take_number(rest)?;
    let (length, rest) = take_number(rest)?;
    rest.get(..usize::try_from(length).ok()?)
}

/// A control connection that has signed in.
struct Control {
    stream: TlsStream<TcpStream>,
    session: u64,
    /// Key, nonce towards the server, nonce from the server.
    keys: [[u8; 16]; 3],
}

impl Control {
    async fn connect(address: SocketAddr, name: &str, password: Option<&str>) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
            .with_no_client_auth();
        let tcp = loop {
            match TcpStream::connect(address).await {
                Ok(tcp) => break tcp,
                // It is still starting.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error.into()),
            }
        };
        let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("murmurd")?, tcp).await?;
        let mut control = Self { stream, session: 0, keys: [[0; 16]; 3] };
        control.send(message::VERSION, &Fields::default().number(1, 0x01_03_04).0).await?;
        let mut who = Fields::default().text(1, name);
        if let Some(password) = password {
            who = who.text(2, password);
        }
        control.send(message::AUTHENTICATE, &who.number(5, 1).0).await?;
        loop {
            let (kind, body) = control.receive().await?;
            match kind {
                message::CRYPT_SETUP => {
                    let field = |which| text(&body, which).and_then(|bytes| bytes.try_into().ok());
                    let fields = (field(1), field(2), field(3));
                    let (Some(key), Some(own), Some(theirs)) = fields else { bail!("murmurd sends odd keys") };
                    control.keys = [key, own, theirs];
                }
                message::SERVER_SYNC => {
                    control.session = number(&body, 1).context("murmurd gives no session")?;
                    return Ok(control);
                }
                message::REJECT => bail!("murmurd lets {name} not in: {}", String::from_utf8_lossy(&body)),
                _ => {}
            }
        }
    }

    async fn send(&mut self, kind: u16, body: &[u8]) -> anyhow::Result<()> {
        let mut frame = kind.to_be_bytes().to_vec();
        frame.extend_from_slice(&u32::try_from(body.len())?.to_be_bytes());
        frame.extend_from_slice(body);
        Ok(self.stream.write_all(&frame).await?)
    }

    async fn receive(&mut self) -> anyhow::Result<(u16, Vec<u8>)> {
        let kind = self.stream.read_u16().await.context("murmurd has closed a connection")?;
        let length = self.stream.read_u32().await?;
        anyhow::ensure!(length < 1 << 20, "murmurd sends a message of {length} bytes");
        let mut body = vec![0; length as usize];
        self.stream.read_exact(&mut body).await?;
        Ok((kind, body))
    }

    /// Stays connected until the program ends: reads everything, and says something now and then.
    fn keep(self) {
        let (mut read, mut write) = tokio::io::split(self.stream);
        tokio::spawn(async move { tokio::io::copy(&mut read, &mut tokio::io::sink()).await });
        tokio::spawn(async move {
            let ping = [message::PING.to_be_bytes(), [0; 2], [0; 2]].concat();
            while write.write_all(&ping).await.is_ok() {
                sleep(Duration::from_secs(15)).await;
            }
        });
    }
}

/// murmurd makes its own certificate; on loopback any is as good.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A protobuf message being written: numbers and byte strings are all that is needed.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn number(mut self, field: u8, value: u64) -> Self {
        self.0.push(field << 3);
        put_varint(&mut self.0, value);
        self
    }

    fn text(mut self, field: u8, value: &str) -> Self {
        self.0.push(field << 3 | 2);
        put_varint(&mut self.0, value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
        self
    }
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The last value of a field, as protobuf has it.
fn find(mut message: &[u8], wanted: u64) -> Option<Value<'_>> {
    let mut found = None;
    while let Some((tag, rest)) = take_varint(message) {
        let (value, rest) = match tag & 7 {
            0 => take_varint(rest).map(|(number, rest)| (Value::Number(number), rest))?,
            1 => rest.split_at_checked(8).map(|(bytes, rest)| (Value::Bytes(bytes), rest))?,
            2 => {
                let (length, rest) = take_varint(rest)?;
                rest.split_at_checked(usize::try_from(length).ok()?).map(|(bytes, rest)| (Value::Bytes(bytes), rest))?
            }
            5 => rest.split_at_checked(4).map(|(bytes, rest)| (Value::Bytes(bytes), rest))?,
            _ => return found,
        };
        if tag >> 3 == wanted {
            found = Some(value);
        }
        message = rest;
    }
    found
}

fn number(message: &[u8], field: u64) -> Option<u64> {
    match find(message, field)? {
        Value::Number(number) => Some(number),
        Value::Bytes(_) => None,
    }
}

fn text(message: &[u8], field: u64) -> Option<&[u8]> {
    match find(message, field)? {
        Value::Bytes(bytes) => Some(bytes),
        Value::Number(_) => None,
    }
}

/// Protobuf's numbers: seven bits a byte, the lowest first.
fn put_varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn take_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * place as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

/// Mumble's own numbers in voice packets: the length of each stands in the highest bits of its first byte.
fn put_number(to: &mut Vec<u8>, value: u64) {
    let bytes = value.to_be_bytes();
    match value {
        0..0x80 => to.push(bytes[7]),
        0x80..0x4000 => to.extend([bytes[6] | 0x80, bytes[7]]),
        0x4000..0x20_0000 => to.extend([bytes[5] | 0xc0, bytes[6], bytes[7]]),
        0x20_0000..0x1000_0000 => to.extend([bytes[4] | 0xe0, bytes[5], bytes[6], bytes[7]]),
        _ => {
            to.push(0xf4);
            to.extend(bytes);
        }
    }
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (high, more) = match first {
        0..0x80 => (first, 0),
        0x80..0xc0 => (first & 0x3f, 1),
        0xc0..0xe0 => (first & 0x1f, 2),
        0xe0..0xf0 => (first & 0x0f, 3),
        0xf0 => (0, 4),
        0xf4 => (0, 8),
        _ => return None,
    };
    let (low, rest) = rest.split_at_checked(more)?;
    Some((low.iter().fold(u64::from(high), |value, byte| value << 8 | u64::from(*byte)), rest))
}
