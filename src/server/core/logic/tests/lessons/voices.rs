//! Whose voice is open at the relay, and what the relay tells of it.

use super::*;
use crate::protocol::{event::MicrophoneRefused, lesson::HandDown};

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
