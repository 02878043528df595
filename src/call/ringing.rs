//! The callee's side until the answer is through, and what to do when both call each other.

use crate::protocol::{
    ApiError, Code, InviteId,
    api::{Accept, EnterRoom, Invite, Reject},
    call_data::{CallData, Command, DO_NOT_DISTURB, GLARE, LINE_BUSY},
    event::{InviteeAnswer, NewInvitation},
};

use super::{
    live::{Call, Invitation, Limit},
    machine::{
        CONNECT_MS, HANGUP_WAIT_MS, Machine, Output, RING_GRACE_MS, RING_MAX_MS, RING_S, RequestReply, VERDICT_MS,
    },
    outbox::Ask,
    view::{Direction, EndReason, Phase},
};

impl Machine {
    pub(super) fn invited(&mut self, invitation: NewInvitation) {
        // Data that is not a call's, or a command of the future: somebody else's business.
        let Ok(data) = CallData::parse(&invitation.data) else { return };
        if self.invited_to_party(&invitation, &data) {
            return;
        }
        if invitation.inviter == self.me {
            return self.own_echo(&invitation, &data);
        }
        if !invitation.invitee_list.contains(&self.me) {
            return;
        }
        match (&data.command, &data.call_id) {
            (Command::AudioCall | Command::VideoCall, _) => self.called(invitation, &data),
            (Command::Ringing, Some(call_id)) => self.callee_rings(call_id, &invitation.inviter),
            (Command::Hangup { .. }, Some(call_id)) => self.hangup_seen(call_id, &invitation.inviter, &data),
            (Command::Ringing | Command::Hangup { .. }, None)
            | (Command::SwitchToAudio | Command::SwitchToVideo | Command::Unknown(_), _) => {}
        }
    }

    /// An invitation by this user: this device's own comes back, or another device calls.
    fn own_echo(&mut self, invitation: &NewInvitation, data: &CallData) {
        match &data.command {
            Command::Hangup { .. } => {
                if let Some(call_id) = &data.call_id {
                    self.hangup_done(call_id);
                }
            }
            Command::AudioCall | Command::VideoCall if invitation.device_id != self.device => {
                let remaining = invitation.remaining_ms.unwrap_or(0);
                if let (Some(peer), 1..) = (invitation.invitee_list.first(), remaining)
                    && !self.early.knows(self.now_ms, &invitation.invite_id)
                {
                    self.elsewhere.placed(&invitation.invite_id, peer, self.now_ms + remaining);
                }
            }
            Command::AudioCall
            | Command::VideoCall
            | Command::Ringing
            | Command::SwitchToAudio
            | Command::SwitchToVideo
            | Command::Unknown(_) => {}
        }
    }

    /// Somebody calls this user.
    fn called(&mut self, invitation: NewInvitation, data: &CallData) {
        let over = invitation.remaining_ms == Some(0);
        if over || self.find_exact(&invitation.invite_id).is_some() {
            return;
        }
        if self.early.knows(self.now_ms, &invitation.invite_id) {
            return;
        }
        let live = self.all_live();
        let rung = |call: &Call| call.party.as_ref().is_some_and(|party| party.is_rung(&invitation.inviter));
        if live.iter().any(|i| rung(&self.calls[*i])) {
            // Being called by us at the same moment, they give way.
            return;
        }
        let theirs = |call: &Call| call.party.is_none() && call.view.peer == invitation.inviter;
        if let Some(i) = live.into_iter().find(|i| theirs(&self.calls[*i])) {
            let call = &self.calls[i];
            match call.view.phase {
                Phase::Calling | Phase::Ringing => return self.glare(i, invitation, data),
                Phase::Incoming | Phase::Connecting | Phase::InCall | Phase::Reconnecting
                    if call.peer_device.as_ref() == Some(&invitation.device_id) =>
                {
                    // A device calls nobody while it is in a call: that it calls again says that our call is dead on its
                    // side.
                    let unanswered = call.view.phase == Phase::Incoming;
                    self.end(i, if unanswered { EndReason::Cancelled } else { EndReason::ConnectionLost }, None);
                    self.owe_hangup(i, 0);
                }
                Phase::Incoming | Phase::Connecting | Phase::InCall | Phase::Reconnecting | Phase::Ended => {}
            }
        }
        if !self.may_ring() {
            self.turn_away(&invitation, data);
        } else if !self.elsewhere.calls(self.now_ms, &invitation.inviter) {
            self.ring(invitation, data);
        }
    }

