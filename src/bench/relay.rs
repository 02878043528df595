//! `ahoy bench relay`: real participants in a room of a real server process, on loopback.

use std::{
    cell::Cell,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use quinn::{Connection, Endpoint, crypto::rustls::QuicClientConfig};
use rustls::{RootCertStore, crypto::ring, version::TLS13};
use tokio::{runtime::Runtime, time::timeout};

use crate::{
    client::{Client, ClientConfig, ClientEvent, account},
    protocol::{
        RoomId, SourceId, UserId,
        api::{MediaHello, SignUp, Start},
        lan::MEDIA_ALPN,
        media::{Header, Kind},
    },
    socket::quic::{HELLO_MAX_BYTES, transport},
};

use super::{
    load::{Figures, Load, Tally, drive},
    process::ServerProcess,
};

/// Nothing on the way to a full room takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `ahoy bench relay` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct RelayArgs {
    /// To how many listeners each packet goes
    #[arg(long, value_name = "N", default_value = "50")]
    pub listeners: NonZeroUsize,
    /// Seconds that each load lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 8.0)]
    pub seconds: f64,
    /// One load of N speakers instead of the usual ones
    #[arg(long, value_name = "N")]
    pub speakers: Option<NonZeroUsize>,
    /// With --speakers: rooms with so many speakers each
    #[arg(long, value_name = "N", default_value = "1")]
    pub rooms: NonZeroUsize,
    /// With --speakers: packets of each speaker per second
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub rate: u32,
}

/// The loads that are measured: rooms, speakers in each, packets of each per second. One speaker is measured in two rooms
/// and in eight with 10 ms packets, too, since a server hardly notices one.
pub const LOADS: [(usize, usize, u32); 6] =
    [(1, 1, 50), (2, 1, 100), (8, 1, 100), (1, 10, 50), (1, 40, 50), (1, 40, 75)];

/// Bytes of voice in each packet: 10 ms at 51 kbit/s, 20 ms at 26.
pub const VOICE_BYTES: usize = 64;

impl RelayArgs {
    /// What is to be measured.
    pub fn loads(&self) -> Vec<Load> {
        let chosen = self.speakers.map(|speakers| vec![(self.rooms.get(), speakers.get(), self.rate)]);
        chosen.unwrap_or_else(|| LOADS.to_vec()).into_iter().map(|load| self.load(load)).collect()
    }

    /// A load of rooms, speakers and rate, as long as was asked for.
    pub fn load(&self, (rooms, speakers, rate_pps): (usize, usize, u32)) -> Load {
        Load {
            rooms,
            speakers,
            listeners: self.listeners.get(),
            rate_pps,
            voice_bytes: VOICE_BYTES,
            warm_up: Duration::from_secs_f64(self.seconds / 8.0),
            duration: Duration::from_secs_f64(self.seconds),
        }
    }
}

/// Measures and prints a table.
///
/// # Errors
/// If the server does not come up, or does not let the participants in.
pub fn run(args: &RelayArgs) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program's own file")?;
    let loads = args.loads();
    let relay = OwnRelay::start(&program, &loads)?;
    println!("{}", heading());
    for load in &loads {
        println!("{}", row("ahoy", load, &relay.measure(load)?));
    }
    Ok(())
}

/// The first line of a table of [`row`]s.
pub fn heading() -> String {
    format!(
        "{:<10} {:>5} {:>8} {:>9} {:>5}  {:>15} {:>8} {:>9}  {:>8} {:>8}  {:>8}  {:>6}",
        "server",
        "rooms",
        "speakers",
        "listeners",
        "pps",
        "packets/s/core",
        "server %",
        "arrived %",
        "p50 ms",
        "p95 ms",
        "RSS MiB",
        "load %"
    )
}

/// A line of figures. «load %» is what the speakers and listeners themselves used of a core: where it and the server's
/// share together reach what the computer has, latency and loss are theirs as well.
pub fn row(server: &str, load: &Load, figures: &Figures) -> String {
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    format!(
        "{:<10} {:>5} {:>8} {:>9} {:>5}  {:>15.0} {:>8.1} {:>9.2}  {:>8.2} {:>8.2}  {:>8.1}  {:>6.1}",
        server,
        load.rooms,
        load.speakers,
        load.listeners,
        load.rate_pps,
        figures.per_core_s(),
        figures.server_share() * 100.0,
        figures.arrived_share() * 100.0,
        ms(figures.p50),
        ms(figures.p95),
        figures.peak_rss_kib as f64 / 1024.0,
        figures.own_share() * 100.0,
    )
}

/// A server of this program, with rooms full of participants.
pub struct OwnRelay {
    server: ServerProcess,
    tally: Arc<Tally>,
    rooms: Vec<Vec<Participant>>,
    _runtime: Runtime,
}

struct Participant {
    source: SourceId,
    media: Connection,
    sequence: Cell<u32>,
    _client: Client,
}

