//! Whole lessons at random, on the rules of the server as they are: two teachers, five students, drops, returns, forgeries.
//!
//! After each step:
//! 1. Whoever is in the lesson sees the same as everybody else, in the same order.
//! 2. Of the students' devices the relay lets through only those with the floor, and of those whose owners have opened
//!    their free microphones: there are never more microphones open than floors given.
//! 3. What was refused has been told to nobody.
//!
//! In the end every invitation has ended for everybody, and nothing is left of the lesson but its report.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    class::{Offer, Prompt, View},
    protocol::{
        class_data::{ClassAnswer, ClassCommand, Reaction},
        lesson::{LessonSettings, Mine},
    },
};

/// The first two are teachers; the last one is a member who never comes in, and is never away.
const NAMES: [&str; 8] = ["kim", "lee", "ann", "ben", "cho", "dan", "eve", "obs"];
const TEACHERS: usize = 2;
/// Those who take part.
const PEOPLE: usize = 7;
const ROOM: u32 = 7;

/// Somebody's device.
struct Seat {
    name: &'static str,
    credentials: Credentials,
    phone: Option<Phone>,
    last_seq: u64,
    inside: Option<Inside>,
}

/// A device in the lesson, and what it knows.
struct Inside {
    known_change: u64,
    source: SourceId,
    view: View,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    who: usize,
    whom: usize,
    what: u8,
    pick: usize,
    wait_ms: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let wait_ms = prop_oneof![4 => Just(0), 3 => 1..3_000u64, 1 => 1..70_000u64];
    (0..PEOPLE, 0..PEOPLE, 0..32u8, any::<u16>(), wait_ms).prop_map(|(who, whom, what, pick, wait_ms)| Step {
        who,
        whom,
        what,
        pick: pick.into(),
        wait_ms,
    })
}

struct Play {
    world: World,
    seats: Vec<Seat>,
    /// Invitations that began, and whose parts are open as the observer was told.
    open: BTreeMap<InviteId, BTreeSet<UserId>>,
    voices: BTreeMap<u32, bool>,
    count: u32,
    over: bool,
}

impl Play {
    fn new() -> Self {
        let mut world = World::new();
        let mut seats = Vec::new();
        for name in NAMES {
            let phone = world.online(name);
            let credentials = phone.creds().clone();
            seats.push(Seat { name, credentials, phone: Some(phone), last_seq: 0, inside: None });
        }
        let mut play = Self { world, seats, open: BTreeMap::new(), voices: BTreeMap::new(), count: 0, over: false };
        let made = api::CreateGroup {
            group_id: Some(group("g")),
            group_type: GroupType::Meeting,
            group_name: "3학년 2반".into(),
            introduction: String::new(),
            face_url: String::new(),
            member_list: users(&NAMES[1..]),
        };
        play.ask(0, made).expect("made");
        let role = api::SetGroupMemberRole { group_id: group("g"), user_id: user("lee"), role: api::Role::Admin };
        play.ask(0, role).expect("an administrator");
        play
    }

    /// Asks for something, if the device is online; what it is told then is taken in.
    fn ask<C: Call + Into<Request>>(&mut self, who: usize, call: C) -> Option<C::Reply> {
        if call.validate().is_err() {
            return None;
        }
        self.listen();
        let mut phone = self.seats[who].phone.take()?;
        let outcome = self.world.ask(&mut phone, call);
        self.seats[who].phone = Some(phone);
        match outcome {
            Ok(reply) => Some(reply),
            Err(error) => {
                assert!(!error.message.is_empty());
                // Presence is told when it is, whatever was asked.
                for seat in &mut self.seats {
                    let Some(phone) = &mut seat.phone else { continue };
                    self.world.settle(phone);
                    let told: Vec<String> = phone.events.iter().map(line).collect();
                    let told: Vec<&String> =
                        told.iter().filter(|line| !line.ends_with("onGroupAttributeChanged")).collect();
                    assert!(told.is_empty(), "{} heard of what was refused ({error}): {told:?}", seat.name);
                }
                None
            }
        }
    }

