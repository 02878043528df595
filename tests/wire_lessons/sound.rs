//! What the relay lets through in a lesson: over the media connections that the app has.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use ahoy::{
    client::media::{MediaLink, MediaSender, Transport},
    protocol::{
        Call, Event, GroupId, InviteId, Request, RoomId, SourceId, UserId,
        api::{self, EnterRoom, GroupType},
        class_data::ClassCommand,
        lesson::LessonSettings,
        media::{Header, Kind},
    },
};
use tokio::time::interval;

use super::common::{Peer, ServerProcess, soon, user};

/// Packets of a microphone, one each 20 ms.
const EVERY: Duration = Duration::from_millis(20);

/// A participant with a media connection.
struct Seat {
    peer: Peer,
    source: SourceId,
    link: MediaLink,
}

fn group() -> GroupId {
    GroupId::new("class").expect("valid")
}

async fn ok<C: Call + Into<Request>>(peer: &Peer, call: C) -> C::Reply {
    soon(C::METHOD, peer.client.call(call)).await.expect(C::METHOD)
}

async fn sit(peer: Peer, settings: Option<LessonSettings>) -> Seat {
    let room = RoomId::new(7).expect("valid");
    let enter = EnterRoom {
        create: settings.is_some(),
        group_id: settings.map(|_| group()),
        call_id: settings.map(|_| InviteId::new("lesson").expect("valid")),
        lesson: settings,
        ..EnterRoom::of(room)
    };
    let entered = ok(&peer, enter).await;
    let mut link = peer.client.open_media(&entered);
    let over_quic = link.path.wait_for(|path| path.transport == Some(Transport::Quic));
    soon("a way for packets", over_quic).await.expect("open");
    Seat { peer, source: entered.source_id, link }
}

/// An open microphone, whatever anybody allows; says how many packets it has sent.
struct Microphone {
    sent: Arc<AtomicU32>,
    done: Arc<AtomicBool>,
}

impl Microphone {
    fn open(sender: MediaSender, source: SourceId, from: u32) -> Self {
        let (sent, done) = (Arc::new(AtomicU32::new(from)), Arc::new(AtomicBool::new(false)));
        let (count, stop) = (Arc::clone(&sent), Arc::clone(&done));
        tokio::spawn(async move {
            let mut pace = interval(EVERY);
            while !stop.load(Ordering::SeqCst) {
                pace.tick().await;
                sender.send(packet(source, count.fetch_add(1, Ordering::SeqCst)));
            }
        });
        Self { sent, done }
    }

    fn sent(&self) -> u32 {
        self.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        self.done.store(true, Ordering::SeqCst);
    }
}

fn packet(source: SourceId, sequence: u32) -> Vec<u8> {
    let header = Header {
        kind: Kind::Audio,
        marker: sequence == 0,
        stereo: false,
        redundant: false,
        level: 20,
        source,
        sequence,
        timestamp: sequence.wrapping_mul(960),
    };
    header.packet(&[0x55; 80])
}

/// The next sound that somebody hears.
async fn next_sound(link: &mut MediaLink) -> Header {
    loop {
        let packet = soon("sound", link.receiver.recv()).await.expect("the relay is there");
        if let Ok((header @ Header { kind: Kind::Audio, .. }, _)) = Header::parse(&packet) {
            return header;
        }
    }
}

/// What somebody has heard of others until the teacher says something: their sequence numbers.
async fn heard_until(listener: &mut MediaLink, teacher: &Seat, sequence: u32) -> BTreeMap<SourceId, Vec<u32>> {
    teacher.link.sender.send(packet(teacher.source, sequence));
    let mut heard: BTreeMap<SourceId, Vec<u32>> = BTreeMap::new();
    loop {
        let header = next_sound(listener).await;
        if header.source == teacher.source && header.sequence == sequence {
            return heard;
        }
        heard.entry(header.source).or_default().push(header.sequence);
    }
}

