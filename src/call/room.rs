//! In the room: who is there, talking, lost connections.

use crate::protocol::{
    ApiError,
    api::{EnterRoom, EnterRoomReply},
    event::{LeaveReason, RoomEntered, RoomHold, RoomLeft, RoomLink},
};

use super::{
    live::{Invitation, Limit, Move, Place},
    machine::{CONNECT_MS, Machine, Output, PEER_UNLINKED_MS, RECONNECT_MS, RequestReply},
    view::{EndReason, Phase},
};

impl Machine {
    /// `order`: when it was asked, among all requests.
    pub(super) fn enter_answered(
        &mut self,
        i: usize,
        params: &EnterRoom,
        order: u64,
        result: Result<RequestReply, ApiError>,
    ) {
        let call = &self.calls[i];
        if !call.is_live() || call.view.room != Some(params.room_id) {
            // Who left before being in has asked to leave right behind. But a group's room was another one.
            if let Ok(RequestReply::Entered(reply)) = result
                && reply.room_id != params.room_id
                && !self.live_in_room(reply.room_id).is_some_and(|there| self.calls[there].is_on_the_way_in())
            {
                if !self.calls[i].is_live() {
                    self.calls[i].adopt(&reply);
                }
                self.leave_again(i, reply.room_id, order);
            }
            return;
        }
        match result {
            Ok(RequestReply::Entered(reply)) => self.entered(i, reply),
            Ok(RequestReply::Done | RequestReply::Invited(_) | RequestReply::Exited(_)) => {}
            Err(error) if call.party.is_some() => self.party_enter_refused(i, &error),
            Err(error) => {
                if call.accepted {
                    // Gone while this device was away: the other side has given up.
                    self.end(i, EndReason::ConnectionLost, None);
                    self.owe_hangup(i, super::machine::HANGUP_WAIT_MS);
                    return;
                }
                match call.invitation {
                    Invitation::Unsent => self.open_refused(i, &error),
                    Invitation::Sent => {
                        // Our room did not survive the lost connection; without it nobody can answer. Somebody may
                        // have answered meanwhile, though, and the events will say so.
                        self.withdraw(i, None, None);
                        self.end(i, EndReason::Failed, Some(error.to_string()));
                    }
                    Invitation::Received | Invitation::Answering | Invitation::AcceptSent | Invitation::Joining => {
                        self.answer_refused(i, &error);
                    }
                }
            }
        }
    }

    fn entered(&mut self, i: usize, reply: EnterRoomReply) {
        let (me, device) = (self.me.clone(), self.device.clone());
        let strangers = {
            let peer = &self.calls[i].view.peer;
            let rung = reply.ringing.iter().flat_map(|ringing| &ringing.user_list);
            let mut there = reply.participants.iter().map(|other| &other.user_id).chain(rung);
            there.any(|user| user != peer && *user != me)
        };
        if strangers || reply.lesson.is_some() {
            self.become_party(i);
        }
        if self.calls[i].party.is_some() {
            return self.entered_party(i, reply);
        }
        let call = &mut self.calls[i];
        call.place = Place::Inside(reply.clone());
        call.again = false;
        let mut others = reply.participants.clone();
        others.retain(|other| (&other.user_id, &other.device_id) != (&me, &device));
        call.take_in(others, reply.change);
        if call.media {
            self.put(Output::StartMedia(reply.clone()));
        }
        self.opened(i, &reply);
        self.accept_from_inside(i);
        self.progress(i);
    }

    /// Brings an accepted call to the phase that the facts allow.
    pub(super) fn progress(&mut self, i: usize) {
        if self.calls[i].party.is_some() {
            return self.party_progress(i);
        }
        let (now_ms, link, relay_lost) = (self.now_ms, self.link, self.relay_lost_since(i));
        let call = &mut self.calls[i];
        let inside = match &call.place {
            Place::Inside(reply) => Some(reply.clone()),
            Place::Entering | Place::Outside => None,
        };
        if !call.is_live() || !call.accepted {
            return;
        }
        if let Some(reply) = inside.clone()
            && !call.media
            && call.may_sound()
        {
            call.media = true;
            self.put(Output::StartMedia(reply));
        }
        let call = &mut self.calls[i];
        let cut_off = !link || inside.is_none() || relay_lost.is_some();
        if !cut_off && call.peer_is_here() && call.peer_linked {
            call.view.talking_since_ms.get_or_insert(now_ms);
            call.view.phase = Phase::InCall;
            call.cut_off_ms = None;
            if !matches!(call.limit, Some((_, Limit::PeerUnlinked))) {
                call.limit = None;
            }
            return;
        }
        let gone = match call.peer_is_gone() {
            Some(reason) => Some(reason),
            // It was there when the connection broke, and is not any more.
            None => (call.view.talking_since_ms.is_some() && !call.peer_is_here()).then_some(LeaveReason::Exit),
        };
        if let (Some(reason), true, true) = (gone, inside.is_some(), link) {
            return self.peer_is_gone_for_good(i, reason);
        }
        let entered_anew = call.view.phase != Phase::Reconnecting;
        if call.view.talking_since_ms.is_some() {
            call.view.phase = Phase::Reconnecting;
            if cut_off {
                call.is_cut_off(relay_lost.unwrap_or(now_ms));
            } else {
                call.waits_for_peer(now_ms, entered_anew);
            }
        } else {
            call.view.phase = Phase::Connecting;
            call.limit.get_or_insert((now_ms + CONNECT_MS, Limit::Lost));
        }
    }

