//! Two calls at a time: who calls during a talk waits, and a talk may be on hold.
//!
//! There are at most two live calls, and if there are two, one of them is a talk. A call on hold goes on in every
//! respect, its clock and its place in the room included; only sound stops, both ways.

use crate::protocol::{ApiError, Code, InviteId, UserId, api::EnterRoom};

use super::{
    live::Call,
    machine::{Machine, Output, RECONNECT_MS},
    outbox::Ask,
    view::Phase,
};

impl Machine {
    /// Whether a call that comes in now may ring: the line is free, or the person lets others wait during a talk.
    pub(super) fn may_ring(&self) -> bool {
        match self.all_live()[..] {
            [] => true,
            [i] => self.call_waiting && self.calls[i].view.talking_since_ms.is_some(),
            _ => false,
        }
    }

    /// The person wants to call although there may be a call. To call back whoever is ringing is to answer; otherwise
    /// one hangs up first. `true`: nothing is to be placed.
    pub(super) fn is_in_a_call(&mut self, whom: &[UserId], the_same: impl Fn(&Call) -> bool) -> bool {
        let live = self.all_live();
        let rings = |i: &&usize| self.calls[**i].view.phase == Phase::Incoming && the_same(&self.calls[**i]);
        match live.iter().find(rings) {
            Some(i) => self.answer(*i),
            None if live.is_empty() => return false,
            None => self.refuse_wish(whom, "There is a call already; hang up first."),
        }
        true
    }

    fn refuse_wish(&mut self, whom: &[UserId], why: &str) {
        self.put(Output::Refused { whom: whom.to_vec(), error: ApiError::new(Code::InvalidOperation, why) });
    }

    pub(super) fn person_holds(&mut self, id: &InviteId) {
        if let Some(i) = self.find(id).filter(|i| self.calls[*i].view.is_talk()) {
            self.calls[i].gave_way = false;
            self.hold(i);
        }
    }

    /// Back to a talk on hold; another one goes on hold for it.
    pub(super) fn person_resumes(&mut self, id: &InviteId) {
        let Some(i) = self.find(id).filter(|i| self.calls[*i].is_live() && self.calls[*i].view.on_hold) else { return };
        let connects = |call: &Call| call.view.phase == Phase::Connecting;
        if self.all_live().into_iter().any(|other| connects(&self.calls[other])) {
            let whom = [self.calls[i].view.peer.clone()];
            return self.refuse_wish(&whom, "The other call is just being connected; hang it up first.");
        }
        self.hold_others(i);
        self.resume(i);
    }

    /// This call is the one to be in: whatever other talk there is gives way.
    pub(super) fn hold_others(&mut self, i: usize) {
        for other in self.all_live() {
            if other != i && self.calls[other].view.is_talk() {
                self.calls[other].gave_way = true;
                self.hold(other);
            }
        }
    }

    /// A call is over: the one that gave way to it goes on.
    pub(super) fn resume_what_gave_way(&mut self) {
        if let [i] = self.all_live()[..]
            && self.calls[i].view.on_hold
            && self.calls[i].gave_way
        {
            self.resume(i);
        }
    }

    fn hold(&mut self, i: usize) {
        self.calls[i].view.on_hold = true;
        if std::mem::take(&mut self.calls[i].media) {
            self.put(Output::StopMedia);
        }
        self.enter_again(i);
    }

    fn resume(&mut self, i: usize) {
        self.calls[i].view.on_hold = false;
        self.calls[i].gave_way = false;
        self.enter_again(i);
    }

    /// Tells the server whether the call is on hold now, and asks for the key to the sound.
    pub(super) fn enter_again(&mut self, i: usize) {
        let call = &mut self.calls[i];
        if !call.is_on_the_way_in() {
            return;
        }
        if !call.is_entering() {
            call.again = true;
            call.meanwhile.clear();
            call.forget_lesson_news();
        }
        // What was left just now is left by its own request, whose answer counts.
        self.enter_as_it_stands(i, true);
    }

    /// Enters the room of a call that this device is in, in place of any earlier wish to do so.
    pub(super) fn enter_as_it_stands(&mut self, i: usize, keep_others: bool) {
        let call = &self.calls[i];
        let Some(room_id) = call.view.room else { return };
        let (id, serial, on_hold) = (call.view.call_id.clone(), call.serial, call.view.on_hold);
        self.drop_wish_to_enter(serial);
        let enter = EnterRoom { keep_others, on_hold, ..EnterRoom::of(room_id) };
        self.ask(&id, Ask::Enter(enter), self.now_ms + RECONNECT_MS);
    }
}
