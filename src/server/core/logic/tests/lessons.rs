//! Lessons: who opens them, what the server reads, what it tells, and whose voice is open at the relay.

use super::*;
use crate::protocol::{
    class_data::{ClassAnswer, ClassCommand, Reaction},
    event::{LessonOver, MicrophoneRefused},
    group_call::{self, GroupCall},
    lesson::{FloorEnd, HandDown, LessonChange, LessonSettings, LessonState, Mine, Outcome, Whereabouts},
    limits,
};

mod ends;
mod failing;

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
fn only_what_is_a_lessons_is_read_and_only_where_there_is_one() {
    let mut class = Class::gathered();
    let Class { world, kim, students: [ann, ..], .. } = &mut class;
    world.refused(kim, ask("a", &ClassCommand::RaiseHands, &["ann"], 60), Code::NotFound);
    world.refused(kim, end_floor(None), Code::NotFound);
    world.refused(kim, api::SetLesson { floors: Some(2), ..set() }, Code::NotFound);
    let to_one = api::Invite { data: ClassCommand::Speak.to_json(), ..invite("b", "ann") };
    world.refused(kim, to_one, Code::InvalidOperation);
    world.ok(kim, open());
    world.ok(ann, join());
    world.ok(kim, invite_in_group("other", &["ann"]));
    let call = api::InviteInGroup {
        data: r#"{"businessID":"av_call","version":4}"#.into(),
        ..invite_in_group("call", &["ann"])
    };
    world.ok(kim, call);
    world.ok(ann, accept("other"));
    let unknown = r#"{"businessID":"ahoy_class","version":9,"data":{"cmd":"dance"}}"#;
    let unknown = api::InviteInGroup { data: unknown.into(), online_user_only: true, ..invite_in_group("c", &["ann"]) };
    world.refused(kim, unknown, Code::InvalidOperation);
    let kept = api::InviteInGroup { online_user_only: false, ..speak("d", "ann") };
    world.refused(kim, kept, Code::InvalidParameters);
    world.refused(kim, api::InviteInGroup { room_id: Some(room(1)), ..speak("e", "ann") }, Code::InvalidParameters);
    world.ok(kim, speak("f", "ann"));
    world.ok(kim, speak("f", "ann"));
    let data = ClassCommand::Speak.to_json();
    world.refused(kim, api::ModifyInvitation { invite_id: invite_id("f"), data }, Code::InvalidOperation);
}

#[test]
fn what_is_refused_nobody_hears_of() {
    let mut class = Class::new();
    class.give_floor("ben");
    class.world.ok(&mut class.kim, ask("roll", &ClassCommand::RollCall, &["ann", "ben"], 60));
    class.forget();
    let before = class.state();
    let Class { world, kim, lee, students: [ann, ben, cho] } = &mut class;
    // Roles, bounds, floors, and answers for others.
    world.refused(ann, speak("a", "cho"), Code::PermissionDenied);
    world.refused(ann, ask("a", &ClassCommand::RollCall, &["cho"], 60), Code::PermissionDenied);
    world.refused(kim, speak("a", "ann"), Code::InvalidOperation);
    world.refused(lee, speak("a", "ann"), Code::InvalidOperation);
    world.refused(kim, api::InviteInGroup { timeout: 9, ..speak("a", "ann") }, Code::InvalidParameters);
    world.refused(kim, ask("a", &ClassCommand::RaiseHands, &["lee"], 60), Code::InvalidParameters);
    world.refused(kim, ask("a", &ClassCommand::RollCall, &["cho"], 60), Code::InvalidOperation);
    world.refused(ann, ask("a", &ClassCommand::AskToSpeak, &["ben"], 60), Code::InvalidParameters);
    world.refused(cho, accept("roll"), Code::SignalingNoPermission);
    world.refused(cho, accept("nothing"), Code::InvalidInviteId);
    world.refused(ben, accept("speak ben"), Code::InvalidInviteId);
    world.refused(ann, end_floor(Some("ben")), Code::PermissionDenied);
    world.refused(ann, end(), Code::PermissionDenied);
    world.refused(ann, remove("ben"), Code::PermissionDenied);
    world.refused(kim, remove("lee"), Code::PermissionDenied);
    world.refused(ann, api::SetLesson { floors: Some(2), ..set() }, Code::PermissionDenied);
    world.refused(ann, report(), Code::PermissionDenied);
    world.refused(ann, api::GetLessons { group_id: group("g") }, Code::PermissionDenied);
    world.refused(kim, api::GetLessonReport { lesson_id: invite_id("other"), ..report() }, Code::NotFound);
    let microphones = api::SetMicrophones { group_id: group("g"), open: true, user_list: None, all: false };
    world.refused(ann, microphones, Code::PermissionDenied);
    class.is_as(&before);
    // Another device of a student, and a member who is not there.
    let mut second = class.world.another_device("ann");
    class.forget();
    class.world.refused(&mut second, accept("roll"), Code::PermissionDenied);
    class.world.refused(&mut second, ask("b", &ClassCommand::AskToSpeak, &["kim"], 60), Code::PermissionDenied);
    class.is_as(&before);
}

