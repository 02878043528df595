//! Lessons: who opens them, what the server reads, what it tells, and whose voice is open at the relay.

use super::*;
use crate::protocol::{
    class_data::{ClassAnswer, ClassCommand, Reaction},
    event::LessonOver,
    group_call::{self, GroupCall},
    lesson::{FloorEnd, LessonChange, LessonSettings, LessonState, Mine, Outcome, Whereabouts},
};

mod ends;
mod failing;
mod refused;
mod voices;

/// A group with an owner, an administrator and three students, and a lesson in room 1 that all are in.
struct Class {
    world: World,
    kim: Phone,
    lee: Phone,
    students: [Phone; 3],
}

fn with(settings: LessonSettings) -> api::EnterRoom {
    api::EnterRoom {
        create: true,
        group_id: Some(group("g")),
        call_id: Some(invite_id("lesson")),
        lesson: Some(settings),
        ..api::EnterRoom::of(room(1))
    }
}

fn open() -> api::EnterRoom {
    with(LessonSettings::default())
}

fn join() -> api::EnterRoom {
    api::EnterRoom::of(room(1))
}

fn leave() -> api::ExitRoom {
    api::ExitRoom { room_id: room(1), group_id: None }
}

fn ask(name: &str, command: &ClassCommand, whom: &[&str], timeout: u32) -> api::InviteInGroup {
    api::InviteInGroup { data: command.to_json(), online_user_only: true, timeout, ..invite_in_group(name, whom) }
}

fn speak(name: &str, whom: &str) -> api::InviteInGroup {
    ask(name, &ClassCommand::Speak, &[whom], 30)
}

fn end_floor(of: Option<&str>) -> api::EndFloors {
    api::EndFloors { group_id: group("g"), user_list: of.map(|of| users(&[of])), all: false }
}

fn set() -> api::SetLesson {
    api::SetLesson { group_id: group("g"), floors: None, unasked_hands: None, free_microphones: None, silence_s: None }
}

fn remove(whom: &str) -> api::RemoveFromLesson {
    api::RemoveFromLesson { group_id: group("g"), user_id: user(whom), reason: "too loud".into() }
}

fn end() -> api::EndLesson {
    api::EndLesson { group_id: group("g") }
}

fn report() -> api::GetLessonReport {
    api::GetLessonReport { group_id: group("g"), lesson_id: invite_id("lesson"), after: None }
}

impl Class {
    /// The group, and nobody in a room.
    fn gathered() -> Self {
        let mut world = World::new();
        let (mut kim, lee) = (world.online("kim"), world.online("lee"));
        let students = ["ann", "ben", "cho"].map(|name| world.online(name));
        world.ok(&mut kim, create_group(GroupType::Public, &["lee", "ann", "ben", "cho"]));
        let admin = api::SetGroupMemberRole { group_id: group("g"), user_id: user("lee"), role: api::Role::Admin };
        world.ok(&mut kim, admin);
        let mut class = Self { world, kim, lee, students };
        class.forget();
        class
    }

    fn with(settings: LessonSettings) -> Self {
        let mut class = Self::gathered();
        class.world.ok(&mut class.kim, with(settings));
        class.world.ok(&mut class.lee, join());
        for student in &mut class.students {
            class.world.ok(student, join());
        }
        class.world.wait(1_000);
        class.forget();
        class
    }

    fn new() -> Self {
        Self::with(LessonSettings::default())
    }

    /// What has come so far is of no interest.
    fn forget(&mut self) {
        for phone in [&mut self.kim, &mut self.lee].into_iter().chain(&mut self.students) {
            self.world.lines(phone);
        }
        self.world.relay.take();
    }

    fn student(&mut self, name: &str) -> (&mut World, &mut Phone) {
        let place = ["ann", "ben", "cho"].iter().position(|known| *known == name).expect("a student");
        (&mut self.world, &mut self.students[place])
    }

    fn source(&mut self, name: &str) -> SourceId {
        let there = self.world.logic().rooms.rooms.get(&room(1)).expect("a room");
        let person = there.people.values().find(|there| there.participant.user_id == user(name));
        person.expect("is there").participant.source_id
    }

    /// Everybody's news since the last look, which are the same for all.
    fn told(&mut self) -> Vec<LessonChange> {
        let told = changes(&mut self.world, &mut self.kim);
        for phone in [&mut self.lee].into_iter().chain(&mut self.students) {
            assert_eq!(changes(&mut self.world, phone), told, "one order for all");
        }
        told
    }

