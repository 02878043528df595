//! What the machine remembers of one call beside its picture.

use std::sync::Arc;

use crate::protocol::{
    DeviceId, InviteId, RoomId, UserId,
    api::EnterRoomReply,
    event::{LeaveReason, NewInvitation, Participant},
};

use super::{
    lesson::LessonPart,
    party::Party,
    view::{CallView, Direction, EndReason, Network, Phase},
};

/// This device and the call's room.
#[derive(Debug)]
pub(super) enum Place {
    Outside,
    /// Asked to enter, for the first time or again after a lost connection.
    Entering,
    Inside(EnterRoomReply),
}

/// The invitation behind the call, as far as this device made it or answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invitation {
    /// Ours, not yet sent.
    Unsent,
    /// Ours, sent; whether it arrived may be unknown.
    Sent,
    /// Theirs, and not answered here.
    Received,
    /// Theirs; this device enters the room and accepts then.
    Answering,
    /// Theirs; the acceptance is on its way.
    AcceptSent,
    /// None: this device joins a call that is on.
    Joining,
}

impl Invitation {
    pub(super) fn is_ours(self) -> bool {
        match self {
            Self::Unsent | Self::Sent => true,
            Self::Received | Self::Answering | Self::AcceptSent | Self::Joining => false,
        }
    }
}

/// The message that ends the call in everyone's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HangupDuty {
    /// Not this device's business: nobody accepted, or it is sent or seen.
    None,
    /// To be sent at this time unless the other side's is seen before.
    Due(u64),
    /// Sent or seen.
    Done,
}

/// What happens when a limit is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// The call is lost.
    Lost,
    /// The events should have told by now how it ended; they did not, so this is it.
    Verdict(EndReason, Option<String>),
    /// The peer's connection has been gone for more than a moment.
    PeerUnlinked,
}

/// Somebody has come into the room, is there in another way than before, or has left.
#[derive(Clone, Debug)]
pub(super) struct Move {
    pub(super) participant: Participant,
    pub(super) here: bool,
    /// The server's number for it.
    pub(super) change: u64,
}

#[derive(Debug)]
pub(super) struct Call {
    /// Tells it from other stays in the same call.
    pub(super) serial: u64,
    pub(super) view: CallView,
    /// Our own invitation that gave way to this call in a glare; a front end may still know the call by it.
    pub(super) alias: Option<InviteId>,
    /// The device of the peer: the caller's, or the one that accepted.
    pub(super) peer_device: Option<DeviceId>,
    pub(super) place: Place,
    /// Inside, and has asked to enter again: to hold the call or to go on with it. Until the answer, nothing is sent or
    /// heard.
    pub(super) again: bool,
    /// On hold for the sake of another call: it goes on by itself when that is over.
    pub(super) gave_way: bool,
    /// Who came and left while the answer to `enterRoom` was on its way: it may be older than these events.
    pub(super) meanwhile: Vec<Move>,
    /// The number of the change up to which the answer to `enterRoom` told everything: events up to there are older.
    pub(super) known_change: u64,
    pub(super) invitation: Invitation,
    /// Ours is known to have reached the server.
    pub(super) arrived: bool,
    /// Room numbers that turned out to be taken.
    pub(super) rooms_tried: u32,
    /// The server has said that somebody accepted.
    pub(super) accepted: bool,
    /// The server has said how it ended: nothing this device assumed can change that.
    pub(super) settled: bool,
    /// No device of the callee was online when it was invited, and none has rung.
    pub(super) callee_offline: bool,
    /// Sound runs.
    pub(super) media: bool,
    /// Since when this device is cut off from the talk, monotonic ms.
    pub(super) cut_off_ms: Option<u64>,
    /// The peer's connection stands.
    pub(super) peer_linked: bool,
    /// The peer's device that left the room last.
    pub(super) peer_left: Option<(DeviceId, LeaveReason)>,
    /// What more there is to a call of several.
    pub(super) party: Option<Party>,
    /// What more there is to a lesson.
    pub(super) lesson: LessonPart,
    /// The peer's own invitation, which loses a glare against this call, and when it is over. In a call of a group: a
    /// member's at the same moment.
    pub(super) shadow: Option<(NewInvitation, u64)>,
    pub(super) limit: Option<(u64, Limit)>,
    pub(super) hangup: HangupDuty,
    /// Over, and still to be shown.
    pub(super) shown: bool,
    /// Over, and remembered until then for what still comes.
    pub(super) forget_ms: u64,
}

