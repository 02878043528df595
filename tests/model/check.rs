//! What must be true when everything has come to rest, and in quiet moments between.

use std::collections::{BTreeMap, BTreeSet};

use ahoy::{
    call::{Direction, EndReason, LogRow, Phase},
    protocol::{DeviceId, Event, InviteId, UserId, call_data::CallData, limits},
};

use super::{
    device::Device,
    spec::{Noted, Outcome, Refusal},
    world::World,
};

/// Everybody is connected and nothing has happened for a while: both sides of each talk are in it.
pub(crate) fn quiet(world: &World) -> Result<(), String> {
    for (device, view) in world.devices.iter().flat_map(|device| device.lives().map(move |view| (device, view))) {
        let name = &device.actor.device;
        let noted = world.server.spec.all.get(&view.call_id);
        match view.phase {
            Phase::Incoming | Phase::Calling | Phase::Ringing => {
                let over = noted.and_then(|noted| noted.over_ms);
                if let Some(over_ms) = over
                    && world.now_ms > over_ms + 10 * world.delay_ms + 1_000
                {
                    return Err(format!(
                        "{name} rings {} ms after the end of {}",
                        world.now_ms - over_ms,
                        view.call_id
                    ));
                }
            }
            Phase::InCall => {
                let Some(noted) = noted else { return Err(format!("{name} talks in a call that never was")) };
                let (callee, outcome) = noted.callee();
                let Some(Outcome::Accepted(answered_on)) = outcome else {
                    return Err(format!("{name} talks in a call that nobody accepted: {outcome:?}"));
                };
                let other = if device.actor.user == *callee { &noted.device } else { answered_on };
                let peer = world.devices.iter().find(|peer| peer.actor.device == *other).expect("a device");
                let there = peer.lives().find(|there| there.call_id == view.call_id);
                let Some(there) = there.filter(|there| there.phase == Phase::InCall) else {
                    return Err(format!("{name} talks with {other}, which is in {:?}", peer.live()));
                };
                if !view.on_hold && !device.media {
                    return Err(format!("{name} talks with {other} without sound"));
                }
                if view.peer_holds() != there.on_hold {
                    return Err(format!(
                        "{other} has {} on hold: {}, but {name} shows it otherwise",
                        view.call_id, there.on_hold
                    ));
                }
            }
            Phase::Connecting | Phase::Reconnecting => {
                return Err(format!("{name} is still {:?} in {}", view.phase, view.call_id));
            }
            Phase::Ended => {}
        }
    }
    Ok(())
}

/// Rooms are empty, no call lives, and nobody waits for anything.
pub(crate) fn everything_is_over(world: &World) -> Result<(), String> {
    if world.server.occupied() > 0 {
        return Err(format!("{} rooms are still occupied", world.server.occupied()));
    }
    for device in &world.devices {
        let name = &device.actor.device;
        if let Some(view) = device.lives().next() {
            return Err(format!("{name} is still in {view:?}"));
        }
        if let Some(at) = device.machine.next_deadline() {
            return Err(format!("{name} still waits for {at} at {}", world.now_ms));
        }
        if device.media {
            return Err(format!("{name} still has sound"));
        }
        let length = world.server.logs[&device.actor.user].len() as u64;
        if device.recorded != length {
            return Err(format!("{name} has {} of {length} events", device.recorded));
        }
    }
    Ok(())
}

/// All calls are over and every time is up.
pub(crate) fn at_rest(world: &World) -> Result<(), String> {
    everything_is_over(world)?;
    for device in &world.devices {
        ends_agree(world, device)?;
    }
    one_result_per_invitee(world)?;
    for (id, noted) in &world.server.spec.all {
        if noted.is_call() {
            rows_agree(world, id, noted).map_err(|why| format!("{id}: {why}"))?;
        }
    }
    the_smaller_one_stays(world)?;
    every_row_is_a_call(world)
}

/// In a glare, the invitation that gives way has the larger identifier.
fn the_smaller_one_stays(world: &World) -> Result<(), String> {
    for (_, event) in world.server.logs.values().flatten() {
        let Event::InvitationCancelled(cancelled) = event else { continue };
        let Some(data) = CallData::parse(&cancelled.data).ok().filter(CallData::is_glare) else { continue };
        if data.call_id.as_ref().is_none_or(|winner| *winner >= cancelled.invite_id) {
            return Err(format!("{} gave way to {:?}", cancelled.invite_id, data.call_id));
        }
    }
    Ok(())
}

