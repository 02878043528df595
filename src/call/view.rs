//! What a call looks like from outside: plain data, from which window, ringer, phone and tests all derive.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    class,
    protocol::{
        GroupId, InviteId, RoomId, UserId,
        event::{LessonOver, Participant},
    },
};

/// Who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// This user called.
    Outgoing,
    /// The peer called.
    Incoming,
}

/// Why a call is over: the nine reasons of the Tencent call engine plus those that a person wants to be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// One of the two hung up after talking (1).
    HungUp,
    /// The callee declined (2).
    Declined,
    /// The callee did not answer in time (3).
    NoAnswer,
    /// The callee has no device online, and none came in time (4).
    Offline,
    /// The callee is in another call (5).
    Busy,
    /// The callee does not want to be disturbed.
    NotAvailable,
    /// The caller gave up before an answer (6).
    Cancelled,
    /// Answered on another device of this user (7).
    AnsweredElsewhere,
    /// Declined on another device of this user (8).
    DeclinedElsewhere,
    /// The server ended it (9), or signed this device out.
    EndedByServer,
    /// The connection was lost and did not come back.
    ConnectionLost,
    /// It could not be set up; the code is in the details.
    Failed,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Outgoing: sent, no device has said that it rings.
    Calling,
    /// Outgoing: a device of the callee rings.
    Ringing,
    /// Incoming: this device rings.
    Incoming,
    /// Accepted; the room is being entered, or the peer is not in it yet.
    Connecting,
    /// Talking.
    InCall,
    /// Talking was under way and this device's or the peer's connection is gone for the moment.
    Reconnecting,
    /// Over. Kept in the view until dismissed or replaced, for "call again".
    Ended,
}

/// What this device's own way to a talk is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Network {
    /// Nothing is amiss.
    #[default]
    Good,
    /// Nothing has come for two seconds.
    Weak,
    /// Nothing has come for three seconds, or there is no connection to the server: it is being made again.
    Lost,
}

impl Network {
    /// Whether nothing is amiss.
    pub fn is_good(&self) -> bool {
        *self == Self::Good
    }
}

/// Where somebody stands in a call of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Being rung.
    Ringing,
    /// Has answered, and is not in the room yet.
    Coming,
    /// In the call.
    In,
    /// In the call; the connection is gone for the moment.
    Reconnecting,
    /// In the call, and has it on hold.
    OnHold,
    /// Has declined.
    Declined,
    /// Is in another call.
    Busy,
    /// Is not to be disturbed.
    NotAvailable,
    /// Did not answer in time.
    NoAnswer,
    /// Is no longer being rung because whoever had called changed their mind.
    Cancelled,
    /// Was in the call and has left.
    Left,
    /// Was in the call; the connection was lost and did not come back.
    Lost,
    /// Could not be called.
    Failed,
}

impl Standing {
    /// In the call, or about to be: not to be called again.
    pub fn is_busy_here(self) -> bool {
        matches!(self, Self::Ringing | Self::Coming) || self.is_in()
    }

    /// In the call, whether there is anything to hear or not.
    pub fn is_in(self) -> bool {
        matches!(self, Self::In | Self::Reconnecting | Self::OnHold)
    }
}

/// Somebody else in a call of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Other {
    /// Who.
    #[serde(rename = "userID")]
    pub user: UserId,
    /// Where they stand.
    pub standing: Standing,
    /// This device is ringing them, and can stop that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_stop: bool,
}

fn is_empty(others: &Arc<Vec<Other>>) -> bool {
    others.is_empty()
}

/// A call as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallView {
    /// The call: the `inviteID` of its first invitation.
    pub call_id: InviteId,
    /// The other one. In a call of several: who called, or who was called first.
    pub peer: UserId,
    /// The group, for a call in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// Everybody else in a call of several, in the order of appearance; empty in a call of two.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub others: Arc<Vec<Other>>,
    /// Who called.
    pub direction: Direction,
    /// Where it stands.
    pub phase: Phase,
    /// Its media room, once known.
    pub room: Option<RoomId>,
    /// Who else is in the room now.
    pub participants: Arc<Vec<Participant>>,
    /// Monotonic time at which talking began, ms.
    pub talking_since_ms: Option<u64>,
    /// Monotonic time until which it may ring, ms.
    pub ring_deadline_ms: Option<u64>,
    /// Set with [`Phase::Ended`].
    pub end: Option<EndReason>,
    /// Error code and sentence behind [`EndReason::Failed`], or the device's name for the "elsewhere" reasons.
    pub detail: Option<String>,
    /// How long they talked, whole seconds; set with [`Phase::Ended`].
    pub duration_s: u64,
    /// This device has it on hold: it goes on, and nothing is sent or heard.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_hold: bool,
    /// What this device's own way to it is like. [`Phase::Reconnecting`] with a way that is not [`Network::Lost`] is
    /// somebody else's trouble.
    #[serde(default, skip_serializing_if = "Network::is_good")]
    pub network: Network,
    /// The lesson, if it is one and this device is or was in it.
    #[serde(skip)]
    pub lesson: Option<Arc<class::View>>,
    /// Why this device is out of the lesson, if that was not its own doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson_over: Option<LessonOver>,
}