    /// Everybody reads what has come.
    fn listen(&mut self) {
        for seat in &mut self.seats {
            let Some(phone) = &mut seat.phone else { continue };
            for delivery in self.world.events(phone) {
                seat.last_seq = seat.last_seq.max(delivery.seq);
                if seat.name == "obs" {
                    note(&mut self.open, &delivery.event);
                }
                let now_ms = self.world.now_ms;
                match &delivery.event {
                    Event::LessonChanged(changed) => {
                        let inside = seat.inside.as_mut().expect("only who is in the lesson is told of it");
                        if changed.change > inside.known_change {
                            changed.changes.iter().for_each(|change| inside.view.apply(now_ms, change));
                        }
                    }
                    Event::LessonOver(over) => {
                        seat.inside = None;
                        self.over |= !over.removed;
                    }
                    _ => {}
                }
            }
        }
        for line in self.world.relay.take() {
            let mut words = line.split(' ');
            match (words.next(), words.next().and_then(|source| source.parse().ok())) {
                // Nobody is silenced before somebody says so.
                (Some("admit"), Some(source)) => _ = self.voices.entry(source).or_insert(true),
                (Some("evict"), Some(source)) => _ = self.voices.remove(&source),
                (Some(verb @ ("open" | "close")), Some(source)) => _ = self.voices.insert(source, verb == "open"),
                _ => panic!("the relay was told {line:?}"),
            }
        }
    }

    fn log_in(&mut self, who: usize) {
        let seat = &mut self.seats[who];
        if seat.phone.is_none() {
            seat.phone = Some(self.world.login(&seat.credentials, Start::Hot, seat.last_seq, 64));
        }
    }

    fn enter(&mut self, who: usize, settings: Option<LessonSettings>) -> bool {
        let opens = settings.is_some();
        let request = api::EnterRoom {
            create: opens,
            group_id: opens.then(|| group("g")),
            call_id: opens.then(|| invite_id("lesson")),
            lesson: settings,
            ..api::EnterRoom::of(room(ROOM))
        };
        let me = user(self.seats[who].name);
        let Some(reply) = self.ask(who, request) else { return false };
        let view = View::of(self.world.now_ms, me, &reply.lesson.expect("it is a lesson"));
        self.seats[who].inside = Some(Inside { known_change: reply.change, source: reply.source_id, view });
        true
    }

    fn invite(&mut self, who: usize, whom: &[&str], command: &ClassCommand, timeout: u32) {
        self.count += 1;
        let request = api::InviteInGroup {
            invite_id: invite_id(&format!("i{}", self.count)),
            group_id: group("g"),
            invitee_list: users(whom),
            data: command.to_json(),
            online_user_only: true,
            timeout,
            room_id: None,
        };
        self.ask(who, request);
    }

    fn some_invitation(&self, pick: usize) -> InviteId {
        let known: Vec<&InviteId> = self.open.keys().collect();
        if known.is_empty() { invite_id("none") } else { known[pick % known.len()].clone() }
    }

