//! Who is in the room, lost connections and the time: what they make of a call of several.

use std::collections::BTreeSet;

use crate::protocol::{
    ApiError, RoomId,
    api::EnterRoomReply,
    event::{LeaveReason, RoomEntered, RoomLeft, RoomLink},
};

use super::{
    super::{
        live::{Call, Invitation, Limit, Move, Place},
        machine::{Machine, Output, RECONNECT_MS, RING_GRACE_MS, RING_S},
        view::{EndReason, Phase, Standing},
    },
    Leg,
};

impl Machine {
    /// This device is in the room, for the first time or again.
    pub(in super::super) fn entered_party(&mut self, i: usize, reply: EnterRoomReply) {
        let (me, now_ms) = (self.me.clone(), self.now_ms);
        let call = &mut self.calls[i];
        let before: BTreeSet<_> = call.view.participants.iter().map(|other| other.user_id.clone()).collect();
        if let Some(party) = &mut call.party {
            let early = std::mem::take(&mut party.in_groups_room).into_iter();
            call.meanwhile.extend(early.filter(|(room, _)| *room == reply.room_id).map(|(_, moved)| moved));
        }
        call.place = Place::Inside(reply.clone());
        let again = std::mem::take(&mut call.again);
        if !matches!(call.invitation, Invitation::Received | Invitation::Answering | Invitation::AcceptSent) {
            // Counted from the answer now, not from asking.
            call.limit.take_if(|(_, limit)| *limit == Limit::Lost);
        }
        call.take_in(reply.participants.clone(), reply.change);
        call.take_lesson_in(now_ms, &me, &reply);
        let Some(party) = &mut call.party else { return };
        if !again {
            party.unlinked.clear();
        }
        for other in call.view.participants.iter().filter(|other| other.user_id != me) {
            party.know(&other.user_id, Standing::Left);
            party.coming.remove(&other.user_id);
        }
        for user in before.into_iter().filter(|user| *user != me) {
            party.became(&user, Standing::Left);
        }
        let ended = std::mem::take(&mut party.ended_meanwhile);
        for ringing in &reply.ringing {
            let open: BTreeSet<_> = ringing
                .user_list
                .iter()
                .filter(|user| !ended.iter().any(|(id, whose)| *id == ringing.invite_id && whose == *user))
                .cloned()
                .collect();
            for user in open.iter().filter(|user| **user != me) {
                party.know(user, Standing::NoAnswer);
            }
            let left_ms = ringing.remaining_ms.unwrap_or(u64::from(RING_S) * 1000);
            match party.leg_mut(&ringing.invite_id) {
                Some(leg) => leg.open.retain(|user| open.contains(user)),
                None => party.legs.push(Leg {
                    id: ringing.invite_id.clone(),
                    ours: false,
                    in_group: call.view.group.is_some(),
                    sent: true,
                    deadline_ms: now_ms + left_ms,
                    open,
                    accepting: false,
                }),
            }
        }
        call.show_others();
        if call.media {
            self.put(Output::StartMedia(reply.clone()));
        }
        let shadow = self.calls[i].shadow.take();
        if self.calls[i].invitation.is_ours() {
            self.party_opened(i, &reply);
        }
        if let Some((invitation, over_ms)) = shadow {
            // The same group has called at the same moment: now it is plain whether it is the same call.
            self.ring_after_all(invitation, over_ms);
        }
        if !self.calls[i].is_live() {
            return;
        }
        self.accept_from_inside(i);
        self.take_leg_from_inside(i);
        self.party_progress(i);
    }

    /// The room does not take this device.
    pub(in super::super) fn party_enter_refused(&mut self, i: usize, error: &ApiError) {
        match self.calls[i].invitation {
            Invitation::Joining if self.calls[i].view.talking_since_ms.is_none() => self.fail(i, error),
            _ if self.calls[i].takes_part_by_now() => self.end(i, EndReason::ConnectionLost, None),
            Invitation::Unsent => self.open_refused(i, error),
            Invitation::Sent => {
                self.end(i, EndReason::Failed, Some(error.to_string()));
                let id = self.calls[i].view.call_id.clone();
                self.take_back(&id);
            }
            Invitation::Received | Invitation::Answering | Invitation::AcceptSent | Invitation::Joining => {
                self.answer_refused(i, error);
            }
        }
    }