    /// Nobody has heard of anything, and the lesson is what it was.
    #[track_caller]
    fn is_as(&mut self, before: &LessonState) {
        assert_eq!(self.state(), *before);
        for phone in [&mut self.kim, &mut self.lee].into_iter().chain(&mut self.students) {
            assert_eq!(self.world.lines(phone), no_lines());
        }
        assert_eq!(self.world.relay.take(), no_lines());
    }

    fn state(&mut self) -> LessonState {
        let now_ms = self.world.now_ms;
        let there = self.world.logic().rooms.lesson(room(1)).expect("a lesson");
        there.lesson.state_for(now_ms, &user("nobody"))
    }

    fn give_floor(&mut self, name: &str) {
        self.world.ok(&mut self.kim, speak(&format!("speak {name}"), name));
        let (world, student) = self.student(name);
        world.ok(student, accept(&format!("speak {name}")));
        self.forget();
    }
}

/// The changes of the lesson that a phone was told since the last look.
fn changes(world: &mut World, phone: &mut Phone) -> Vec<LessonChange> {
    let events = world.events(phone).into_iter();
    let changes = events.filter_map(|delivery| match delivery.event {
        Event::LessonChanged(changed) => {
            assert_eq!(changed.room_id, room(1));
            Some(changed.changes)
        }
        _ => None,
    });
    changes.flatten().collect()
}

fn over(world: &mut World, phone: &mut Phone) -> Vec<LessonOver> {
    let events = world.events(phone).into_iter();
    let over = events.filter_map(|delivery| match delivery.event {
        Event::LessonOver(over) => Some(over),
        _ => None,
    });
    over.collect()
}

#[test]
fn teachers_open_a_lesson_and_members_join_it() {
    let mut class = Class::gathered();
    let Class { world, kim, lee, students: [ann, ben, _] } = &mut class;
    let mut stranger = world.online("x");
    world.refused(ann, open(), Code::PermissionDenied);
    world.refused(&mut stranger, open(), Code::PermissionDenied);
    assert_eq!(world.lines(kim), no_lines(), "what is refused is not heard of");
    let settings = LessonSettings { floors: 2, ..LessonSettings::default() };
    let opened = world.ok(kim, with(settings));
    let state = opened.lesson.expect("a lesson");
    assert_eq!((state.settings, state.people.len(), state.people[0].teacher), (settings, 1, true));
    assert_eq!(opened.call_id, Some(invite_id("lesson")));
    let own = changes(world, kim);
    assert!(matches!(&own[..], [LessonChange::Came { teacher: true, .. }]));

    // A second teacher who opens one is in the first one's, as it is.
    let joined = world.ok(lee, api::EnterRoom { room_id: room(2), call_id: None, ..open() });
    assert_eq!((joined.room_id, joined.lesson.map(|there| there.settings)), (room(1), Some(settings)));
    world.relay.take();
    let joined = world.ok(ann, join());
    let state = joined.lesson.expect("a lesson");
    let people: Vec<(&str, bool)> = state.people.iter().map(|there| (there.user_id.as_str(), there.teacher)).collect();
    assert_eq!(people, [("ann", false), ("kim", true), ("lee", true)]);
    let source = joined.source_id.0;
    assert_eq!(world.relay.take(), [format!("admit {source} to 1"), format!("close {source}")]);
    // What the newcomer is told of its own coming is in the answer.
    let told: Vec<u64> = world
        .events(ann)
        .iter()
        .filter_map(|told| match &told.event {
            Event::LessonChanged(changed) => Some(changed.change),
            _ => None,
        })
        .collect();
    assert!(told.iter().all(|change| *change <= joined.change), "{told:?}");
    assert!(matches!(&changes(world, kim)[..], [LessonChange::Came { .. }, LessonChange::Came { teacher: false, .. }]));
    world.refused(&mut stranger, join(), Code::PermissionDenied);

    world.wait(1_000);
    let told = world.events(ben);
    let attribute = told.iter().rev().find_map(|told| match &told.event {
        Event::GroupAttributeChanged(changed) => changed.group_attributes.get(group_call::KEY),
        _ => None,
    });
    assert!(GroupCall::parse(attribute.expect("a call is on")).is_some_and(|call| call.lesson));
}

