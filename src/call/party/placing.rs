//! Calling several, adding people to a call, and no longer ringing some of them.

use crate::protocol::{
    ApiError, Code, GroupId, InviteId, UserId,
    api::{Cancel, EnterRoomReply, Invite, InviteInGroup, InviteReply},
    call_data::CallData,
};

use super::{
    super::{
        live::{Call, Invitation, Place},
        machine::{Machine, Output, RING_S},
        outbox::Ask,
        view::{Direction, Phase, Standing},
    },
    Leg, NAMED_MAX, Party,
};

impl Call {
    /// The group's room was open already: this is that call.
    pub(in super::super) fn adopt(&mut self, reply: &EnterRoomReply) {
        self.view.room = Some(reply.room_id);
        if let Some(there) = reply.call_id.clone().filter(|there| *there != self.view.call_id) {
            let ours = std::mem::replace(&mut self.view.call_id, there);
            self.alias = Some(ours);
        }
    }
}

impl Machine {
    /// The person calls some members of a group, or several people without one.
    pub(in super::super) fn place_several(&mut self, group: Option<GroupId>, users: Vec<UserId>) {
        let users = self.others_once(users);
        let Some(first) = users.first().cloned() else {
            let error = ApiError::new(Code::InvalidParameters, "Choose somebody to call.");
            return self.put(Output::Refused { whom: users, error });
        };
        if group.is_none() && users.len() == 1 {
            return self.place(first);
        }
        if self.is_in_a_call(&users, |call| group.is_some() && call.view.group == group) {
            return;
        }
        let (id, room) = (self.ids.invite(), self.ids.room());
        let ring_deadline_ms = self.now_ms + u64::from(RING_S) * 1000;
        self.hide_ended();
        let mut call = Call::new(id, first, Direction::Outgoing, room, ring_deadline_ms);
        call.view.group = group;
        call.party = Some(Party::default());
        let i = self.take_up(call);
        let in_group = self.calls[i].view.group.is_some();
        self.add_legs(i, users, in_group);
        self.open_room(i);
    }

    /// The person adds people to the call that is on: members of its group, and others.
    pub(in super::super) fn add(&mut self, id: &InviteId, members: Vec<UserId>, others: Vec<UserId>) {
        let (members, others) = (self.others_once(members), self.others_once(others));
        let whom: Vec<UserId> = members.iter().chain(&others).cloned().collect();
        let inside = |call: &Call| call.is_live() && matches!(call.place, Place::Inside(_));
        let Some(i) = self.find(id).filter(|i| inside(&self.calls[*i])) else {
            let error = ApiError::new(Code::InvalidOperation, "People can be added once you are in the call.");
            return self.put(Output::Refused { whom, error });
        };
        self.become_party(i);
        let call = &self.calls[i];
        let in_group = call.view.group.is_some();
        let new = |users: Vec<UserId>| -> Vec<UserId> {
            let standing = |user: &UserId| call.view.others.iter().find(|other| other.user == *user);
            users.into_iter().filter(|user| standing(user).is_none_or(|other| !other.standing.is_busy_here())).collect()
        };
        let (members, others) = (new(members), new(others));
        if members.is_empty() && others.is_empty() {
            let error = ApiError::new(Code::InvalidParameters, "They are in the call or being called already.");
            return self.put(Output::Refused { whom, error });
        }
        let (members, others) = if in_group { (members, others) } else { (Vec::new(), [members, others].concat()) };
        self.add_legs(i, members, true);
        self.add_legs(i, others, false);
        self.send_legs(i);
    }

    /// Everybody named, once, without oneself.
    pub(in super::super) fn others_once(&self, users: Vec<UserId>) -> Vec<UserId> {
        let mut once: Vec<UserId> = Vec::with_capacity(users.len());
        for user in users {
            if user != self.me && !once.contains(&user) {
                once.push(user);
            }
        }
        once
    }

    /// Invitations to be sent: one for all members of the group, one for each of the others.
    pub(in super::super) fn add_legs(&mut self, i: usize, users: Vec<UserId>, in_group: bool) {
        let deadline_ms = self.now_ms + u64::from(RING_S) * 1000;
        let call = &mut self.calls[i];
        let Some(party) = &mut call.party else { return };
        for user in &users {
            party.know(user, Standing::NoAnswer);
        }
        if !in_group {
            party.outsiders.extend(users.iter().cloned());
        }
        let sets: Vec<Vec<UserId>> = match users {
            users if users.is_empty() => Vec::new(),
            users if in_group => vec![users],
            users => users.into_iter().map(|user| vec![user]).collect(),
        };
        for set in sets {
            // The first invitation of a call has its name.
            let first = call.invitation == Invitation::Unsent && party.legs.is_empty();
            let id = if first { call.view.call_id.clone() } else { self.ids.invite() };
            let open = set.into_iter().collect();
            party.legs.push(Leg { id, ours: true, in_group, sent: false, deadline_ms, open, accepting: false });
        }
        call.show_others();
    }