    /// Somebody came or left in a room that is not known: it may be that of the group which is being called.
    pub(in super::super) fn note_in_groups_room(&mut self, room: RoomId, moved: Move) {
        let unsent = |call: &Call| call.is_live() && call.invitation == Invitation::Unsent;
        let Some(call) = self.calls.iter_mut().find(|call| unsent(call)) else { return };
        if let (Some(party), Some(_)) = (&mut call.party, &call.view.group) {
            party.in_groups_room.push((room, moved));
        }
    }

    // ---- the others ---------------------------------------------------------------------------------------------------

    pub(in super::super) fn party_came(&mut self, i: usize, entered: RoomEntered) {
        let RoomEntered { participant: newcomer, change, .. } = entered;
        let me = self.me.clone();
        let call = &mut self.calls[i];
        let Some(party) = &mut call.party else { return };
        party.unlinked.remove(&newcomer.device_id);
        party.coming.remove(&newcomer.user_id);
        if newcomer.user_id != me {
            party.know(&newcomer.user_id, Standing::Left);
            call.accepted |= call.invitation.is_ours();
        }
        call.note_participant(Move { participant: newcomer, here: true, change });
        call.show_others();
        self.party_progress(i);
    }

    pub(in super::super) fn party_left(&mut self, i: usize, left: &RoomLeft) {
        let me = self.me.clone();
        let call = &mut self.calls[i];
        call.note_participant(Move { participant: left.participant.clone(), here: false, change: left.change });
        let Some(party) = &mut call.party else { return };
        party.unlinked.remove(&left.participant.device_id);
        if left.participant.user_id != me {
            let lost = left.reason == LeaveReason::Lost;
            party.became(&left.participant.user_id, if lost { Standing::Lost } else { Standing::Left });
            party.last_was_lost = lost;
        }
        call.show_others();
        self.party_progress(i);
    }

    pub(in super::super) fn party_link_changed(&mut self, i: usize, link: &RoomLink) {
        let call = &mut self.calls[i];
        let Some(party) = &mut call.party else { return };
        let device = link.participant.device_id.clone();
        if link.connected {
            party.unlinked.remove(&device);
        } else {
            party.unlinked.insert(device);
        }
        call.show_others();
        self.party_progress(i);
    }

    // ---- what follows ---------------------------------------------------------------------------------------------------

    /// Brings a call of several to the phase that the facts allow, or to its end.
    pub(in super::super) fn party_progress(&mut self, i: usize) {
        let (now_ms, link, me) = (self.now_ms, self.link, self.me.clone());
        let relay_lost = self.relay_lost_since(i);
        let call = &mut self.calls[i];
        if !call.is_live() || !call.takes_part() {
            return;
        }
        if matches!(call.view.phase, Phase::Calling | Phase::Ringing) {
            // It rings as long as anybody is rung, by whomever.
            let mut rung =
                call.party.iter().flat_map(|party| &party.legs).filter(|leg| !leg.open.is_empty()).peekable();
            if rung.peek().is_none() && call.party.as_ref().is_some_and(|party| !party.coming.is_empty()) {
                call.view.phase = Phase::Connecting;
                call.view.ring_deadline_ms = None;
            } else {
                call.view.ring_deadline_ms = rung.map(|leg| leg.deadline_ms).chain(call.view.ring_deadline_ms).max();
            }
        }
        let (here, linked) = call.company(&me);
        let inside = match &call.place {
            Place::Inside(reply) if link => Some(reply.clone()),
            Place::Inside(_) | Place::Entering | Place::Outside => None,
        };
        let Some(reply) = inside else {
            // This device's own connection, or it is on the way in.
            if call.view.talking_since_ms.is_some() {
                call.is_cut_off(relay_lost.unwrap_or(now_ms));
                call.view.phase = Phase::Reconnecting;
            } else if call.lesson_to_open().is_none()
                && call.invitation.is_ours()
                && !call.party.as_ref().is_some_and(|p| p.waits_for_somebody(&me))
            {
                // It rang in vain while this device was cut off, or never began to.
                let reason = if call.arrived { call.why_nobody_came() } else { EndReason::ConnectionLost };
                self.end(i, reason, None);
            }
            return;
        };
        if call.view.lesson.is_some() {
            return self.lesson_progress(i, reply, relay_lost);
        }
        if here > 0 && !call.media && call.may_sound() {
            call.media = true;
            self.put(Output::StartMedia(reply));
        }
        let call = &mut self.calls[i];
        let alone = here == 0 && !call.party.as_ref().is_some_and(|party| party.waits_for_somebody(&me));
        if alone {
            self.party_is_over(i);
        } else if let Some(since_ms) = relay_lost {
            call.is_cut_off(since_ms);
            call.view.phase = Phase::Reconnecting;
        } else if linked > 0 {
            call.view.talking_since_ms.get_or_insert(now_ms);
            call.view.ring_deadline_ms = None;
            call.view.phase = Phase::InCall;
            (call.cut_off_ms, call.limit) = (None, None);
        } else if here > 0 {
            // The server takes away who does not come back; should it not, this does.
            let phase = if call.view.talking_since_ms.is_some() { Phase::Reconnecting } else { Phase::Connecting };
            call.waits_for_peer(now_ms, call.view.phase != phase || call.limit.is_none());
            call.view.phase = phase;
        } else {
            call.cut_off_ms = None;
            call.limit.take_if(|(_, limit)| *limit == Limit::Lost);
            match call.view.phase {
                Phase::Calling | Phase::Ringing => {}
                _ if call.view.talking_since_ms.is_some() => call.view.phase = Phase::InCall,
                _ => call.view.phase = Phase::Connecting,
            }
        }
    }

