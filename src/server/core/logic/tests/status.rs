//! Whether a user wants to be called: kept, told to the own devices, and shown to others.

use super::*;
use crate::protocol::api::{Schedule, SelfStatus};

fn by_hand(on: bool) -> api::SetSelfStatus {
    api::SetSelfStatus { do_not_disturb: Some(on), schedule: None }
}

/// What the device was told since the last look.
fn told(world: &mut World, phone: &mut Phone) -> Vec<SelfStatus> {
    let status = |delivery: Delivery| match delivery.event {
        Event::SelfStatusChanged(status) => Some(status),
        _ => None,
    };
    world.events(phone).into_iter().filter_map(status).collect()
}

#[test]
fn all_devices_of_a_user_share_it() {
    let mut world = World::new();
    let (mut desk, mut other) = (world.online("a"), world.online("b"));
    let mut phone = world.another_device("a");
    assert_eq!(world.ok(&mut desk, api::GetSelfStatus {}), SelfStatus::default());

    world.ok(&mut desk, by_hand(true));
    let set = SelfStatus { do_not_disturb: true, ..SelfStatus::default() };
    assert_eq!((told(&mut world, &mut desk), told(&mut world, &mut phone)), (vec![set.clone()], vec![set.clone()]));
    world.ok(&mut phone, by_hand(true));
    assert!(told(&mut world, &mut phone).is_empty(), "nothing has changed");

    let schedule = Schedule { enabled: true, from_minute: 5, ..Schedule::default() };
    world.ok(&mut phone, api::SetSelfStatus { do_not_disturb: None, schedule: Some(schedule.clone()) });
    let both = SelfStatus { do_not_disturb: true, schedule };
    assert_eq!(told(&mut world, &mut desk), vec![both.clone()], "what is not named stays");
    assert!(told(&mut world, &mut other).is_empty());

    world.restart(1_000);
    let mut again = world.connect(8);
    let (user_id, token) = (user("a"), desk.creds().token.clone());
    let reply = world.ok(&mut again, api::Login { user_id, token, start: Start::Cold, last_seq: 0 });
    assert_eq!(reply.self_status, both, "known before anything rings");
}

#[test]
fn one_device_that_lets_nothing_ring_speaks_for_all() {
    let mut world = World::new();
    let mut watcher = world.online("w");
    let mut desk = world.online("a");
    let mut phone = world.another_device("a");
    world.presence(&mut watcher);
    world.ok(&mut desk, by_hand(true));
    assert_eq!(world.presence(&mut watcher), [], "it is the devices that say so");
    let quiet = |on| api::SetDeviceStatus { do_not_disturb: on };
    world.ok(&mut desk, quiet(true));
    assert_eq!(world.presence(&mut watcher), [("a".into(), Presence::DoNotDisturb)]);
    world.ok(&mut phone, quiet(true));
    world.ok(&mut phone, api::EnterRoom { create: true, ..api::EnterRoom::of(room(1)) });
    assert_eq!(world.presence(&mut watcher), [], "also in a call");
    world.ok(&mut desk, quiet(false));
    assert_eq!(world.presence(&mut watcher), [], "the other one still says so");
    world.close(&phone);
    assert_eq!(world.presence(&mut watcher), [("a".into(), Presence::Online)], "it held for its session");
    world.ok(&mut desk, quiet(true));
    let found = world.ok(&mut watcher, api::GetUsers { query: "a".into(), after: None, limit: 1 });
    assert_eq!(found.users[0].presence, Presence::DoNotDisturb);
    world.close(&desk);
    assert_eq!(world.presence(&mut watcher).last(), Some(&("a".into(), Presence::Offline)));
}

#[test]
fn what_is_not_stored_is_not_told() {
    let mut world = World::new();
    let mut desk = world.online("a");
    world.logic().store.refuse_writes(true);
    world.refused(&mut desk, by_hand(true), Code::Internal);
    assert!(told(&mut world, &mut desk).is_empty());
    assert_eq!(world.ok(&mut desk, api::GetSelfStatus {}), SelfStatus::default());
}