impl CallView {
    /// Whether it is not over.
    pub fn is_live(&self) -> bool {
        self.phase != Phase::Ended
    }

    /// Whether it is a call of several.
    pub fn is_party(&self) -> bool {
        self.group.is_some() || !self.others.is_empty()
    }

    /// How many others are in a call of several.
    pub fn others_in(&self) -> usize {
        self.others.iter().filter(|other| other.standing.is_in()).count()
    }

    /// In a call of two: the other one has it on hold.
    pub fn peer_holds(&self) -> bool {
        !self.is_party() && self.participants.iter().any(|other| other.user_id == self.peer && other.on_hold)
    }

    /// A talk that this person is in at the moment.
    pub fn is_talk(&self) -> bool {
        self.is_live() && self.talking_since_ms.is_some() && !self.on_hold
    }

    /// What can be done about it now, in the order of the buttons.
    pub fn actions(&self) -> &'static [Action] {
        match self.phase {
            Phase::InCall | Phase::Reconnecting if self.on_hold => &[Action::Resume, Action::HangUp],
            Phase::InCall => &[Action::Mute, Action::Hold, Action::AddPeople, Action::HangUp],
            Phase::Calling | Phase::Ringing => &[Action::HangUp],
            Phase::Incoming => &[Action::Accept, Action::Reject],
            Phase::Connecting | Phase::Reconnecting => &[Action::Mute, Action::HangUp],
            Phase::Ended => &[Action::CallAgain, Action::Dismiss],
        }
    }

    /// Whether the window for incoming calls is open for it.
    pub fn pops_up(&self) -> bool {
        match self.phase {
            Phase::Incoming => true,
            Phase::Calling
            | Phase::Ringing
            | Phase::Connecting
            | Phase::InCall
            | Phase::Reconnecting
            | Phase::Ended => false,
        }
    }

    /// The sound that goes with this state, if any. Loops go on as long as the state does; ends play once.
    pub fn cue(&self) -> Option<Cue> {
        match self.phase {
            Phase::Incoming => Some(Cue::Ringtone),
            Phase::Ringing => Some(Cue::Ringback),
            Phase::Calling | Phase::Connecting | Phase::InCall | Phase::Reconnecting => None,
            Phase::Ended => match self.end? {
                EndReason::Busy => Some(Cue::Busy),
                EndReason::Declined if self.direction == Direction::Outgoing => Some(Cue::Declined),
                EndReason::NotAvailable if self.direction == Direction::Outgoing => Some(Cue::Busy),
                EndReason::NoAnswer | EndReason::Offline | EndReason::Failed | EndReason::EndedByServer
                    if self.direction == Direction::Outgoing =>
                {
                    Some(Cue::Failed)
                }
                EndReason::HungUp | EndReason::ConnectionLost => Some(Cue::Ended),
                EndReason::Declined
                | EndReason::NotAvailable
                | EndReason::NoAnswer
                | EndReason::Offline
                | EndReason::Cancelled
                | EndReason::AnsweredElsewhere
                | EndReason::DeclinedElsewhere
                | EndReason::EndedByServer
                | EndReason::Failed => None,
            },
        }
    }
}

/// What a person can do about a call: the buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Answer.
    Accept,
    /// Decline.
    Reject,
    /// Give up or hang up.
    HangUp,
    /// Close the microphone.
    Mute,
    /// Put it on hold.
    Hold,
    /// Go on with it.
    Resume,
    /// Call more people into it.
    AddPeople,
    /// Call the same person again.
    CallAgain,
    /// Leave the screen.
    Dismiss,
}

/// What a person hears beside the voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cue {
    /// Loop: this device rings.
    Ringtone,
    /// Loop: the peer's device rings.
    Ringback,
    /// Loop: somebody else calls during a talk.
    Waiting,
    /// Once: the line is busy, or the callee does not want to be disturbed.
    Busy,
    /// Once: the callee declined.
    Declined,
    /// Once: no answer, not reachable, or failed.
    Failed,
    /// Once: the talk is over.
    Ended,
}

impl Cue {
    /// Whether it goes on until stopped.
    pub fn is_loop(self) -> bool {
        matches!(self, Self::Ringtone | Self::Ringback | Self::Waiting)
    }
}