impl Call {
    pub(super) fn new(
        call_id: InviteId,
        peer: UserId,
        direction: Direction,
        room: RoomId,
        ring_deadline_ms: u64,
    ) -> Self {
        let (phase, invitation) = match direction {
            Direction::Outgoing => (Phase::Calling, Invitation::Unsent),
            Direction::Incoming => (Phase::Incoming, Invitation::Received),
        };
        Self {
            serial: 0,
            view: CallView {
                call_id,
                peer,
                group: None,
                others: Arc::default(),
                direction,
                phase,
                room: Some(room),
                participants: Arc::default(),
                talking_since_ms: None,
                ring_deadline_ms: Some(ring_deadline_ms),
                end: None,
                detail: None,
                duration_s: 0,
                on_hold: false,
                network: Network::Good,
                lesson: None,
                lesson_over: None,
            },
            alias: None,
            peer_device: None,
            place: Place::Outside,
            again: false,
            gave_way: false,
            meanwhile: Vec::new(),
            known_change: 0,
            invitation,
            arrived: false,
            rooms_tried: 0,
            accepted: false,
            settled: false,
            callee_offline: false,
            media: false,
            cut_off_ms: None,
            peer_linked: true,
            peer_left: None,
            party: None,
            lesson: LessonPart::default(),
            shadow: None,
            limit: None,
            hangup: HangupDuty::None,
            shown: false,
            forget_ms: 0,
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.view.is_live()
    }

    /// In its room, or asked to be.
    pub(super) fn is_on_the_way_in(&self) -> bool {
        !matches!(self.place, Place::Outside)
    }

    /// Whether a person or an event means this call by that identifier.
    pub(super) fn is(&self, id: &InviteId) -> bool {
        self.view.call_id == *id || self.alias.as_ref() == Some(id)
    }

    /// The answer to `enterRoom` is on its way.
    pub(super) fn is_entering(&self) -> bool {
        self.again || matches!(self.place, Place::Entering)
    }

    /// `enterRoom` goes out.
    pub(super) fn begin_entering(&mut self) {
        self.place = Place::Entering;
        self.again = false;
        self.meanwhile.clear();
        self.forget_lesson_news();
        // The server may be another one than before.
        self.known_change = 0;
        self.peer_linked = true;
    }

    /// Sound may run.
    pub(super) fn may_sound(&self) -> bool {
        !self.view.on_hold && !self.again
    }

    /// Whether an event of the room is older than what this device knows: of an earlier stay, or overtaken by the answer
    /// to `enterRoom`.
    pub(super) fn knows(&self, change: u64) -> bool {
        change != 0 && change <= self.known_change
    }

    /// The answer to `enterRoom`, and what has happened behind it.
    pub(super) fn take_in(&mut self, participants: Vec<Participant>, change: u64) {
        self.view.participants = Arc::new(participants);
        self.known_change = change;
        for moved in std::mem::take(&mut self.meanwhile) {
            self.note_participant(moved);
        }
    }

    /// Somebody has come or left.
    pub(super) fn note_participant(&mut self, moved: Move) {
        if self.knows(moved.change) {
            return;
        }
        if self.is_entering() {
            self.meanwhile.push(moved.clone());
        }
        let Move { participant, here, .. } = moved;
        let participants = Arc::make_mut(&mut self.view.participants);
        participants.retain(|other| other.device_id != participant.device_id);
        if here {
            participants.push(participant);
        }
    }

    /// Whether the peer's device of this call is in the room.
    pub(super) fn peer_is_here(&self) -> bool {
        self.view
            .participants
            .iter()
            .any(|other| other.user_id == self.view.peer && Some(&other.device_id) == self.peer_device.as_ref())
    }

    /// The peer's device has been in the room and is gone.
    pub(super) fn peer_is_gone(&self) -> Option<LeaveReason> {
        let (device, reason) = self.peer_left.as_ref()?;
        (Some(device) == self.peer_device.as_ref() && !self.peer_is_here()).then_some(*reason)
    }

    /// The peer's connection is back, or was never gone for long.
    pub(super) fn peer_is_linked(&mut self) {
        self.peer_linked = true;
        self.limit.take_if(|(_, limit)| *limit == Limit::PeerUnlinked);
    }

    /// Who made the invitation that the call lives by.
    pub(super) fn caller<'a>(&'a self, me: &'a UserId) -> &'a UserId {
        if self.invitation.is_ours() { me } else { &self.view.peer }
    }

    /// The moment at which this device must act by itself.
    pub(super) fn deadline(&self, link: bool) -> Option<u64> {
        let ring = self.view.ring_deadline_ms.map(|at| at + super::machine::RING_GRACE_MS);
        let limit = self.limit.as_ref().map(|(at, _)| *at);
        let earlier = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).min();
        if let (Some(party), true) = (&self.party, self.is_live()) {
            return earlier(party.deadline(), limit);
        }
        match self.view.phase {
            Phase::Calling | Phase::Ringing | Phase::Incoming => earlier(ring, limit),
            Phase::Connecting if !self.accepted => earlier(ring, limit),
            Phase::Connecting | Phase::InCall | Phase::Reconnecting => limit,
            Phase::Ended => match self.hangup {
                HangupDuty::Due(at) => link.then_some(at),
                HangupDuty::None | HangupDuty::Done => (!self.shown).then_some(self.forget_ms),
            },
        }
    }
}
