//! Media rooms.

use super::*;
use crate::protocol::{event::LeaveReason, limits};

fn enter(number: u32) -> api::EnterRoom {
    api::EnterRoom::of(room(number))
}

fn create(number: u32) -> api::EnterRoom {
    api::EnterRoom { create: true, ..enter(number) }
}

/// Lets somebody in, without a word in any log.
fn allow(number: u32, name: &str) -> api::Invite {
    let invite = invite(&format!("{name} to {number}"), name);
    api::Invite { online_user_only: true, timeout: 0, room_id: Some(room(number)), ..invite }
}

/// What has come about rooms.
fn room_events(world: &mut World, phone: &mut Phone) -> Vec<Delivery> {
    let mut events = world.events(phone);
    events.retain(|delivery| delivery.event.method().contains("RemoteUser"));
    events
}

fn room_lines(world: &mut World, phone: &mut Phone) -> Vec<String> {
    room_events(world, phone).iter().map(line).collect()
}

fn leave(number: u32) -> api::ExitRoom {
    api::ExitRoom { room_id: room(number), group_id: None }
}

#[test]
fn only_who_was_let_in_enters() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.refused(&mut a, enter(7), Code::NotFound);
    world.refused(&mut a, allow(7, "b"), Code::NotFound);
    let first = world.ok(&mut a, create(7));
    assert!(first.participants.is_empty() && first.relay_token.len() == 32);
    world.refused(&mut b, create(7), Code::IdInUse);
    world.refused(&mut b, enter(7), Code::PermissionDenied);
    world.refused(&mut b, allow(7, "c"), Code::PermissionDenied);
    world.refused(&mut a, allow(7, "x"), Code::PeerNotFound);
    world.ok(&mut a, allow(7, "b"));
    let second = world.ok(&mut b, enter(7));
    assert_ne!(first.source_id, second.source_id);
    assert_eq!(second.participants.len(), 1);
    assert_eq!(second.participants[0].source_id, first.source_id);
    assert_eq!(room_lines(&mut world, &mut a), ["0 onRemoteUserEnterRoom"]);
    world.refused(&mut c, enter(7), Code::PermissionDenied);
    world.refused(&mut c, leave(7), Code::InvalidOperation);
    world.ok(&mut a, leave(7));
    let told = room_events(&mut world, &mut b);
    assert!(matches!(&told[..], [Delivery { event: Event::RemoteUserLeaveRoom(left), .. }]
        if left.reason == LeaveReason::Exit && left.participant.source_id == first.source_id));
    world.ok(&mut a, enter(7));
    world.ok(&mut a, leave(7));
    world.ok(&mut b, leave(7));
    world.refused(&mut a, enter(7), Code::NotFound);
    world.ok(&mut c, create(7));
    world.refused(&mut a, enter(7), Code::PermissionDenied);
    let relay = world.relay.take();
    assert_eq!(
        relay,
        ["admit 1 to 7", "admit 2 to 7", "evict 1", "admit 3 to 7", "evict 3", "evict 2", "admit 4 to 7"]
    );
}

#[test]
fn a_groups_room_is_open_to_its_members() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    let of_group = |number| api::EnterRoom { group_id: Some(group("g")), ..create(number) };
    world.refused(&mut a, of_group(1), Code::NotFound);
    world.ok(&mut a, create_group(GroupType::Meeting, &["b"]));
    world.refused(&mut c, of_group(1), Code::PermissionDenied);
    world.ok(&mut a, of_group(1));
    world.ok(&mut b, enter(1));
    world.refused(&mut c, enter(1), Code::PermissionDenied);
    world.ok(&mut c, api::JoinGroup { group_id: group("g"), message: String::new() });
    world.ok(&mut c, enter(1));
}