    /// Says at once why nobody answers: the line is busy, or, whatever else goes on, this user is not to be disturbed.
    pub(super) fn turn_away(&mut self, invitation: &NewInvitation, data: &CallData) {
        let until = self.now_ms + invitation.remaining_ms.unwrap_or(u64::from(RING_S) * 1000);
        let id = invitation.invite_id.clone();
        self.early.remember(self.now_ms, &id);
        let message = if self.do_not_disturb { DO_NOT_DISTURB } else { LINE_BUSY };
        let data = Self::answer_data(Some(data.room), Some(message), None);
        self.ask(&id, Ask::Reject(Reject { invite_id: id.clone(), data }), until);
        if !self.do_not_disturb {
            self.put(Output::ToldBusy(invitation.inviter.clone()));
        }
    }

    fn incoming(&mut self, invitation: &NewInvitation, data: &CallData) -> Call {
        let ring_ms = invitation.remaining_ms.unwrap_or(u64::from(RING_S) * 1000).min(RING_MAX_MS);
        let mut call = Call::new(
            invitation.invite_id.clone(),
            invitation.inviter.clone(),
            Direction::Incoming,
            data.room,
            self.now_ms + ring_ms,
        );
        call.peer_device = Some(invitation.device_id.clone());
        call
    }

    fn ring(&mut self, invitation: NewInvitation, data: &CallData) {
        if self.do_not_disturb {
            return self.turn_away(&invitation, data);
        }
        let call = self.incoming(&invitation, data);
        let until = call.view.ring_deadline_ms.unwrap_or(self.now_ms);
        self.hide_ended();
        self.take_up(call);
        let notice = CallData {
            command: Command::Ringing,
            call_id: Some(invitation.invite_id.clone()),
            ..CallData::audio(data.room)
        };
        let notice = Invite {
            invite_id: self.ids.invite(),
            invitee: invitation.inviter,
            data: notice.to_json(),
            online_user_only: true,
            timeout: 0,
            room_id: None,
        };
        self.ask(&invitation.invite_id, Ask::Ringing(notice), until);
    }

    // ---- glare ----------------------------------------------------------------------------------------------------

    /// Both call each other: the smaller `inviteID` is the call, and nothing rings on either side.
    fn glare(&mut self, i: usize, theirs: NewInvitation, data: &CallData) {
        let ours = self.calls[i].view.call_id.clone();
        let sent = self.calls[i].invitation == Invitation::Sent;
        if sent && ours < theirs.invite_id {
            // The other side finds the same and answers ours.
            let over_ms = self.now_ms + theirs.remaining_ms.unwrap_or(u64::from(RING_S) * 1000);
            self.calls[i].shadow = Some((theirs, over_ms));
            return;
        }
        let mut call = self.incoming(&theirs, data);
        call.alias = Some(ours);
        if sent {
            // The person placed a call, and this is it.
            call.view.direction = Direction::Outgoing;
        }
        self.withdraw(i, Some(GLARE), Some(theirs.invite_id));
        self.end(i, EndReason::Cancelled, None);
        self.calls[i].shown = false;
        let i = self.take_up(call);
        self.answer(i);
    }

    /// Our call failed while theirs had given way to it.
    pub(super) fn ring_after_all(&mut self, mut theirs: NewInvitation, over_ms: u64) {
        theirs.remaining_ms = Some(over_ms.saturating_sub(self.now_ms));
        self.invited(theirs);
    }

    // ---- the answer -----------------------------------------------------------------------------------------------

