//! Worlds in which people call their group, pick several, join a call that is on, add people and stop ringing them.
//!
//! # The invariants
//! In quiet moments
//! * whoever is in a call shows the same people in it as everybody else there, and as the room has;
//! * nobody is alone in a room, or left "connecting"; nothing rings after its time.
//!
//! At the end
//! * all rooms are empty, all calls over, no machine waits for anything; each user's devices have the same log;
//! * each part of each invitation got one result;
//! * who was in a call of several has one row of it, as long as the room's clock says, whatever became of the program;
//! * whoever was the last one out, and lived, has written the hang-up message with the length of the call.

use std::collections::{BTreeMap, BTreeSet};

use ahoy::{
    call::{Input, LogRow, Phase, Standing},
    protocol::{
        DeviceId, Event, GroupId, InviteId, UserId,
        call_data::{CallData, Command},
        event::LeaveReason,
    },
};

use super::{Happened, check, live, server::Stay, wind_up, world::World};

pub(crate) fn play(seed: u64, trace: bool) -> Result<Happened, String> {
    // Other worlds than those of calls between two.
    let mut world = World::new(seed ^ 0x7061_7274_6965_7300, trace);
    live(&mut world, World::act_with_several, quiet)?;
    wind_up(&mut world, quiet)?;
    at_rest(&world)?;
    let mut happened: BTreeSet<&'static str> =
        world.devices.iter().flat_map(|device| device.happened.iter().copied()).collect();
    happened.extend(world.did.iter().copied());
    Ok(happened.into_iter().collect())
}

impl World {
    fn act_with_several(&mut self) -> Result<(), String> {
        let device = self.rng.index(self.devices.len());
        let whom = self.some_people();
        match self.rng.below(100) {
            0..18 => {
                self.did.insert("group call");
                self.feed(device, Input::PlaceSeveral(Some(class()), whom))
            }
            18..24 => self.feed(device, Input::PlaceSeveral(None, whom)),
            24..30 => {
                let peer = self.users[self.rng.index(self.users.len())].clone();
                self.feed(device, Input::Place(peer))
            }
            30..40 => self.join(device),
            40..50 => self.add_somebody(whom),
            50..54 => self.stop_ringing(whom),
            54..78 => self.answer(),
            78..88 => self.hang_up(),
            88..94 => {
                self.cut(device);
                Ok(())
            }
            94..97 => {
                self.kill(device);
                Ok(())
            }
            _ => self.both_call_the_group(device),
        }
    }

    fn some_people(&mut self) -> Vec<UserId> {
        let count = 1 + self.rng.index(4);
        (0..count).map(|_| self.users[self.rng.index(self.users.len())].clone()).collect()
    }

    /// Two members call their group at about the same time.
    fn both_call_the_group(&mut self, device: usize) -> Result<(), String> {
        let other = self.rng.index(self.devices.len());
        let everybody = self.users.clone();
        self.feed(device, Input::PlaceSeveral(Some(class()), everybody.clone()))?;
        if self.rng.percent(50) {
            let wait_ms = self.rng.below(4 * self.delay_ms + 1);
            self.run(wait_ms)?;
        }
        self.feed(other, Input::PlaceSeveral(Some(class()), everybody))
    }

    /// As by the banner: the room of the group, which may be over by then.
    fn join(&mut self, device: usize) -> Result<(), String> {
        let on = self.server.rooms.iter().find(|(_, room)| room.group.is_some());
        let Some((room, there)) = on else { return Ok(()) };
        let (room, call_id) = (*room, there.call_id.clone());
        let there = there.people.values().map(|person| person.participant.user_id.clone()).collect();
        if self.devices[device].live().is_none() {
            self.did.insert("joined");
        }
        self.feed(device, Input::Join { group: class(), room, call_id, there })
    }