#[test]
fn a_device_is_in_one_room_a_user_may_be_in_several() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    let mut a2 = world.another_device("a");
    world.ok(&mut b, create(1));
    world.ok(&mut b, allow(1, "a"));
    world.ok(&mut a, enter(1));
    world.ok(&mut a2, enter(1));
    world.ok(&mut a, create(2));
    let enters = "0 onRemoteUserEnterRoom";
    assert_eq!(room_lines(&mut world, &mut b), [enters, enters, "0 onRemoteUserLeaveRoom"]);
    assert_eq!(world.relay.take().last().map(String::as_str), Some("admit 4 to 2"));
    assert_eq!(room_lines(&mut world, &mut a2), ["0 onRemoteUserLeaveRoom"], "the other device stays");
}

#[test]
fn a_call_on_hold_keeps_its_place_beside_another() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.ok(&mut b, create(1));
    world.ok(&mut b, allow(1, "a"));
    world.ok(&mut c, create(2));
    world.ok(&mut c, allow(2, "a"));
    let first = world.ok(&mut a, enter(1));
    let beside = |number| api::EnterRoom { keep_others: true, ..enter(number) };
    let holding = world.ok(&mut a, api::EnterRoom { on_hold: true, ..beside(1) });
    assert_eq!((holding.source_id, holding.participants.len()), (first.source_id, 1), "the same place");
    let second = world.ok(&mut a, beside(2));
    assert_ne!(second.source_id, first.source_id);
    let (enters, held) = ("0 onRemoteUserEnterRoom", "0 onRemoteUserHoldChanged");
    let told = room_events(&mut world, &mut b);
    assert_eq!(told.iter().map(line).collect::<Vec<_>>(), [enters, held]);
    assert!(matches!(&told[1].event, Event::RemoteUserHoldChanged(hold) if hold.participant.on_hold));
    assert_eq!(room_lines(&mut world, &mut c), [enters]);
    // That its sound is gone is no news, and nobody is told twice.
    world.run(vec![Input::MediaUp { source: first.source_id }, Input::MediaDown { source: first.source_id }]);
    world.ok(&mut a, api::EnterRoom { on_hold: true, ..beside(1) });
    assert_eq!(room_lines(&mut world, &mut b), no_lines());
    let again = world.ok(&mut b, enter(1));
    assert!(again.participants[0].on_hold, "who comes later sees it, too");
    // Back in the first; both calls see the end of the connection, and of the place.
    world.ok(&mut a, beside(1));
    assert_eq!(room_lines(&mut world, &mut b), [held]);
    world.close(&a);
    let (link, left) = ("0 onRemoteUserLinkChanged", "0 onRemoteUserLeaveRoom");
    assert_eq!(
        (room_lines(&mut world, &mut b), room_lines(&mut world, &mut c)),
        (vec![link.into()], vec![link.into()])
    );
    world.wait(limits::ROOM_GRACE_MS);
    assert_eq!(
        (room_lines(&mut world, &mut b), room_lines(&mut world, &mut c)),
        (vec![left.into()], vec![left.into()])
    );
}