    pub(super) fn person_accepts(&mut self, id: &InviteId) {
        let Some(i) = self.find(id) else { return };
        match self.calls[i].view.phase {
            Phase::Incoming => self.answer(i),
            Phase::Calling
            | Phase::Ringing
            | Phase::Connecting
            | Phase::InCall
            | Phase::Reconnecting
            | Phase::Ended => {}
        }
    }

    /// Enters the room; the acceptance is sent from inside.
    pub(super) fn answer(&mut self, i: usize) {
        let limit = self.link.then_some((self.now_ms + CONNECT_MS, Limit::Lost));
        let call = &mut self.calls[i];
        let (Some(room_id), Some(until)) = (call.view.room, call.view.ring_deadline_ms) else { return };
        call.view.phase = Phase::Connecting;
        call.invitation = Invitation::Answering;
        call.begin_entering();
        // Without a connection, the answer may wait as long as it may ring.
        call.limit = limit;
        let id = call.view.call_id.clone();
        self.hold_others(i);
        let keep_others = self.all_live().len() > 1;
        self.ask(&id, Ask::Enter(EnterRoom { keep_others, ..EnterRoom::of(room_id) }), until);
    }

    pub(super) fn accept_from_inside(&mut self, i: usize) {
        let call = &mut self.calls[i];
        let Some(until) = call.view.ring_deadline_ms.filter(|_| call.invitation == Invitation::Answering) else {
            return;
        };
        call.invitation = Invitation::AcceptSent;
        if call.party.is_some() {
            return self.accept_open_parts(i);
        }
        let accept =
            Accept { invite_id: call.view.call_id.clone(), data: Self::answer_data(call.view.room, None, None) };
        let id = accept.invite_id.clone();
        self.ask(&id, Ask::Accept(accept), until);
    }

    /// The caller's room does not take this device.
    pub(super) fn answer_refused(&mut self, i: usize, error: &ApiError) {
        let call = &mut self.calls[i];
        if error.is(Code::NotFound) {
            // The room is gone because the caller is; its cancellation is on the way.
            let reason = Limit::Verdict(EndReason::Failed, Some(error.to_string()));
            call.limit = Some((self.now_ms + VERDICT_MS, reason));
            return;
        }
        self.refuse(i, EndReason::Failed, Some(error.to_string()));
    }

    pub(super) fn accept_answered(&mut self, i: usize, result: Result<RequestReply, ApiError>) {
        if self.calls[i].party.is_some() && self.calls[i].takes_part() {
            // Invited to the call that this device is in: whatever comes of it, it stays.
            return;
        }
        match result {
            Ok(_) => self.our_answer_counts(i),
            Err(error) if error.is(Code::InvalidInviteId) => {
                let call = &mut self.calls[i];
                if call.is_live() && !call.accepted {
                    let reason = Limit::Verdict(EndReason::Cancelled, None);
                    call.limit = Some((self.now_ms + VERDICT_MS, reason));
                }
            }
            Err(error) => {
                if self.calls[i].is_live() && !self.calls[i].accepted {
                    self.refuse(i, EndReason::Failed, Some(error.to_string()));
                }
            }
        }
    }

    /// The server has taken this device's acceptance.
    pub(super) fn our_answer_counts(&mut self, i: usize) {
        let call = &mut self.calls[i];
        if call.accepted || call.settled {
            return;
        }
        call.accepted = true;
        call.settled = true;
        if call.is_live() {
            call.view.ring_deadline_ms = None;
            self.enter_late(i);
            self.progress(i);
        } else {
            // Hung up while the answer was on its way, or given up for lost.
            let lost = call.view.end != Some(EndReason::HungUp);
            call.view.end = Some(if lost { EndReason::ConnectionLost } else { EndReason::HungUp });
            self.owe_hangup(i, HANGUP_WAIT_MS);
        }
    }

    pub(super) fn person_rejects(&mut self, id: &InviteId) {
        let Some(i) = self.find(id) else { return };
        match self.calls[i].view.phase {
            Phase::Incoming => self.decline(i),
            Phase::Calling
            | Phase::Ringing
            | Phase::Connecting
            | Phase::InCall
            | Phase::Reconnecting
            | Phase::Ended => {}
        }
    }

