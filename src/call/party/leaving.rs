//! The end of a call of several on this device, and of the call itself in everybody's log.

use crate::protocol::{
    ApiError, Code, GroupId, InviteId, UserId,
    api::{ExitRoomReply, Invite, InviteInGroup},
    call_data::{CallData, Command},
};

use super::super::{
    live::{HangupDuty, Invitation},
    machine::{Machine, RequestReply},
    outbox::Ask,
    view::{EndReason, Phase, Standing},
};

impl Machine {
    /// The person leaves. The others go on, and whoever is being rung rings on while somebody is there to answer to.
    pub(in super::super) fn leave_party(&mut self, i: usize) {
        let call = &self.calls[i];
        match (call.view.phase, call.invitation) {
            (Phase::Ended, _) => {}
            (Phase::Incoming, _) | (Phase::Connecting, Invitation::Received | Invitation::Answering) => self.decline(i),
            (Phase::Connecting, Invitation::AcceptSent) if !call.accepted => {
                // Whether the answer gets through is open: if not, this does.
                self.refuse(i, EndReason::HungUp, None);
            }
            _ => {
                let alone = call.company(&self.me).0 == 0;
                let talked = call.view.talking_since_ms.is_some() || call.accepted;
                let id = call.view.call_id.clone();
                if alone {
                    self.stop_ringing(&id, &[]);
                }
                self.end(i, if talked { EndReason::HungUp } else { EndReason::Cancelled }, None);
            }
        }
    }

    /// Takes back whatever this device has asked people to.
    pub(super) fn take_back(&mut self, id: &InviteId) {
        let Some(i) = self.find_exact(id) else { return };
        let Some(party) = &self.calls[i].party else { return };
        let until_ms = self.now_ms + super::super::machine::MEMORY_MS;
        let data = Self::answer_data(self.calls[i].view.room, None, None);
        let open = party.legs.iter().filter(|leg| leg.ours && leg.sent && !leg.open.is_empty());
        let cancels: Vec<_> = open
            .map(|leg| crate::protocol::api::Cancel {
                invite_id: leg.id.clone(),
                invitee_list: Vec::new(),
                data: data.clone(),
            })
            .collect();
        for cancel in cancels {
            self.ask(id, Ask::Cancel(cancel), until_ms);
        }
    }

    /// This user is no longer a member of the group, or there is no such group any more.
    pub(in super::super) fn group_is_over(&mut self, group: &GroupId) {
        for i in self.all_live() {
            if self.calls[i].view.group.as_ref() == Some(group) {
                self.calls[i].settled = true;
                self.end(i, EndReason::EndedByServer, None);
            }
        }
    }

    /// The server says who is left in the room. Nobody: then this device ends the call in the log.
    pub(in super::super) fn exited(&mut self, i: usize, result: Result<RequestReply, ApiError>) {
        let result: Result<ExitRoomReply, ApiError> = match result {
            Ok(RequestReply::Exited(reply)) => Ok(reply),
            Ok(RequestReply::Done | RequestReply::Invited(_) | RequestReply::Entered(_)) => return,
            Err(error) => Err(error),
        };
        let call = &mut self.calls[i];
        if call.party.is_none() || call.is_live() || call.hangup != HangupDuty::None {
            return;
        }
        match result {
            // Somebody may have come and gone while this device was cut off.
            Ok(reply) if reply.remaining == 0 && (call.was_answered() || reply.talked_ms >= 1000) => {
                call.hangup = HangupDuty::Done;
                self.send_party_hangup(i, reply.talked_ms / 1000, reply.call_id);
            }
            // The room ended without a last one out, as when the server was started anew: its clock is gone, this
            // device's own is not.
            // In a lesson there are many who would say so; its teachers do.
            Err(error)
                if error.is(Code::NotFound)
                    && call.was_answered()
                    && (call.view.lesson.is_none() || call.is_taught_by(&self.me)) =>
            {
                call.hangup = HangupDuty::Done;
                let duration_s = call.view.duration_s;
                self.send_party_hangup(i, duration_s, None);
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// `room_call`: what the server says the room was for.
    fn send_party_hangup(&mut self, i: usize, duration_s: u64, room_call: Option<InviteId>) {
        let call = &self.calls[i];
        let Some(room) = call.view.room else { return };
        let own_id = call.view.call_id.clone();
        let call_id = room_call.unwrap_or_else(|| own_id.clone());
        let caller = match call.invitation {
            // Somebody else's, as it turns out.
            _ if call_id != own_id => None,
            Invitation::Unsent | Invitation::Sent if call.alias.is_none() => Some(self.me.clone()),
            Invitation::Received | Invitation::Answering | Invitation::AcceptSent => Some(call.view.peer.clone()),
            Invitation::Unsent | Invitation::Sent | Invitation::Joining => None,
        };
        let data = CallData {
            command: Command::Hangup { duration_s },
            call_id: Some(call_id),
            inviter: caller,
            ..CallData::audio(room)
        };
        let data = data.to_json();
        let Some(party) = &call.party else { return };
        let (outsiders, members): (Vec<UserId>, Vec<UserId>) = call
            .view
            .others
            .iter()
            .map(|other| other.user.clone())
            .partition(|user| call.view.group.is_none() || party.outsiders.contains(user));
        let were_in = |user: &UserId| {
            let standing = call.view.others.iter().find(|other| other.user == *user).map(|other| other.standing);
            matches!(standing, Some(Standing::Left | Standing::Lost))
        };
        let outsiders: Vec<UserId> = outsiders.into_iter().filter(were_in).collect();
        let group = call.view.group.clone().filter(|_| !members.is_empty());
        let (timeout, online_user_only, room_id) = (0, false, None);
        if let Some(group_id) = group {
            let (invite_id, data) = (self.ids.invite(), data.clone());
            let invitee_list = members;
            let hangup = InviteInGroup { invite_id, group_id, invitee_list, data, online_user_only, timeout, room_id };
            self.ask(&own_id, Ask::GroupHangup(hangup), u64::MAX);
        }
        for invitee in outsiders {
            let (invite_id, data) = (self.ids.invite(), data.clone());
            let hangup = Invite { invite_id, invitee, data, online_user_only, timeout, room_id };
            self.ask(&own_id, Ask::Hangup(hangup), u64::MAX);
        }
    }

    /// Somebody is no longer a member: the group's messages cannot name them any more.
    pub(in super::super) fn member_is_gone(&mut self, group: &GroupId, users: &[UserId]) {
        if users.contains(&self.me) {
            return self.group_is_over(group);
        }
        for call in self.calls.iter_mut().filter(|call| call.view.group.as_ref() == Some(group)) {
            if let Some(party) = &mut call.party {
                party.outsiders.extend(users.iter().cloned());
            }
        }
    }
}

impl super::super::live::Call {
    /// Somebody has come, here or to this device.
    fn was_answered(&self) -> bool {
        self.accepted || self.invitation == Invitation::Joining || self.view.talking_since_ms.is_some()
    }
}
