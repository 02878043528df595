//! Lessons: opened, joined, left and ended, alone and in company, over lost connections; and whose news counts.

use super::{party::*, *};
use crate::{
    call::{Machine, Network},
    class::{Lesson, View},
    protocol::{
        api::{EnterRoom, ExitRoomReply},
        event::{GroupChange, LessonChanged, LessonOver, MicrophoneRefused},
        lesson::{LessonChange, LessonSettings, LessonState, Whereabouts},
    },
};

fn settings() -> LessonSettings {
    LessonSettings { floors: 3, ..LessonSettings::default() }
}

/// A lesson with these in it, the first a teacher, as it is told to Alice.
fn state(people: &[&str]) -> LessonState {
    let mut lesson = Lesson::new(0, settings());
    for (n, who) in people.iter().enumerate() {
        let entered = crate::class::Input::Entered { user: user(who), device: device(who), teacher: n == 0 };
        lesson.handle(0, entered).expect("anybody may come");
    }
    lesson.state_for(60_000, &user("alice"))
}

fn changed(number: u32, change: u64, changes: Vec<LessonChange>) -> Input {
    live(Event::LessonChanged(LessonChanged { room_id: room(number), changes, change }))
}

fn hand(who: &str) -> Vec<LessonChange> {
    vec![LessonChange::HandRaised { user_id: user(who), invite_id: None }]
}

fn over(number: u32, by: Option<&str>, removed: bool) -> Input {
    let (op_user, reason) = (by.map(user), String::new());
    live(Event::LessonOver(LessonOver { room_id: room(number), group_id: group(), op_user, removed, reason }))
}

impl Rig {
    /// The room of a lesson takes Alice, as it was after that change.
    fn entered_lesson(&mut self, others: &[&str], lesson: Option<LessonState>, number: u32, change: u64) -> EnterRoom {
        let (ticket, request) = self.take("enterRoom");
        let Request::EnterRoom(enter) = request else { panic!("not enterRoom") };
        let reply = EnterRoomReply {
            room_id: room(number),
            source_id: SourceId(1),
            relay_token: "token".into(),
            participants: others.iter().map(|name| participant(name, &format!("{name}-1"))).collect(),
            call_id: enter.call_id.clone(),
            change,
            ringing: vec![],
            lesson: lesson.map(Box::new),
        };
        self.input(Input::Reply(ticket, Ok(RequestReply::Entered(reply))));
        enter
    }

    fn lesson_ended(&mut self, talked_ms: u64) -> &mut Self {
        let reply = ExitRoomReply { remaining: 0, talked_ms, call_id: None };
        self.reply("endLesson", Ok(RequestReply::Exited(reply)))
    }

    fn lesson(&self) -> View {
        self.view().lesson.as_deref().expect("a lesson").clone()
    }

    fn hands(&self) -> Vec<String> {
        self.lesson().hands.iter().map(|hand| hand.user.to_string()).collect()
    }

    /// Alice has opened a lesson, and is alone in it.
    fn teaching(ring: &[&str]) -> Self {
        let mut rig = Self::new();
        rig.input(Input::StartLesson { group: group(), settings: settings(), ring: users(ring) });
        assert_eq!((rig.phase(), rig.pending("inviteInGroup")), (Phase::Connecting, 0));
        let number = rig.number();
        let enter = rig.entered_lesson(&[], Some(state(&["alice"])), number, 7);
        assert_eq!((enter.create, enter.group_id, enter.lesson), (true, Some(group()), Some(settings())));
        assert_eq!((rig.phase(), &rig.media[..]), (Phase::InCall, &[true][..]), "alone or not");
        rig
    }

    /// Alice is a student in a lesson that Bob has opened.
    fn attending() -> Self {
        let mut rig = Self::new();
        let (call_id, there) = (Some(id("b")), users(&["bob"]));
        rig.input(Input::Join { group: group(), room: room(500), call_id, there });
        rig.entered_lesson(&["bob"], Some(state(&["bob", "alice", "carol"])), 500, 7);
        assert_eq!((rig.phase(), rig.call_id()), (Phase::InCall, id("b")));
        rig
    }
}

#[test]
fn a_lesson_is_on_as_soon_as_the_teacher_is_in_it() {
    let mut rig = Rig::teaching(&[]);
    assert_eq!((rig.pending("inviteInGroup"), rig.view().peer), (0, user("alice")));
    assert!(rig.lesson().is_teacher(&user("alice")) && rig.lesson().settings == settings());
    rig.wait(120_000);
    assert_eq!((rig.phase(), rig.view().network), (Phase::InCall, Network::Good));
    // Whoever comes and goes ends nothing.
    let number = rig.number();
    rig.input(came("bob", number)).input(linked("bob", number, false));
    assert_eq!(rig.phase(), Phase::InCall, "his trouble");
    rig.input(went("bob", number, LeaveReason::Lost));
    assert_eq!(rig.phase(), Phase::InCall);
    let call = rig.call_id();
    rig.wait(60_000).input(Input::HangUp(call));
    assert_eq!((rig.end(), rig.view().duration_s), (Some(EndReason::HungUp), 180));
    rig.exited(1, 60_000);
    assert_eq!(rig.group_hangup(), None, "it goes on without anybody");
}

