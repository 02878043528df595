//! What is read, and what is refused and heard of by nobody.

use super::*;
use crate::protocol::limits;

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
