//! A hundred people in one call of one server: everybody hears exactly the speakers, and nobody is the price of it.
#![cfg(all(feature = "desktop", target_os = "linux"))]
#![allow(clippy::duplicate_mod, reason = "clients and phones bring the same server process along")]

mod common;
#[path = "common/phone.rs"]
mod phone;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use ahoy::{
    bench::process::{cpu_time, peak_rss_kib},
    client::{
        account,
        media::{MediaLink, Transport},
    },
    protocol::{
        GroupId, RoomId, SourceId,
        api::{GroupType, SignUp, Start},
        media::{Header, Kind},
    },
};
use common::{Peer, ServerProcess, soon, user};
use phone::Phone;
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    time::{Instant, interval},
};

const PEOPLE: usize = 100;
/// So many of the listening phones decode what they hear, unless said otherwise: what two processor cores can do. With
/// more cores, more can be asked for by `AHOY_CROWD_DECODING`.
const DECODING: usize = 4;
/// How long it may take until all of a hundred phones hear all the speakers.
const PATIENCE: Duration = Duration::from_secs(180);
const SPEAKING: usize = 8;
/// Packets of a speaker, one each 20 ms.
const EVERY: Duration = Duration::from_millis(20);

/// One crowd at a time is enough for a computer.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A participant with the media connection that the app has.
struct Seat {
    _peer: Peer,
    source: SourceId,
    link: MediaLink,
}

/// So many in one group, and in its room, over QUIC.
async fn fill(server: &ServerProcess, people: usize) -> Vec<Seat> {
    let (address, pin) = (server.address(), server.pin());
    let mut peers = Vec::new();
    for number in 0..people {
        let name = format!("member{number:03}");
        let device_name = format!("{name}'s computer");
        let request = SignUp { user_id: user(&name), display_name: name, password: None, device_name };
        let (credentials, _) = soon("sign-up", account::sign_up(&address, pin, request)).await.expect("signed up");
        let mut peer = Peer::start(&address, pin, credentials, Start::Cold, 0);
        peer.synced().await;
        peers.push(peer);
    }
    let (group, room) = (GroupId::new("class").expect("valid"), RoomId::new(7).expect("valid"));
    let members = peers[1..].iter().map(Peer::user).collect();
    let made = peers[0].client.create_group(Some(group.clone()), GroupType::Meeting, "Class", members);
    soon("the group", made).await.expect("made");
    let mut seats = Vec::new();
    for (number, peer) in peers.into_iter().enumerate() {
        let entering = peer.client.enter_room(room, number == 0, (number == 0).then(|| group.clone()));
        let entered = soon("the room", entering).await.expect("entered");
        let mut link = peer.client.open_media(&entered);
        let over_quic = link.path.wait_for(|path| path.transport == Some(Transport::Quic));
        soon("a way for packets", over_quic).await.expect("open");
        seats.push(Seat { _peer: peer, source: entered.source_id, link });
    }
    seats
}