/// The events of each user's log tell exactly one result per invitee, and the one that the specification has.
pub(crate) fn one_result_per_invitee(world: &World) -> Result<(), String> {
    for (user, log) in &world.server.logs {
        let mut told: BTreeMap<(&InviteId, &UserId), u32> = BTreeMap::new();
        for (_, event) in log {
            match event {
                Event::InviteeAccepted(e) | Event::InviteeRejected(e) => {
                    *told.entry((&e.invite_id, &e.invitee)).or_default() += 1;
                }
                Event::InvitationCancelled(e) => {
                    for invitee in &e.invitee_list {
                        *told.entry((&e.invite_id, invitee)).or_default() += 1;
                    }
                }
                Event::InvitationTimeout(e) => {
                    for invitee in &e.invitee_list {
                        *told.entry((&e.invite_id, invitee)).or_default() += 1;
                    }
                }
                _ => {}
            }
        }
        if let Some(((id, invitee), count)) = told.iter().find(|(_, count)| **count != 1) {
            return Err(format!("{user} was told {count} results of {invitee} in {id}"));
        }
    }
    for (id, noted) in &world.server.spec.all {
        if noted.timeout_s > 0 && noted.over_ms.is_none() {
            return Err(format!("{id} never ended"));
        }
        let latest = noted.began_ms + u64::from(noted.timeout_s) * 1000 + limits::SERVER_BACKSTOP_MS;
        if noted.timeout_s > 0 && noted.over_ms.is_some_and(|at| at > latest) {
            return Err(format!("{id} ended after the server's own limit"));
        }
    }
    Ok(())
}

/// How the last call ended on a device is what the specification says of the invitation.
fn ends_agree(world: &World, device: &Device) -> Result<(), String> {
    use EndReason as E;
    for view in device.machine.view() {
        let Some(end) = view.end else { continue };
        let noted = world.server.spec.all.get(&view.call_id);
        let ours = noted.is_none_or(|noted| noted.inviter == device.actor.user);
        let outcome = noted.and_then(|noted| noted.callee().1);
        let here = |by: &DeviceId| *by == device.actor.device;
        let allowed: &[EndReason] = match outcome {
            // Never sent, or never over for the server (then `one_result_per_invitee` complains).
            None => &[E::Cancelled, E::Failed, E::ConnectionLost],
            Some(Outcome::Accepted(by)) if ours || here(by) => &[E::HungUp, E::ConnectionLost],
            Some(Outcome::Accepted(_)) => &[E::AnsweredElsewhere],
            Some(Outcome::Rejected { why: Refusal::Busy, .. }) if ours => &[E::Busy],
            Some(Outcome::Rejected { why: Refusal::NotAvailable, .. }) => &[E::NotAvailable],
            Some(Outcome::Rejected { .. }) if ours => &[E::Declined],
            Some(Outcome::Rejected { by, .. }) if here(by) => &[E::Declined, E::Failed, E::ConnectionLost],
            Some(Outcome::Rejected { .. }) => &[E::DeclinedElsewhere],
            Some(Outcome::TimedOut) if ours => &[E::NoAnswer, E::Offline],
            Some(Outcome::TimedOut) => &[E::NoAnswer],
            Some(Outcome::Cancelled { .. }) if ours => &[E::Cancelled, E::NoAnswer, E::Offline, E::ConnectionLost],
            Some(Outcome::Cancelled { .. }) => &[E::Cancelled],
        };
        if !allowed.contains(&end) {
            let name = &device.actor.device;
            return Err(format!("{name} shows {end:?} for {}, which was {outcome:?}", view.call_id));
        }
    }
    Ok(())
}

/// A result without the words for "on another device".
fn plain(row: &LogRow, ended_by: Option<EndReason>) -> Option<EndReason> {
    match row.result {
        Some(EndReason::AnsweredElsewhere) => ended_by,
        Some(EndReason::DeclinedElsewhere) => Some(EndReason::Declined),
        other => other,
    }
}

