//! The model test: thousands of small worlds in which people call each other while everything goes wrong that can.
//!
//! In each world 2 to 5 users with one or two devices each place, answer, decline, hang up, cancel; programs use the
//! signaling API beside it with right and wrong identifiers; messages are late, connections break (noticed at once or
//! not for 15 s) and come back hot, programs are killed and come back cold. The clock is virtual. Real: the rules of
//! invitations (`signaling::Book`), the client's inbox (`client::sync`), the call machine, the call log. Simulated:
//! network, sessions, replay, rooms (`server`). Independent: the specification (`spec`), against which every answer of
//! the server is held.
//!
//! # The invariants
//! At every request
//! * the server refuses exactly what the specification refuses, with its code (8010, 8011, 8012, 7014, 6017);
//! * each part of an invitation gets one result, at the latest with the server's own limit, and never a second;
//! * no request is sent again after it succeeded.
//!
//! On every device, at every moment
//! * at most one live call, or two where others may wait, of which one is a talk and not both are at the ear; what has
//!   ended never lives again; sound runs only in an accepted call that is not on hold;
//! * "it was over already" (8010) is never shown as an error;
//! * nothing rings after its time, and no invitation is called back after its end;
//! * nobody rings who is calling the same person: glare connects in silence, and the smaller `inviteID` stays;
//! * the stored events are the user's log: each once, in order.
//!
//! In quiet moments
//! * who talks, talks with somebody who talks with them, and knows who has the other on hold; nothing rings whose invitation is over; nobody is left
//!   "connecting".
//!
//! At the end
//! * all rooms are empty, all calls over, no machine waits for anything;
//! * what a device shows as the end of a call is what the specification says of the invitation: both sides agree;
//! * one row per call in the logs of both, with the same result, the same length, and a direction of its own; no row for
//!   what gave way in a glare, for ringing notices, or for other businesses;
//! * an answered call has its end in the log unless both programs were killed; the lengths of both sides differ by no
//!   more than a second and the delay.
//!
//! Half of the worlds are those of calls between two; in the others ([`parties`]) people call their group, pick several,
//! join, add and stop ringing, and those have invariants of their own.
//!
//! A failure names the seed of its world: `AHOY_MODEL_SEED=n cargo test --test model` plays that world alone and tells
//! everything that happens. `AHOY_MODEL_CASES=n` plays more worlds than usual.
#![cfg(feature = "desktop")]

mod check;
mod device;
mod parties;
mod people;
mod rng;
mod rooms;
mod server;
mod spec;
mod world;

use std::collections::BTreeMap;

use ahoy::{
    call::Input,
    protocol::{Event, call_data::CallData},
};

use world::World;

/// How many worlds of each kind a usual run plays.
const CASES: u64 = 12_000;

/// What happened in a world, for the statistics.
type Happened = Vec<&'static str>;

fn play(seed: u64, trace: bool) -> Result<Happened, String> {
    let mut world = World::new(seed, trace);
    live(&mut world, World::act, check::quiet)?;
    finish(&mut world)?;
    let mut happened: Happened = world.devices.iter().flat_map(|device| device.happened.iter().copied()).collect();
    let glares = world.event_count(|event| {
        matches!(event, Event::InvitationCancelled(e) if CallData::parse(&e.data).is_ok_and(|data| data.is_glare()))
    });
    happened.extend((glares > 0).then_some("glare"));
    Ok(happened)
}

/// Things happen, with waits and quiet moments in between.
fn live(
    world: &mut World,
    act: impl Fn(&mut World) -> Result<(), String>,
    quiet: impl Fn(&World) -> Result<(), String>,
) -> Result<(), String> {
    world.run(500)?;
    let steps = 8 + world.rng.below(32);
    for _ in 0..steps {
        if world.waiting && world.rng.percent(12) {
            world.hold_or_resume()?;
        }
        if world.rng.percent(4) {
            world.silence()?;
        }
        if world.rng.percent(if world.devices.iter().any(|device| device.quiet) { 15 } else { 2 }) {
            world.turn_quiet();
        }
        act(world)?;
        let wait_ms = match world.rng.below(100) {
            0..20 => 0,
            20..45 => world.rng.below(200),
            45..85 => world.rng.below(4_000),
            _ => world.rng.below(35_000),
        };
        world.run(wait_ms)?;
        if world.rng.percent(6) {
            world.calm_down();
            // Longer than connecting, reconnecting and a silent peer may take.
            world.run(40_000)?;
            quiet(world)?;
            world.calm = false;
        }
    }
    Ok(())
}

