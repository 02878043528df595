//! The end of a call: stopping everything, and the message that ends it in everyone's log.

use std::sync::Arc;

use crate::protocol::{
    InviteId, UserId,
    api::{ExitRoom, Invite},
    call_data::{CallData, Command},
};

use super::{
    CONNECTION_LOST,
    live::{HangupDuty, Invitation, Place},
    machine::{HANGUP_WAIT_MS, MEMORY_MS, Machine, Output},
    outbox::Ask,
    view::{EndReason, Phase},
};

impl Machine {
    pub(super) fn person_hangs_up(&mut self, id: &InviteId) {
        let Some(i) = self.find(id) else { return };
        let call = &self.calls[i];
        if call.party.is_some() {
            return self.leave_party(i);
        }
        match (call.view.phase, call.invitation) {
            (Phase::Calling | Phase::Ringing, _) => self.give_up(i),
            (Phase::Incoming, _) | (Phase::Connecting, Invitation::Received | Invitation::Answering) => self.decline(i),
            (Phase::Connecting, Invitation::AcceptSent) if !call.accepted => {
                // Whether the answer gets through is open: if not, this does.
                self.refuse(i, EndReason::HungUp, None);
            }
            (
                Phase::Connecting,
                Invitation::Unsent | Invitation::Sent | Invitation::AcceptSent | Invitation::Joining,
            )
            | (Phase::InCall | Phase::Reconnecting, _) => {
                self.end(i, EndReason::HungUp, None);
                self.owe_hangup(i, HANGUP_WAIT_MS);
            }
            (Phase::Ended, _) => {}
        }
    }

    /// The call is over on this device.
    pub(super) fn end(&mut self, i: usize, reason: EndReason, detail: Option<String>) {
        if !self.calls[i].is_live() {
            return;
        }
        self.hide_ended();
        let now_ms = self.now_ms;
        self.calls[i].close_party();
        let call = &mut self.calls[i];
        let view = &mut call.view;
        view.phase = Phase::Ended;
        view.end = Some(reason);
        view.detail = detail;
        view.duration_s = view.talking_since_ms.map_or(0, |since| now_ms.saturating_sub(since) / 1000);
        view.ring_deadline_ms = None;
        view.on_hold = false;
        view.participants = Arc::default();
        call.limit = None;
        call.again = false;
        call.shown = true;
        call.forget_ms = now_ms + MEMORY_MS;
        let id = view.call_id.clone();
        let room_id = view.room;
        // Whether it is this room or the group's is only known from inside.
        let group_id = view.group.clone().filter(|_| call.invitation == Invitation::Unsent);
        let media = std::mem::take(&mut call.media);
        let inside = !matches!(std::mem::replace(&mut call.place, Place::Outside), Place::Outside);
        if media {
            self.put(Output::StopMedia);
        }
        self.abandon(i);
        self.early.remember(now_ms, &id);
        if let (true, Some(room_id)) = (inside, room_id) {
            let exit = ExitRoom { room_id, group_id };
            self.ask(&id, Ask::Exit(exit), now_ms + MEMORY_MS);
        }
        self.resume_what_gave_way();
    }

    /// What ended before gives way in the view.
    pub(super) fn hide_ended(&mut self) {
        for call in self.calls.iter_mut().filter(|call| !call.is_live()) {
            call.shown = false;
        }
    }

    /// An accepted call needs its hang-up message; this device sends it after `wait_ms`, unless the other one does.
    pub(super) fn owe_hangup(&mut self, i: usize, wait_ms: u64) {
        let call = &mut self.calls[i];
        // In a call of several, the server says who is the last one.
        if call.party.is_none() && call.accepted && call.hangup == HangupDuty::None {
            call.hangup = HangupDuty::Due(self.now_ms + wait_ms);
            call.forget_ms = self.now_ms + MEMORY_MS;
            self.send_due_hangup(i);
        }
    }

    pub(super) fn send_due_hangup(&mut self, i: usize) {
        let call = &mut self.calls[i];
        let HangupDuty::Due(at) = call.hangup else { return };
        if !self.link || self.now_ms < at {
            return;
        }
        call.hangup = HangupDuty::Done;
        let Some(room) = call.view.room else { return };
        let data = CallData {
            command: Command::Hangup { duration_s: call.view.duration_s },
            call_id: Some(call.view.call_id.clone()),
            inviter: Some(call.caller(&self.me).clone()),
            message: (call.view.end == Some(EndReason::ConnectionLost)).then(|| CONNECTION_LOST.to_owned()),
            ..CallData::audio(room)
        };
        let invite = Invite {
            invite_id: self.ids.invite(),
            invitee: call.view.peer.clone(),
            data: data.to_json(),
            online_user_only: false,
            timeout: 0,
            room_id: None,
        };
        let id = call.view.call_id.clone();
        // The log of both depends on it: it waits for the connection as long as the program runs.
        self.ask(&id, Ask::Hangup(invite), u64::MAX);
    }

    /// The peer's hang-up message.
    pub(super) fn hangup_seen(&mut self, call_id: &InviteId, from: &UserId, data: &CallData) {
        let theirs = |call: &super::live::Call| call.view.peer == *from && call.party.is_none();
        let Some(i) = self.find_exact(call_id).filter(|i| theirs(&self.calls[*i])) else { return };
        self.hangup_done(call_id);
        match self.calls[i].view.phase {
            Phase::Connecting | Phase::InCall | Phase::Reconnecting => {
                let lost = data.message.as_deref() == Some(CONNECTION_LOST);
                self.end(i, if lost { EndReason::ConnectionLost } else { EndReason::HungUp }, None);
            }
            // Before an answer it ends nothing; afterwards there is nothing to end.
            Phase::Calling | Phase::Ringing | Phase::Incoming | Phase::Ended => {}
        }
    }

    /// A hang-up message of this call is in the log, the peer's or our own.
    pub(super) fn hangup_done(&mut self, call_id: &InviteId) {
        let Some(i) = self.find_exact(call_id) else { return };
        self.calls[i].hangup = HangupDuty::Done;
        self.abandon_hangup(i);
    }

    /// It rang in vain, and neither device nor server said so.
    pub(super) fn ring_over(&mut self, i: usize) {
        let call = &self.calls[i];
        let reason = match call.invitation {
            Invitation::Unsent => EndReason::ConnectionLost,
            Invitation::Sent if !call.arrived => EndReason::ConnectionLost,
            Invitation::Sent if call.callee_offline => EndReason::Offline,
            Invitation::Sent
            | Invitation::Received
            | Invitation::Answering
            | Invitation::AcceptSent
            | Invitation::Joining => EndReason::NoAnswer,
        };
        self.withdraw(i, None, None);
        self.end(i, reason, None);
    }
}