#[test]
fn members_may_be_rung_for_a_lesson() {
    let mut rig = Rig::teaching(&["bob", "carol"]);
    let invite = rig.invited_in_group(&["bob", "carol"]);
    assert_eq!((invite.invitee_list, invite.room_id), (users(&["bob", "carol"]), rig.view().room));
    assert_eq!(rig.standing("bob"), crate::call::Standing::Ringing);
    rig.wait(40_000);
    assert_eq!((rig.phase(), rig.standing("bob")), (Phase::InCall, crate::call::Standing::NoAnswer));
}

#[test]
fn what_cannot_be_opened_is_not() {
    let start = |settings| Input::StartLesson { group: group(), settings, ring: vec![] };
    let mut rig = Rig::new();
    rig.input(start(LessonSettings { floors: 0, ..settings() }));
    assert!(matches!(&rig.rest[..], [Output::Refused { error, .. }] if error.is(Code::InvalidParameters)));
    assert!(rig.machine.view().is_empty() && rig.requests.is_empty());
    let mut rig = Rig::talking_as_caller();
    rig.requests.clear();
    rig.input(start(settings()));
    assert!(matches!(&rig.rest[..], [Output::Refused { error, .. }] if error.is(Code::InvalidOperation)));
    assert_eq!((rig.requests.len(), rig.phase()), (0, Phase::InCall));
    // Another number is tried where this one is taken, with the settings; who is no teacher is not asked again.
    let mut rig = Rig::new();
    rig.input(start(settings())).refused("enterRoom", Code::IdInUse);
    let (_, request) = rig.requests.front().expect("another try");
    assert!(matches!(request, Request::EnterRoom(enter) if enter.lesson == Some(settings())));
    rig.refused("enterRoom", Code::PermissionDenied);
    assert_eq!((rig.end(), rig.pending("enterRoom")), (Some(EndReason::Failed), 0));
}