    fn add_somebody(&mut self, whom: Vec<UserId>) -> Result<(), String> {
        let inside = self.in_phase(|phase| phase == Phase::InCall);
        let Some((device, call)) = self.rng.pick(&inside).cloned() else { return Ok(()) };
        if self.devices[device].live().is_some_and(|view| !view.is_party()) {
            self.did.insert("a call of two grew");
        }
        self.did.insert("added");
        self.feed(device, Input::Add { call, members: whom, others: vec![] })
    }

    fn stop_ringing(&mut self, whom: Vec<UserId>) -> Result<(), String> {
        let calling = self.in_phase(|phase| matches!(phase, Phase::InCall | Phase::Calling | Phase::Ringing));
        let Some((device, call)) = self.rng.pick(&calling).cloned() else { return Ok(()) };
        let rung = |view: &ahoy::call::CallView| view.others.iter().any(|other| other.standing == Standing::Ringing);
        if self.devices[device].live().is_some_and(|view| rung(&view)) {
            self.did.insert("stopped ringing");
        }
        self.feed(device, Input::StopRinging(call, whom))
    }
}

fn class() -> GroupId {
    GroupId::new("class").expect("valid")
}

/// Everybody is connected and nothing has happened for a while.
fn quiet(world: &World) -> Result<(), String> {
    for (device, view) in world.devices.iter().flat_map(|device| device.lives().map(move |view| (device, view))) {
        let name = &device.actor.device;
        match view.phase {
            Phase::InCall => {
                let room = view.room.and_then(|room| world.server.rooms.get(&room));
                let Some(room) = room.filter(|room| room.people.contains_key(name)) else {
                    return Err(format!("{name} talks in {} without being in its room", view.call_id));
                };
                if !device.media && !view.on_hold {
                    return Err(format!("{name} talks without sound"));
                }
                if room.people[name].participant.on_hold != view.on_hold {
                    return Err(format!(
                        "{name} has {} on hold: {}, but the server says otherwise",
                        view.call_id, view.on_hold
                    ));
                }
                let holds =
                    |other: &ahoy::protocol::event::Participant| other.on_hold && other.user_id != device.actor.user;
                let holding: BTreeSet<&UserId> =
                    room.people.values().filter(|p| holds(&p.participant)).map(|p| &p.participant.user_id).collect();
                let shown_holding: BTreeSet<&UserId> =
                    view.participants.iter().filter(|other| holds(other)).map(|other| &other.user_id).collect();
                if holding != shown_holding {
                    return Err(format!("{name} shows {shown_holding:?} on hold, but it is {holding:?}"));
                }
                let there: BTreeSet<&UserId> = room
                    .people
                    .values()
                    .map(|person| &person.participant.user_id)
                    .filter(|user| **user != device.actor.user)
                    .collect();
                let shown: BTreeSet<&UserId> = if view.is_party() {
                    view.others
                        .iter()
                        .filter(|o| matches!(o.standing, Standing::In | Standing::OnHold))
                        .map(|o| &o.user)
                        .collect()
                } else {
                    [&view.peer].into()
                };
                if there != shown {
                    return Err(format!("{name} shows {shown:?}, but {there:?} are there, in {}", view.call_id));
                }
            }
            Phase::Ended => {}
            phase => return Err(format!("{name} is still {phase:?} in {}", view.call_id)),
        }
    }
    if world.server.rooms.values().filter(|room| room.group.is_some()).count() > 1 {
        return Err("a group has two rooms".into());
    }
    for (id, room) in &world.server.rooms {
        let calls: BTreeSet<InviteId> = room
            .people
            .keys()
            .flat_map(|device| world.device(device).lives())
            .filter(|view| view.room == Some(*id))
            .map(|view| view.call_id)
            .collect();
        if calls.len() != 1
            || room.people.keys().any(|device| !world.device(device).lives().any(|view| view.room == Some(*id)))
        {
            return Err(format!("those in room {id} are in the calls {calls:?}"));
        }
    }
    Ok(())
}

