//! The call machine of one device: what goes in, what comes out, and who inside deals with it.

use std::collections::VecDeque;

use crate::protocol::{
    ApiError, Delivery, DeviceId, Event, InviteId, RoomId, UserId, api::ExitRoom, call_data::CallData,
    event::NewInvitation,
};

use super::{
    early::{EarlyEnds, Elsewhere},
    ids::Ids,
    live::{Call, HangupDuty, Limit},
    outbox::{Ask, Outbox},
    silence::Relay,
    view::{CallView, EndReason, Phase},
};

pub use super::io::{Input, Output, RequestReply, Ticket};

/// How long a call rings, seconds.
pub const RING_S: u32 = 30;
/// The longest that a foreign invitation rings here, ms.
pub(super) const RING_MAX_MS: u64 = 90_000;
/// Ringing whose end the server does not tell goes on this long after its deadline, ms: a second more than the
/// server's own backstop.
pub(super) const RING_GRACE_MS: u64 = crate::protocol::limits::SERVER_BACKSTOP_MS + 1_000;
/// From the answer until both are in the room, ms.
pub(super) const CONNECT_MS: u64 = 10_000;
/// This device's lost connection ends the talk after this, ms.
pub(super) const RECONNECT_MS: u64 = 30_000;
/// The peer's connection may be gone this long before it shows, ms: who hangs up closes it a moment before leaving, and
/// one that is replaced at once is nobody's business.
pub(super) const PEER_UNLINKED_MS: u64 = 1_000;
/// The peer's lost connection ends the talk after this, ms, should the server not say so before.
pub(super) const PEER_RECONNECT_MS: u64 = crate::protocol::limits::ROOM_GRACE_MS + 3_000;
/// A refused answer means that the call is over; how, the events say within this, ms.
pub(super) const VERDICT_MS: u64 = 2_000;
/// Who left waits so long for the other's hang-up message, ms.
pub(super) const HANGUP_WAIT_MS: u64 = 5_000;
/// A call that is over is remembered this long for what still comes, ms.
pub(super) const MEMORY_MS: u64 = 60_000;
/// The number of a request that belongs to no call.
const NO_CALL: u64 = 0;
/// Most calls remembered at once.
const CALLS_MAX: usize = 16;

/// The calls of one device. Pure: it knows no clock but `now_ms` (monotonic), and asks through [`Output`].
#[derive(Debug)]
pub struct Machine {
    pub(super) me: UserId,
    pub(super) device: DeviceId,
    pub(super) ids: Ids,
    pub(super) now_ms: u64,
    /// The connection to the server stands.
    pub(super) link: bool,
    pub(super) relay: Relay,
    /// Those that live (two at most, see `hold`), and those that are over and still remembered.
    pub(super) calls: Vec<Call>,
    /// Counts them.
    serial: u64,
    pub(super) early: EarlyEnds,
    pub(super) elsewhere: Elsewhere,
    pub(super) do_not_disturb: bool,
    pub(super) call_waiting: bool,
    outbox: Outbox,
    out: VecDeque<Output>,
}

impl Machine {
    /// A machine without calls, connected.
    pub fn new(me: UserId, device: DeviceId) -> Self {
        Self::with_ids(me, device, Ids::random())
    }

    /// The same with a source of identifiers of one's own, for tests that must be repeatable.
    pub fn with_ids(me: UserId, device: DeviceId, ids: Ids) -> Self {
        Self {
            me,
            device,
            ids,
            now_ms: 0,
            link: true,
            relay: Relay::default(),
            calls: Vec::new(),
            serial: NO_CALL,
            early: EarlyEnds::default(),
            elsewhere: Elsewhere::default(),
            do_not_disturb: false,
            call_waiting: false,
            outbox: Outbox::default(),
            out: VecDeque::new(),
        }
    }