    /// The peer has left and this device remains: it ends the call and tells the log.
    fn peer_is_gone_for_good(&mut self, i: usize, reason: LeaveReason) {
        let reason = match reason {
            LeaveReason::Exit | LeaveReason::Removed => EndReason::HungUp,
            LeaveReason::Lost => EndReason::ConnectionLost,
        };
        self.end(i, reason, None);
        self.owe_hangup(i, 0);
    }

    pub(super) fn peer_entered(&mut self, entered: RoomEntered) {
        let Some(i) = self.live_in_room(entered.room_id) else {
            let RoomEntered { room_id, participant, change } = entered;
            return self.note_in_groups_room(room_id, Move { participant, here: true, change });
        };
        if self.calls[i].knows(entered.change) {
            return;
        }
        let user = &entered.participant.user_id;
        if *user != self.calls[i].view.peer && *user != self.me {
            self.become_party(i);
        }
        if self.calls[i].party.is_some() {
            return self.party_came(i, entered);
        }
        let call = &mut self.calls[i];
        let RoomEntered { participant: newcomer, change, .. } = entered;
        if Some(&newcomer.device_id) == call.peer_device.as_ref() {
            call.peer_is_linked();
        }
        call.note_participant(Move { participant: newcomer, here: true, change });
        self.progress(i);
    }

    pub(super) fn peer_left(&mut self, left: &RoomLeft) {
        let Some(i) = self.live_in_room(left.room_id) else {
            let moved = Move { participant: left.participant.clone(), here: false, change: left.change };
            return self.note_in_groups_room(left.room_id, moved);
        };
        if self.calls[i].knows(left.change) {
            return;
        }
        if self.calls[i].party.is_some() {
            return self.party_left(i, left);
        }
        let call = &mut self.calls[i];
        call.note_participant(Move { participant: left.participant.clone(), here: false, change: left.change });
        if left.participant.user_id == call.view.peer {
            call.peer_left = Some((left.participant.device_id.clone(), left.reason));
        }
        self.progress(i);
    }

    pub(super) fn peer_hold_changed(&mut self, hold: RoomHold) {
        let RoomHold { room_id, participant, change } = hold;
        let moved = Move { participant, here: true, change };
        let Some(i) = self.live_in_room(room_id) else { return self.note_in_groups_room(room_id, moved) };
        self.calls[i].note_participant(moved);
        self.calls[i].show_others();
    }

    pub(super) fn peer_link_changed(&mut self, link: &RoomLink) {
        let Some(i) = self.live_in_room(link.room_id) else { return };
        if self.calls[i].knows(link.change) {
            return;
        }
        if self.calls[i].party.is_some() {
            return self.party_link_changed(i, link);
        }
        let call = &mut self.calls[i];
        if call.peer_device.as_ref() != Some(&link.participant.device_id) {
            return;
        }
        match (link.connected, call.view.phase) {
            (true, _) => call.peer_is_linked(),
            (false, Phase::InCall) => {
                call.limit.get_or_insert((self.now_ms + PEER_UNLINKED_MS, Limit::PeerUnlinked));
            }
            (
                false,
                Phase::Calling
                | Phase::Ringing
                | Phase::Incoming
                | Phase::Connecting
                | Phase::Reconnecting
                | Phase::Ended,
            ) => call.peer_linked = false,
        }
        self.progress(i);
    }

    // ---- this device's connection ---------------------------------------------------------------------------------

    pub(super) fn link_lost(&mut self) {
        if !std::mem::replace(&mut self.link, false) {
            // A try to come back has failed: the time runs from the loss.
            return;
        }
        for i in self.all_live() {
            self.link_lost_in(i);
        }
    }

    fn link_lost_in(&mut self, i: usize) {
        if self.calls[i].party.is_some() {
            return self.party_link_lost(i);
        }
        if self.calls[i].view.phase == Phase::Connecting {
            self.calls[i].limit = Some((self.now_ms + RECONNECT_MS, Limit::Lost));
        }
        self.progress(i);
    }

    pub(super) fn link_ready(&mut self) {
        if self.link {
            // The first time, or a repetition: nothing was interrupted.
            return self.release_waiting();
        }
        self.link = true;
        let live = self.all_live();
        let several = live.len() > 1;
        for i in live {
            let call = &mut self.calls[i];
            if call.view.phase == Phase::Connecting {
                call.limit = Some((self.now_ms + CONNECT_MS, Limit::Lost));
            }
            if matches!(call.place, Place::Inside(_)) {
                call.begin_entering();
                self.enter_as_it_stands(i, several);
            }
        }
        self.release_waiting();
    }
}