/// The first `speakers` speak, the first the loudest, until everybody has heard `expected` of them. Says whom each one
/// has heard, from when on the relay had chosen.
async fn talk(seats: Vec<Seat>, speakers: usize, expected: usize) -> Vec<(SourceId, BTreeSet<SourceId>)> {
    let done = Arc::new(AtomicBool::new(false));
    let (mut speaking, mut listening) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for (number, seat) in seats.into_iter().enumerate() {
        let Seat { _peer: peer, source, mut link } = seat;
        if number < speakers {
            let (done, sender) = (Arc::clone(&done), link.sender.clone());
            let level = 10 + 8 * u8::try_from(number).expect("a few speakers");
            speaking.push(tokio::spawn(async move {
                let mut pace = interval(EVERY);
                let mut sequence = 0_u32;
                while !done.load(Ordering::Relaxed) {
                    pace.tick().await;
                    sender.send(packet(source, sequence, level));
                    sequence += 1;
                }
            }));
        }
        let wanted = if number < expected { expected - 1 } else { expected };
        listening.push(tokio::spawn(async move {
            // The relay chooses by loudness, which takes it a moment: what came before does not count.
            let mut heard: BTreeMap<SourceId, u32> = BTreeMap::new();
            loop {
                let packet = link.receiver.recv().await.expect("the relay is there");
                let Ok((Header { kind: Kind::Audio, source: from, sequence, .. }, _)) = Header::parse(&packet) else {
                    continue;
                };
                if sequence >= 100 {
                    *heard.entry(from).or_default() += 1;
                }
                // Long enough that anybody who is not to be heard would have been.
                if heard.len() >= wanted && heard.values().all(|packets| *packets >= 25) {
                    break;
                }
            }
            // Everything stays open until all are done.
            (source, heard.into_keys().collect(), (peer, link))
        }));
    }
    let mut results = Vec::new();
    let mut open = Vec::new();
    for listener in listening {
        let (source, heard, kept) = soon("everybody being heard", listener).await.expect("no panic");
        results.push((source, heard));
        open.push(kept);
    }
    done.store(true, Ordering::Relaxed);
    println!("{PEOPLE} listeners had heard {expected} speakers after {} ms", began.elapsed().as_millis());
    for speaker in speaking {
        speaker.await.expect("no panic");
    }
    results
}

fn packet(source: SourceId, sequence: u32, level: u8) -> Vec<u8> {
    let header = Header {
        kind: Kind::Audio,
        marker: sequence == 0,
        stereo: false,
        redundant: false,
        level,
        source,
        sequence,
        timestamp: sequence.wrapping_mul(960),
    };
    header.packet(&[0x55; 80])
}

