//! Being called with several, joining a call that is on, answering, and how the parts of invitations end.

use crate::protocol::{
    GroupId, InviteId, RoomId, UserId,
    api::{Accept, EnterRoom},
    call_data::{CallData, Command, GLARE},
    event::{InviteeAnswer, NewInvitation},
};

use super::{
    super::{
        live::{Call, Invitation, Limit, Place},
        machine::{CONNECT_MS, Machine, RING_MAX_MS, RING_S},
        outbox::Ask,
        view::{Direction, EndReason, Phase, Standing},
    },
    Leg, Party,
};

impl Machine {
    /// An invitation in a group, or to a call that is on. `true`: it was this file's business.
    pub(in super::super) fn invited_to_party(&mut self, invitation: &NewInvitation, data: &CallData) -> bool {
        let elsewhere = data.call_id.as_ref().is_some_and(|call| *call != invitation.invite_id);
        // A call of several without a group names everybody.
        let several = invitation.group_id.is_some() || elsewhere || !data.users.is_empty();
        if !several || !matches!(data.command, Command::AudioCall | Command::VideoCall) {
            return invitation.group_id.is_some();
        }
        let call_id = data.call_id.clone().unwrap_or_else(|| invitation.invite_id.clone());
        if invitation.remaining_ms == Some(0) || self.party_of(&invitation.invite_id).is_some() {
            return true;
        }
        let same = |call: &Call| call.view.room == Some(data.room) || call.is(&call_id);
        if let Some(i) = self.calls.iter().position(|call| call.is_live() && same(call)) {
            self.become_party(i);
            self.note_leg(i, invitation);
            self.take_leg_from_inside(i);
            return true;
        }
        if invitation.inviter == self.me || !invitation.invitee_list.contains(&self.me) {
            return true;
        }
        if self.early.knows(self.now_ms, &invitation.invite_id) {
            return true;
        }
        let group = invitation.group_id.as_ref();
        match self.calls.iter().rposition(Call::is_live) {
            Some(i) if self.calls[i].awaits_room_of(group) => {
                // We are calling the same group: its room will say whether this is the same call.
                self.calls[i].shadow = Some((invitation.clone(), self.now_ms + ring_ms(invitation)));
            }
            Some(i) if self.calls[i].calls_only(&invitation.inviter) => self.give_way(i, invitation, data, call_id),
            _ if self.do_not_disturb || !self.may_ring() => self.turn_away(invitation, data),
            _ => {
                self.begin_incoming(invitation, data, call_id);
            }
        }
        true
    }

    fn begin_incoming(&mut self, invitation: &NewInvitation, data: &CallData, call_id: InviteId) -> usize {
        self.hide_ended();
        let deadline_ms = self.now_ms + ring_ms(invitation);
        let mut call = Call::new(call_id, invitation.inviter.clone(), Direction::Incoming, data.room, deadline_ms);
        call.view.group.clone_from(&invitation.group_id);
        let mut party = Party::default();
        for user in data.users.iter().filter(|user| **user != self.me && **user != invitation.inviter) {
            party.know(user, Standing::Left);
        }
        call.party = Some(party);
        let i = self.take_up(call);
        self.note_leg(i, invitation);
        i
    }

    /// Who is being called here calls this user together with others: that is the call, and nothing rings.
    fn give_way(&mut self, i: usize, invitation: &NewInvitation, data: &CallData, call_id: InviteId) {
        self.withdraw(i, Some(GLARE), Some(call_id.clone()));
        self.end(i, EndReason::Cancelled, None);
        self.calls[i].shown = false;
        let ours = self.calls[i].view.call_id.clone();
        let i = self.begin_incoming(invitation, data, call_id);
        self.calls[i].alias = Some(ours);
        self.answer(i);
    }