#[test]
fn after_the_deadline_no_hand_is_raised() {
    let mut class = Class::new();
    let Class { world, kim, students: [ann, ben, _], .. } = &mut class;
    world.ok(kim, ask("hands", &ClassCommand::RaiseHands, &["ann", "ben"], 10));
    world.wait(9_999);
    world.ok(ann, accept("hands"));
    world.wait(1);
    world.refused(ben, accept("hands"), Code::InvalidInviteId);
    class.forget();
    class.world.wait(limits::SERVER_BACKSTOP_MS);
    assert!(matches!(&class.told()[..], [LessonChange::PromptEnded { .. }]));
    let state = class.state();
    assert_eq!((state.prompts.len(), state.hands.len()), (0, 1));
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

#[test]
fn the_relay_is_heard_and_teachers_are_told() {
    let mut class = Class::with(LessonSettings { silence_s: 5, ..LessonSettings::default() });
    let ben = class.source("ben");
    class.world.run(vec![Input::VoiceRefused { source: ben, packets: 50 }]);
    class.world.run(vec![Input::VoiceRefused { source: ben, packets: 7 }]);
    for phone in [&mut class.kim, &mut class.lee] {
        let told: Vec<Event> = class.world.events(phone).into_iter().map(|told| told.event).collect();
        let refused =
            |packets| Event::MicrophoneRefused(MicrophoneRefused { room_id: room(1), user_id: user("ben"), packets });
        assert_eq!(told, [refused(50), refused(57)]);
    }
    let (world, cho) = class.student("cho");
    assert_eq!(world.lines(cho), no_lines(), "it is for teachers");
    class.give_floor("ben");
    for _ in 0..4 {
        class.world.wait(3_000);
        class.world.run(vec![Input::Spoke { source: ben, ms: 400 }]);
    }
    assert_eq!(class.told(), []);
    class.world.wait(5_000);
    let told = class.told();
    assert!(
        matches!(&told[..], [LessonChange::FloorEnded { why: FloorEnd::Silence, talked_ms: 1_600, .. }]),
        "{told:?}"
    );
    assert_eq!(class.world.relay.take(), [format!("close {}", ben.0)]);
    // What was said to the last is told late, and counts.
    class.world.run(vec![Input::Spoke { source: ben, ms: 150 }, Input::Spoke { source: SourceId(9_999), ms: 10 }]);
    let page = class.world.ok(&mut class.kim, report());
    assert_eq!(page.rows.iter().find(|row| row.user_id == user("ben")).expect("a row").talked_ms, 1_750);
}

#[test]
fn hand_and_floor_survive_a_lost_connection() {
    let mut class = Class::with(LessonSettings { floors: 2, ..LessonSettings::default() });
    class.give_floor("ann");
    let (world, ben) = class.student("ben");
    world.ok(ben, ask("hand", &ClassCommand::AskToSpeak, &["kim"], 0));
    class.forget();
    let sources = (class.source("ann"), class.source("ben"));
    let Class { world, students: [ann, ben, _], .. } = &mut class;
    let (ann_again, ben_again) = (ann.creds().clone(), ben.creds().clone());
    world.close(ann);
    world.close(ben);
    world.wait(20_000);
    *ann = world.login(&ann_again, Start::Hot, 0, 64);
    let state = world.ok(ann, join()).lesson.expect("on");
    assert_eq!((state.floors[0].user_id.as_str(), state.hands[0].user_id.as_str()), ("ann", "ben"));
    let told = world.relay.take();
    assert_eq!(
        told,
        [format!("admit {} to 1", sources.0.0), format!("open {}", sources.0.0)],
        "its voice is open again"
    );
    // The place in the room is gone, the hand is not; another run of the program comes back.
    world.wait(25_000);
    assert!(world.relay.take().contains(&format!("evict {}", sources.1.0)));
    *ben = world.login(&ben_again, Start::Cold, 0, 64);
    let state = world.ok(ben, join()).lesson.expect("on");
    assert_eq!(state.hands[0].invite_id, Some(invite_id("hand")));
    let Class { world, kim, .. } = &mut class;
    world.relay.take();
    world.ok(kim, accept("hand"));
    // The floor is for the device that asked, which is the one that is back.
    let ben = class.source("ben");
    assert_eq!(class.world.relay.take(), [format!("open {}", ben.0)]);
    // After a minute it is over.
    class.world.close(&class.students[0]);
    class.forget();
    class.world.wait(59_999);
    let before = changes(&mut class.world, &mut class.kim);
    assert_eq!(before, [], "the place in the room may go, the floor stays");
    class.world.wait(1);
    let told = changes(&mut class.world, &mut class.kim);
    assert!(
        matches!(&told[..], [LessonChange::FloorEnded { why: FloorEnd::Gone, .. }, LessonChange::Gone { .. }]),
        "{told:?}"
    );
}

#[test]
fn a_hold_opens_no_voice() {
    let mut class = Class::new();
    let ann_source = class.source("ann").0;
    let Class { world, students: [ann, ..], .. } = &mut class;
    world.ok(ann, api::EnterRoom { on_hold: true, ..join() });
    assert_eq!(world.relay.take(), [format!("evict {ann_source}")]);
    world.ok(ann, join());
    assert_eq!(world.relay.take(), [format!("admit {ann_source} to 1"), format!("close {ann_source}")]);
}

#[test]
fn microphones_are_closed_for_all() {
    let mut class = Class::with(LessonSettings { free_microphones: true, ..LessonSettings::default() });
    class.give_floor("ann");
    let microphones = |open, all| api::SetMicrophones { group_id: group("g"), open, user_list: None, all };
    let (ann, ben) = (class.source("ann").0, class.source("ben").0);
    let (world, student) = class.student("ben");
    world.ok(student, microphones(true, false));
    assert_eq!(world.relay.take(), [format!("open {ben}")]);
    let Class { world, kim, .. } = &mut class;
    world.ok(kim, microphones(false, true));
    let mut told = world.relay.take();
    told.sort();
    let mut expected = [format!("close {ann}"), format!("close {ben}")];
    expected.sort();
    assert_eq!(told, expected);
    world.ok(kim, api::SetLesson { free_microphones: Some(false), ..set() });
    let (world, student) = class.student("ben");
    world.refused(student, microphones(true, false), Code::PermissionDenied);
    let hands = api::LowerHands { group_id: group("g"), user_list: None, all: true };
    world.ok(student, ask("hand", &ClassCommand::AskToSpeak, &["kim", "lee"], 60));
    class.world.ok(&mut class.kim, hands);
    let told = class.told();
    assert!(matches!(told.last(), Some(LessonChange::HandLowered { why: HandDown::Teacher, .. })), "{told:?}");
    let (world, student) = class.student("ben");
    world.ok(student, ask("again", &ClassCommand::AskToSpeak, &["kim", "lee"], 60));
}