    pub(super) fn decline(&mut self, i: usize) {
        self.refuse(i, EndReason::Declined, None);
    }

    /// Ends their call here and says no to their invitation, should it still be open.
    pub(super) fn refuse(&mut self, i: usize, reason: EndReason, detail: Option<String>) {
        let until = self.calls[i].view.ring_deadline_ms.unwrap_or(self.now_ms) + RING_GRACE_MS;
        self.end(i, reason, detail);
        let call = &self.calls[i];
        let id = call.view.call_id.clone();
        let data = Self::answer_data(call.view.room, None, None);
        let open = call.party.as_ref().map_or_else(|| vec![id.clone()], |party| party.open_to(&self.me));
        for invite_id in open {
            self.ask(&id, Ask::Reject(Reject { invite_id, data: data.clone() }), until);
        }
    }

    /// The application accepted without the machine, by the signaling call itself: the room is still to be entered.
    fn enter_late(&mut self, i: usize) {
        let call = &mut self.calls[i];
        let (Invitation::Received, Some(room_id)) = (call.invitation, call.view.room) else { return };
        call.invitation = Invitation::AcceptSent;
        call.begin_entering();
        let id = call.view.call_id.clone();
        self.hold_others(i);
        let keep_others = self.all_live().len() > 1;
        let enter = EnterRoom { keep_others, ..EnterRoom::of(room_id) };
        self.ask(&id, Ask::Enter(enter), self.now_ms + CONNECT_MS);
    }

    // ---- what the events say about their invitation ---------------------------------------------------------------

    pub(super) fn invitee_accepted(&mut self, answer: &InviteeAnswer) {
        if let Some(i) = self.party_of(&answer.invite_id) {
            return self.party_accepted(i, answer);
        }
        self.over(&answer.invite_id);
        let Some(i) = self.pair_of(&answer.invite_id) else { return };
        if self.calls[i].invitation.is_ours() {
            if answer.invitee == self.calls[i].view.peer {
                self.our_call_accepted(i, answer);
            }
        } else if answer.invitee == self.me {
            if answer.device_id == self.device {
                self.our_answer_counts(i);
            } else {
                self.verdict(i, EndReason::AnsweredElsewhere, Some(answer.device_name.clone()));
            }
        }
    }

    pub(super) fn invitee_rejected(&mut self, answer: &InviteeAnswer) {
        if let Some(i) = self.party_of(&answer.invite_id) {
            return self.party_rejected(i, answer);
        }
        self.over(&answer.invite_id);
        let Some(i) = self.pair_of(&answer.invite_id) else { return };
        if self.calls[i].invitation.is_ours() {
            if answer.invitee == self.calls[i].view.peer {
                let reason = match CallData::parse(&answer.data) {
                    Ok(data) if data.is_line_busy() => EndReason::Busy,
                    Ok(data) if data.is_do_not_disturb() => EndReason::NotAvailable,
                    _ => EndReason::Declined,
                };
                self.verdict(i, reason, None);
            }
        } else if answer.invitee == self.me {
            if answer.device_id == self.device {
                // This device's own rejection. If it came of a failure, that stays what is shown.
                let failure =
                    self.calls[i].view.end.filter(|end| matches!(end, EndReason::Failed | EndReason::ConnectionLost));
                let detail = self.calls[i].view.detail.clone();
                self.verdict(i, failure.unwrap_or(EndReason::Declined), detail);
            } else if CallData::parse(&answer.data).is_ok_and(|data| data.is_do_not_disturb()) {
                // Nobody has declined: another device of this user lets nothing ring.
                self.verdict(i, EndReason::NotAvailable, None);
            } else {
                self.verdict(i, EndReason::DeclinedElsewhere, Some(answer.device_name.clone()));
            }
        }
    }

    /// This invitation is over: it must not ring, should it still come in, nor be waited for.
    pub(super) fn over(&mut self, id: &InviteId) {
        self.early.remember(self.now_ms, id);
        self.elsewhere.over(id);
        for call in &mut self.calls {
            call.shadow = call.shadow.take().filter(|(theirs, _)| theirs.invite_id != *id);
        }
    }
}