async fn refused(peer: &mut Peer, whose: &UserId) -> u64 {
    peer.callback("that sound is refused", |event| match event {
        Event::MicrophoneRefused(refused) if refused.user_id == *whose => Some(refused.packets),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_the_floor_is_heard() {
    let server = ServerProcess::start(&[]);
    let (address, pin) = (server.address(), server.pin());
    let kim = Peer::sign_up(&address, pin, "kim").await;
    let (ann, ben) = (Peer::sign_up(&address, pin, "ann").await, Peer::sign_up(&address, pin, "ben").await);
    let made = kim.client.create_group(Some(group()), GroupType::Meeting, "3학년 2반", vec![ann.user(), ben.user()]);
    soon("the group", made).await.expect("made");
    let mut kim = sit(kim, Some(LessonSettings::default())).await;
    let (mut ann, mut ben) = (sit(ann, None).await, sit(ben, None).await);

    // Without the floor: nothing arrives, it is counted, and the teacher is told.
    let microphone = Microphone::open(ann.link.sender.clone(), ann.source, 0);
    let first = refused(&mut kim.peer, &user("ann")).await;
    assert!(first > 0 && first <= u64::from(microphone.sent()), "{first}");
    let second = refused(&mut kim.peer, &user("ann")).await;
    assert!(second > first, "all of this lesson are counted");
    assert_eq!(heard_until(&mut ben.link, &kim, 0).await, BTreeMap::new(), "the teacher is heard, the student is not");

    // With the floor it is heard, from the moment of accepting.
    let id = InviteId::new("floor").expect("valid");
    let invitation = api::InviteInGroup {
        invite_id: id.clone(),
        group_id: group(),
        invitee_list: vec![user("ann")],
        data: ClassCommand::Speak.to_json(),
        online_user_only: true,
        timeout: 30,
        room_id: None,
    };
    ok(&kim.peer, invitation).await;
    let accepted = Instant::now();
    ok(&ann.peer, api::Accept { invite_id: id, data: String::new() }).await;
    let header = next_sound(&mut ben.link).await;
    println!("from accepting to the first packet heard: {} ms", accepted.elapsed().as_millis());
    assert_eq!(header.source, ann.source);
    assert!(header.marker, "the gap before it is no loss");
    // Long enough for the relay to tell of it.
    while next_sound(&mut ben.link).await.sequence < header.sequence + 100 {}

    // Taken back: what is sent from now on, nobody hears.
    ok(&kim.peer, api::EndFloors { group_id: group(), user_list: Some(vec![user("ann")]), all: false }).await;
    let sent = microphone.sent();
    while refused(&mut kim.peer, &user("ann")).await <= second + 50 {}
    let heard = heard_until(&mut ben.link, &kim, 1).await;
    let last = heard.get(&ann.source).and_then(|sequences| sequences.iter().max()).copied();
    assert!(last.is_none_or(|last| last < sent), "{last:?} of {sent}");
    assert!(heard.keys().all(|source| *source == ann.source), "{heard:?}");

    // Entering again, which is a new way to the relay, opens nothing.
    drop(microphone);
    ann = sit(ann.peer, None).await;
    let before = refused_so_far(&mut kim.peer, &user("ann"), second + 50).await;
    let _microphone = Microphone::open(ann.link.sender.clone(), ann.source, 10_000);
    while refused(&mut kim.peer, &user("ann")).await <= before {}
    assert_eq!(heard_until(&mut ben.link, &kim, 2).await, BTreeMap::new());

    let lesson_id = InviteId::new("lesson").expect("valid");
    let report = ok(&kim.peer, api::GetLessonReport { group_id: group(), lesson_id, after: None }).await;
    let talked: Vec<(&str, u64)> = report.rows.iter().map(|row| (row.user_id.as_str(), row.talked_ms)).collect();
    assert!(matches!(talked[..], [("ann", 1_000..), ("ben", 0), ("kim", _)]), "{talked:?}");
}

/// The packets refused of somebody who sends none any more.
async fn refused_so_far(peer: &mut Peer, whose: &UserId, at_least: u64) -> u64 {
    // Asked behind it, what was told before the answer has come; what is told later is of no more than a second.
    ok(peer, api::Ping {}).await;
    let told = peer.seen.drain(..).filter_map(|event| match event {
        ahoy::client::ClientEvent::Callback(delivery) => match delivery.event {
            Event::MicrophoneRefused(refused) if refused.user_id == *whose => Some(refused.packets),
            _ => None,
        },
        _ => None,
    });
    // A second more of packets may have been refused before the microphone was closed.
    told.max().unwrap_or(at_least).max(at_least) + 100
}