    /// Takes one input at a time that never goes back. Fetch the outputs with [`Machine::poll_output`] afterwards.
    pub fn handle(&mut self, now_ms: u64, input: Input) {
        self.now_ms = now_ms.max(self.now_ms);
        self.expire();
        match input {
            Input::Place(peer) => self.place(peer),
            Input::PlaceSeveral(group, users) => self.place_several(group, users),
            Input::Join { group, room, call_id, there } => self.join(group, room, call_id, there),
            Input::StartLesson { group, settings, ring } => self.start_lesson(group, settings, ring),
            Input::EndLesson(id) => self.end_lesson(&id),
            Input::Add { call, members, others } => self.add(&call, members, others),
            Input::StopRinging(call, users) => self.stop_ringing(&call, &users),
            Input::Accept(id) => self.person_accepts(&id),
            Input::Reject(id) => self.person_rejects(&id),
            Input::Hold(id) => self.person_holds(&id),
            Input::Resume(id) => self.person_resumes(&id),
            Input::HangUp(id) => self.person_hangs_up(&id),
            Input::Dismiss(id) => self.dismiss(&id),
            Input::Delivery(delivery) => self.delivered(delivery),
            Input::Reply(ticket, result) => self.answered(ticket, result),
            Input::LinkLost => self.link_lost(),
            Input::LinkReady => self.link_ready(),
            Input::RelaySilent(for_ms) => self.relay_silent(for_ms),
            Input::RelayHeard => self.relay_heard(),
            Input::DoNotDisturb(on) => self.do_not_disturb = on,
            Input::CallWaiting(on) => self.call_waiting = on,
            Input::SignedOut(error) => self.signed_out(&error),
            Input::Tick => {}
        }
        self.expire();
        self.show_networks();
        self.forget();
    }

    /// The next thing to do, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Input::Tick`] is due at the latest, monotonic ms; `None`: nothing is pending.
    pub fn next_deadline(&self) -> Option<u64> {
        let repetition = self.outbox.deadline().filter(|_| self.link);
        let calls = self.calls.iter().filter_map(|call| call.deadline(self.link));
        calls.chain(repetition).chain(self.relay.deadline()).min()
    }

    /// The calls as they stand: the one that the person is in, one that rings, one on hold; then the one that ended
    /// last, until it is dismissed or replaced.
    pub fn view(&self) -> Vec<CallView> {
        let mut calls: Vec<&Call> = self.calls.iter().filter(|call| call.is_live() || call.shown).collect();
        calls.sort_by_key(|call| match call.view.phase {
            Phase::Ended => 3,
            _ if call.view.on_hold => 2,
            Phase::Incoming => 1,
            _ => 0,
        });
        calls.into_iter().map(|call| call.view.clone()).collect()
    }

    // ---- for the other files of the machine ----------------------------------------------------------------------

    pub(super) fn put(&mut self, output: Output) {
        if matches!(output, Output::StartMedia(_) | Output::StopMedia) {
            // Another way to a relay, or none.
            self.relay = Relay::default();
        }
        self.out.push_back(output);
    }

    pub(super) fn ask(&mut self, call: &InviteId, ask: Ask, until_ms: u64) {
        let serial = self.find_exact(call).map_or(NO_CALL, |i| self.calls[i].serial);
        let output = self.outbox.send(serial, ask, until_ms, self.link);
        self.out.extend(output);
    }

    /// Leaves a room that was entered in vain.
    pub(super) fn leave_again(&mut self, i: usize, room_id: RoomId, order: u64) {
        let until_ms = self.now_ms + MEMORY_MS;
        let serial = self.calls[i].serial;
        let outputs = self.outbox.leave_again(serial, ExitRoom { room_id, group_id: None }, order, until_ms, self.link);
        self.out.extend(outputs);
    }

    /// An earlier request to enter the room of this call is neither repeated nor waited for.
    pub(super) fn drop_wish_to_enter(&mut self, serial: u64) {
        self.outbox.drop_enter(serial);
    }

    pub(super) fn abandon(&mut self, i: usize) {
        self.outbox.abandon(self.calls[i].serial);
    }

    pub(super) fn abandon_hangup(&mut self, i: usize) {
        self.outbox.abandon_hangup(self.calls[i].serial);
    }

    /// A call begins.
    pub(super) fn take_up(&mut self, mut call: Call) -> usize {
        self.serial += 1;
        call.serial = self.serial;
        self.calls.push(call);
        self.calls.len() - 1
    }

    pub(super) fn release_waiting(&mut self) {
        let outputs = self.outbox.release(self.now_ms, true);
        self.out.extend(outputs);
    }

