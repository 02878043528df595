//! The caller's side of a call of two until somebody answers: room, invitation to it.

use crate::protocol::{
    ApiError, Code, InviteId, UserId,
    api::{Cancel, EnterRoom, EnterRoomReply, Invite, InviteReply, Reject},
    call_data::CallData,
    event::{InvitationCancelled, InvitationTimeout, InviteeAnswer},
};

use super::{
    live::{Call, Invitation, Place},
    machine::{HANGUP_WAIT_MS, Machine, Output, RING_S, RequestReply},
    outbox::Ask,
    view::{Direction, EndReason, Phase},
};

/// So many room numbers are tried; that even two are taken is a chance of one in a thousand million.
const ROOMS_MAX: u32 = 5;

impl Machine {
    pub(super) fn place(&mut self, peer: UserId) {
        if peer == self.me {
            let error = ApiError::new(Code::InvalidParameters, "You cannot call yourself; choose somebody else.");
            return self.put(Output::Refused { whom: vec![peer], error });
        }
        if self.is_in_a_call(std::slice::from_ref(&peer), |call| call.view.peer == peer) {
            return;
        }
        let (id, room) = (self.ids.invite(), self.ids.room());
        let ring_deadline_ms = self.now_ms + u64::from(RING_S) * 1000;
        self.hide_ended();
        let i = self.take_up(Call::new(id, peer, Direction::Outgoing, room, ring_deadline_ms));
        self.open_room(i);
    }

    /// Opens the call's room. Once inside, the invitation follows.
    pub(super) fn open_room(&mut self, i: usize) {
        let call = &mut self.calls[i];
        let (Some(room_id), Some(until)) = (call.view.room, call.view.ring_deadline_ms) else { return };
        call.begin_entering();
        call.rooms_tried += 1;
        let (id, group_id) = (call.view.call_id.clone(), call.view.group.clone());
        let call_id = Some(id.clone());
        let lesson = call.lesson_to_open();
        let enter = EnterRoom { create: true, group_id, call_id, lesson, ..EnterRoom::of(room_id) };
        self.ask(&id, Ask::Enter(enter), until);
    }

    /// Our own room could not be opened.
    pub(super) fn open_refused(&mut self, i: usize, error: &ApiError) {
        // Another number does not make a teacher of anybody.
        let no_teacher = error.is(Code::PermissionDenied) && self.calls[i].lesson_to_open().is_some();
        let taken = error.is(Code::IdInUse) || error.is(Code::PermissionDenied);
        if taken && !no_teacher && self.calls[i].rooms_tried < ROOMS_MAX {
            self.calls[i].view.room = Some(self.ids.room());
            self.open_room(i);
        } else {
            self.fail(i, error);
        }
    }

    fn invite_when_ready(&mut self, i: usize) {
        let call = &mut self.calls[i];
        let (Place::Inside(_), Invitation::Unsent, Some(room)) = (&call.place, call.invitation, call.view.room) else {
            return;
        };
        let until = self.now_ms + u64::from(RING_S) * 1000;
        call.invitation = Invitation::Sent;
        call.view.ring_deadline_ms = Some(until);
        let invite = Invite {
            invite_id: call.view.call_id.clone(),
            invitee: call.view.peer.clone(),
            data: CallData::audio(room).to_json(),
            online_user_only: false,
            timeout: RING_S,
            room_id: Some(room),
        };
        let id = invite.invite_id.clone();
        self.ask(&id, Ask::Invite(invite), until);
    }

    pub(super) fn invite_answered(&mut self, i: usize, id: &InviteId, result: Result<RequestReply, ApiError>) {
        // That the server knows it already is as good as its answer, but for who is online.
        let result = match result {
            Ok(RequestReply::Invited(reply)) => Ok(Some(reply)),
            Ok(RequestReply::Done | RequestReply::Entered(_) | RequestReply::Exited(_)) => Ok(None),
            Err(error) if error.is(Code::SignalingAlreadyExists) => Ok(None),
            Err(error) => Err(error),
        };
        if self.calls[i].party.is_some() {
            return self.leg_answered(i, id, result);
        }
        self.pair_invite_answered(i, result);
    }

    fn pair_invite_answered(&mut self, i: usize, result: Result<Option<InviteReply>, ApiError>) {
        let deadline = self.now_ms + u64::from(RING_S) * 1000;
        let call = &mut self.calls[i];
        if !call.is_live() {
            return;
        }
        match result {
            Err(error) => self.fail(i, &error),
            Ok(answer) => match call.view.phase {
                Phase::Calling | Phase::Ringing => {
                    call.arrived = true;
                    // Counted from here, it is never before the server's own.
                    call.view.ring_deadline_ms = Some(deadline);
                    if let Some(reply) = answer {
                        call.callee_offline = reply.online.is_empty() && call.view.phase == Phase::Calling;
                    }
                }
                Phase::Incoming | Phase::Connecting | Phase::InCall | Phase::Reconnecting | Phase::Ended => {}
            },
        }
    }

    /// Our call could not be set up. Should the callee have been calling us meanwhile, that call rings now.
    pub(super) fn fail(&mut self, i: usize, error: &ApiError) {
        let shadow = self.calls[i].shadow.take();
        self.calls[i].settled = true;
        self.end(i, EndReason::Failed, Some(error.to_string()));
        if let Some((invitation, over_ms)) = shadow {
            self.ring_after_all(invitation, over_ms);
        }
    }