/// Everybody hears these and nobody else, and not themselves.
async fn hears_exactly(options: &[&str], expected: usize) {
    let _alone = ALONE.lock().await;
    let server = ServerProcess::start(options);
    let seats = fill(&server, PEOPLE).await;
    let loudest: BTreeSet<SourceId> = seats[..expected].iter().map(|seat| seat.source).collect();
    let before = cpu_time(server.pid()).expect("a process");
    let began = Instant::now();
    for (listener, heard) in talk(seats, 8, expected).await {
        let others: BTreeSet<SourceId> = loudest.iter().copied().filter(|source| *source != listener).collect();
        assert_eq!(heard, others, "what {listener:?} hears");
    }
    let used = cpu_time(server.pid()).expect("a process").saturating_sub(before);
    println!(
        "{PEOPLE} participants, {expected} of 8 speakers heard: the server used {:.0} % of a core, and {:.1} MiB at most",
        100.0 * used.as_secs_f64() / began.elapsed().as_secs_f64(),
        peak_rss_kib(server.pid()).expect("a process") as f64 / 1024.0,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_hear_the_eight_who_speak() {
    hears_exactly(&["--speakers", "8"], 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_hear_the_loudest_six_of_eight() {
    hears_exactly(&[], 6).await;
}

/// A phone that takes part. Some listeners decode what they hear; of the others the speaker is off: they know who speaks
/// from the packets as they are due.
fn start_phone(server: &ServerProcess, folder: &Path, number: usize, decoding: usize) -> Phone {
    let tone = format!("tone:{}", 300 + 100 * number);
    let speaks = number < SPEAKING;
    let name = if speaks { format!("speaker{number}") } else { format!("listener{number}") };
    let microphone = if speaks { &tone } else { "off" };
    let decodes = (SPEAKING..SPEAKING + decoding).contains(&number);
    let speaker = if decodes { "null" } else { "off" };
    let options = ["--no-processing", "--microphone", microphone, "--speaker", speaker];
    Phone::start(&server.url(), &name, folder, &options)
}

/// A hundred phones, one after the other, in one call.
fn phones_in_a_call(server: &ServerProcess, folder: &Path, decoding: usize) -> Vec<Phone> {
    let mut phones: Vec<Phone> = (0..2).map(|number| start_phone(server, folder, number, decoding)).collect();
    let group = json!({"groupID": "class", "groupType": "Meeting", "groupName": "Class", "memberList": ["speaker1"]});
    phones[0].done("createGroup", group);
    phones[0].done("callGroup", json!({"groupID": "class", "userList": ["speaker1"]}));
    phones[1].wait_phase("incoming");
    phones[1].done("answer", json!({}));
    for phone in &mut phones {
        phone.wait_phase("inCall");
    }
    for number in 2..PEOPLE {
        let mut phone = start_phone(server, folder, number, decoding);
        phone.done("joinGroup", json!({"groupID": "class"}));
        phone.wait_until("told of the call", |state| !state["groupCalls"].as_array().is_none_or(Vec::is_empty));
        phone.done("joinCall", json!({"groupID": "class"}));
        phone.wait_phase("inCall");
        phones.push(phone);
    }
    phones
}

/// The sources of those who speak, as a phone in the call knows them: a speaker is not among its own participants.
fn sources(phone: &mut Phone) -> BTreeSet<u64> {
    let state = phone.done("getState", json!({}));
    let there = state["calls"][0]["participants"].as_array().expect("a call").iter();
    let speaks = |other: &&Value| other["userID"].as_str().is_some_and(|user| user.starts_with("speaker"));
    there.filter(speaks).map(|other| other["sourceID"].as_u64().expect("a source")).collect()
}

/// Whom a phone hears now.
fn heard(phone: &mut Phone) -> BTreeSet<u64> {
    let stats = phone.done("getStats", json!({}));
    let loud = |other: &&Value| other["levelDbfs"].as_f64().is_some_and(|level| level > -40.0);
    let others = stats["participants"].as_array().expect("a list").iter();
    others.filter(loud).map(|other| other["sourceID"].as_u64().expect("one")).collect()
}

#[test]
fn a_hundred_phones_hear_the_eight_who_speak() {
    let _alone = ALONE.blocking_lock();
    let server = ServerProcess::start(&["--speakers", "8"]);
    let asked = std::env::var("AHOY_CROWD_DECODING").ok().and_then(|number| number.parse().ok());
    let decoding = asked.unwrap_or(DECODING).min(PEOPLE - SPEAKING);
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    let mut phones = phones_in_a_call(&server, folder.path(), decoding);
    println!("{PEOPLE} phones were in the call after {:.0} s", began.elapsed().as_secs_f64());
    let expected: Vec<BTreeSet<u64>> = phones.iter_mut().map(sources).collect();
    for (number, speakers) in expected.iter().enumerate() {
        assert_eq!(speakers.len(), SPEAKING - usize::from(number < SPEAKING), "phone {number}");
    }
    let before = cpu_time(server.pid()).expect("a process");
    let began = Instant::now();
    // All at once, and it stays like this.
    let mut rounds = 0;
    while rounds < 10 {
        let heard: Vec<BTreeSet<u64>> = phones.iter_mut().map(heard).collect();
        let right = heard.iter().zip(&expected).filter(|(heard, expected)| heard == expected).count();
        rounds = if right == PEOPLE { rounds + 1 } else { 0 };
        assert!(began.elapsed() < PATIENCE, "{right} of {PEOPLE} hear exactly the speakers: {heard:?} of {expected:?}");
        sleep(Duration::from_millis(100));
    }
    let used = cpu_time(server.pid()).expect("a process").saturating_sub(before);
    println!(
        "{PEOPLE} phones, of which {decoding} decode: the server used {:.0} % of a core, and {:.1} MiB at most",
        100.0 * used.as_secs_f64() / began.elapsed().as_secs_f64(),
        peak_rss_kib(server.pid()).expect("a process") as f64 / 1024.0,
    );
}
