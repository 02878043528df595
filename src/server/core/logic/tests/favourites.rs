//! Favourites: bounded, and the same on all devices of their user.

use super::*;
use crate::protocol::{api::Favourites, limits::FAVOURITES_MAX};

fn set(name: &str, favourite: bool) -> api::SetFavourite {
    api::SetFavourite { user_id: user(name), favourite }
}

/// What the device was told since the last look.
fn told(world: &mut World, phone: &mut Phone) -> Vec<Vec<UserId>> {
    let list = |delivery: Delivery| match delivery.event {
        Event::FavouritesChanged(Favourites { user_list }) => Some(user_list),
        _ => None,
    };
    world.events(phone).into_iter().filter_map(list).collect()
}

#[test]
fn all_devices_of_a_user_share_them() {
    let mut world = World::new();
    let (mut desk, mut b) = (world.online("a"), world.online("b"));
    world.online("c");
    let mut phone = world.another_device("a");
    world.ok(&mut desk, set("c", true));
    world.ok(&mut phone, set("b", true));
    world.ok(&mut phone, set("b", true));
    assert_eq!(told(&mut world, &mut desk), [users(&["c"]), users(&["b", "c"])], "once for each change");
    assert_eq!(told(&mut world, &mut phone).len(), 2);
    world.ok(&mut desk, set("c", false));
    world.ok(&mut desk, set("c", false));
    assert_eq!(told(&mut world, &mut phone), [users(&["b"])]);
    assert!(told(&mut world, &mut b).is_empty(), "who is somebody's favourite does not hear of it");
    world.restart(1_000);
    let mut desk = world.login(desk.creds(), Start::Cold, 0, 64);
    assert_eq!(world.ok(&mut desk, api::GetFavourites {}).user_list, users(&["b"]));
}

#[test]
fn favourites_are_bounded_and_exist() {
    let mut world = World::new();
    let mut desk = world.online("a");
    world.refused(&mut desk, set("a", true), Code::InvalidParameters);
    world.refused(&mut desk, set("nobody", true), Code::AccountNotFound);
    world.ok(&mut desk, set("nobody", false));
    let mut other = world.connect(8);
    for n in 0..=FAVOURITES_MAX {
        world.sign_up(&mut other, &format!("u{n}")).expect("signed up");
    }
    for n in 0..FAVOURITES_MAX {
        world.ok(&mut desk, set(&format!("u{n}"), true));
    }
    let last = format!("u{FAVOURITES_MAX}");
    world.refused(&mut desk, set(&last, true), Code::TooManyAccounts);
    world.ok(&mut desk, set("u0", true));
    world.ok(&mut desk, set("u0", false));
    world.ok(&mut desk, set(&last, true));
    assert_eq!(world.ok(&mut desk, api::GetFavourites {}).user_list.len(), FAVOURITES_MAX);
}

#[test]
fn what_is_not_stored_is_not_told() {
    let mut world = World::new();
    let mut desk = world.online("a");
    world.online("b");
    world.logic().store.refuse_writes(true);
    world.refused(&mut desk, set("b", true), Code::Internal);
    assert!(told(&mut world, &mut desk).is_empty());
    assert!(world.ok(&mut desk, api::GetFavourites {}).user_list.is_empty());
}