    /// An invitation to this call, by whomever.
    fn note_leg(&mut self, i: usize, invitation: &NewInvitation) {
        let deadline_ms = self.now_ms + ring_ms(invitation);
        let me = self.me.clone();
        let call = &mut self.calls[i];
        let Some(party) = &mut call.party else { return };
        if invitation.inviter != me {
            party.know(&invitation.inviter, Standing::Left);
        }
        let invitees = invitation.invitee_list.iter();
        let open: std::collections::BTreeSet<UserId> = invitees.cloned().collect();
        for user in open.iter().filter(|user| **user != me) {
            party.know(user, Standing::NoAnswer);
        }
        if invitation.group_id.is_none() {
            party.outsiders.extend(open.iter().cloned());
        }
        if open.contains(&me) && call.view.phase == Phase::Incoming {
            call.view.ring_deadline_ms = Some(deadline_ms);
        }
        let id = invitation.invite_id.clone();
        party.legs.push(Leg {
            id,
            ours: false,
            in_group: invitation.group_id.is_some(),
            sent: true,
            deadline_ms,
            open,
            accepting: false,
        });
        call.show_others();
        self.party_progress(i);
    }

    /// Who is in the call, or on the way, and is invited to it says yes.
    pub(super) fn take_leg_from_inside(&mut self, i: usize) {
        let call = &self.calls[i];
        if call.is_live() && call.takes_part() && matches!(call.place, Place::Inside(_)) {
            self.accept_open_parts(i);
        }
    }

    pub(in super::super) fn accept_open_parts(&mut self, i: usize) {
        let (me, until_ms) = (self.me.clone(), self.now_ms + RING_MAX_MS);
        let call = &mut self.calls[i];
        let Some(party) = &mut call.party else { return };
        let call_id = call.view.call_id.clone();
        let data = Self::answer_data(call.view.room, None, Some(call_id.clone()));
        let mut open = Vec::new();
        for leg in party.legs.iter_mut().filter(|leg| !leg.accepting && leg.open.contains(&me)) {
            leg.accepting = true;
            open.push(leg.id.clone());
        }
        for invite_id in open {
            self.ask(&call_id, Ask::Accept(Accept { invite_id, data: data.clone() }), until_ms);
        }
    }

    // ---- joining ----------------------------------------------------------------------------------------------------

    /// The person joins the call that is on in a group.
    pub(in super::super) fn join(
        &mut self,
        group: GroupId,
        room: RoomId,
        call_id: Option<InviteId>,
        there: Vec<UserId>,
    ) {
        let here = self.live_in_room(room);
        if here.is_some_and(|i| self.calls[i].view.phase != Phase::Incoming) {
            return;
        }
        if self.is_in_a_call(&there, |call| call.view.room == Some(room)) {
            return;
        }
        let call_id = call_id.unwrap_or_else(|| self.ids.invite());
        let peer = there.iter().find(|user| **user != self.me).unwrap_or(&self.me).clone();
        self.hide_ended();
        let mut call = Call::new(call_id.clone(), peer, Direction::Incoming, room, self.now_ms);
        let mut party = Party::default();
        for user in there.iter().filter(|user| **user != self.me) {
            party.know(user, Standing::Left);
        }
        call.view.group = Some(group);
        call.view.phase = Phase::Connecting;
        call.view.ring_deadline_ms = None;
        call.invitation = Invitation::Joining;
        call.party = Some(party);
        call.limit = Some((self.now_ms + CONNECT_MS, Limit::Lost));
        call.begin_entering();
        self.take_up(call);
        self.ask(&call_id, Ask::Enter(EnterRoom::of(room)), self.now_ms + CONNECT_MS);
    }

    // ---- how parts end ----------------------------------------------------------------------------------------------