    /// The calls that are not over, in the order in which they began.
    pub(super) fn all_live(&self) -> Vec<usize> {
        (0..self.calls.len()).filter(|i| self.calls[*i].is_live()).collect()
    }

    pub(super) fn find(&self, id: &InviteId) -> Option<usize> {
        // A call that took over from our own invitation comes before that invitation's remains.
        self.calls.iter().position(|call| call.is_live() && call.is(id)).or_else(|| self.find_exact(id))
    }

    /// The call of exactly this name: what an event is about. One can leave a call of several and come back: then it is
    /// the stay that lasts, or the last one.
    pub(super) fn find_exact(&self, id: &InviteId) -> Option<usize> {
        let named = |call: &Call| call.view.call_id == *id;
        let live = self.calls.iter().position(|call| call.is_live() && named(call));
        live.or_else(|| self.calls.iter().rposition(named))
    }

    /// The call of two that this invitation is. One of several may have the name of an invitation that this device never
    /// saw, or that it answered before the program was started anew: its end is not the call's.
    pub(super) fn pair_of(&self, id: &InviteId) -> Option<usize> {
        self.find_exact(id).filter(|i| self.calls[*i].party.is_none())
    }

    pub(super) fn live_in_room(&self, room: RoomId) -> Option<usize> {
        self.calls.iter().position(|call| call.is_live() && call.view.room == Some(room))
    }

    // ---- dispatch -------------------------------------------------------------------------------------------------

    fn delivered(&mut self, delivery: Delivery) {
        match delivery.event {
            // What is over cannot ring; a hang-up counts whenever it comes.
            Event::ReceiveNewInvitation(invitation) => {
                let over = if delivery.history { Some(0) } else { invitation.remaining_ms };
                self.invited(NewInvitation { remaining_ms: over, ..invitation });
            }
            // Ends count for the calls that this machine knows, also as history: it may have been disconnected.
            Event::InviteeAccepted(answer) => self.invitee_accepted(&answer),
            Event::InviteeRejected(answer) => self.invitee_rejected(&answer),
            Event::InvitationCancelled(cancelled) => self.invitation_cancelled(&cancelled),
            Event::InvitationTimeout(timeout) => self.invitation_timed_out(&timeout),
            Event::RemoteUserEnterRoom(entered) => self.peer_entered(entered),
            Event::RemoteUserLeaveRoom(left) => self.peer_left(&left),
            Event::RemoteUserLinkChanged(link) => self.peer_link_changed(&link),
            Event::RemoteUserHoldChanged(hold) => self.peer_hold_changed(hold),
            Event::GroupDismissed(group) | Event::QuitFromGroup(group) => self.group_is_over(&group.group_id),
            Event::MemberKicked(gone) | Event::MemberLeave(gone) => {
                self.member_is_gone(&gone.group_id, &gone.member_list);
            }
            Event::LessonChanged(changed) => self.lesson_changed(changed),
            Event::LessonOver(over) => self.lesson_over(over),
            Event::MicrophoneRefused(refused) => self.microphone_refused(&refused),
            // The rest concerns lists and sessions, not calls.
            Event::InvitationModified(_)
            | Event::GroupCreated(_)
            | Event::GroupInfoChanged(_)
            | Event::MemberEnter(_)
            | Event::MemberInvited(_)
            | Event::GrantAdministrator(_)
            | Event::RevokeAdministrator(_)
            | Event::GroupAttributeChanged(_)
            | Event::ExitRoom(_)
            | Event::ReceiveJoinApplication(_)
            | Event::ApplicationProcessed(_)
            | Event::UserStatusChanged(_)
            | Event::KickedOffline(_)
            | Event::DevicesChanged(_)
            | Event::SelfStatusChanged(_)
            | Event::FavouritesChanged(_)
            | Event::SyncFinished(_) => {}
        }
    }

