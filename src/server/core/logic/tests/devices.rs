//! The devices of one user: listed, named, signed out from each other.

use super::*;
use crate::protocol::{api::DeviceInfo, event::KickedOffline};

/// The list as lines: own, online, name, how long ago it was seen.
fn list(world: &mut World, phone: &mut Phone) -> Vec<(bool, bool, String, i64)> {
    let wall_ms = world.wall_ms;
    let line = |device: DeviceInfo| (device.own, device.online, device.device_name, wall_ms - device.last_seen_ms);
    world.ok(phone, api::GetDevices {}).devices.into_iter().map(line).collect()
}

/// Whether the device was told of a change since the last look.
fn told(world: &mut World, phone: &mut Phone) -> bool {
    world.settle(phone);
    std::mem::take(&mut phone.device_news) > 0
}

fn sign_out(device: &DeviceId) -> api::SignOutDevice {
    api::SignOutDevice { device_id: device.clone() }
}

fn rename(device: &DeviceId, name: &str) -> api::RenameDevice {
    api::RenameDevice { device_id: device.clone(), device_name: name.into() }
}

#[test]
fn devices_are_listed_with_when_they_were_seen() {
    let mut world = World::new();
    let mut desk = world.online("a");
    let mut stranger = world.online("b");
    told(&mut world, &mut stranger);
    assert_eq!(list(&mut world, &mut desk), [(true, true, "desk".into(), 0)]);

    let phone = world.another_device("a");
    assert!(told(&mut world, &mut desk), "it is new, and it is online");
    world.wait(5_000);
    let both = [(true, true, "desk".into(), 0), (false, true, "phone".into(), 0)];
    assert!(both.iter().all(|line| list(&mut world, &mut desk).contains(line)));

    world.close(&phone);
    assert!(told(&mut world, &mut desk), "it is gone");
    world.wait(7_000);
    assert_eq!(list(&mut world, &mut desk)[1], (false, false, "phone".into(), 7_000), "since it left");
    let mut phone = world.login(phone.creds(), Start::Hot, 0, 64);
    assert!(told(&mut world, &mut desk), "it is back");
    assert_eq!(list(&mut world, &mut phone)[0].3, 0);
    world.ok(&mut phone, api::Logout { forget: true });
    assert!(told(&mut world, &mut desk));
    assert_eq!(list(&mut world, &mut desk).len(), 1);
    assert!(!told(&mut world, &mut stranger), "it is nobody else's business");
}

#[test]
fn a_login_is_noted_although_the_end_never_is() {
    let mut world = World::new();
    let mut desk = world.online("a");
    let phone = world.another_device("a");
    let added = world.wall_ms;
    world.close(&phone);
    world.wait(10_000);
    world.login(phone.creds(), Start::Cold, 0, 64);
    // The server is killed: no connection ends in good order.
    world.restart(90_000);
    desk = world.login(desk.creds(), Start::Hot, 0, 64);
    let listed = world.ok(&mut desk, api::GetDevices {}).devices.remove(1);
    assert_eq!((listed.created_ms, listed.last_seen_ms), (added, added + 10_000));
}

#[test]
fn a_disk_that_takes_nothing_keeps_nobody_out() {
    let mut world = World::new();
    let desk = world.online("a");
    world.close(&desk);
    world.logic().store.refuse_writes(true);
    let mut desk = world.login(desk.creds(), Start::Cold, 0, 64);
    assert_eq!(list(&mut world, &mut desk).len(), 1);
}