#[test]
fn a_request_that_got_lost_is_repeated_with_the_settings() {
    let mut rig = Rig::new();
    rig.input(Input::StartLesson { group: group(), settings: settings(), ring: vec![] });
    rig.input(Input::LinkLost).refused("enterRoom", Code::Disconnected);
    rig.wait(2_000);
    assert_eq!((rig.phase(), rig.pending("enterRoom")), (Phase::Connecting, 0));
    rig.input(Input::LinkReady);
    let number = rig.number();
    let enter = rig.entered_lesson(&[], Some(state(&["alice"])), number, 7);
    assert_eq!((enter.lesson, rig.phase()), (Some(settings()), Phase::InCall));
    // One that never gets through is given up.
    let mut rig = Rig::new();
    rig.input(Input::StartLesson { group: group(), settings: settings(), ring: vec![] });
    rig.input(Input::LinkLost).refused("enterRoom", Code::Disconnected).wait(31_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
}

#[test]
fn changes_count_once_and_in_order() {
    let mut rig = Rig::attending();
    rig.input(changed(500, 7, hand("carol"))).input(changed(501, 9, hand("carol")));
    assert!(rig.hands().is_empty(), "told already, and of another room");
    rig.input(changed(500, 8, hand("carol"))).input(changed(500, 9, hand("alice")));
    assert_eq!(rig.hands(), ["carol", "alice"]);
    assert_eq!(rig.lesson().hands[0].since_ms, rig.now_ms);
    // On the way in again, the answer may be older than what is told meanwhile, or newer.
    rig.input(Input::LinkLost).input(Input::LinkReady);
    rig.input(changed(500, 20, hand("alice"))).input(changed(500, 21, hand("carol")));
    rig.entered_lesson(&["bob"], Some(state(&["bob", "alice", "carol"])), 500, 20);
    assert_eq!(rig.hands(), ["carol"], "the answer is the lesson as it was at 20");
    let refused = MicrophoneRefused { room_id: room(500), user_id: user("carol"), packets: 12 };
    rig.input(live(Event::MicrophoneRefused(refused)));
    assert_eq!(rig.lesson().refused.get(&user("carol")), Some(&12));
}

#[test]
fn who_opens_a_lesson_that_is_on_comes_into_that_one() {
    let mut rig = Rig::new();
    rig.input(Input::StartLesson { group: group(), settings: settings(), ring: vec![] });
    // Told of a room that is not known yet.
    rig.input(changed(500, 6, hand("carol"))).input(changed(500, 8, hand("carol"))).input(changed(
        600,
        9,
        hand("carol"),
    ));
    rig.entered_lesson(&["bob"], Some(state(&["bob", "alice", "carol"])), 500, 7);
    assert_eq!((rig.phase(), rig.view().room, rig.hands()), (Phase::InCall, Some(room(500)), vec!["carol".to_owned()]));
}

#[test]
fn a_call_of_the_group_becomes_a_lesson() {
    let mut rig = Rig::called_in_group();
    rig.input(Input::Accept(id("b"))).entered_call(&["bob", "carol"], &[("b", &["alice"])], Some(&id("b")), 500);
    rig.done("accept");
    assert!(rig.view().lesson.is_none() && rig.phase() == Phase::InCall);
    rig.input(changed(500, 9, hand("carol"))).input(changed(500, 10, hand("carol")));
    assert_eq!(rig.pending("enterRoom"), 1, "it asks for all of it once");
    rig.entered_lesson(&["bob", "carol"], Some(state(&["bob", "alice", "carol"])), 500, 9);
    assert_eq!((rig.phase(), rig.hands()), (Phase::InCall, vec!["carol".to_owned()]));
}

#[test]
fn a_student_who_is_rung_answers_and_is_in() {
    let mut rig = Rig::called_in_group();
    rig.input(Input::Accept(id("b")));
    rig.entered_lesson(&["bob"], Some(state(&["bob", "alice"])), 500, 7);
    assert_eq!((rig.phase(), rig.pending("accept")), (Phase::InCall, 1));
    // The ringing was over a moment before: nobody is thrown out for that.
    rig.input(timed_out_for(&id("b"), &["alice", "carol"])).refused("accept", Code::InvalidInviteId).wait(60_000);
    assert_eq!(rig.phase(), Phase::InCall);
}

#[test]
fn the_teacher_ends_it_for_all() {
    let mut rig = Rig::teaching(&[]);
    let number = rig.number();
    rig.input(came("bob", number)).wait(90_000);
    let call = rig.call_id();
    rig.input(Input::EndLesson(call.clone())).input(Input::EndLesson(call.clone()));
    assert_eq!((rig.phase(), rig.pending("endLesson")), (Phase::InCall, 1), "until the server says so, and once");
    rig.lesson_ended(88_000);
    assert_eq!((rig.end(), rig.pending("exitRoom")), (Some(EndReason::HungUp), 0));
    assert_eq!((rig.group_hangup(), rig.view().lesson_over), (Some(88), None));
    assert_eq!(rig.media, [true, false]);

    // The event may come before the answer.
    let mut rig = Rig::teaching(&[]);
    let (call, number) = (rig.call_id(), rig.number());
    rig.input(came("bob", number)).wait(90_000).input(Input::EndLesson(call));
    rig.input(over(number, Some("alice"), false));
    assert_eq!((rig.end(), rig.view().lesson_over), (Some(EndReason::HungUp), None));
    rig.lesson_ended(88_000);
    assert_eq!(rig.group_hangup(), Some(88));
}

#[test]
fn two_teachers_end_it_at_once() {
    let mut rig = Rig::teaching(&[]);
    let (call, number) = (rig.call_id(), rig.number());
    rig.input(came("bob", number)).input(Input::EndLesson(call));
    rig.input(over(number, Some("bob"), false)).refused("endLesson", Code::NotFound);
    assert_eq!((rig.end(), rig.group_hangup(), rig.rest.len()), (Some(EndReason::EndedByServer), None, 0));
    // What is refused changes nothing.
    let mut rig = Rig::attending();
    rig.input(Input::EndLesson(id("b"))).refused("endLesson", Code::PermissionDenied);
    assert!(matches!(&rig.rest[..], [Output::Refused { error, .. }] if error.is(Code::PermissionDenied)));
    assert_eq!(rig.phase(), Phase::InCall);
    rig.input(Input::EndLesson(id("b")));
    assert_eq!(rig.pending("endLesson"), 1, "it may be asked again");
    let mut rig = Rig::with_bob();
    rig.input(Input::EndLesson(rig.call_id()));
    assert_eq!((rig.rest.len(), rig.pending("endLesson")), (1, 0), "no lesson");
}

#[test]
fn who_is_put_out_owes_nothing() {
    for (by, removed) in [(Some("bob"), false), (Some("bob"), true), (None, false)] {
        let mut rig = Rig::attending();
        rig.wait(10_000).input(over(500, by, removed));
        let told = rig.view().lesson_over.expect("why");
        assert_eq!((told.op_user, told.removed), (by.map(user), removed));
        assert_eq!((rig.end(), rig.view().duration_s), (Some(EndReason::EndedByServer), 10));
        assert_eq!((rig.requests.len(), &rig.media[..]), (0, &[true, false][..]));
        assert!(rig.view().lesson.is_some(), "as it was");
    }
    // Left at the very moment of its end: the room is gone, and the end is the teacher's to write.
    let mut rig = Rig::attending();
    rig.wait(10_000).input(Input::HangUp(id("b"))).input(over(500, Some("bob"), false));
    rig.refused("exitRoom", Code::NotFound);
    assert_eq!((rig.end(), rig.group_hangup()), (Some(EndReason::HungUp), None));
    // Another lesson's end is nothing to this one.
    let mut rig = Rig::attending();
    rig.input(over(501, Some("bob"), false));
    assert_eq!(rig.phase(), Phase::InCall);
}

#[test]
fn only_own_trouble_interrupts_a_lesson() {
    let mut rig = Rig::attending();
    let since = rig.view().talking_since_ms;
    rig.wait(5_000).input(Input::LinkLost);
    assert_eq!((rig.phase(), rig.view().network), (Phase::Reconnecting, Network::Lost));
    rig.wait(50_000).input(Input::LinkReady);
    let mut as_it_is = state(&["bob", "alice", "carol"]);
    as_it_is.people[0].at = Whereabouts::Away;
    rig.entered_lesson(&[], Some(as_it_is), 500, 30);
    assert_eq!((rig.phase(), rig.view().talking_since_ms), (Phase::InCall, since));
    assert_eq!(rig.lesson().people[&user("alice")].at, Whereabouts::Away, "as the answer says");
    rig.input(Input::RelaySilent(500)).wait(3_000);
    assert_eq!(rig.phase(), Phase::Reconnecting);
    rig.input(Input::RelayHeard);
    assert_eq!(rig.phase(), Phase::InCall);
    // The server keeps hand and floor for a minute; after that there is nothing to come back to.
    rig.input(Input::LinkLost).wait(59_000);
    assert_eq!(rig.phase(), Phase::Reconnecting);
    rig.wait(1_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
}

#[test]
fn a_lesson_that_is_gone_is_lost() {
    let mut rig = Rig::attending();
    rig.input(Input::LinkLost).wait(5_000).input(Input::LinkReady).refused("enterRoom", Code::NotFound);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
    rig.refused("exitRoom", Code::NotFound);
    assert_eq!(rig.group_hangup(), None, "many would say so");
    let mut rig = Rig::teaching(&[]);
    let number = rig.number();
    rig.input(came("bob", number)).wait(5_000).input(Input::LinkLost).input(Input::LinkReady);
    rig.refused("enterRoom", Code::NotFound).refused("exitRoom", Code::NotFound);
    assert_eq!((rig.end(), rig.group_hangup()), (Some(EndReason::ConnectionLost), Some(5)));
    let mut rig = Rig::attending();
    let change = GroupChange { group_id: group(), op_user: user("bob"), group_name: String::new() };
    rig.input(live(Event::GroupDismissed(change)));
    assert_eq!(rig.end(), Some(EndReason::EndedByServer));
}

#[test]
fn a_lesson_waits_on_hold_like_any_talk() {
    let mut rig = Rig::attending();
    rig.input(Input::Hold(id("b")));
    assert_eq!((rig.view().on_hold, &rig.media[..]), (true, &[true, false][..]));
    // What happens meanwhile is heard of, and the answer knows it, too.
    rig.input(changed(500, 8, hand("carol")));
    let mut with_hand = state(&["bob", "alice", "carol"]);
    with_hand.hands.push(crate::protocol::lesson::Hand { user_id: user("carol"), invite_id: None, waiting_ms: 0 });
    rig.entered_lesson(&["bob"], Some(with_hand.clone()), 500, 8);
    assert_eq!((rig.phase(), rig.hands()), (Phase::InCall, vec!["carol".to_owned()]));
    rig.input(Input::Resume(id("b")));
    let enter = rig.entered_lesson(&["bob"], Some(with_hand), 500, 8);
    assert_eq!((enter.on_hold, rig.view().on_hold, &rig.media[..]), (false, false, &[true, false, true][..]));
}

#[test]
fn a_machine_without_calls_is_not_disturbed() {
    let mut rig = Rig::new();
    rig.input(changed(500, 1, hand("bob"))).input(over(500, None, false));
    rig.input(live(Event::MicrophoneRefused(MicrophoneRefused {
        room_id: room(500),
        user_id: user("bob"),
        packets: 1,
    })));
    rig.input(Input::EndLesson(id("b")));
    assert!(Machine::view(&rig.machine).is_empty() && rig.requests.is_empty());
}