    fn answered(&mut self, ticket: Ticket, result: Result<RequestReply, ApiError>) {
        let Some((letter, result)) = self.outbox.answered(self.now_ms, self.link, ticket, result) else { return };
        let Some(i) = self.calls.iter().position(|call| call.serial == letter.call) else { return };
        match letter.ask {
            Ask::Enter(params) => self.enter_answered(i, &params, letter.order, result),
            Ask::Invite(params) => self.invite_answered(i, &params.invite_id, result),
            Ask::InviteInGroup(params) => self.invite_answered(i, &params.invite_id, result),
            Ask::Accept(_) => self.accept_answered(i, result),
            // What these were for is decided; whatever the server says (8010: it was over already) is in its events.
            Ask::Exit(_) => self.exited(i, result),
            Ask::EndLesson(_) => self.end_lesson_answered(i, result),
            Ask::Ringing(_) | Ask::Hangup(_) | Ask::GroupHangup(_) | Ask::Cancel(_) | Ask::Reject(_) => {}
        }
    }

    /// Acts on whatever time has done.
    fn expire(&mut self) {
        self.expire_silence();
        if self.link {
            let outputs = self.outbox.release(self.now_ms, false);
            self.out.extend(outputs);
        }
        for i in 0..self.calls.len() {
            if self.calls[i].deadline(self.link).is_none_or(|at| self.now_ms < at) {
                continue;
            }
            if self.calls[i].party.is_some() && self.calls[i].is_live() {
                self.party_expire(i);
                continue;
            }
            let limit = self.calls[i].limit.clone().filter(|(at, _)| *at <= self.now_ms);
            match (self.calls[i].view.phase, limit) {
                (Phase::Ended, _) => self.send_due_hangup(i),
                (
                    Phase::Calling
                    | Phase::Ringing
                    | Phase::Incoming
                    | Phase::Connecting
                    | Phase::InCall
                    | Phase::Reconnecting,
                    Some((_, limit)),
                ) => self.limit_reached(i, limit),
                (Phase::Calling | Phase::Ringing | Phase::Incoming | Phase::Connecting, None) => self.ring_over(i),
                (Phase::InCall | Phase::Reconnecting, None) => {}
            }
        }
    }

    pub(super) fn limit_reached(&mut self, i: usize, limit: Limit) {
        match limit {
            Limit::Verdict(reason, detail) => self.refuse(i, reason, detail),
            Limit::PeerUnlinked => {
                self.calls[i].limit = None;
                self.calls[i].peer_linked = false;
                self.progress(i);
            }
            Limit::Lost if !self.calls[i].accepted => self.refuse(i, EndReason::ConnectionLost, None),
            Limit::Lost => {
                self.end(i, EndReason::ConnectionLost, None);
                // Both run into this at about the same time: the caller tells the log, and the callee if it does not.
                let wait = if self.calls[i].invitation.is_ours() { 0 } else { HANGUP_WAIT_MS };
                self.owe_hangup(i, wait);
            }
        }
    }

    fn dismiss(&mut self, id: &InviteId) {
        for call in self.calls.iter_mut().filter(|call| call.is(id) && !call.is_live()) {
            call.shown = false;
        }
    }

    fn signed_out(&mut self, error: &ApiError) {
        for i in self.all_live() {
            self.calls[i].settled = true;
            self.end(i, EndReason::EndedByServer, Some(error.to_string()));
        }
        for call in &mut self.calls {
            call.hangup = HangupDuty::Done;
        }
        // Nothing more can be asked: neither what waits nor what the end just put out.
        self.outbox.clear();
        self.out.retain(|output| !matches!(output, Output::Request(..)));
    }

    fn forget(&mut self) {
        let now_ms = self.now_ms;
        self.calls.retain(|call| {
            call.is_live() || call.shown || now_ms < call.forget_ms || matches!(call.hangup, HangupDuty::Due(_))
        });
        while self.calls.len() > CALLS_MAX {
            let Some(oldest) = self.calls.iter().position(|call| !call.is_live() && !call.shown) else { break };
            self.calls.remove(oldest);
        }
    }

    /// The data of an answer or a cancellation of this call.
    pub(super) fn answer_data(room: Option<RoomId>, message: Option<&str>, call_id: Option<InviteId>) -> String {
        // A call always has its room; without one there is nothing to say.
        room.map_or_else(String::new, |room| {
            CallData { message: message.map(str::to_owned), call_id, ..CallData::audio(room) }.to_json()
        })
    }
}