    fn take(&mut self, step: &Step) {
        let Step { who, whom, what, pick, .. } = *step;
        let other = NAMES[whom];
        let students: Vec<&str> = NAMES[TEACHERS..PEOPLE].iter().copied().filter(|name| *name != NAMES[who]).collect();
        let teachers: Vec<&str> = NAMES[..TEACHERS].iter().copied().filter(|name| *name != NAMES[who]).collect();
        let whose = |all: bool| (if pick % 3 == 0 { None } else { Some(vec![user(other)]) }.filter(|_| !all), all);
        let is_in = self.seats[who].inside.is_some();
        match what {
            0..=4 if !is_in => _ = self.enter(who, None),
            5 if is_in => {
                let left = self.ask(who, api::ExitRoom { room_id: room(ROOM), group_id: None });
                if left.is_some() {
                    self.seats[who].inside = None;
                }
            }
            6 => {
                if let Some(phone) = self.seats[who].phone.take() {
                    self.world.close(&phone);
                }
            }
            7..=9 if self.seats[who].phone.is_none() => {
                self.log_in(who);
                // It was in the lesson, and comes back to it, as programs do.
                if self.seats[who].inside.is_some() && !self.enter(who, None) {
                    self.seats[who].inside = None;
                }
            }
            10 | 11 => self.invite(who, &students, &ClassCommand::RaiseHands, [0, 10, 60][pick % 3]),
            12 | 13 => self.invite(who, &[other], &ClassCommand::Speak, 10 + pick as u32 % 50),
            14 | 15 => self.invite(who, &teachers, &ClassCommand::AskToSpeak, [0, 10, 60][pick % 3]),
            16 => self.invite(who, &students, &ClassCommand::RollCall, 10),
            17 => {
                let command = ClassCommand::Poll { question: "?".into(), choices: vec![] };
                self.invite(who, &students, &command, [0, 20][pick % 2]);
            }
            18 => self.invite(who, &[other], &ClassCommand::React { reaction: Reaction::Applause }, 0),
            19..=23 => {
                let data = ClassAnswer { choice: (pick % 3) as u8 }.to_json();
                self.ask(who, api::Accept { invite_id: self.some_invitation(pick), data });
            }
            24 => _ = self.ask(who, api::Reject { invite_id: self.some_invitation(pick), data: String::new() }),
            25 => {
                let request =
                    api::Cancel { invite_id: self.some_invitation(pick), invitee_list: vec![], data: String::new() };
                self.ask(who, request);
            }
            26 => {
                let (user_list, all) = whose(pick % 4 == 0);
                self.ask(who, api::LowerHands { group_id: group("g"), user_list, all });
            }
            27 => {
                let (user_list, all) = whose(pick % 4 == 0);
                self.ask(who, api::EndFloors { group_id: group("g"), user_list, all });
            }
            28 => {
                let (user_list, all) = whose(pick % 4 == 0);
                self.ask(who, api::SetMicrophones { group_id: group("g"), open: pick % 5 < 3, user_list, all });
            }
            29 => {
                let request = api::SetLesson {
                    group_id: group("g"),
                    floors: Some(1 + (pick % 3) as u8),
                    unasked_hands: Some(pick % 7 > 0),
                    free_microphones: Some(pick % 4 == 0),
                    silence_s: Some([0, 3, 30][pick % 3]),
                };
                self.ask(who, request);
            }
            30 if pick % 2 == 0 => {
                let (group_id, user_id, reason) = (group("g"), user(other), "Noise".to_owned());
                self.ask(who, api::RemoveFromLesson { group_id, user_id, reason });
            }
            30 => _ = self.ask(who, api::ReadmitToLesson { group_id: group("g"), user_id: user(other) }),
            31 => {
                let role = if pick % 2 == 0 { api::Role::Admin } else { api::Role::Member };
                self.ask(who, api::SetGroupMemberRole { group_id: group("g"), user_id: user(other), role });
            }
            _ => {}
        }
        self.listen();
    }

    fn check(&self) {
        // A device without a connection hears nothing, and will be told as a whole when it comes back.
        let here: Vec<&Seat> = self.seats.iter().filter(|seat| seat.phone.is_some() && seat.inside.is_some()).collect();
        let Some(first) = here.first().and_then(|seat| seat.inside.as_ref()) else { return };
        for seat in &here {
            let inside = seat.inside.as_ref().expect("inside");
            assert_eq!(self.bare(&inside.view), self.bare(&first.view), "{} and {}", seat.name, here[0].name);
        }
        let view = &first.view;
        let mut open = 0;
        for seat in &self.seats {
            let Some(inside) = &seat.inside else { continue };
            let (me, device) = (user(seat.name), &seat.credentials.device_id);
            // Who was lost for too long is out, and does not know it yet.
            let Some(heard) = self.voices.get(&inside.source.0) else { continue };
            assert_eq!(*heard, view.may_speak(&me, device), "{}'s microphone at the relay", seat.name);
            open += usize::from(*heard && !view.is_teacher(&me));
        }
        let free = if view.settings.free_microphones { view.open.len() } else { 0 };
        assert!(open <= view.floors.len() + free, "{open} microphones open");
    }