/// Everybody comes back, hangs up, and waits until nothing is remembered any more.
fn wind_up(world: &mut World, quiet: impl Fn(&World) -> Result<(), String>) -> Result<(), String> {
    world.calm_down();
    world.run(40_000)?;
    quiet(world)?;
    for device in 0..world.devices.len() {
        let lives: Vec<_> = world.devices[device].lives().map(|view| view.call_id).collect();
        for call in lives {
            world.feed(device, Input::HangUp(call))?;
        }
    }
    // Longer than anything is remembered, and than any invitation of the test lasts.
    world.run(150_000)
}

fn finish(world: &mut World) -> Result<(), String> {
    wind_up(world, check::quiet)?;
    check::at_rest(world)
}

/// Plays many worlds on all processors, and counts what happened in how many of them.
fn play_many(play: fn(u64, bool) -> Result<Happened, String>) -> Option<BTreeMap<&'static str, u64>> {
    if let Ok(seed) = std::env::var("AHOY_MODEL_SEED") {
        let seed = seed.parse().expect("AHOY_MODEL_SEED is a number");
        if let Err(why) = play(seed, true) {
            panic!("world {seed}: {why}");
        }
        return None;
    }
    let cases = std::env::var("AHOY_MODEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get() as u64);
    let results: Vec<(u64, Result<Happened, String>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mut results = Vec::new();
                    for seed in (first..cases).step_by(usize::try_from(threads).expect("a few threads")) {
                        // A panic inside the house is a failure of that world as well.
                        let outcome = std::panic::catch_unwind(|| play(seed, false))
                            .unwrap_or_else(|_| Err("something has panicked, see above".into()));
                        let failed = outcome.is_err();
                        results.push((seed, outcome));
                        if failed {
                            break;
                        }
                    }
                    results
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("worlds do not panic outside of play()")).collect()
    });
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (seed, outcome) in results {
        match outcome {
            Ok(happened) => happened.into_iter().for_each(|what| *counts.entry(what).or_default() += 1),
            Err(why) => panic!("world {seed}: {why}\nplay it alone: AHOY_MODEL_SEED={seed} cargo test --test model"),
        }
    }
    println!("{counts:?}");
    (cases >= CASES).then_some(counts)
}

/// A test of what never happens proves nothing.
fn happened_often(counts: &BTreeMap<&str, u64>, what: &[&str]) {
    for what in what {
        assert!(counts.get(what).is_some_and(|count| *count >= 50), "hardly ever happened: {what}; {counts:?}");
    }
}

#[test]
fn everybody_agrees_whatever_happens() {
    if let Some(counts) = play_many(play) {
        happened_often(
            &counts,
            &[
                "answered elsewhere",
                "busy",
                "connection lost",
                "declined elsewhere",
                "glare",
                "glare lost",
                "glare lost after sending",
                "held for another",
                "in call",
                "no answer",
                "not available",
                "offline",
                "on hold",
                "reconnected",
                "reconnecting",
                "refused",
                "ringing",
                "told busy",
                "weak",
            ],
        );
    }
}

#[test]
fn calls_of_several_agree_whatever_happens() {
    if let Some(counts) = play_many(parties::play) {
        happened_often(
            &counts,
            &[
                "added",
                "answered elsewhere",
                "a call of two grew",
                "connection lost",
                "group call",
                "held for another",
                "in call with three",
                "joined",
                "not available",
                "one call of two",
                "reconnected",
                "stopped ringing",
                "told busy",
                "weak",
            ],
        );
    }
}
