//! The call machine of one device.

use crate::protocol::{
    ApiError, Delivery, InviteId, Request, UserId,
    api::{EnterRoomReply, InviteReply},
};

/// Names a request that the machine has put out, until its answer comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a request was answered with, as far as the machine needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestReply {
    /// Done; nothing more to know.
    Done,
    /// Answer to `invite`.
    Invited(InviteReply),
    /// Answer to `enterRoom`.
    Entered(EnterRoomReply),
}

/// What comes in.
#[derive(Clone, Debug)]
pub enum Input {
    /// The person calls somebody.
    Place(UserId),
    /// The person answers.
    Accept(InviteId),
    /// The person declines.
    Reject(InviteId),
    /// The person hangs up, or gives up ringing.
    HangUp(InviteId),
    /// The person has seen how it ended.
    Dismiss(InviteId),
    /// The server tells (callbacks and room events; never history).
    Delivery(Delivery),
    /// A request was answered.
    Reply(Ticket, Result<RequestReply, ApiError>),
    /// The connection to the server is gone.
    LinkLost,
    /// It is back, and everything missed has been delivered.
    LinkReady,
    /// This device was signed out.
    SignedOut(ApiError),
    /// A deadline may have passed.
    Tick,
}

/// What goes out.
#[derive(Debug)]
pub enum Output {
    /// Ask the server, and come back with [`Input::Reply`].
    Request(Ticket, Request),
    /// Begin to send and hear in this room.
    StartMedia(EnterRoomReply),
    /// Stop it.
    StopMedia,
}
