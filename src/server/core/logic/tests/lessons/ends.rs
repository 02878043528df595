//! How lessons, and stays in them, end; and what is kept of them.

use super::*;
use crate::protocol::lesson::REPORT_PAGE_MAX;

#[test]
fn a_lesson_outlives_whoever_is_in_it_by_a_minute() {
    let mut class = Class::gathered();
    let Class { world, kim, students: [ann, ..], .. } = &mut class;
    world.ok(kim, open());
    assert_eq!(world.ok(kim, leave()).remaining, 1, "nobody ends the call in the log");
    world.wait(59_000);
    let attributes = world.ok(ann, api::GetGroupAttributes { group_id: group("g") }).group_attributes;
    let call = GroupCall::parse(&attributes[group_call::KEY]).expect("a call");
    assert_eq!((call.lesson, call.user_count), (true, 0));
    world.lines(kim);
    world.ok(ann, join());
    assert_eq!(world.ok(ann, leave()).remaining, 1);
    world.wait(59_999);
    assert_eq!(world.ok(kim, api::GetLessons { group_id: group("g") }).lessons.len(), 1);
    world.wait(1_000);
    let lessons = world.ok(kim, api::GetLessons { group_id: group("g") }).lessons;
    assert_eq!((lessons.len(), lessons[0].on, lessons[0].people), (1, false, 2));
    assert!(world.ok(ann, api::GetGroupAttributes { group_id: group("g") }).group_attributes.is_empty());
    world.refused(ann, join(), Code::NotFound);
    assert!(world.logic().rooms.is_empty());
}

#[test]
fn a_teacher_ends_it_for_all() {
    let mut class = Class::new();
    class.world.ok(&mut class.kim, ask("roll", &ClassCommand::RollCall, &["ann"], 60));
    class.give_floor("ben");
    class.world.wait(5_000);
    let Class { world, kim, lee, students } = &mut class;
    let reply = world.ok(lee, end());
    assert_eq!((reply.remaining, &reply.call_id), (0, &Some(invite_id("lesson"))));
    assert!(reply.talked_ms >= 5_000, "{reply:?}");
    for phone in [&mut *kim].into_iter().chain(&mut *students) {
        let events = world.events(phone);
        let ended = events
            .iter()
            .any(|told| matches!(&told.event, Event::InvitationCancelled(end) if end.invite_id == invite_id("roll")));
        assert!(ended, "what was open is over: {events:?}");
        let over: Vec<_> = events.iter().filter(|told| matches!(told.event, Event::LessonOver(_))).collect();
        assert!(
            matches!(&over[..], [Delivery { event: Event::LessonOver(over), .. }]
                if over.op_user == Some(user("lee")) && !over.removed && over.group_id == group("g")),
            "{over:?}"
        );
    }
    assert_eq!(world.relay.take().iter().filter(|told| told.starts_with("evict")).count(), 5);
    world.refused(lee, end(), Code::NotFound);
    world.refused(&mut students[0], join(), Code::NotFound);
    world.refused(&mut students[0], accept("roll"), Code::InvalidInviteId);
    assert!(world.logic().rooms.is_empty());
}

#[test]
fn who_is_removed_is_out_until_let_in_again() {
    let mut class = Class::with(LessonSettings { floors: 2, ..LessonSettings::default() });
    class.give_floor("ann");
    let source = class.source("ann").0;
    let Class { world, kim, students: [ann, ben, _], .. } = &mut class;
    world.ok(kim, speak("offer", "ben"));
    world.ok(kim, remove("ann"));
    let told = over(world, ann);
    assert!(
        matches!(&told[..], [over] if over.removed && over.reason == "too loud" && over.op_user == Some(user("kim"))),
        "{told:?}"
    );
    assert!(world.relay.take().contains(&format!("evict {source}")));
    let told = changes(world, ben);
    assert!(
        told.iter().any(|told| matches!(told, LessonChange::Barred { barred: true, .. }))
            && told.iter().any(|told| matches!(told, LessonChange::FloorEnded { why: FloorEnd::Gone, .. })),
        "{told:?}"
    );
    world.refused(ann, join(), Code::PermissionDenied);
    world.refused(kim, remove("ann"), Code::InvalidOperation);
    let readmit = || api::ReadmitToLesson { group_id: group("g"), user_id: user("ann") };
    world.refused(ben, readmit(), Code::PermissionDenied);
    world.ok(kim, readmit());
    world.refused(kim, readmit(), Code::InvalidOperation);
    world.ok(ann, join());
    // Who is removed with an open invitation to speak has none any more.
    world.ok(kim, remove("ben"));
    world.refused(ben, accept("offer"), Code::InvalidInviteId);
    assert!(class.state().offers.is_empty());
}