    /// The room of our call is open. A group has one room: if it was open already, ours is that call.
    pub(super) fn party_opened(&mut self, i: usize, reply: &EnterRoomReply) {
        let call = &mut self.calls[i];
        if call.invitation == Invitation::Unsent {
            call.adopt(reply);
            call.invitation = Invitation::Sent;
        }
        self.send_legs(i);
    }

    /// Sends what has not been sent.
    fn send_legs(&mut self, i: usize) {
        let until_ms = self.now_ms + u64::from(RING_S) * 1000;
        let call = &mut self.calls[i];
        let (Some(room), Some(party)) = (call.view.room, &mut call.party) else { return };
        let call_id = call.view.call_id.clone();
        let mut asks = Vec::new();
        let everybody: Vec<UserId> = party.known.iter().map(|(user, _)| user.clone()).take(NAMED_MAX).collect();
        for leg in party.legs.iter_mut().filter(|leg| leg.ours && !leg.sent) {
            leg.sent = true;
            leg.deadline_ms = until_ms;
            let users = if leg.in_group { Vec::new() } else { everybody.clone() };
            let call_id = (call_id != leg.id || !leg.in_group).then(|| call_id.clone());
            let data = CallData { call_id, users, ..CallData::audio(room) }.to_json();
            let invite_id = leg.id.clone();
            let invitee_list: Vec<UserId> = leg.open.iter().cloned().collect();
            let (timeout, online_user_only, room_id) = (RING_S, false, Some(room));
            asks.push(match (&call.view.group, leg.in_group) {
                (Some(group_id), true) => Ask::InviteInGroup(InviteInGroup {
                    invite_id,
                    group_id: group_id.clone(),
                    invitee_list,
                    data,
                    online_user_only,
                    timeout,
                    room_id,
                }),
                _ => {
                    let Some(invitee) = invitee_list.into_iter().next() else { continue };
                    Ask::Invite(Invite { invite_id, invitee, data, online_user_only, timeout, room_id })
                }
            });
        }
        if !asks.is_empty() && matches!(call.view.phase, Phase::Calling | Phase::Ringing) {
            call.view.ring_deadline_ms = Some(until_ms);
        }
        for ask in asks {
            self.ask(&call_id, ask, until_ms);
        }
        self.party_progress(i);
    }

    /// An invitation of ours has reached the server, or was refused.
    pub(in super::super) fn leg_answered(
        &mut self,
        i: usize,
        id: &InviteId,
        result: Result<Option<InviteReply>, ApiError>,
    ) {
        let deadline_ms = self.now_ms + u64::from(RING_S) * 1000;
        let call = &mut self.calls[i];
        let Some(party) = &mut call.party else { return };
        if !call.view.is_live() {
            return;
        }
        match result {
            Ok(reply) => {
                call.arrived = true;
                if let Some(leg) = party.leg_mut(id) {
                    // Counted from here, it is never before the server's own.
                    leg.deadline_ms = deadline_ms;
                }
                if call.view.phase == Phase::Calling && reply.is_some_and(|reply| !reply.online.is_empty()) {
                    call.view.phase = Phase::Ringing;
                }
                if matches!(call.view.phase, Phase::Calling | Phase::Ringing) {
                    call.view.ring_deadline_ms = Some(deadline_ms);
                }
            }
            Err(error) => {
                let whom: Vec<UserId> =
                    party.leg_mut(id).map(|leg| std::mem::take(&mut leg.open)).into_iter().flatten().collect();
                for user in &whom {
                    party.became(user, Standing::Failed);
                }
                call.show_others();
                let alone = call.company(&self.me).0 == 0;
                let waits = call.party.as_ref().is_some_and(|party| party.waits_for_somebody(&self.me));
                if alone && !waits && call.view.talking_since_ms.is_none() {
                    return self.fail(i, &error);
                }
                self.put(Output::Refused { whom, error });
            }
        }
        self.party_progress(i);
    }

    /// The person no longer wants some of those to be rung whom this device called; with nobody named, all.
    pub(in super::super) fn stop_ringing(&mut self, id: &InviteId, users: &[UserId]) {
        let Some(i) = self.find(id).filter(|i| self.calls[*i].is_live()) else { return };
        let until_ms = self.now_ms + u64::from(RING_S) * 1000;
        let call = &mut self.calls[i];
        let Some(party) = &mut call.party else { return };
        let data = Self::answer_data(call.view.room, None, Some(call.view.call_id.clone()));
        let mut asks = Vec::new();
        for leg in party.legs.iter_mut().filter(|leg| leg.ours && leg.sent) {
            let whom: Vec<UserId> =
                leg.open.iter().filter(|user| users.is_empty() || users.contains(user)).cloned().collect();
            if whom.is_empty() {
                continue;
            }
            let invitee_list = if whom.len() == leg.open.len() { Vec::new() } else { whom };
            asks.push(Cancel { invite_id: leg.id.clone(), invitee_list, data: data.clone() });
        }
        let call_id = call.view.call_id.clone();
        for cancel in asks {
            self.ask(&call_id, Ask::Cancel(cancel), until_ms);
        }
    }
}