fn rows_agree(world: &World, id: &InviteId, noted: &Noted) -> Result<(), String> {
    let (callee, outcome) = noted.callee();
    let concerned = |device: &&Device| device.actor.user == noted.inviter || device.actor.user == *callee;
    let mut rows: Vec<(&Device, LogRow)> = Vec::new();
    for device in world.devices.iter().filter(concerned) {
        let mut found = device.log.rows();
        found.retain(|row| row.call_id == *id);
        if matches!(outcome, Some(Outcome::Cancelled { glare: true })) {
            // Where three invitations met, a program that was killed in between does not know that the second gave way
            // too; the third then is an ordinary cancelled call.
            if !found.is_empty() && device.life == 0 {
                return Err(format!("{} has a row of what gave way in a glare", device.actor.device));
            }
            continue;
        }
        let [row] = &found[..] else {
            return Err(format!("{} has {} rows; {outcome:?}", device.actor.device, found.len()));
        };
        let peer = if device.actor.user == *callee { &noted.inviter } else { callee };
        if row.peer != *peer {
            return Err(format!("{}: the peer is {}", device.actor.device, row.peer));
        }
        rows.push((device, row.clone()));
    }
    if rows.is_empty() {
        return Ok(());
    }
    // The caller's row knows how a talk ended.
    let talk_end = rows.iter().find(|(device, _)| device.actor.user == noted.inviter).and_then(|(_, row)| row.result);
    let expected = match outcome {
        None => return Err("the call has no end".into()),
        Some(Outcome::Accepted(_)) => talk_end,
        Some(Outcome::Rejected { why: Refusal::Busy, .. }) => Some(EndReason::Busy),
        Some(Outcome::Rejected { why: Refusal::NotAvailable, .. }) => Some(EndReason::NotAvailable),
        Some(Outcome::Rejected { .. }) => Some(EndReason::Declined),
        Some(Outcome::TimedOut) => Some(EndReason::NoAnswer),
        Some(Outcome::Cancelled { .. }) => Some(EndReason::Cancelled),
    };
    let answered = matches!(outcome, Some(Outcome::Accepted(_)));
    let duration_s = rows[0].1.duration_s;
    for (device, row) in &rows {
        let name = &device.actor.device;
        if plain(row, talk_end) != expected || row.answered != answered || row.duration_s != duration_s {
            return Err(format!("{name} has {row:?}, expected {expected:?}, {duration_s} s, answered: {answered}"));
        }
        let direction = if device.actor.user == noted.inviter { Direction::Outgoing } else { Direction::Incoming };
        if row.direction != direction && !gave_way(world, &device.actor.user, id) {
            return Err(format!("{name} has the direction {:?}", row.direction));
        }
        let elsewhere = match outcome {
            Some(Outcome::Accepted(by) | Outcome::Rejected { by, .. }) => {
                device.actor.user == *callee && *by != device.actor.device
            }
            Some(Outcome::TimedOut | Outcome::Cancelled { .. }) | None => false,
        };
        if row.device_name.is_some() != elsewhere || (elsewhere && answered && row.is_missed()) {
            return Err(format!("{name}: elsewhere is {elsewhere}, but the row is {row:?}"));
        }
    }
    if let Some(Outcome::Accepted(by)) = outcome {
        talk_agrees(world, id, noted, by, talk_end, duration_s)?;
    }
    Ok(())
}

/// The user's own call gave way to this one.
fn gave_way(world: &World, user: &UserId, winner: &InviteId) -> bool {
    world.server.logs[user].iter().any(|(_, event)| {
        matches!(event, Event::InvitationCancelled(e) if e.inviter == *user && e.data.contains(winner.as_str()))
    })
}

/// An answered call has its end in the log if one of the two programs lived to tell, and its length is what both saw.
fn talk_agrees(
    world: &World,
    id: &InviteId,
    noted: &Noted,
    by: &DeviceId,
    end: Option<EndReason>,
    duration_s: u64,
) -> Result<(), String> {
    let find = |wanted: &DeviceId| world.devices.iter().find(|device| device.actor.device == *wanted);
    let (Some(caller), Some(callee)) = (find(&noted.device), find(by)) else { return Err("no such device".into()) };
    let survived = [caller, callee].map(|device| !device.killed_in.contains(id));
    if end.is_none() && survived.contains(&true) {
        return Err("an answered call has no end in the log".into());
    }
    // What was replaced by a new call at the very moment has never shown its end.
    let ended = [caller, callee].into_iter().filter_map(|device| device.shown.get(id));
    let lengths: Vec<u64> = ended.filter(|shown| !shown.view.is_live()).map(|shown| shown.view.duration_s).collect();
    let undisturbed = [caller, callee].iter().all(|device| {
        // The talk ended before the last hang-up message; a rough window is enough.
        device.disturbed_ms.iter().all(|at| *at < noted.began_ms) && noted.over_ms.is_some() && device.life == 0
    });
    if let (true, [one, two]) = (undisturbed, &lengths[..]) {
        let allowed = 1 + (8 * world.delay_ms).div_ceil(1000);
        if one.abs_diff(*two) > allowed {
            return Err(format!("one side talked {one} s, the other {two} s"));
        }
        if duration_s > one.max(two) + 1 || duration_s + allowed < *one.min(two) {
            return Err(format!("the log says {duration_s} s, the devices {one} s and {two} s"));
        }
    }
    Ok(())
}

/// No row without its call.
fn every_row_is_a_call(world: &World) -> Result<(), String> {
    for device in &world.devices {
        let rows = device.log.rows();
        let ids: BTreeSet<&InviteId> = rows.iter().map(|row| &row.call_id).collect();
        if ids.len() != rows.len() {
            return Err(format!("{}: two rows of one call", device.actor.device));
        }
        if let Some(row) = rows.iter().find(|row| !world.server.spec.all.get(&row.call_id).is_some_and(Noted::is_call))
        {
            return Err(format!("{}: a row without a call, {row:?}", device.actor.device));
        }
    }
    Ok(())
}