#[test]
fn roles_change_during_a_lesson() {
    let mut class = Class::new();
    class.give_floor("ann");
    let ann_source = class.source("ann").0;
    let role = |name: &str, role| api::SetGroupMemberRole { group_id: group("g"), user_id: user(name), role };
    class.world.ok(&mut class.kim, role("ann", api::Role::Admin));
    let told = class.told();
    assert!(
        matches!(&told[..], [LessonChange::FloorEnded { .. }, LessonChange::Role { teacher: true, .. }]),
        "{told:?}"
    );
    assert_eq!(class.world.relay.take(), no_lines(), "the voice was open and stays open");
    let Class { world, kim, students: [ann, ..], .. } = &mut class;
    world.ok(ann, speak("a", "ben"));
    world.ok(kim, role("ann", api::Role::Member));
    assert_eq!(world.relay.take(), [format!("close {ann_source}")]);
    world.refused(ann, ask("b", &ClassCommand::RollCall, &["ben"], 60), Code::PermissionDenied);
    // The lesson is handed over with the group.
    let kim_source = class.source("kim").0;
    let Class { world, kim, students: [ann, ..], .. } = &mut class;
    world.ok(kim, api::TransferGroupOwner { group_id: group("g"), user_id: user("ann") });
    assert_eq!(world.relay.take(), [format!("close {kim_source}"), format!("open {ann_source}")]);
    world.refused(kim, end(), Code::PermissionDenied);
    world.ok(ann, end());
}

#[test]
fn whoever_leaves_the_group_leaves_the_lesson() {
    let mut class = Class::new();
    class.give_floor("ann");
    let Class { world, kim, students: [ann, ..], .. } = &mut class;
    world.ok(kim, api::KickGroupMember { group_id: group("g"), member_list: users(&["ann"]) });
    let told = changes(world, kim);
    assert!(told.iter().any(|told| matches!(told, LessonChange::Gone { user_id } if *user_id == user("ann"))));
    world.refused(ann, join(), Code::PermissionDenied);
    assert!(class.state().floors.is_empty());
    // The group is gone, and the lesson with it.
    let Class { world, kim, lee, .. } = &mut class;
    world.ok(kim, api::DismissGroup { group_id: group("g") });
    assert_eq!(over(world, lee).len(), 1);
    assert!(world.logic().rooms.is_empty() && world.logic().rooms.over.is_empty());
    world.ok(kim, create_group(GroupType::Public, &[]));
    assert_eq!(world.ok(kim, api::GetLessons { group_id: group("g") }).lessons, []);
}

#[test]
fn the_last_member_takes_the_lesson_along() {
    let mut world = World::new();
    let mut a = world.online("a");
    world.ok(&mut a, create_group(GroupType::Work, &[]));
    world.ok(&mut a, open());
    world.ok(&mut a, api::QuitGroup { group_id: group("g") });
    assert!(world.logic().rooms.is_empty());
}