#[test]
fn changes_are_numbered_and_the_answer_says_up_to_where_it_knows_them() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    let opened = world.ok(&mut a, create(1)).change;
    for name in ["b", "c"] {
        world.ok(&mut a, allow(1, name));
    }
    let entered = world.ok(&mut b, enter(1)).change;
    world.ok(&mut c, enter(1));
    world.ok(&mut b, api::EnterRoom { on_hold: true, ..enter(1) });
    world.close(&c);
    let again = world.ok(&mut b, enter(1)).change;
    world.ok(&mut b, leave(1));
    let told: Vec<u64> = room_events(&mut world, &mut a)
        .into_iter()
        .map(|delivery| match delivery.event {
            Event::RemoteUserEnterRoom(entered) => entered.change,
            Event::RemoteUserLeaveRoom(left) => left.change,
            Event::RemoteUserLinkChanged(link) => link.change,
            Event::RemoteUserHoldChanged(hold) => hold.change,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(told.is_sorted_by(|one, next| one < next) && told.len() == 6, "{told:?}");
    // B came; C came, B held, C's connection broke, B was back; B left.
    assert!(opened < told[0] && (entered, again) == (told[0], told[4]), "{opened} {entered} {again} {told:?}");
}

#[test]
fn who_holds_has_no_sound_until_back() {
    let mut world = World::new();
    let mut a = world.online("a");
    world.ok(&mut a, create(1));
    world.relay.take();
    let hold = |number, create| api::EnterRoom { create, on_hold: true, keep_others: true, ..enter(number) };
    world.ok(&mut a, hold(1, false));
    assert_eq!(world.relay.take(), ["evict 1"], "the others are told that nothing is heard here");
    world.ok(&mut a, hold(2, true));
    assert_eq!(world.relay.take(), ["evict 2"], "nor does it begin with sound");
    for number in [1, 2] {
        world.ok(&mut a, api::EnterRoom { keep_others: true, ..enter(number) });
        assert_eq!(world.relay.take(), [format!("admit {number} to {number}")]);
    }
}

#[test]
fn who_holds_and_loses_the_sound_at_once_is_not_called_broken() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut b, create(1));
    world.ok(&mut b, allow(1, "a"));
    let source = world.ok(&mut a, enter(1)).source_id;
    world.run(vec![Input::MediaUp { source }, Input::MediaDown { source }]);
    let hold = api::EnterRoom { on_hold: true, ..enter(1) };
    world.ok(&mut a, hold);
    let told: Vec<bool> = room_events(&mut world, &mut b)
        .iter()
        .filter_map(|delivery| match &delivery.event {
            Event::RemoteUserLinkChanged(link) => Some(link.connected),
            _ => None,
        })
        .collect();
    assert_eq!(told, [false, true], "the sound was gone a moment before the word");
    world.ok(&mut a, enter(1));
    assert_eq!(room_lines(&mut world, &mut b), ["0 onRemoteUserHoldChanged"], "and it has yet to come back");
}

#[test]
fn a_device_is_in_a_few_rooms_at_most() {
    let mut world = World::new();
    let mut a = world.online("a");
    let beside = |number| api::EnterRoom { keep_others: true, ..create(number) };
    let most = u32::try_from(limits::ROOMS_PER_DEVICE_MAX).expect("few");
    for number in 1..=most {
        world.ok(&mut a, beside(number));
    }
    world.refused(&mut a, beside(most + 1), Code::InvalidOperation);
    world.ok(&mut a, leave(2));
    world.ok(&mut a, beside(most + 1));
    world.ok(&mut a, create(most + 2));
    world.refused(&mut a, leave(1), Code::NotFound);
    world.ok(&mut a, leave(most + 2));
}

#[test]
fn a_lost_participant_keeps_the_place_for_a_while() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, create(1));
    world.ok(&mut a, allow(1, "b"));
    let first = world.ok(&mut b, enter(1));
    room_lines(&mut world, &mut a);
    world.close(&b);
    let link = "0 onRemoteUserLinkChanged";
    assert_eq!(room_lines(&mut world, &mut a), [link]);
    world.wait(limits::ROOM_GRACE_MS - 1);
    let mut b = world.login(b.creds(), Start::Hot, 0, 8);
    assert_eq!(room_lines(&mut world, &mut a), [link], "back");
    let again = world.ok(&mut b, create(1));
    assert_eq!(again.source_id, first.source_id, "entering again keeps the source, also with `create`");
    assert_ne!(again.relay_token, first.relay_token);
    assert_eq!(again.participants.len(), 1);
    assert_eq!(room_lines(&mut world, &mut a), no_lines());
    world.wait(limits::ROOM_GRACE_MS);
    assert_eq!(room_lines(&mut world, &mut a), no_lines(), "the old deadline is void");

    world.close(&b);
    room_lines(&mut world, &mut a);
    world.wait(limits::ROOM_GRACE_MS);
    let told = room_events(&mut world, &mut a);
    assert!(matches!(&told[..], [Delivery { event: Event::RemoteUserLeaveRoom(left), .. }]
        if left.reason == LeaveReason::Lost));
    world.close(&a);
    world.wait(limits::ROOM_GRACE_MS);
    assert_eq!(world.relay.take().last().map(String::as_str), Some("evict 1"));
    let mut b = world.login(b.creds(), Start::Hot, 0, 8);
    world.refused(&mut b, enter(1), Code::NotFound);
}