#[test]
fn a_call_that_is_on_becomes_a_lesson() {
    let mut class = Class::gathered();
    let Class { world, kim, students: [ann, ben, _], .. } = &mut class;
    world.ok(ann, api::EnterRoom { lesson: None, ..open() });
    world.ok(ben, join());
    let source = world.ok(kim, join()).source_id.0;
    world.close(ben);
    world.relay.take();
    let opened = world.ok(kim, api::EnterRoom { room_id: room(1), ..open() });
    let state = opened.lesson.expect("a lesson");
    let at: Vec<_> = state.people.iter().map(|there| (there.user_id.as_str(), there.at)).collect();
    assert_eq!(at, [("ann", Whereabouts::Here), ("ben", Whereabouts::Away), ("kim", Whereabouts::Here)]);
    let told = world.relay.take();
    assert_eq!(told.iter().filter(|told| told.starts_with("close")).count(), 2, "{told:?}");
    assert!(told.contains(&format!("open {source}")), "{told:?}");
    let came = changes(world, ann);
    assert!(matches!(&came[..], [LessonChange::Came { .. }, .., LessonChange::Came { teacher: true, .. }]), "{came:?}");
    // A room of another group, or of nobody's, does not become one.
    world.ok(kim, api::EnterRoom { create: true, ..api::EnterRoom::of(room(9)) });
    let other = api::EnterRoom { room_id: room(9), group_id: Some(group("other")), ..open() };
    world.ok(kim, api::CreateGroup { group_id: Some(group("other")), ..create_group(GroupType::Public, &[]) });
    world.refused(kim, other, Code::InvalidOperation);
}

#[test]
fn the_six_steps_of_the_specification() {
    let mut class = Class::new();
    let Class { world, kim, students: [ann, ben, cho], .. } = &mut class;
    world.ok(kim, ask("hands", &ClassCommand::RaiseHands, &["ann", "ben", "cho"], 60));
    for student in [&mut *ann, ben, cho] {
        let told = world.events(student);
        assert!(
            matches!(
                &told[..],
                [
                    Delivery { event: Event::ReceiveNewInvitation(_), .. },
                    Delivery { event: Event::LessonChanged(_), .. }
                ]
            ),
            "{told:?}"
        );
    }
    world.ok(cho, accept("hands"));
    world.ok(ann, accept("hands"));
    assert_eq!(
        world.lines(ben),
        ["0 onInviteeAccepted", "0 onLessonChanged", "0 onInviteeAccepted", "0 onLessonChanged"]
    );
    let hands: Vec<UserId> =
        world.ok(kim, open()).lesson.expect("on").hands.into_iter().map(|hand| hand.user_id).collect();
    assert_eq!(hands, users(&["cho", "ann"]), "the server's order");
    world.relay.take();
    world.ok(kim, speak("speak", "cho"));
    assert_eq!(world.relay.take(), no_lines(), "not before the student wants to");
    world.ok(cho, accept("speak"));
    let cho_source = class.source("cho").0;
    assert_eq!(class.world.relay.take(), [format!("open {cho_source}")]);
    let Class { world, students: [ann, _, cho], .. } = &mut class;
    assert_eq!(world.ok(ann, join()).lesson.expect("on").floors[0].user_id, user("cho"));
    world.relay.take();
    world.ok(cho, end_floor(None));
    assert_eq!(world.relay.take(), [format!("close {cho_source}")]);
    world.refused(cho, end_floor(None), Code::InvalidOperation);
    let state = class.state();
    assert_eq!((state.floors.len(), state.hands.len()), (0, 1), "a hand is lowered after its turn");
}

#[test]
fn an_invitation_to_speak_ends_visibly() {
    let mut class = Class::new();
    for (name, outcome) in [("a", Outcome::Declined), ("b", Outcome::Cancelled), ("c", Outcome::TimedOut)] {
        let Class { world, kim, students: [ann, ..], .. } = &mut class;
        world.ok(kim, speak(name, "ann"));
        match outcome {
            Outcome::Declined => _ = world.ok(ann, reject(name)),
            Outcome::Cancelled => _ = world.ok(kim, cancel(name)),
            _ => {
                world.wait(30_000);
                world.ok(ann, timeout(name));
            }
        }
        let told = class.told();
        assert!(
            matches!(&told[..], [LessonChange::Offered { .. }, LessonChange::OfferEnded { outcome: how, .. }] if *how == outcome),
            "{told:?}"
        );
    }
}

