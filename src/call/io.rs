//! What goes into the call machine, and what comes out.

use crate::protocol::{
    ApiError, Delivery, GroupId, InviteId, Request, RoomId, UserId,
    api::{EnterRoomReply, ExitRoomReply, InviteReply},
    lesson::LessonSettings,
};

/// Names a request that the machine has put out, until its answer comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a request was answered with, as far as the machine needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestReply {
    /// Done; nothing more to know.
    Done,
    /// Answer to `invite` and `inviteInGroup`.
    Invited(InviteReply),
    /// Answer to `enterRoom`.
    Entered(EnterRoomReply),
    /// Answer to `exitRoom` and `endLesson`.
    Exited(ExitRoomReply),
}

/// What comes in.
#[derive(Clone, Debug)]
pub enum Input {
    /// The person calls somebody.
    Place(UserId),
    /// The person calls several: members of a group, or anybody without one.
    PlaceSeveral(Option<GroupId>, Vec<UserId>),
    /// The person joins the call that is on in a group.
    Join {
        /// The group.
        group: GroupId,
        /// The call's room.
        room: RoomId,
        /// The call, if the room was opened for one.
        call_id: Option<InviteId>,
        /// Who is in it, as far as is known.
        there: Vec<UserId>,
    },
    /// The person opens a lesson in a group, and goes in.
    StartLesson {
        /// The group.
        group: GroupId,
        /// What is chosen.
        settings: LessonSettings,
        /// Which members are rung; nobody need be.
        ring: Vec<UserId>,
    },
    /// The person ends the lesson for all.
    EndLesson(InviteId),
    /// The person calls more people into the call that is on.
    Add {
        /// The call.
        call: InviteId,
        /// Those of them who are members of its group.
        members: Vec<UserId>,
        /// Those who are not.
        others: Vec<UserId>,
    },
    /// The person wants some of those to be rung no longer whom this device has called; nobody named means all.
    StopRinging(InviteId, Vec<UserId>),
    /// The person answers.
    Accept(InviteId),
    /// The person declines.
    Reject(InviteId),
    /// The person puts a talk on hold: neither side hears the other, and the call goes on.
    Hold(InviteId),
    /// The person goes on with a talk that is on hold; the one they are in goes on hold instead.
    Resume(InviteId),
    /// The person hangs up, or gives up ringing.
    HangUp(InviteId),
    /// The person has seen how it ended.
    Dismiss(InviteId),
    /// The server tells: everything that the client records or calls back, in order. What comes twice counts once;
    /// history never rings.
    Delivery(Delivery),
    /// A request was answered.
    Reply(Ticket, Result<RequestReply, ApiError>),
    /// The connection to the server is gone.
    LinkLost,
    /// It is back, and everything missed has been delivered.
    LinkReady,
    /// The relay of the call that sounds has said nothing for so long, ms; to be told within half a second.
    RelaySilent(u64),
    /// It is heard again.
    RelayHeard,
    /// From now on, whoever calls is told that this user does not want to be disturbed, and nothing rings (or again).
    DoNotDisturb(bool),
    /// From now on, who calls during a talk may ring and wait (or is told again that the line is busy).
    CallWaiting(bool),
    /// This device was signed out.
    SignedOut(ApiError),
    /// A deadline may have passed.
    Tick,
}

/// What goes out.
#[derive(Debug)]
pub enum Output {
    /// Ask the server, and come back with [`Input::Reply`]: with 9508 if the connection is or goes down meanwhile. The
    /// machine repeats what must be repeated; nobody else may.
    Request(Ticket, Request),
    /// Begin to send and hear in this room. After a lost connection it comes again, with a fresh token for the same
    /// room and source.
    StartMedia(EnterRoomReply),
    /// Stop it.
    StopMedia,
    /// The relay is silent: see at once whether the server still answers, instead of waiting until that shows.
    TestLink,
    /// Calling was not possible now.
    Refused {
        /// Who was to be called.
        whom: Vec<UserId>,
        /// Why.
        error: ApiError,
    },
    /// Somebody called during another call and was told that the line is busy.
    ToldBusy(UserId),
}