    /// Nobody else is in the call, and nobody is rung.
    fn party_is_over(&mut self, i: usize) {
        let call = &self.calls[i];
        let lost = call.party.as_ref().is_some_and(|party| party.last_was_lost);
        let reason = match call.view.talking_since_ms {
            Some(_) if lost => EndReason::ConnectionLost,
            Some(_) => EndReason::HungUp,
            None if call.accepted || call.invitation == Invitation::Joining => EndReason::HungUp,
            None => call.why_nobody_came(),
        };
        self.end(i, reason, None);
    }

    /// Acts on whatever time has done to a call of several.
    pub(in super::super) fn party_expire(&mut self, i: usize) {
        let (now_ms, me) = (self.now_ms, self.me.clone());
        let call = &mut self.calls[i];
        let limit = call.limit.clone().filter(|(at, _)| *at <= now_ms);
        let Some(party) = call.party.as_mut().filter(|_| call.view.is_live()) else { return };
        let mut rang_in_vain = false;
        let overdue = party.legs.iter_mut().filter(|leg| leg.deadline_ms + RING_GRACE_MS <= now_ms);
        let vain: Vec<_> = overdue.flat_map(|leg| std::mem::take(&mut leg.open)).collect();
        for user in vain {
            if user == me {
                rang_in_vain = true;
            } else {
                party.became(&user, Standing::NoAnswer);
            }
        }
        let late: Vec<_> =
            party.coming.iter().filter(|(_, until)| **until <= now_ms).map(|(user, _)| user.clone()).collect();
        for user in late {
            party.coming.remove(&user);
            party.became(&user, Standing::Lost);
        }
        let rung = party.is_rung(&me);
        call.show_others();
        if let Some((_, limit)) = limit {
            return self.limit_reached(i, limit);
        }
        if rang_in_vain && !rung && !self.calls[i].takes_part() {
            return self.end(i, EndReason::NoAnswer, None);
        }
        self.party_progress(i);
    }

    // ---- this device's connection ---------------------------------------------------------------------------------------

    pub(in super::super) fn party_link_lost(&mut self, i: usize) {
        let call = &mut self.calls[i];
        if call.view.phase == Phase::Connecting {
            call.limit = Some((self.now_ms + RECONNECT_MS, Limit::Lost));
        }
        self.party_progress(i);
    }
}

impl Call {
    /// This device is in the call, or on its way in without having been asked.
    pub(in super::super) fn takes_part(&self) -> bool {
        // Whoever is in a lesson has come, whatever became of the invitation.
        let in_lesson = self.view.lesson.is_some();
        self.accepted || in_lesson || self.invitation.is_ours() || self.invitation == Invitation::Joining
    }

    /// The call is not to be had again once its room does not take this device: it was in it, or somebody else came.
    fn takes_part_by_now(&self) -> bool {
        self.accepted || self.invitation == Invitation::Joining || self.view.talking_since_ms.is_some()
    }

    /// Why an own call of several came to nothing, as far as there is one reason.
    fn why_nobody_came(&self) -> EndReason {
        let all = |wanted: Standing| self.view.others.iter().all(|other| other.standing == wanted);
        match () {
            () if all(Standing::Declined) => EndReason::Declined,
            () if all(Standing::Busy) => EndReason::Busy,
            () if all(Standing::NotAvailable) => EndReason::NotAvailable,
            () if all(Standing::Cancelled) => EndReason::Cancelled,
            () => EndReason::NoAnswer,
        }
    }
}