#[test]
fn a_report_says_who_was_there_and_what_they_did() {
    let mut class = Class::gathered();
    let Class { world, kim, students: [ann, ben, _], .. } = &mut class;
    let started = world.wall_ms;
    world.ok(kim, open());
    world.wait(10_000);
    world.ok(ann, join());
    world.ok(ben, join());
    world.ok(kim, ask("roll", &ClassCommand::RollCall, &["ann", "ben", "cho"], 60));
    world.ok(ann, accept("roll"));
    world.ok(ann, ask("hand", &ClassCommand::AskToSpeak, &["kim"], 60));
    world.ok(kim, accept("hand"));
    let source = class.source("ann");
    class.world.run(vec![Input::Spoke { source, ms: 700 }]);
    let Class { world, kim, lee, students: [_, ben, _] } = &mut class;
    world.wait(20_000);
    world.ok(ben, leave());
    let page = world.ok(kim, report());
    assert!(page.lesson.on && !page.more);
    let rows: Vec<_> = page.rows.iter().map(|row| (row.user_id.as_str(), row.display_name.as_str())).collect();
    assert_eq!(rows, [("ann", "ANN"), ("ben", "BEN"), ("cho", "CHO"), ("kim", "KIM")]);
    let [ann_row, ben_row, cho_row, kim_row] = &page.rows[..] else { unreachable!("four") };
    assert_eq!(
        (&ann_row.stays[..], ann_row.talked_ms, ann_row.hands, ann_row.turns),
        (&[(10_000, 30_000)][..], 700, 1, 1)
    );
    assert_eq!((ben_row.stays[0].1, ben_row.present, ben_row.called), (30_000, 0, 1));
    assert_eq!((ann_row.present, ann_row.called, cho_row.called, &cho_row.stays[..]), (1, 1, 1, &[][..]));
    assert!(kim_row.teacher && !ann_row.teacher);

    world.ok(ben, api::SetSelfInfo { display_name: "벤".into() });
    world.ok(kim, end());
    let page = world.ok(lee, report());
    assert_eq!((page.lesson.on, page.lesson.started, page.lesson.length_ms), (false, started, 30_000));
    assert_eq!(page.rows[1].display_name, "벤", "the name at the end");
    world.ok(ben, api::SetSelfInfo { display_name: "BEN".into() });
    world.restart(1_000);
    let mut lee = world.login(&lee.creds().clone(), Start::Cold, 0, 64);
    assert_eq!(world.ok(&mut lee, report()), page, "it is on disk");
    // A second lesson for the same call has a name of its own.
    world.ok(&mut lee, open());
    let lessons = world.ok(&mut lee, api::GetLessons { group_id: group("g") }).lessons;
    assert_eq!((lessons.len(), lessons[0].on, &lessons[1]), (2, true, &page.lesson));
    assert_ne!(lessons[0].lesson_id, invite_id("lesson"));
}

#[test]
fn reports_come_in_pages_and_the_newest_are_kept() {
    let mut class = Class::gathered();
    let Class { world, kim, .. } = &mut class;
    let crowd: Vec<String> = (0..REPORT_PAGE_MAX + 1).map(|n| format!("s{n:04}")).collect();
    let names: Vec<&str> = crowd.iter().map(String::as_str).collect();
    for name in &crowd {
        let mut phone = world.connect(8);
        world.sign_up(&mut phone, name).expect("signed up");
    }
    for some in names.chunks(100) {
        world.ok(kim, api::InviteUserToGroup { group_id: group("g"), user_list: users(some) });
    }
    world.ok(kim, open());
    world.ok(kim, ask("roll", &ClassCommand::RollCall, &names, 60));
    let page = world.ok(kim, report());
    assert_eq!((page.rows.len(), page.more), (REPORT_PAGE_MAX, true));
    let after = page.rows.last().map(|row| row.user_id.clone());
    let page = world.ok(kim, api::GetLessonReport { after, ..report() });
    assert_eq!((page.rows.len(), page.more), (2, false));
    for n in 0..50 {
        world.ok(kim, end());
        world.wait(2_000);
        world.ok(kim, api::EnterRoom { call_id: Some(invite_id(&format!("lesson {n}"))), ..open() });
        world.lines(kim);
    }
    world.ok(kim, end());
    let lessons = world.ok(kim, api::GetLessons { group_id: group("g") }).lessons;
    assert_eq!((lessons.len(), &lessons[0].lesson_id), (50, &invite_id("lesson 49")));
    world.refused(kim, report(), Code::NotFound);
}