impl OwnRelay {
    /// Starts `PROGRAM serve` and fills as many rooms as the loads need.
    ///
    /// # Errors
    /// If the server does not come up, or does not let the participants in.
    pub fn start(program: &Path, loads: &[Load]) -> anyhow::Result<Self> {
        let most = |what: fn(&Load) -> usize| loads.iter().map(what).max().unwrap_or(1);
        let (rooms, people) = (most(|load| load.rooms), most(|load| load.speakers.max(load.listeners + 1)));
        // Everybody is heard.
        let server = ServerProcess::start(program, &["--speakers", &people.to_string()])?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime")?;
        let tally = Arc::new(Tally::default());
        let rooms = runtime.block_on(async {
            let mut filled = Vec::new();
            for number in 1..=rooms {
                filled.push(timeout(PATIENCE, fill(&server, &tally, number, people)).await.context("no answer")??);
            }
            anyhow::Ok(filled)
        })?;
        Ok(Self { server, tally, rooms, _runtime: runtime })
    }

    /// Puts one load on the server.
    ///
    /// # Errors
    /// If the server has died.
    pub fn measure(&self, load: &Load) -> anyhow::Result<Figures> {
        let figures =
            drive(load, &self.tally, self.server.pid(), |room, speaker, voice| self.rooms[room][speaker].speak(voice));
        figures.context("the server")
    }
}

impl Participant {
    fn speak(&self, voice: &[u8]) -> std::io::Result<()> {
        let sequence = self.sequence.replace(self.sequence.get().wrapping_add(1));
        let header = Header {
            kind: Kind::Audio,
            marker: false,
            stereo: false,
            redundant: false,
            level: 30,
            source: self.source,
            sequence,
            timestamp: sequence.wrapping_mul(480),
        };
        self.media.send_datagram(header.packet(voice).into()).map_err(std::io::Error::other)
    }
}

/// Opens a room and brings people in, all of them connected to the relay.
async fn fill(
    server: &ServerProcess,
    tally: &Arc<Tally>,
    number: usize,
    people: usize,
) -> anyhow::Result<Vec<Participant>> {
    let room = RoomId::new(u32::try_from(number)?)?;
    let users: Vec<UserId> =
        (0..people).map(|person| UserId::new(format!("room-{number}-{person}"))).collect::<Result<_, _>>()?;
    let mut clients = Vec::new();
    for user in &users {
        clients.push(sign_up(server, user.clone()).await?);
    }
    let mut participants = Vec::new();
    for (place, client) in clients.into_iter().enumerate() {
        let entered = client.enter_room(room, place == 0, None).await?;
        if place == 0 {
            for other in users.iter().filter(|other| **other != users[place]) {
                client.invite_to_room(room, other.clone(), "", 0).await?;
            }
        }
        let media = connect(server, entered.relay_token).await?;
        let (tally, listening) = (Arc::clone(tally), media.clone());
        tokio::spawn(async move {
            while let Ok(packet) = listening.read_datagram().await {
                if let Ok((Header { kind: Kind::Audio, .. }, voice)) = Header::parse(&packet) {
                    tally.heard(voice);
                }
            }
        });
        participants.push(Participant { source: entered.source_id, media, sequence: Cell::new(0), _client: client });
    }
    Ok(participants)
}

/// Connects to the relay over QUIC and takes the place in the room; each from a port of its own, as from so many
/// computers.
async fn connect(server: &ServerProcess, relay_token: String) -> anyhow::Result<Connection> {
    let mut roots = RootCertStore::empty();
    roots.add(server.certificate()?)?;
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut tls = builder.with_protocol_versions(&[&TLS13])?.with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![MEDIA_ALPN.to_vec()];
    let mut config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    config.transport_config(Arc::new(transport()));
    let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.address().port()));
    let connection = endpoint.connect_with(config, address, "ahoy")?.await?;
    let (mut out, mut answer) = connection.open_bi().await?;
    out.write_all(&serde_json::to_vec(&MediaHello { relay_token })?).await?;
    out.finish()?;
    answer.read_to_end(HELLO_MAX_BYTES).await.context("the relay lets nobody in")?;
    Ok(connection)
}

/// Makes an account, and a session that stays.
async fn sign_up(server: &ServerProcess, user: UserId) -> anyhow::Result<Client> {
    let request =
        SignUp { user_id: user, display_name: "Somebody".into(), password: None, device_name: "bench".into() };
    let (credentials, _) = account::sign_up(server.address(), server.pin(), request).await?;
    let (client, mut events) = Client::start(ClientConfig {
        address: server.address().clone(),
        pin: server.pin(),
        credentials,
        start: Start::Cold,
        last_seq: 0,
    });
    loop {
        match events.recv().await.context("the session has ended")? {
            ClientEvent::Synced { .. } => break,
            ClientEvent::Lost { error, .. } => return Err(error.into()),
            _ => {}
        }
    }
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    Ok(client)
}