    /// A device of the callee says that it rings.
    pub(super) fn callee_rings(&mut self, call_id: &InviteId, from: &UserId) {
        let Some(i) = self.find_exact(call_id) else { return };
        let call = &mut self.calls[i];
        if call.view.peer != *from || call.party.is_some() {
            return;
        }
        match call.view.phase {
            Phase::Calling => {
                call.view.phase = Phase::Ringing;
                call.arrived = true;
                call.callee_offline = false;
            }
            Phase::Ringing
            | Phase::Incoming
            | Phase::Connecting
            | Phase::InCall
            | Phase::Reconnecting
            | Phase::Ended => {}
        }
    }

    /// Takes our invitation back, if it was sent.
    pub(super) fn withdraw(&mut self, i: usize, message: Option<&str>, in_favour_of: Option<InviteId>) {
        let call = &self.calls[i];
        if call.invitation != Invitation::Sent {
            return;
        }
        let data = Self::answer_data(call.view.room, message, in_favour_of);
        let id = call.view.call_id.clone();
        let until = self.now_ms + u64::from(RING_S) * 1000;
        let cancel = Cancel { invite_id: id.clone(), invitee_list: Vec::new(), data };
        self.ask(&id, Ask::Cancel(cancel), until);
    }

    /// The person gives up our call before an answer.
    pub(super) fn give_up(&mut self, i: usize) {
        let shadow = self.calls[i].shadow.take();
        // Before the room ends: that would cancel it as well, but without a word.
        self.withdraw(i, None, None);
        self.end(i, EndReason::Cancelled, None);
        if let Some((theirs, until)) = shadow
            && let Ok(data) = CallData::parse(&theirs.data)
        {
            // Their call at the same moment would have been ours; who gives up one gives up both.
            let data = Self::answer_data(Some(data.room), None, None);
            let reject = Reject { invite_id: theirs.invite_id.clone(), data };
            self.ask(&theirs.invite_id, Ask::Reject(reject), until);
        }
    }

    // ---- what the events say about our invitation -----------------------------------------------------------------

    pub(super) fn our_call_accepted(&mut self, i: usize, answer: &InviteeAnswer) {
        let call = &mut self.calls[i];
        if call.accepted || call.settled {
            return;
        }
        call.accepted = true;
        call.settled = true;
        call.peer_device = Some(answer.device_id.clone());
        match call.view.phase {
            Phase::Calling | Phase::Ringing => {
                call.view.phase = Phase::Connecting;
                call.view.ring_deadline_ms = None;
                call.shadow = None;
                self.progress(i);
            }
            Phase::Ended => {
                // Given up and answered at the same moment, or after this device stopped waiting for the server.
                let gave_up = call.view.end == Some(EndReason::Cancelled);
                call.view.end = Some(if gave_up { EndReason::HungUp } else { EndReason::ConnectionLost });
                self.owe_hangup(i, HANGUP_WAIT_MS);
            }
            Phase::Incoming | Phase::Connecting | Phase::InCall | Phase::Reconnecting => {}
        }
    }

    /// The server says how an unanswered call ended.
    pub(super) fn verdict(&mut self, i: usize, reason: EndReason, detail: Option<String>) {
        let call = &mut self.calls[i];
        if call.accepted || call.settled {
            return;
        }
        call.settled = true;
        if call.is_live() {
            self.end(i, reason, detail);
        } else {
            call.view.end = Some(reason);
            call.view.detail = detail;
        }
    }

    pub(super) fn invitation_cancelled(&mut self, cancelled: &InvitationCancelled) {
        if let Some(i) = self.party_of(&cancelled.invite_id) {
            return self.parts_over(i, &cancelled.invite_id, &cancelled.invitee_list, false);
        }
        self.over(&cancelled.invite_id);
        if let Some(i) = self.pair_of(&cancelled.invite_id) {
            // Our own cancellation of a call that rang in vain because the server kept silent stays "no answer".
            let call = &self.calls[i];
            let in_vain = call.view.end.filter(|end| {
                call.invitation.is_ours()
                    && matches!(end, EndReason::NoAnswer | EndReason::Offline | EndReason::ConnectionLost)
            });
            let reason = in_vain.unwrap_or(EndReason::Cancelled);
            self.verdict(i, reason, None);
        }
    }

    pub(super) fn invitation_timed_out(&mut self, timeout: &InvitationTimeout) {
        if let Some(i) = self.party_of(&timeout.invite_id) {
            return self.parts_over(i, &timeout.invite_id, &timeout.invitee_list, true);
        }
        self.over(&timeout.invite_id);
        if let Some(i) = self.pair_of(&timeout.invite_id) {
            let offline = self.calls[i].callee_offline;
            self.verdict(i, if offline { EndReason::Offline } else { EndReason::NoAnswer }, None);
        }
    }

    /// A caller's room is open: the callee may be invited to it.
    pub(super) fn opened(&mut self, i: usize, reply: &EnterRoomReply) {
        if self.calls[i].view.room == Some(reply.room_id) {
            self.invite_when_ready(i);
        }
    }
}