    /// What everybody sees alike.
    fn bare(&self, view: &View) -> View {
        let late = |until_ms: Option<u64>| until_ms.map(|until| until.max(self.world.now_ms));
        let prompt = |prompt: &Prompt| Prompt { mine: Mine::No, until_ms: late(prompt.until_ms), ..prompt.clone() };
        View {
            me: None,
            prompts: view.prompts.iter().map(prompt).collect(),
            offers: view.offers.iter().map(|offer| Offer { until_ms: late(offer.until_ms), ..offer.clone() }).collect(),
            signs: std::collections::VecDeque::new(),
            news: std::collections::VecDeque::new(),
            refused: BTreeMap::new(),
            ..view.clone()
        }
    }
}

/// What somebody who sees all signaling knows of its invitations.
fn note(open: &mut BTreeMap<InviteId, BTreeSet<UserId>>, event: &Event) {
    let (id, ended) = match event {
        Event::ReceiveNewInvitation(new) => {
            let sign = matches!(ClassCommand::parse(&new.data), Ok(ClassCommand::React { .. }));
            if !sign {
                open.insert(new.invite_id.clone(), new.invitee_list.iter().cloned().collect());
            }
            return;
        }
        Event::InviteeAccepted(answer) | Event::InviteeRejected(answer) => {
            (&answer.invite_id, vec![answer.invitee.clone()])
        }
        Event::InvitationCancelled(cancelled) => (&cancelled.invite_id, cancelled.invitee_list.clone()),
        Event::InvitationTimeout(timeout) => (&timeout.invite_id, timeout.invitee_list.clone()),
        _ => return,
    };
    let parts = open.get_mut(id).expect("it has begun");
    for user in ended {
        assert!(parts.remove(&user), "{user}'s part of {id} ended twice");
    }
    if parts.is_empty() {
        open.remove(id);
    }
}

fn play(settings: LessonSettings, steps: &[Step]) {
    let mut play = Play::new();
    play.world.relay.take();
    play.enter(0, Some(settings));
    for step in steps {
        play.world.wait(step.wait_ms);
        play.listen();
        if play.over {
            break;
        }
        play.take(step);
        play.check();
    }
    // Whoever is a teacher by now ends it, or else nobody stays.
    for who in 0..PEOPLE {
        if !play.over && play.seats[who].inside.is_some() {
            play.ask(who, api::EndLesson { group_id: group("g") });
            play.listen();
        }
    }
    for who in 0..PEOPLE {
        if play.seats[who].inside.is_some() {
            play.ask(who, api::ExitRoom { room_id: room(ROOM), group_id: None });
            play.seats[who].inside = None;
        }
    }
    play.world.wait(10 * 60_000);
    play.listen();
    assert!(play.open.is_empty(), "invitations that never ended: {:?}", play.open);
    assert!(play.voices.is_empty(), "nobody is left at the relay: {:?}", play.voices);
    play.log_in(0);
    let lessons = play.ask(0, api::GetLessons { group_id: group("g") }).expect("the owner").lessons;
    assert_eq!(
        lessons.iter().map(|lesson| (lesson.lesson_id.as_str(), lesson.on)).collect::<Vec<_>>(),
        [("lesson", false)]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_lesson_at_random_keeps_its_promises(
        floors in 1..4u8,
        silence_s in prop_oneof![Just(0u16), 3..20u16],
        free_microphones: bool,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        play(LessonSettings { floors, silence_s, free_microphones, unasked_hands: true }, &steps);
    }
}