#[test]
fn a_new_name_counts_at_once_and_on_all_devices() {
    let mut world = World::new();
    let (mut desk, mut b) = (world.online("a"), world.online("b"));
    let mut phone = world.another_device("a");
    let device = desk.device();
    world.refused(&mut b, rename(&device, "mine"), Code::NotFound);
    world.refused(&mut phone, rename(&DeviceId::random(), "nobody's"), Code::NotFound);
    assert!(rename(&device, " ").validate().is_err_and(|error| error.is(Code::InvalidParameters)));
    told(&mut world, &mut desk);
    assert!(list(&mut world, &mut desk).contains(&(true, true, "desk".into(), 0)), "nothing was changed");

    world.ok(&mut phone, rename(&device, "책상"));
    assert!(told(&mut world, &mut desk) && told(&mut world, &mut phone));
    assert!(list(&mut world, &mut phone).iter().any(|device| device.2 == "책상"));
    world.ok(&mut b, invite("i", "a"));
    world.ok(&mut desk, accept("i"));
    let answered_on = world.events(&mut b).into_iter().find_map(|delivery| match delivery.event {
        Event::InviteeAccepted(answer) => Some(answer.device_name),
        _ => None,
    });
    assert_eq!(answered_on.as_deref(), Some("책상"));
}

#[test]
fn a_device_signs_another_one_out() {
    let mut world = World::new();
    let (mut desk, mut b) = (world.online("a"), world.online("b"));
    let mut phone = world.another_device("a");
    let device = phone.device();
    let own = desk.device();
    world.refused(&mut desk, sign_out(&own), Code::InvalidOperation);
    world.refused(&mut b, sign_out(&device), Code::NotFound);
    world.ok(&mut phone, api::EnterRoom { create: true, ..api::EnterRoom::of(room(1)) });
    world.lines(&mut phone);
    world.relay.take();
    told(&mut world, &mut desk);
    world.presence(&mut b);

    world.ok(&mut desk, sign_out(&device));
    let kicked = world.events(&mut phone).remove(0).event;
    let Event::KickedOffline(KickedOffline { reason, by_device }) = kicked else { panic!("{kicked:?}") };
    assert!(reason.is(Code::KickedOffline) && reason.message.contains("desk"), "{reason}");
    assert_eq!(by_device.as_deref(), Some("desk"));
    assert!(phone.closed.as_ref().is_some_and(|reason| reason.is(Code::KickedOffline)));
    assert_eq!(world.relay.take().len(), 1, "its place in the room is gone");
    assert_eq!(world.presence(&mut b), [("a".into(), Presence::Online)], "no longer in a call");
    assert!(told(&mut world, &mut desk));
    assert_eq!(list(&mut world, &mut desk).len(), 1);

    let again = api::Login { user_id: user("a"), token: phone.creds().token.clone(), start: Start::Hot, last_seq: 0 };
    let mut later = world.connect(8);
    world.refused(&mut later, again, Code::TokenRejected);
    world.refused(&mut desk, sign_out(&device), Code::NotFound);
}

#[test]
fn what_a_device_was_inviting_to_is_taken_back_with_it() {
    let mut world = World::new();
    let (mut desk, mut b) = (world.online("a"), world.online("b"));
    let mut phone = world.another_device("a");
    world.ok(&mut phone, invite("i", "b"));
    world.ok(&mut phone, api::Invite { timeout: 0, ..invite("message", "b") });
    world.ok(&mut desk, invite("own", "b"));
    world.lines(&mut b);
    let device = phone.device();
    world.ok(&mut desk, sign_out(&device));
    let cancelled: Vec<InviteId> = world
        .events(&mut b)
        .into_iter()
        .filter_map(|delivery| match delivery.event {
            Event::InvitationCancelled(cancelled) => Some(cancelled.invite_id),
            _ => None,
        })
        .collect();
    assert_eq!(cancelled, [invite_id("i")]);
    world.ok(&mut b, accept("own"));
}

#[test]
fn nobody_is_signed_out_by_a_batch_that_is_not_stored() {
    let mut world = World::new();
    let mut desk = world.online("a");
    let mut phone = world.another_device("a");
    let device = phone.device();
    told(&mut world, &mut desk);
    world.logic().store.execute(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
         CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED) STRICT;
         CREATE TRIGGER spoil AFTER DELETE ON devices BEGIN INSERT INTO child VALUES (1); END;",
    );
    world.refused(&mut desk, sign_out(&device), Code::Internal);
    assert!(!told(&mut world, &mut desk));
    assert_eq!(world.lines(&mut phone), no_lines());
    assert!(phone.closed.is_none());
    world.ok(&mut phone, api::GetDevices {});
}