#[test]
fn a_program_started_anew_has_left_its_room() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, create(1));
    world.ok(&mut a, allow(1, "b"));
    world.ok(&mut b, enter(1));
    room_lines(&mut world, &mut a);
    // Killed; the server may not even know that the old connection is gone.
    let _b = world.login(b.creds(), Start::Cold, 0, 8);
    let told = room_events(&mut world, &mut a);
    assert!(told.iter().any(|delivery| matches!(&delivery.event, Event::RemoteUserLeaveRoom(left)
        if left.reason == LeaveReason::Lost)));
}

#[test]
fn a_lost_media_connection_is_told_but_not_punished() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, create(1));
    world.ok(&mut a, allow(1, "b"));
    let source = world.ok(&mut b, enter(1)).source_id;
    room_lines(&mut world, &mut a);
    let mut states = |world: &mut World, inputs: Vec<Input>| -> Vec<bool> {
        world.run(inputs);
        let told = room_events(world, &mut a);
        told.iter()
            .map(|delivery| matches!(&delivery.event, Event::RemoteUserLinkChanged(link) if link.connected))
            .collect()
    };
    let (up, down) = (|| Input::MediaUp { source }, || Input::MediaDown { source });
    assert_eq!(states(&mut world, vec![up()]), no_links(), "not yet up is not broken");
    assert_eq!(states(&mut world, vec![up()]), no_links(), "one has replaced the other");
    assert_eq!(states(&mut world, vec![down()]), [false]);
    world.wait(10 * limits::ROOM_GRACE_MS);
    assert_eq!(states(&mut world, vec![Input::Closed { conn: b.conn }]), no_links(), "broken already");
    let mut b = world.login(b.creds(), Start::Hot, 0, 8);
    assert_eq!(states(&mut world, vec![]), no_links(), "still no media");
    assert_eq!(states(&mut world, vec![up()]), [true]);
    world.ok(&mut b, api::Logout { forget: false });
    assert_eq!(states(&mut world, vec![up(), down()]), [false], "left at once; the late news is for nobody");
}

/// B is in a room with A, and its media connection says nothing any more.
fn fallen_silent() -> (World, Phone, Phone, SourceId) {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, create(1));
    world.ok(&mut a, allow(1, "b"));
    let source = world.ok(&mut b, enter(1)).source_id;
    world.run(vec![Input::MediaUp { source }, Input::MediaDown { source }]);
    (world, a, b, source)
}

#[test]
fn who_falls_silent_is_looked_at_and_gone_half_a_minute_after_the_silence() {
    let (mut world, mut a, mut b, _) = fallen_silent();
    room_lines(&mut world, &mut a);
    world.events(&mut b);
    assert_eq!((b.tests, a.tests), (1, 0));
    // It does not answer.
    world.wait(5_000);
    world.close(&b);
    assert_eq!(room_lines(&mut world, &mut a), no_lines(), "that is known already");
    world.wait(limits::ROOM_GRACE_MS - 5_001);
    assert_eq!(room_lines(&mut world, &mut a), no_lines());
    world.wait(1);
    assert_eq!(room_lines(&mut world, &mut a), ["0 onRemoteUserLeaveRoom"]);
}

#[test]
fn a_long_silence_does_not_make_a_short_break_the_end() {
    let (mut world, mut a, b, source) = fallen_silent();
    // It answers, and so it stays.
    world.wait(10 * limits::ROOM_GRACE_MS);
    room_lines(&mut world, &mut a);
    world.close(&b);
    world.wait(limits::ROOM_GRACE_MS / 2);
    let _b = world.login(b.creds(), Start::Hot, 0, 8);
    world.run(vec![Input::MediaUp { source }]);
    assert_eq!(room_lines(&mut world, &mut a), ["0 onRemoteUserLinkChanged"]);
}

fn no_links() -> Vec<bool> {
    Vec::new()
}