fn at_rest(world: &World) -> Result<(), String> {
    check::everything_is_over(world)?;
    check::one_result_per_invitee(world)?;
    for user in &world.users {
        same_rows_everywhere(world, user)?;
        stays_are_rows(world, user)?;
    }
    calls_have_an_end(world)
}

/// What all devices of a user must say alike: not on which device something was answered.
fn common(row: &LogRow) -> (&InviteId, &UserId, Option<&GroupId>, i64, bool, bool, u64, u64) {
    (
        &row.call_id,
        &row.peer,
        row.group.as_ref(),
        row.time_ms,
        row.answered,
        row.is_missed(),
        row.duration_s,
        row.call_s,
    )
}

fn same_rows_everywhere(world: &World, user: &UserId) -> Result<(), String> {
    let mut all = world.devices.iter().filter(|device| device.actor.user == *user).map(|device| device.log.rows());
    let Some(first) = all.next() else { return Ok(()) };
    for other in all {
        // Where three invitations of a glare met, a program that was killed in between has a row more.
        let parties = |rows: &[LogRow]| -> Vec<LogRow> { rows.iter().filter(|row| row.is_party()).cloned().collect() };
        let (first, other) = (parties(&first), parties(&other));
        if !first.iter().map(common).eq(other.iter().map(common)) {
            return Err(format!("the devices of {user} have other rows:\n{first:?}\n{other:?}"));
        }
    }
    Ok(())
}

/// Each stay that the server has written down is in the one row of its call.
fn stays_are_rows(world: &World, user: &UserId) -> Result<(), String> {
    let mut talked: BTreeMap<&InviteId, u64> = BTreeMap::new();
    for (_, event) in &world.server.logs[user] {
        if let Event::ExitRoom(exited) = event
            && let Some(call) = &exited.call_id
        {
            *talked.entry(call).or_default() += exited.talked_ms / 1000;
        }
    }
    let Some(device) = world.devices.iter().find(|device| device.actor.user == *user) else { return Ok(()) };
    let rows = device.log.rows();
    for (call, talked_s) in talked {
        let rows: Vec<&LogRow> = rows.iter().filter(|row| row.call_id == *call).collect();
        let [row] = &rows[..] else { return Err(format!("{user} has {} rows of {call}", rows.len())) };
        if !row.answered || row.result.is_none() || row.duration_s != talked_s {
            return Err(format!("{user} was in {call} for {talked_s} s, but the log says {row:?}"));
        }
    }
    Ok(())
}

/// Whoever was the last one out of a group's call, and asked to be, has written how long it lasted.
fn calls_have_an_end(world: &World) -> Result<(), String> {
    let wrote = |stay: &&Stay| {
        let device = world.device(&stay.device);
        // A program that was killed, or cut off before it had its answer, may not have known.
        stay.was_last
            && stay.written
            && stay.in_group
            && stay.reason == LeaveReason::Exit
            && device.disturbed_ms.iter().all(|at| *at < stay.at_ms)
    };
    for stay in world.server.stays.iter().filter(wrote) {
        let Some(call) = &stay.call_id else { continue };
        // A call comes about when somebody answers.
        let user = |stay: &Stay| &world.device(&stay.device).actor.user;
        let mut same = world.server.stays.iter().filter(|other| other.call_id == stay.call_id && other.written);
        let with_others = same.any(|other| user(other) != user(stay));
        let ends = world.server.logs[&world.device(&stay.device).actor.user].iter().filter(|(_, event)| {
            matches!(event, Event::ReceiveNewInvitation(new) if CallData::parse(&new.data).is_ok_and(|data| {
                matches!(data.command, Command::Hangup { .. }) && data.call_id.as_ref() == Some(call)
            }))
        });
        if stay.talked_ms >= 1_000 && with_others && ends.count() == 0 {
            return Err(format!("{call} has no end in the log; {} was the last one out", stay.device));
        }
    }
    Ok(())
}

impl World {
    fn device(&self, id: &DeviceId) -> &super::device::Device {
        self.devices.iter().find(|device| device.actor.device == *id).expect("a device")
    }
}