#[test]
fn two_teachers_at_once_get_one_result() {
    let mut class = Class::new();
    let (kim, lee) = (class.kim.conn, class.lee.conn);
    class.world.run(vec![
        Input::Request { conn: kim, id: 901, request: speak("a", "ann").into() },
        Input::Request { conn: lee, id: 902, request: speak("b", "ben").into() },
    ]);
    let Class { world, kim, lee, .. } = &mut class;
    world.reply::<api::InviteReply>(kim, 901).expect("the first");
    let error = world.reply::<api::InviteReply>(lee, 902).expect_err("the second");
    assert!(error.is(Code::InvalidOperation) && error.message.contains("kim has invited ann"), "{error}");
    assert_eq!(class.told().len(), 1);
    // A student asks both: one answers, and the other's part is taken back.
    let Class { world, kim, lee, students: [_, ben, _] } = &mut class;
    world.ok(kim, cancel("a"));
    world.ok(ben, ask("c", &ClassCommand::AskToSpeak, &["kim", "lee"], 60));
    world.run(vec![
        Input::Request { conn: lee.conn, id: 903, request: accept("c").into() },
        Input::Request { conn: kim.conn, id: 904, request: accept("c").into() },
    ]);
    let told = world.events(ben);
    assert!(
        told.iter()
            .any(|told| matches!(&told.event, Event::InvitationCancelled(end) if end.invitee_list == users(&["kim"]))),
        "{told:?}"
    );
    world.reply::<api::Empty>(lee, 903).expect("the first");
    assert!(world.reply::<api::Empty>(kim, 904).expect_err("the second").is(Code::InvalidInviteId));
    let state = class.state();
    assert_eq!((state.floors[0].user_id.as_str(), state.floors[0].by.as_str()), ("ben", "lee"));
}

#[test]
fn signs_and_polls_go_over_invitations() {
    let mut class = Class::new();
    let Class { world, kim, students: [ann, ben, cho], .. } = &mut class;
    world.ok(ann, ask("sign", &ClassCommand::React { reaction: Reaction::Applause }, &["kim", "ben"], 0));
    assert_eq!(world.lines(ben), ["0 onReceiveNewInvitation", "0 onLessonChanged"], "it ends without a word");
    world.refused(ben, accept("sign"), Code::InvalidInviteId);
    let poll = ClassCommand::Poll { question: "쉴까요?".into(), choices: vec![] };
    world.ok(kim, ask("poll", &poll, &["ann", "ben", "cho"], 60));
    let answer = |choice| api::Accept { data: ClassAnswer { choice }.to_json(), ..accept("poll") };
    world.ok(ann, answer(1));
    world.refused(ben, answer(2), Code::InvalidParameters);
    world.refused(ben, accept("poll"), Code::InvalidParameters);
    world.ok(ben, answer(0));
    world.ok(cho, reject("poll"));
    let seen = world.ok(ann, join()).lesson.expect("on").prompts;
    assert_eq!((seen[0].mine, seen[0].over), (Mine::Done, true));
    assert_eq!(seen[0].answers, [(user("ann"), Some(1)), (user("ben"), Some(0)), (user("cho"), None)]);
}

/// A sign from ann.
fn applaud(class: &mut Class, number: u32) {
    let sign = ClassCommand::React { reaction: Reaction::Applause };
    let (world, ann) = class.student("ann");
    world.ok(ann, ask(&format!("sign{number}"), &sign, &["kim"], 0));
}

#[test]
fn who_is_in_a_lesson_may_be_told_of_a_whole_class_at_once() {
    let mut class = Class::new();
    for number in 0..400 {
        applaud(&mut class, number);
    }
    // Nobody else has read anything meanwhile; of each sign all have been told twice.
    let changes = |delivery: &Delivery| match &delivery.event {
        Event::LessonChanged(changed) => changed.changes.len(),
        _ => 0,
    };
    let (world, ben) = class.student("ben");
    assert_eq!(world.events(ben).iter().map(changes).sum::<usize>(), 400);
    assert_eq!(ben.closed, None);
    // There is an end to it.
    for number in 400..2_000 {
        applaud(&mut class, number);
    }
    let (_, cho) = class.student("cho");
    cho.read();
    assert!(cho.frames.is_closed());
}