    pub(in super::super) fn party_accepted(&mut self, i: usize, answer: &InviteeAnswer) {
        if answer.invitee == self.me {
            self.own_part_ended(i, &answer.invite_id);
            // Who is in the call on this device stays; another device may join it.
            if self.calls[i].takes_part() {
                return;
            }
            if answer.device_id == self.device {
                self.our_answer_counts(i);
            } else {
                self.verdict(i, EndReason::AnsweredElsewhere, Some(answer.device_name.clone()));
            }
            return;
        }
        let until_ms = self.now_ms + CONNECT_MS;
        let call = &mut self.calls[i];
        let entering = call.is_entering();
        let Some(party) = &mut call.party else { return };
        if party.end_part(&answer.invite_id, &answer.invitee) {
            party.became(&answer.invitee, Standing::Left);
            let here = call.view.participants.iter().any(|other| other.user_id == answer.invitee);
            if !here {
                party.coming.insert(answer.invitee.clone(), until_ms);
            }
            if entering {
                party.ended_meanwhile.push((answer.invite_id.clone(), answer.invitee.clone()));
            }
            call.accepted |= call.invitation.is_ours();
        }
        call.show_others();
        self.party_progress(i);
    }

    pub(in super::super) fn party_rejected(&mut self, i: usize, answer: &InviteeAnswer) {
        if answer.invitee == self.me {
            self.own_part_ended(i, &answer.invite_id);
            let quiet = CallData::parse(&answer.data).is_ok_and(|data| data.is_do_not_disturb());
            if answer.device_id != self.device && !self.calls[i].takes_part() {
                // Where nothing may ring nobody has declined.
                let (reason, detail) = if quiet {
                    (EndReason::NotAvailable, None)
                } else {
                    (EndReason::DeclinedElsewhere, Some(answer.device_name.clone()))
                };
                self.verdict(i, reason, detail);
            }
            return;
        }
        let standing = match CallData::parse(&answer.data) {
            Ok(data) if data.is_line_busy() => Standing::Busy,
            Ok(data) if data.is_do_not_disturb() => Standing::NotAvailable,
            Ok(_) | Err(_) => Standing::Declined,
        };
        self.parts_ended(i, &answer.invite_id, std::slice::from_ref(&answer.invitee), standing);
    }

    /// Parts were cancelled or have timed out.
    pub(in super::super) fn parts_over(&mut self, i: usize, id: &InviteId, whose: &[UserId], timed_out: bool) {
        if whose.contains(&self.me) {
            self.own_part_ended(i, id);
            let rung = self.calls[i].party.as_ref().is_some_and(|party| party.is_rung(&self.me));
            let call = &self.calls[i];
            if !rung && !call.takes_part() {
                self.verdict(i, if timed_out { EndReason::NoAnswer } else { EndReason::Cancelled }, None);
            }
        }
        let others: Vec<UserId> = whose.iter().filter(|user| **user != self.me).cloned().collect();
        let standing = if timed_out { Standing::NoAnswer } else { Standing::Cancelled };
        self.parts_ended(i, id, &others, standing);
    }

    fn own_part_ended(&mut self, i: usize, id: &InviteId) {
        let me = self.me.clone();
        if let Some(party) = &mut self.calls[i].party {
            party.end_part(id, &me);
        }
    }

    fn parts_ended(&mut self, i: usize, id: &InviteId, whose: &[UserId], standing: Standing) {
        let call = &mut self.calls[i];
        let entering = call.is_entering();
        let Some(party) = &mut call.party else { return };
        for user in whose {
            if party.end_part(id, user) {
                party.became(user, standing);
            }
            if entering {
                party.ended_meanwhile.push((id.clone(), user.clone()));
            }
        }
        call.show_others();
        self.party_progress(i);
    }
}

impl Call {
    /// Calling this person and nobody else, who has not answered.
    fn calls_only(&self, user: &UserId) -> bool {
        let calling = matches!(self.view.phase, Phase::Calling | Phase::Ringing);
        calling && self.party.is_none() && self.view.peer == *user
    }

    /// Calling this group, and not in its room yet.
    fn awaits_room_of(&self, group: Option<&GroupId>) -> bool {
        group.is_some() && self.view.group.as_ref() == group && self.invitation == Invitation::Unsent
    }
}

fn ring_ms(invitation: &NewInvitation) -> u64 {
    invitation.remaining_ms.unwrap_or(u64::from(RING_S) * 1000).min(RING_MAX_MS)
}
